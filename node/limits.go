package node

import (
	"time"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// The bounds of a node, with their units and reasons: what others can take of it, and what it takes of others. Those of streams
// are in limits_streams.go; what is only timing, in tuning.go. What goes over the wire is bounded in protocol, what a room's law
// says in authority.
const (
	// inboxSize, in events: a burst of lines from a full room while the loop syncs a record to disk. Correctness does
	// not depend on it: the scenarios run without any queue as well.
	inboxSize = 1024
	// EventQueue, in events, of one Subscription: about ten seconds of a busy room for a face that is stuck.
	EventQueue = 4096
	// eventsAside, in events of them: so many places are left free of lines, for what else happens.
	eventsAside = EventQueue / 8
	// eventBytes, in bytes of text in the events of one Subscription: as much as all lines of a room may take. One event can
	// have 64 KiB of it.
	eventBytes = transcript.MaxLineBytes
	// pastEvents, pastBytes of text and pastFor are what is kept of the latest events, for a reader that comes back: as long as a
	// page takes to load again or a laptop's lid is closed for a moment, and half of its queue. Direct messages alone have text there.
	pastEvents = EventQueue / 2
	pastBytes  = 1 << 20
	pastFor    = 10 * time.Minute
	// startLines and startBytes of all rooms are told to a new reader that wants the lines that are kept: half of its queue.
	// [Node.History] has them all.
	startLines = EventQueue / 2
	startBytes = eventBytes / 2

	// pollsPerSecond and pollBurst of one peer, over all its streams; what is more loses the stream. An honest member
	// asks once an answer, and is answered once a record: the burst is the largest room, emptied at once.
	pollsPerSecond = 100
	pollBurst      = protocol.MaxMembers
	// strangerPolls, a second, and strangerPollBurst at once, of all peers together that have no place here and are owed
	// nothing; more are dropped. Refusing one takes some 50 µs of this node, streams included: a twentieth of a core in all.
	strangerPolls     = 1000
	strangerPollBurst = 2000

	// maxListed, in peers that an error lists when a name fits several: as many as a person reads in one line.
	maxListed = 8
	// quoteRunes, in characters of a line that is named: enough to know it again.
	quoteRunes = 40

	// streamTimeout is for a small request and its answer: a LAN takes milliseconds; a machine that swaps, seconds.
	streamTimeout = 5 * time.Second
	// joinEvery and joinBurst of one peer: it gets one join request in so long, and as many as a script makes that
	// enters, says a line and leaves, a few dozen times. strangerJoins, a second, and strangerJoinBurst of all
	// together: the largest room entered at once.
	joinEvery         = 2 * time.Second
	joinBurst         = 32
	strangerJoins     = 50
	strangerJoinBurst = protocol.MaxMembers
	// admitEvery and admitBurst of an open room, in admissions, and admitEveryFrom and admitBurstFrom of one address: a
	// person's script enters, says a line and leaves a few dozen times.
	admitEvery     = time.Second
	admitBurst     = protocol.MaxMembers
	admitEveryFrom = 10 * time.Second
	admitBurstFrom = 256
	// maxOpenRecords, in records of the log of an open room: each admission, and the leave that undoes it, is one of some 300
	// bytes on disk and 1.5 kB in the memory of each member. When there are more nobody comes in by itself any more.
	maxOpenRecords = 1 << 15
	// joinHold is how long a knock waits at the authority's door for a person.
	joinHold = 10 * time.Minute

	// maxDials at once to peers of our rooms; more only compete for the same air. maxHintDials to peers that mDNS shows,
	// which are cut short: on a LAN a present peer answers in milliseconds. If there are more than twice as many peers
	// as are tried at once, most are not there, and crowdTimeout applies: a true hint must have its turn before a flood has
	// pushed it out of the book.
	maxDials     = 8
	maxHintDials = 48
	hintTimeout  = time.Second
	crowdTimeout = 250 * time.Millisecond
	// MaxPeers, in peers that the dial book remembers beside those of our rooms; mDNS is unauthenticated.
	MaxPeers = 256

	// maxRemembered, in peers kept for the next start, and maxRememberedAddrs of each: a room or two of people one meets
	// again, in a few kB.
	maxRemembered      = 64
	maxRememberedAddrs = 4

	// maxVerified, in peers whose words were compared: each took two people a minute, so more are a program's mistake.
	maxVerified = 4096
	// maxIgnored, in peers that are ignored: a person types each of them.
	maxIgnored = 4096
	// maxFound, in rooms that are remembered from the network; foundOfPeer of them that one peer has shown, and foundOfHost
	// that the peers at one address have: a machine on which eight people each show as many as they may.
	maxFound    = 512
	foundOfPeer = 8
	foundOfHost = 64
	// maxEndings, in rooms whose end is remembered, so that hearsay does not bring them back; endingsOfHost of them may come from
	// one address. A forgotten one is at worst listed until its owner is asked.
	maxEndings    = 512
	endingsOfHost = 64
	// maxWanted, in rooms that people here ask for at once, and wantedFor so long after they last did.
	maxWanted = 256
	wantedFor = 10 * time.Second

	// maxWords, in peers whose words are kept: they take a millisecond each to make.
	maxWords = 4096

	// maxRelays at once in a room: the members that lack further lines fetch them.
	maxRelays = 64

	// lineOvershoot, in bytes above transcript.MaxLineBytes: a room that has so much more does not wait for the tick to forget
	// lines. Ten members may say 60 MB in a second, and forgetting line by line would cost a walk over the log for each.
	lineOvershoot = transcript.MaxLineBytes / 8
	// maxNodeLines, in bytes, of the lines of all rooms of a node; each room has its own bounds.
	maxNodeLines = 24 << 20
	// sayRate, in lines a second of one node, each KiB of a text counting as one more, and sayBurst at once: a person or a
	// script that pastes a log is not slowed down, eight that talk at once reach 4,000 lines a second, and a loop without an
	// end is held to some 60 kB/s of lines to each member. What is more waits, for sayPatience at most, which is 5,000 lines
	// under way: then it is refused.
	sayRate     = 500
	sayBurst    = 1000
	sayPatience = 10 * time.Second
	// floodRate and floodBurst are the same for the lines of one other author, so that a program that has been changed to
	// say more is heard no more. They are laxer, since lines that were said in time come together after a stall: a
	// connection that is silent for longer than pingEvery and pingTimeout is given up, and twice that fits.
	floodRate  = 2 * sayRate
	floodBurst = sayBurst + 10*sayRate
	// shutOutCounts, in things that were refused: a peer that is shut out has sent thousands of them.
	shutOutCounts = floodFrom
	// maxWaiting, in lines of this node that wait for a key: as many as a talker says while one comes. maxPending, in
	// records that came before the one that they follow.
	maxWaiting = 64
	maxPending = 1024
	// maxRecords of a room's log at a member, of 1.5 kB each in memory: a room that 300 people come to and leave twice a day
	// gets there in seven months. The owner admits nobody when so many are near. The member leaves then, and is told why.
	maxRecords = 1 << 18

	// maxEarlyKeys, in keys from the authority that came before their records: the keys of a part of a long log are asked for
	// again with the last part.
	maxEarlyKeys = 64
	// maxParked, in requests of strangers that wait meanwhile; members have two each.
	maxParked = 64

	// maxPresence, in bytes of addresses in one answer to a poll; the members beyond it come without addresses.
	maxPresence = 256 << 10

	// maxProgress removals followed at once; the oldest are dropped.
	maxProgress = 256
)
