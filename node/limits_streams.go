package node

import (
	"time"

	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/node/internal/lan"
	"localchat/node/internal/ratelimit"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// The bounds of what other peers open: connections, streams, and requests. An address is an IP address. A guest is a
// member of one of our rooms, a room's authority, a peer that this node wants to be connected to, or one that is owed a
// reason; see [admission]. All others are strangers.
const (
	// shareOfFree: an address may take one more place while it holds less than one in shareOfFree of the free places. So there is
	// always a place left for an address that holds none, whatever ten other addresses take.
	shareOfFree = 4

	// strangerConns, in connections of all strangers together: some 50 kB each. A member's connection is not counted.
	strangerConns = 512
	// connsAtOnce and connsPerSecond, in connections of one address: each is a handshake of some 0.5 ms. Several nodes on
	// one machine are started at once.
	connsAtOnce    = 2 * lan.ConnsPerHost
	connsPerSecond = 20

	// strangerStreams, in streams of all strangers together, with those that have not said their protocol yet: some 8 kB each.
	// strangerStreamsEach, of one stranger: for identify, pings, and a few requests.
	strangerStreams     = 2048
	strangerStreamsEach = 16
	// guestStreams, of all guests together, and guestStreamsEach, of one: for the lines that it relays to us at once, and its other
	// requests. guestStreamsRoom, more for each room that we share with it: a poll, gossip, and a replacement of each.
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
	// strangerOthers and guestOthers, in streams of one peer for libp2p and pubsub: pings, identify and gossip. A peer in many rooms
	// has more to identify.
	strangerOthers, strangerOthersBurst = 2, 30
	guestOthers, guestOthersBurst       = 20, 200
	// refusals and refusalsBurst, in refused streams of one peer. A peer with more loses its connections, since refusing has a cost
	// too.
	refusals, refusalsBurst = 50, 500
	// hangUps, in such peers a second: each is an event of the loop.
	hangUps = 10

	// answersInFlight, in answers to comparisons that are made and not read yet, and answersEach, of one peer: each has up to
	// protocol.MaxBatch/2 bytes, which are in memory three times while it is sent. The same bounds hold for answers to polls of
	// largeAnswer bytes or more. Shorter ones, on all streams of a room's members, take some 30 MiB.
	answersInFlight = 32
	answersEach     = 2
	largeAnswer     = 32 << 10
	// answerRate and answerBurst, in bytes of such answers to one peer: a room that is full of the longest texts is handed
	// over in half a minute.
	answerRate  = 4 << 20
	answerBurst = 32 << 20
	// passOnRate and passOnBurst, in bytes that we relay for one member, counted once for each recipient, are its own share: a
	// person's lines to maxRelays members. Beyond their shares, the members of one address have addressPassOnRate, and all members
	// allPassOnRate, which is some 3,000 short lines a second. Further lines are not relayed but fetched.
	passOnRate, passOnBurst               = 64 << 10, 256 << 10
	addressPassOnRate, addressPassOnBurst = allPassOnRate / 2, allPassOnBurst / 2
	allPassOnRate, allPassOnBurst         = 1 << 20, 2 << 20
	// directRate and directBurst, in direct messages of one member and KiB of them, are its own share: what a person types, or two
	// of the longest. Beyond their shares, the members of one address have addressDirectRate, which is what an honest node may say,
	// and all members allDirectRate: each message waits in memory for the subscriber.
	directRate, directBurst               = 5, 2 * (1 + protocol.MaxText>>10)
	addressDirectRate, addressDirectBurst = sayRate, 2 * sayBurst
	allDirectRate, allDirectBurst         = 2 * sayRate, 4 * sayBurst
	// maxReceivedAtOnce, in streams on which one peer relays lines. Further lines are fetched.
	maxReceivedAtOnce = 32

	// floodFrom, in things of one kind from one member, or from all strangers together, that are refused within floodWindow. Fewer are
	// an accident of the network, and are not reported.
	floodFrom   = 20
	floodWindow = 10 * time.Second
	// unspokenFrom, in streams that end before they have agreed on a protocol: a connection that breaks ends one or two, and 64
	// connections may break, or be made, at once.
	unspokenFrom = 200
	// comparedFrom, in comparisons, without those that continue a long answer: in one room a node begins at most one in
	// transcript.SyncSpacing.
	comparedFrom = 6 * int(floodWindow/transcript.SyncSpacing) / 5
	// shedFrom, in lines (and KiB of them) of one author that a full room forgets although they were said less than shedYoung ago.
	// People take hours to fill a room, and a script that pastes 10,000 lines does it once.
	shedFrom  = 100
	shedYoung = time.Minute
	// knocksFrom, in knocks that were turned away, or reported only by their number: a crowd fills the door once.
	knocksFrom = authority.MaxKnocks
	// maxFloodMembers, in members that are counted one by one: more than can be connected. maxFloodAddrs, in addresses of strangers
	// that are counted one by one. maxFloodNames, in members or addresses that the warning about a flood names: what a person reads.
	maxFloodMembers = 4096
	maxFloodAddrs   = 64
	maxFloodNames   = 3

	// knocksTold, in knocks from one address that are reported one by one, with one more each knocksToldEvery. knocksToldAll, in
	// those from all addresses, with one more each second: a person reads these. Of the others only the number is reported:
	// moreKnocksAfter the first of them, and then once in attemptEvery.
	knocksTold      = 6
	knocksToldEvery = 20 * time.Second
	knocksToldAll   = authority.MaxKnocks
	moreKnocksAfter = time.Second
	// maxKnockAddrs, in addresses that are named in one line about them.
	maxKnockAddrs = 3
)

// A budget is a number of requests a second, after a burst at once.
type budget struct {
	perSecond rate.Limit
	burst     int
}

func (b budget) limiter() *rate.Limiter { return rate.NewLimiter(b.perSecond, b.burst) }

// A quota bounds what other peers may take of this node by one protocol.
type quota struct {
	// each is the number of streams that a peer may have at once, and room the number of further ones for each of our rooms that it
	// is in. If newest is set, a stream too many ends the peer's oldest one; otherwise it is refused.
	each, room int
	newest     bool
	// guests and strangers are the numbers of streams that all guests, and all strangers, may have at once.
	guests, strangers int
	// guest is the budget of requests of one guest, and stranger that of one stranger. address is the budget of the strangers of one
	// address, and shared that of all strangers beyond it.
	guest, stranger, address, shared budget
	// counts is set if the handler itself takes from the budgets, by [admission.allow].
	counts bool
}

// Most requests of a stranger are refused anyway. These budgets are for a peer that was admitted a moment ago, of which this node has
// not heard yet.
var (
	rareStranger = budget{5, 64}
	rareAddress  = budget{10, 128}
	rareShared   = budget{100, 200}
)

// askBudget bounds how often a member asks the authority of one room. An honest authority answers a poll once in receiptEvery and
// once for each record, with records that come together in one answer. The longest list of present members takes the loop some 3 ms.
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
	// orderQuota: a deputy gives orders; to accept all at the door it gives authority.MaxKnocks of them.
	orderQuota = quota{
		each: 4, guests: 64, strangers: 32, guest: budget{5, 2 * authority.MaxKnocks},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// takeQuota: a member fetches the books of a room that is offered to it, part by part, and takes the room.
	takeQuota = quota{
		each: 1, guests: 4, strangers: 4, guest: budget{20, 2 * protocol.MaxBooks / protocol.MaxBooksPart},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// syncQuota: a member compares every transcript.SyncSpacing at most, and page after page where there is more.
	syncQuota = quota{
		each: answersEach, guests: answersInFlight, strangers: 32, guest: budget{10, 100},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// passQuota: a member relays the lines of others too. Of strangers, 32 frames of up to 106 KiB are read at a time (3.4 MB), and 100
	// a second in the long run (11 MB/s).
	passQuota = quota{
		each: maxReceivedAtOnce, guests: 8 * maxReceivedAtOnce, strangers: 32, guest: budget{floodRate, floodBurst},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// tellQuota: direct messages, as fast as lines.
	tellQuota = quota{
		each: 8, guests: 64, strangers: 32, guest: budget{sayRate, sayBurst},
		stranger: rareStranger, address: rareAddress, shared: rareShared,
	}
	// pingQuota: a member pings once in pingEvery, on a stream that lasts, and once more when its network changes. A node that is
	// started again leaves its old streams behind for a moment.
	pingQuota = quota{
		each: 8, guests: 8 * protocol.MaxMembers, strangers: 64, guest: budget{5, 64},
		stranger: budget{2, 16}, address: budget{10, 64}, shared: budget{50, 128}, counts: true,
	}
	// roomsQuota: while a person looks for a room, the node asks once in lookAgain.
	roomsQuota = quota{
		each: 4, guests: 64, strangers: 64, guest: budget{20, 60},
		stranger: budget{10, 40}, address: budget{10, 100}, shared: budget{200, 400},
	}
)

// keyed makes a limiter that gives every peer, or every address, a budget of its own over all its streams.
func keyed[K comparable](b budget) *ratelimit.Keyed[K] { return ratelimit.New[K](b.perSecond, b.burst) }
