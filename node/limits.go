package node

import (
	"time"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// The bounds of a node, with their units and reasons: what others can take of it, and what it takes of others. The bounds of streams
// are in limits_streams.go, and mere timing is in tuning.go. Package protocol has the bounds of the wire, and authority those of a
// room's law.
const (
	// inboxSize, in events: a burst of lines from a full room while the loop syncs a record to disk. Correctness does
	// not depend on it: the scenarios run without any queue as well.
	inboxSize = 1024
	// EventQueue, in events, of one Subscription: about ten seconds of a busy room for a face that is stuck.
	EventQueue = 4096
	// eventsAside, in events: the part of an EventQueue that lines may not fill, so that other events have places.
	eventsAside = EventQueue / 8
	// eventBytes, in bytes of text in the events of one Subscription: as much as all lines of a room may take. One event can
	// have 64 KiB of it.
	eventBytes = transcript.MaxLineBytes
	// pastEvents, pastBytes (of text) and pastFor bound the latest events that are kept for a reader that comes back: for as long as
	// a page takes to load again, or a laptop's lid is closed for a moment, and half of the reader's queue. Of these events only
	// direct messages have text.
	pastEvents = EventQueue / 2
	pastBytes  = 1 << 20
	pastFor    = 10 * time.Minute
	// maxUnheard, in events, bounds the warnings that are kept for the first reader: more than a start makes, and a screen shows.
	maxUnheard = 16
	// startLines and startBytes bound the retained lines of all rooms that a new reader gets if it wants them: half of its queue.
	// [Node.History] returns all of them.
	startLines = EventQueue / 2
	startBytes = eventBytes / 2

	// pollsPerSecond and pollBurst bound the polls of one peer, over all its streams. A peer that sends more loses the stream. An
	// honest member polls once for each answer, and is answered once for each record: the burst is that of the largest room,
	// emptied at once.
	pollsPerSecond = 100
	pollBurst      = protocol.MaxMembers
	// strangerPolls (in a second) and strangerPollBurst bound the polls of all peers together that have no place here and are owed
	// no reason; more are dropped. Refusing one takes this node some 50 µs, streams included: a twentieth of a core in all.
	strangerPolls     = 1000
	strangerPollBurst = 2000

	// maxListed, in peers that an error lists when a name fits several: as many as a person reads in one line.
	maxListed = 8
	// quoteRunes, in characters: the first words of a line, by which a person recognises it.
	quoteRunes = 40

	// streamTimeout is for a small request and its answer: a LAN takes milliseconds; a machine that swaps, seconds.
	streamTimeout = 5 * time.Second
	// joinEvery and joinBurst bound the join requests of one peer: a script may enter, say a line and leave a few dozen times.
	// strangerJoins (in a second) and strangerJoinBurst bound those of all peers together: the largest room, entered at once.
	joinEvery         = 2 * time.Second
	joinBurst         = 32
	strangerJoins     = 50
	strangerJoinBurst = protocol.MaxMembers
	// admitEvery and admitBurst bound the admissions of an open room, and admitEveryFrom and admitBurstFrom those from one address: a
	// person's script may enter, say a line and leave a few dozen times.
	admitEvery     = time.Second
	admitBurst     = protocol.MaxMembers
	admitEveryFrom = 10 * time.Second
	admitBurstFrom = 256
	// maxOpenRecords, in records of the log of an open room. An admission is one record, and the leave that undoes it another, each
	// of some 300 bytes on disk and 1.5 kB in the memory of each member. When the log has so many, strangers are admitted only by
	// the owner or an invite.
	maxOpenRecords = 1 << 15
	// handEvery: the owner is told once in this time that a member asks for a voice, however often it does. More is a program's doing.
	handEvery = 10 * time.Second
	// joinHold is how long a knock waits at the authority's door for a person.
	joinHold = 10 * time.Minute

	// maxDials is the number of dials at a time to peers of our rooms; on a Wi-Fi, more only slow each other down. maxHintDials is
	// that to peers that mDNS shows. Those end after hintTimeout, since on a LAN a present peer answers in milliseconds. If there are
	// more than twice as many peers as are dialled at a time, most are not there, and dials end after crowdTimeout: a true hint must
	// be tried before a flood has pushed it out of the book.
	maxDials     = 8
	maxHintDials = 48
	hintTimeout  = time.Second
	crowdTimeout = 250 * time.Millisecond
	// MaxPeers, in peers that the dial book remembers besides those of our rooms: anybody can announce any number by mDNS.
	MaxPeers = 256

	// maxRemembered, in peers kept for the next start, and maxRememberedAddrs, in addresses of each: a room or two of people whom one
	// meets again, in a few kB.
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
	// pageProofs, in bytes of transfers on one page of our rooms; then the page ends. It leaves space for all else on the longest page.
	pageProofs = 96 << 10
	// maxMoves is how many transfers of a room a join follows: more than there are in one evening.
	maxMoves = 16
	// maxEndings, in rooms whose end is remembered, so that hearsay does not bring them back; endingsOfHost of them may come from
	// one address. A forgotten one is at worst listed until its owner is asked.
	maxEndings    = 512
	endingsOfHost = 64
	// maxWanted, in rooms that the users of this node ask for at the same time, and wantedFor, how long after the last request a
	// room counts as asked for.
	maxWanted = 256
	wantedFor = 10 * time.Second

	// maxPastPlaces, in rooms that have removed this node within a day: more than a person is thrown out of.
	maxPastPlaces = 64

	// maxWords, in peers whose words are kept: they take a millisecond each to make.
	maxWords = 4096

	// maxDirects, in direct messages of all rooms that are kept for faces that come later, and maxDirectBytes, in bytes of their text: some
	// days of a person who writes many. maxDirectsOfPeer and maxDirectBytesOfPeer are for those with one peer, so that a few peers
	// cannot push out the messages of the others.
	maxDirects           = 400
	maxDirectBytes       = 1 << 20
	maxDirectsOfPeer     = 100
	maxDirectBytesOfPeer = 256 << 10

	// maxRelays, in lines and records that are relayed at the same time in a room. Members that lack further ones fetch them.
	maxRelays = 64

	// lineOvershoot, in bytes above transcript.MaxLineBytes, from which a room forgets lines at once and not at the next tick. Ten
	// members may say 60 MB in a second, and forgetting line by line would cost a walk over the log for each.
	lineOvershoot = transcript.MaxLineBytes / 8
	// maxNodeLines, in bytes, of the lines of all rooms of a node; each room has its own bounds.
	maxNodeLines = 24 << 20
	// sayRate, in lines a second of one node, where each KiB of a text counts as one more, and sayBurst at once. A person or a script
	// that pastes a log is not slowed down, eight members that talk at once reach 4,000 lines a second, and an endless loop is held
	// to some 60 kB/s of lines to each member. A further line waits, for sayPatience at most (5,000 lines), and is then refused.
	sayRate     = 500
	sayBurst    = 1000
	sayPatience = 10 * time.Second
	// floodRate and floodBurst are the same for the lines of another author, so that a program that was changed to say more is not
	// heard. They are larger, since lines that were said in time may come together after a stall: a connection that is silent for
	// longer than pingEvery and pingTimeout is given up, and twice that fits.
	floodRate  = 2 * sayRate
	floodBurst = sayBurst + 10*sayRate
	// shutOutCounts, in refused things, for which a peer counts that is shut out of gossip: it has sent thousands.
	shutOutCounts = floodFrom
	// maxWaiting, in lines of this node that wait for a key: as many as a person says until it comes. maxPending, in records that
	// came before the one that they follow, and maxPendingBytes, in bytes of those: room for a hundred of the largest.
	maxWaiting      = 64
	maxPending      = 1024
	maxPendingBytes = 4 << 20
	// maxRecords, in records of a room's log at a member, of 1.5 kB each in memory: a room that 300 people enter and leave twice a
	// day has so many after seven months. An owner whose log is near that admits nobody. A member leaves a room with a longer log,
	// and its user is told why.
	maxRecords = 1 << 18
	// maxLogBytes, in bytes of those records as they are signed, which are 300 each in most rooms: one that silences all of a large
	// room has 40 kB.
	maxLogBytes = 256 << 20

	// maxEarlyKeys, in keys from the authority that came before their records. The keys of a long log are asked for again with its
	// last part.
	maxEarlyKeys = 64
	// maxParked, in requests of strangers that wait until a room is resumed; members have two each.
	maxParked = 64

	// maxAudit, in entries of one answer, and maxReasons, in reasons that are kept for them in each room: more than a person reads.
	maxAudit   = 1000
	maxReasons = 512
	// maxAuditLine is the length of the longest line of an audit file, in bytes: a record in base64.
	maxAuditLine = protocol.MaxRecord*4/3 + 64
	// awayRate and awayBurst, in times a second that a member may say whether its person is away: each goes to the whole room.
	awayRate  = 0.1
	awayBurst = 4
	// maxPresence, in bytes of addresses in one answer to a poll. The other members are listed without addresses.
	maxPresence = 256 << 10

	// maxUnanswered, in orders of a deputy that got no answer: more than a person gives before it looks.
	maxUnanswered = 8
	// maxProgress, in removals whose progress is followed; the oldest are dropped.
	maxProgress = 256
)
