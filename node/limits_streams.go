package node

import (
	"time"

	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/node/internal/lan"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// The bounds of what other peers open: connections, streams, and requests. An address is an IP address. A guest is a
// member of one of our rooms, a room's authority, a peer that this node wants to be connected to, or one that is owed a
// reason; see [admission]. All others are strangers.
const (
	// shareOfFree: an address may take one more place while it holds less than this part (one in so many) of the places
	// that are free. So there is always a place left for an address that holds none, whatever ten others take.
	shareOfFree = 4

	// strangerConns, in connections of all strangers together: some 50 kB each. A member's connection is not counted.
	strangerConns = 512
	// connsAtOnce and connsPerSecond, in connections of one address: each is a handshake of some 0.5 ms. Several nodes on
	// one machine are started at once.
	connsAtOnce    = 2 * lan.ConnsPerHost
	connsPerSecond = 20

	// strangerStreams, in streams of all strangers together, those included that have not said their protocol yet: some
	// 8 kB each. strangerStreamsEach, of one stranger: it is identified, pinged, and asks for a few things.
	strangerStreams     = 2048
	strangerStreamsEach = 16
	// guestStreams, of all guests together, and guestStreamsEach, of one: what it passes on to us at once, and its other
	// requests. guestStreamsRoom more for each room that we share with it: a poll, gossip, and room to replace them.
	guestStreams     = 8192
	guestStreamsEach = 64
	guestStreamsRoom = 4
	// strangerOpens and strangerOpensBurst, in streams that one stranger opens: refusing one takes some 20 µs.
	// addressOpens, of the strangers of one address, and sharedOpens, of all strangers beyond that.
	strangerOpens, strangerOpensBurst = 30, 120
	addressOpens, addressOpensBurst   = 30, 240
	sharedOpens, sharedOpensBurst     = 300, 1200
	// guestOpens and guestOpensBurst, in streams that one guest opens: one for each line that it passes on, and a few
	// more. sharedGuestOpens, of all guests beyond that.
	guestOpens, guestOpensBurst             = 200, 2000
	sharedGuestOpens, sharedGuestOpensBurst = 4 * sayRate, floodBurst
	// strangerOthers and guestOthers, in streams of one peer that are for libp2p and pubsub: pings, what it says of itself,
	// and gossip. A peer in many rooms has something to say of itself for each.
	strangerOthers, strangerOthersBurst = 2, 30
	guestOthers, guestOthersBurst       = 20, 200
	// refusals and refusalsBurst, of one peer's streams: a peer that goes on beyond them loses its connections, since to
	// refuse costs something, too.
	refusals, refusalsBurst = 50, 500
	// hangUps, a second, of peers that do: each is an event of the loop.
	hangUps = 10

	// answersInFlight, in answers to comparisons that have been made and not read, and answersEach of one peer: each is up
	// to protocol.MaxBatch/2 bytes, held three times while it is sent. As many answers to polls of largeAnswer bytes and
	// more: shorter ones on all streams of a room's members take some 30 MiB.
	answersInFlight = 32
	answersEach     = 2
	largeAnswer     = 32 << 10
	// answerRate and answerBurst, in bytes of such answers to one peer: a room that is full of the longest texts is handed
	// over in half a minute.
	answerRate  = 4 << 20
	answerBurst = 32 << 20
	// passOnRate and passOnBurst, in bytes that we pass on for one member, counted once for each receiver, are its own share: a
	// person's lines to maxRelays members. addressPassOnRate, of the members of one address beyond that: half of allPassOnRate, of
	// all members beyond their shares, which is some 3,000 short lines a second. What is more is fetched.
	passOnRate, passOnBurst               = 64 << 10, 256 << 10
	addressPassOnRate, addressPassOnBurst = allPassOnRate / 2, allPassOnBurst / 2
	allPassOnRate, allPassOnBurst         = 1 << 20, 2 << 20
	// directRate and directBurst, in direct messages of one member and KiB of them, are its own share: what a person types, or one
	// of the longest. addressDirectRate, of the members of one address beyond that, is as much as an honest node says, and
	// twice that at once. allDirectRate, of all members beyond their shares: each message waits in memory for the subscriber.
	directRate, directBurst               = 5, 2 * (1 + protocol.MaxText>>10)
	addressDirectRate, addressDirectBurst = sayRate, 2 * sayBurst
	allDirectRate, allDirectBurst         = 2 * sayRate, 4 * sayBurst
	// maxReceivedAtOnce of lines that are passed on by one peer, in streams. More are fetched.
	maxReceivedAtOnce = 32

	// floodFrom, in things of one kind that were refused within floodWindow, to one member or to all strangers together: what
	// is less is an accident of the network, and nobody is told.
	floodFrom   = 20
	floodWindow = 10 * time.Second
	// unspokenFrom, in streams that end before they have agreed on a protocol: a connection that breaks takes one or two with
	// it, and 64 may come at once, or lose their network.
	unspokenFrom = 200
	// comparedFrom, in comparisons, but for those in the middle of a long answer: in one room a node begins one each
	// transcript.SyncSpacing at most.
	comparedFrom = 6 * int(floodWindow/transcript.SyncSpacing) / 5
	// shedFrom, in lines, and KiB of them, of one author that are forgotten although they were said less than shedYoung ago,
	// since the room is full. People fill a room in hours; a script that pastes a log of 10,000 lines says nothing more.
	shedFrom  = 100
	shedYoung = time.Minute
	// knocksFrom, in knocks that were not announced by themselves, or turned away: a crowd fills the door once.
	knocksFrom = authority.MaxKnocks
	// maxFloodMembers, in members that are counted each: more than can be connected. maxFloodAddrs, in addresses of strangers
	// that are counted each, and maxFloodNames, in members or addresses that are named in the line about a flood: what a
	// person reads in it.
	maxFloodMembers = 4096
	maxFloodAddrs   = 64
	maxFloodNames   = 3

	// knocksTold, of one address, one more each knocksToldEvery, and knocksToldAll of all together, with one a second
	// more: a person reads these. Of the others only their number is told, moreKnocksAfter the first, and after that once
	// in attemptEvery.
	knocksTold      = 6
	knocksToldEvery = 20 * time.Second
	knocksToldAll   = authority.MaxKnocks
	moreKnocksAfter = time.Second
	// maxKnockAddrs, in addresses that are named in one line about them.
	maxKnockAddrs = 3
)

// A budget is so many a second, and so many at once.
type budget struct {
	perSecond rate.Limit
	burst     int
}

func (b budget) limiter() *rate.Limiter { return rate.NewLimiter(b.perSecond, b.burst) }

// A quota is what one protocol may take of this node.
type quota struct {
	// each is how many streams a peer may have at once, and room how many more for each of our rooms that it is in. newest: its
	// oldest stream gives way to its newest; otherwise the newest is refused.
	each, room int
	newest     bool
	// guests and strangers are how many streams all of them may have at once.
	guests, strangers int
	// guest is the budget of requests of one guest, stranger of one stranger. address is what the strangers of one address
	// have for themselves, and shared what all strangers have beyond that.
	guest, stranger, address, shared budget
	// counts: the handler takes from the budgets itself, by [admission.allow].
	counts bool
}

// Most of what a stranger asks is refused anyway. It is enough that a peer that was admitted a moment ago, and that we
// have not heard of, is answered.
var (
	rareStranger = budget{5, 64}
	rareAddress  = budget{10, 128}
	rareShared   = budget{100, 200}
)

// askBudget is how often a member asks the authority of one room: it answers a poll once receiptEvery and once a record, and
// records that come together in one answer. The longest list of present members takes the loop some 3 ms an answer.
var askBudget = budget{20, 40}

// The quotas, by protocol.
var (
	// pollQuota: a member polls on one stream a room, and one more takes the place of one that it has lost.
	pollQuota = quota{
		each: 1, room: 1, newest: true, guests: 8 * protocol.MaxMembers, strangers: 64,
		guest: budget{pollsPerSecond, pollBurst}, stranger: budget{5, 64}, address: budget{10, 128}, shared: budget{strangerPolls, strangerPollBurst},
		counts: true,
	}
	// joinQuota: a stream stays while its peer waits at the door of a room.
	joinQuota = quota{
		each: 8, guests: 64, strangers: 4 * authority.MaxKnocks,
		guest: budget{rate.Every(joinEvery), joinBurst}, stranger: budget{rate.Every(joinEvery), joinBurst},
		address: budget{2, 2 * joinBurst}, shared: budget{strangerJoins, strangerJoinBurst}, counts: true,
	}
	// askQuota: a member leaves, and makes invites.
	askQuota = quota{
		each: 4, guests: 64, strangers: 32, guest: budget{5, 64},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// syncQuota: a member compares every transcript.SyncSpacing at most, and page after page where there is more.
	syncQuota = quota{
		each: answersEach, guests: answersInFlight, strangers: 32, guest: budget{10, 100},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// passQuota: a member passes on what others say as well. Of strangers 32 frames of protocol.MaxFrame are read at a time, 100 a
	// second in the long run: 2 MiB, and some 6 MB/s.
	passQuota = quota{
		each: maxReceivedAtOnce, guests: 8 * maxReceivedAtOnce, strangers: 32, guest: budget{floodRate, floodBurst},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// tellQuota: direct messages, as fast as lines.
	tellQuota = quota{
		each: 8, guests: 64, strangers: 32, guest: budget{sayRate, sayBurst},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// pingQuota: a member pings each pingEvery, on a stream that lasts, and once more when its network changes. One that is
	// started again leaves streams behind for a moment.
	pingQuota = quota{
		each: 8, guests: 8 * protocol.MaxMembers, strangers: 64, guest: budget{5, 64},
		stranger: budget{2, 16}, address: budget{10, 64}, shared: budget{50, 128}, counts: true,
	}
	// roomsQuota: a person that looks for a room has its node ask each lookAgain.
	roomsQuota = quota{
		each: 4, guests: 64, strangers: 64, guest: budget{20, 60},
		stranger: budget{10, 40}, address: budget{10, 100}, shared: budget{200, 400},
	}
)
