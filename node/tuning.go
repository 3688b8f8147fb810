package node

import (
	"time"

	"localchat/node/internal/transcript"
)

// The timing of a node: how often, how soon, and after how long. No bound depends on them: a value that is chosen badly makes a
// node slower or busier, and nothing that others send makes it larger.
const (
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

	// leaveTimeout bounds the farewell: leaving must not hang on an owner that is gone.
	leaveTimeout = 2 * time.Second
	// farewellWait is how long the owner of a room waits at the end of its node for the members, and those at the door, to have
	// been told.
	farewellWait = time.Second

	// The pauses between attempts to dial a peer: libp2p's own back-off hides a returned owner for up to minutes, so it is
	// cleared before each and ours holds.
	dialBackoffMin = 500 * time.Millisecond
	dialBackoffMax = 4 * time.Second
	// hintLife: a hint that has not come again for so long is not tried any more.
	hintLife = time.Minute

	// rememberEvery: how often the remembered peers are compared with those in reach.
	rememberEvery = 10 * time.Second

	// pingEvery and pingTimeout: libp2p notices a pulled cable after 30 s or more, this after 3 to 6. Of the peers that own
	// none of our rooms, pingsAtOnce have their turn: otherwise a room at rest would cost each member a ping to every other,
	// and a line that is said at a beat would wait for all of them.
	pingEvery   = 2 * time.Second
	pingTimeout = 3 * time.Second
	pingsAtOnce = 20
	// pingStreamLife is how long a stream of pings lasts, as in libp2p's own service.
	pingStreamLife = 30 * time.Second
	// pingNowTimeout after an address of this machine has changed: that can kill connections, and a LAN takes milliseconds.
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
	// nameSettles is how long a name must have been seen for one room only before it means that room; otherwise the first
	// answer would decide. The nodes of a LAN answer within half a second. Rooms of a known owner do not wait. The name does
	// not settle either while announced nodes have not been heard: after nameUnsettled there are more of them than can be
	// tried, and the user has to say which room is meant.
	nameSettles   = time.Second
	nameUnsettled = 10 * time.Second

	// joinTries of a join request that finds no way to the owner, which may just be coming back.
	joinTries = 3
	// lookAgain is how often a room that is awaited is looked for, and networkWait how long it is awaited on a machine without a
	// network: the rooms of this machine are found by then.
	lookAgain   = 100 * time.Millisecond
	networkWait = 2 * time.Second

	// ledgerTick: how often a room's law looks at the clock; its shortest rule is an idle time of seconds.
	ledgerTick = time.Second

	// syncTimeout of one comparison: a partner that has just gone must not hold up the next.
	syncTimeout = 2 * time.Second
	// relayTries, in members asked to pass one line on, and relayAgain, after which a member that none of them reached is tried
	// again: an absent member costs that many requests in that time.
	relayTries = 4
	relayAgain = 15 * time.Second
	// pieceRecords and pieceLines of what came in one frame are taken in one step of the loop: some 10 ms in the largest room.
	pieceRecords = 16
	pieceLines   = 128
	// idleAsks members at least have given what they have within idleAsked before a room closes as idle, or all in reach.
	idleAsks  = 4
	idleAsked = 2 * transcript.SyncEvery

	// ctrBlock: message numbers are reserved on disk in blocks, one write for so many lines.
	ctrBlock = 1 << 10

	// recoverWait: so long an owner that starts waits for a member to say how far the log goes. recoverSettles: so long after
	// the first one has, for others that may know more. On a LAN members come back within half a second.
	recoverWait    = 3 * time.Second
	recoverSettles = time.Second

	// twinLook: so long an owner that starts waits for a twin to be announced before it signs. A node answers a question by mDNS
	// within 0.1 s, and the handshake with it takes 0.1 s.
	twinLook = 500 * time.Millisecond
	// twinCheckEvery: a machine that announces our peer ID is dialled at most once in this time, and so is a twin that runs.
	twinCheckEvery = 5 * time.Second
	// twinGone: a twin that has not answered for this long has ended, or is out of reach. One whose port is closed has ended.
	twinGone = 15 * time.Second
	// twinEvery: the user is told of a twin once in this time, as long as it goes on.
	twinEvery = 10 * time.Minute

	// presenceEach, for each member, is the pause between two lists of present members: a list is as long as the room and goes
	// to the whole room, 4 MB for one of 256. Without a pause a crowd that comes in would cost the owner a list for each.
	presenceEach = 10 * time.Millisecond

	// reasonNoteAfter: the room hears the reason once the removed peer has, or after this (docs/design.md, "The poll").
	reasonNoteAfter = 10 * time.Second
	// ephemeralGone: an ephemeral member that has not been heard of for this long no longer keeps its nick from others. A node
	// that is started again is there sooner, and says so itself.
	ephemeralGone = 5 * time.Second
	// attemptEvery: at most one warning about the same peer's overreach in this time.
	attemptEvery = time.Minute
	// versionEvery: at most one word in this time about nodes that speak another version, however many there are.
	versionEvery = time.Hour
	// progressKept: how long a removal's progress is followed.
	progressKept = 10 * time.Minute

	// defaultInvite is an invite's life where none is asked for.
	defaultInvite = 24 * time.Hour
	// readTime, at least, between a reader's taking the reason of our removal and our noting it as shown: a terminal
	// takes milliseconds. A node that is killed meanwhile shows it again in its next life.
	readTime = 100 * time.Millisecond
)
