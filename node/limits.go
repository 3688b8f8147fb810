package node

import (
	"time"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// Every bound of a node, with its unit and its reason. What goes over the wire is bounded in protocol, what a room's
// law says in authority.
const (
	// inboxSize, in events: a burst of lines from a full room while the loop syncs a record to disk. Correctness does
	// not depend on it: the scenarios run without any queue as well.
	inboxSize = 1024
	// EventQueue, in events, of one Subscription: about ten seconds of a busy room for a face that is stuck.
	EventQueue = 4096
	// eventBytes, in bytes of text in the events of one Subscription: as much as all lines of a room may take. One event can
	// have 64 KiB of it.
	eventBytes = transcript.MaxLineBytes

	// pollHold is how long the authority holds a poll that has no news: shorter than the 30 s after which middle
	// boxes and idle timers start to close quiet streams.
	pollHold = 25 * time.Second
	// pollPatience is how long a member waits for an answer before it thinks the stream dead: the hold and a trip.
	pollPatience = pollHold + 5*time.Second
	// pollBuffer, in bytes, of a poll stream at either end: a question has some 70; what is larger is read past it.
	pollBuffer = 256
	// pollBackoffMin and pollBackoffMax bound the pause between polls that fail.
	pollBackoffMin = 200 * time.Millisecond
	pollBackoffMax = 5 * time.Second
	// pollsPerSecond and pollBurst of one peer, over all its streams; what is more loses the stream. An honest member
	// asks once an answer, and is answered once a record: the burst is the largest room, emptied at once.
	pollsPerSecond = 100
	pollBurst      = protocol.MaxMembers
	// strangerPolls, a second, and strangerPollBurst of all together who have no place here and are owed nothing; more
	// of them are dropped. To refuse one takes some 50 µs of this node, streams included: a twentieth of a core.
	strangerPolls     = 1000
	strangerPollBurst = 2000

	// maxListed, in peers, of an error that lists whom a name could mean: what a person reads in one line.
	maxListed = 8

	// streamTimeout is for a small request and its answer: a LAN takes milliseconds; a machine that swaps, seconds.
	streamTimeout = 5 * time.Second
	// timeSlack: a line is shown with the time that its author wrote, where that is so near to when it was said by our clock.
	timeSlack = 10 * time.Minute
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
	// maxBudgets, in peers with a budget of their own: more than can be connected; the others share one.
	maxBudgets = 4096
	// joinHold is how long a knock waits at the authority's door for a person.
	joinHold = 10 * time.Minute
	// leaveTimeout bounds the farewell: leaving must not hang on an owner that is gone.
	leaveTimeout = 2 * time.Second
	// farewell is how long the owner of a room waits at the end of its node for the members, and those at the door, to have
	// been told.
	farewell = time.Second

	// The pauses between attempts to dial a peer: libp2p's own back-off hides a returned owner for up to minutes, so it is
	// cleared before each and ours holds.
	dialBackoffMin = 500 * time.Millisecond
	dialBackoffMax = 4 * time.Second
	// maxDials at once to peers of our rooms; more only compete for the same air. maxHintDials to peers that mDNS shows,
	// which are cut short: on a LAN who is there answers in milliseconds. Where there are more than twice as many peers as
	// are tried at once, most are not there, and crowdTimeout has to do: a true hint must have its turn before a flood has
	// washed it out of the book.
	maxDials     = 8
	maxHintDials = 48
	hintTimeout  = time.Second
	crowdTimeout = 250 * time.Millisecond
	// hintLife: a hint that has not come again for so long is not tried any more.
	hintLife = time.Minute
	// MaxPeers, in peers that the dial book remembers beside those of our rooms; mDNS is unauthenticated.
	MaxPeers = 256

	// maxRemembered, in peers kept for the next start, and maxRememberedAddrs of each: a room or two of people one meets
	// again, in a few kB. rememberEvery: how often it is looked at.
	maxRemembered      = 64
	maxRememberedAddrs = 4
	rememberEvery      = 10 * time.Second

	// pingEvery and pingTimeout: libp2p notices a pulled cable after 30 s or more, this after 3 to 6. Of those who own no
	// room of ours pingsAtOnce have their turn: a room at rest would cost each member what it has members, and a line that
	// is said at a beat would wait for all of them.
	pingEvery   = 2 * time.Second
	pingTimeout = 3 * time.Second
	pingsAtOnce = 20
	// pingStreamLife is how long a stream of pings lasts, as in libp2p's own service.
	pingStreamLife = 30 * time.Second
	// pingNowTimeout after an address of ours has changed: connections may be dead by that, and a LAN takes milliseconds.
	pingNowTimeout = time.Second
	// tryTimeout of an older connection to a peer that has a newer one: streams are opened on either, so the sooner the
	// better, and if it was only slow, the newer one is there.
	tryTimeout = 300 * time.Millisecond
	// unreachableAfter is when silence of the authority is said aloud: one lost ping is not news.
	unreachableAfter = 3 * time.Second
	// netCheckEvery: how often our own addresses are compared; a change redials at once.
	netCheckEvery = time.Second
	// clockSlack: a wall clock that moves by more against time that has passed was set; what NTP slews stays below.
	clockSlack = 5 * time.Second
	// wakeGap: a tick of one second that took longer than this means that the machine slept.
	wakeGap = 5 * time.Second

	// roomsEvery: how often a connected peer is asked for its rooms, where nobody looks; more seldom where that would be
	// more than roomsASecond questions. roomLost, in such turns: after how long without being seen a room is gone.
	roomsEvery   = 10 * time.Second
	roomsASecond = 4
	roomLost     = 4
	// The same where somebody looks, which a console does every second; and how often mDNS hurries for that.
	lookEvery    = 500 * time.Millisecond
	looksASecond = 20
	hurryEvery   = 5 * time.Second
	// nameSettles: a name is taken for one room's alone only when that has been seen for so long; else whoever answers
	// first would be the room. The nodes of a LAN answer within half a second. Rooms whose owner we know do not wait.
	// While there are nodes that have been announced and not heard, it is not taken either: after nameUnsettled there
	// are more of them than can be tried, and a person has to say which room is meant.
	nameSettles   = time.Second
	nameUnsettled = 10 * time.Second
	// maxVerified, in people with whom words were compared: it took a minute of two persons each, so more are a
	// program's mistake.
	maxVerified = 4096
	// maxFound, in rooms that are remembered from the network; foundOfPeer of them that one peer has shown, and foundOfHost
	// that the peers at one address have: a machine on which eight people each show as many as they may.
	maxFound    = 512
	foundOfPeer = 8
	foundOfHost = 64
	// maxEndings, in rooms whose end is remembered, so that nobody's hearsay brings them back; endingsOfHost of them that were
	// heard of from one address. A forgotten one is at worst listed until its owner is asked.
	maxEndings    = 512
	endingsOfHost = 64
	// maxWanted, in rooms that people here ask for at once, and wantedFor so long after they last did.
	maxWanted = 256
	wantedFor = 10 * time.Second

	// maxWords, in peers whose words are kept: they take a millisecond each to make.
	maxWords = 4096
	// ledgerTick: how often a room's law looks at the clock; its shortest rule is an idle time of seconds.
	ledgerTick = time.Second

	// syncEvery: heads are compared with a random member (docs/design.md, "No line is lost"). syncSoon: after a line of ours or a gap.
	syncEvery = 15 * time.Second
	syncSoon  = 250 * time.Millisecond
	// repairFor: where the policy gives nobody what was said while it was away, what the network lost of the live lines
	// is given for so long: four comparisons, of which one finds whoever has it.
	repairFor = 4 * syncEvery
	// lostAfter: where a chain of lines starts, and nobody asked in so long knows what came before, that is lost. Until
	// then what follows is given again at each comparison.
	lostAfter = 4 * syncEvery
	// syncTimeout of one comparison: a partner that has just gone must not hold up the next.
	syncTimeout = 2 * time.Second
	// hangUpAfter: so long after we were out of a room we end the streams of those who have not heard of it.
	hangUpAfter = time.Second
	// gapSoon: so long after a line came that does not follow, what is missing is fetched; holdFor, after which it is shown
	// all the same. maxHeld lines of one author.
	gapSoon = 50 * time.Millisecond
	holdFor = 250 * time.Millisecond
	maxHeld = 64
	// maxPasses at once in a room: what more there is to be passed on is fetched by who lacks it.
	maxPasses = 64
	// passTries, in members asked to pass one line on, and passAgain, after which whom none of them reached is tried
	// again: an absent member costs so many requests in so long.
	passTries = 4
	passAgain = 15 * time.Second
	// receiptEvery: how long the authority collects lines before it tells their authors that it has them. receiptBy is
	// when an author whom it has not told so asks.
	receiptEvery = 100 * time.Millisecond
	receiptBy    = time.Second
	// maxDue, in fellow members to compare with at the next opportunities, one after another: enough that what one of
	// them has spreads like a rumour, and few enough that the largest room has done with it in seconds.
	maxDue = 8
	// pieceRecords and pieceLines of what came in one frame are taken in one step of the loop: some 10 ms in the largest room.
	pieceRecords = 16
	pieceLines   = 128
	// fairTurn: each fourth comparison is with the member that has waited longest, while others say that they have news, or
	// more of it.
	fairTurn = 4
	// idleAsks members at least have given what they have within idleAsked before a room closes as idle, or all in reach.
	idleAsks  = 4
	idleAsked = 2 * syncEvery
	// maxIdlePages in a row of one partner that bring nothing new: as many as all lines that a room may hold fill.
	maxIdlePages = transcript.MaxLineBytes / (protocol.MaxBatch / 2)
	// gossipSettles is how long after a connection pubsub's streams are open and used: some heartbeats, of a second each.
	gossipSettles = 3 * time.Second
	// onItsWay: a line that was fetched and has not come live after so long may be lacking elsewhere.
	onItsWay = time.Second
	// deliverBy is when a line of ours that nobody has confirmed is reported.
	deliverBy = 10 * time.Second

	// maxNodeLines, in bytes, of the lines of all rooms of a node; each room has its own bounds. A room of which lines are
	// forgotten before their time is told so once in shedEvery.
	maxNodeLines = 24 << 20
	shedEvery    = time.Hour
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
	// floodPause: so long after a line has come too much, members compare no more often than usual.
	floodPause = 2 * time.Second
	// A peer's publications by gossip, other than lines that count, have budgets too; see guard. controlRate and
	// controlBurst, in things a second that are no publications (subscriptions, grafts, and IDs that a peer has, wants or does
	// not want): there are a few at the start of each stream.
	controlRate  = 100
	controlBurst = 1000
	// unwantedRate and unwantedBurst, in publications that do not count, a second: what a member says before it hears of a
	// removal, or in an hour in which the network held it up.
	// One that no honest node sends, malformed or signed by nobody, counts for invalidCost of them.
	unwantedRate  = 10
	unwantedBurst = 1000
	invalidCost   = unwantedBurst / 10
	// shutOutCounts, in things that were refused: a peer that is shut out has sent thousands of them.
	shutOutCounts = floodFrom
	// gossipPenalty: so long a peer that was beyond a budget opens no stream for gossip. What it says meanwhile is fetched by
	// comparison.
	gossipPenalty = 10 * time.Second
	// invalidDecay: a message that no honest node sends is forgiven after so long.
	invalidDecay = 5 * time.Minute
	// seenFor is how long pubsub remembers a message it has seen, and seenLife until it has really forgotten it: it sweeps
	// once a minute.
	seenFor  = 10 * time.Second
	seenLife = seenFor + time.Minute
	// maxSeen, in messages that pubsub remembers in one room: some 50 MB, in two maps. Half of it is for whoever talks, which
	// eight that talk at once fill in twenty seconds; the other half is shared out among the members, so that a flood of some
	// takes nothing from the others. What is beyond it is not heard live, and fetched.
	maxSeen = 1 << 18
	// maxEarly lines of an epoch that we do not have yet, of one author and in all: what a talker says in the time
	// that a key takes to come. maxEarlyNew of them together are of authors who are no members here yet, so that
	// invented ones push nobody out. maxEarlyBytes of all.
	maxEarlyAuthor = 64
	maxEarlyNew    = 64
	maxEarly       = 1024
	maxEarlyBytes  = 4 << 20
	// maxRecords of a room's log at a member, of 1.5 kB each in memory: a room that 300 people come to and leave twice a day
	// gets there in seven months. The owner admits nobody when so many are near. The member leaves then, and is told why.
	maxRecords = 1 << 18
	// ctrBlock: message numbers are reserved on disk in blocks, one write for so many lines.
	ctrBlock = 1 << 10

	// maxEarlyKeys, in keys from the authority whose records have not come: what comes with one part of a long log is asked
	// for again with the last one.
	maxEarlyKeys = 64
	// maxCtrStep that another node's word can move our message numbers: an earlier life of ours has said fewer than a
	// million lines since the copy of the disk that we live from, and nobody can use up all numbers.
	maxCtrStep = 1 << 20
	// recoverWait: so long an owner that starts waits for a member to say how far the log goes. recoverSettles: so long after
	// the first one has, for others that may know more. On a LAN members come back within half a second.
	recoverWait    = 3 * time.Second
	recoverSettles = time.Second
	// maxParked, in requests of strangers that wait meanwhile; members have two each.
	maxParked = 64

	// maxLamportStep that one line can move our clock: no honest peer is a million lines ahead.
	maxLamportStep = 1 << 20
	// maxLamportAhead of what is known a line may be: two parts of a room that were apart may each have filled it.
	maxLamportAhead = 2 * transcript.MaxLines
	// presenceEach member is the pause between two lists of who is there: each is as long as the room and goes to the whole
	// room, 4 MB for one of 256, and when those come in together that would be on the owner's link for each of them.
	presenceEach = 10 * time.Millisecond
	// maxPresence, in bytes of addresses in one answer to a poll; the members beyond it come without addresses.
	maxPresence = 256 << 10

	// reasonNoteAfter: the room hears the reason once the removed peer has, or after this (docs/design.md, "The poll").
	reasonNoteAfter = 10 * time.Second
	// ephemeralGone: an ephemeral member that nobody has heard of for so long no longer keeps its nick from others. A node
	// that its person starts again is there sooner, and says so itself.
	ephemeralGone = 5 * time.Second
	// attemptEvery: at most one warning about the same peer's overreach in this time.
	attemptEvery = time.Minute
	// progressKept: how long a removal's progress is followed.
	progressKept = 10 * time.Minute
	// maxProgress removals followed at once; the oldest are dropped.
	maxProgress = 256

	// defaultInvite is an invite's life where none is asked for.
	defaultInvite = 24 * time.Hour
	// readTime, at least, between a reader's taking the reason of our removal and our noting it as shown: a terminal
	// takes milliseconds. A node that is killed meanwhile shows it again in its next life.
	readTime = 100 * time.Millisecond
)
