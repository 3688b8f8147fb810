package node

import (
	"time"

	"localchat/node/internal/transcript"
)

// The timing of a node: how often, how soon, and after how long it does things. No bound depends on these values: a bad one makes a node
// slower or busier, and nothing that others send can change that.
const (
	// pollHold is how long the authority holds a poll that has no news: shorter than the 30 s after which middle
	// boxes and idle timers start to close quiet streams.
	pollHold = 25 * time.Second
	// pollPatience is how long a member waits for an answer before it gives the stream up: the hold and a round trip.
	pollPatience = pollHold + 5*time.Second
	// appealHold is how long the authority holds the question for the answer to an appeal, which a person gives or not: it waits for
	// hours. appealPatience is how long the removed peer waits for an answer, and appealBackoffMin and appealBackoffMax bound its pause
	// between two questions that fail.
	appealHold       = 5 * time.Minute
	appealPatience   = appealHold + 5*time.Second
	appealBackoffMin = time.Second
	appealBackoffMax = time.Minute
	// appealWait is how long a user waits to be told that the authority has an appeal. It is sent later if that takes longer.
	appealWait = streamTimeout
	// pollBuffer, in bytes, of a poll stream at either end: a question has some 70, and a longer frame is read without the buffer.
	pollBuffer = 256
	// pollBackoffMin and pollBackoffMax bound the pause between polls that fail.
	pollBackoffMin = 200 * time.Millisecond
	pollBackoffMax = 5 * time.Second

	// leaveTimeout bounds the farewell: leaving must not wait for an owner that is gone.
	leaveTimeout = 2 * time.Second
	// farewellWait is how long an owner's node that ends waits until the members, and the peers at the door, have been told.
	farewellWait = time.Second

	// dialBackoffMin and dialBackoffMax bound the pause between two attempts to dial a peer. libp2p's own back-off would hide an owner
	// that is back for up to minutes, so it is cleared before each attempt.
	dialBackoffMin = 500 * time.Millisecond
	dialBackoffMax = 4 * time.Second
	// hintLife: a hint that has not come again for this long is not tried any more. In a large network a node announces itself every 90 s.
	hintLife = 5 * time.Minute

	// rememberEvery: how often the remembered peers are compared with those in reach.
	rememberEvery = 10 * time.Second

	// tickEvery is how often a loop does what is due while something happens, and for stirFor afterwards. At rest that is restTick, or
	// restTickTold where the system tells of a sleep that is over and of a clock that was set: otherwise a tick has to notice them.
	tickEvery    = time.Second
	stirFor      = 15 * time.Second
	restTick     = 2 * time.Second
	restTickTold = 10 * time.Second

	// A peer is pinged when it has not been heard of for some time, and is given up if it does not answer within pingTimeout: libp2p
	// notices a pulled cable after 30 s or more. An owner pings its members after ownerEvery, all of them at once. So a member hears of
	// the owner that often; if it has not for ownerSilent, it pings the owner itself, and gives it up after ownerTimeout: 6 s after the
	// owner has gone. Any other two members of a room ping each other after pingEvery, at every fourth beat of the owner, which is before
	// QUIC would send something to keep the connection open after 15 s. (The one with the smaller peer ID does. The other would ownerEvery
	// later.)
	ownerEvery   = 3500 * time.Millisecond
	ownerSilent  = ownerEvery + 500*time.Millisecond
	ownerTimeout = 1900 * time.Millisecond
	pingEvery    = 4*ownerEvery + 500*time.Millisecond
	pingTimeout  = 3 * time.Second
	// A member that has said something pings the others of the room speakSoon after that, and, for speakFor, as an owner does: what it
	// says next goes by way of others to those that it does not reach.
	speakSoon = 200 * time.Millisecond
	speakFor  = 10 * time.Second
	// ownerPingsAtOnce and pingsAtOnce are the numbers of peers that are pinged at once as an owner does, and of the others. The next
	// ones have their turn after pingsAgain: otherwise a line that is said at that moment would wait for all of the pings of a large
	// room.
	ownerPingsAtOnce = 64
	pingsAtOnce      = 20
	pingsAgain       = 250 * time.Millisecond
	// pingStreamLife is how long a stream of pings lasts, as in libp2p's own service, and guestPingLife that of a guest.
	pingStreamLife = 30 * time.Second
	guestPingLife  = 10 * time.Minute
	// pingNowTimeout is that of the pings after an address of this machine has changed: the change can break connections, and on a LAN
	// a ping takes milliseconds.
	pingNowTimeout = time.Second
	// tryTimeout is that of a ping on an older connection to a peer that has a newer one. Streams are opened on either, so a broken one
	// should go soon; if it was only slow, the newer one is there.
	tryTimeout = 300 * time.Millisecond
	// triedAgain is the least time between two such tries because a peer was announced at another address, which nobody proves.
	triedAgain = time.Second
	// unreachableAfter is how long the authority may be silent before the user is told: one lost ping is no news.
	unreachableAfter = 3 * time.Second
	// netCheckEvery is how often we check whether our addresses have changed, if the system does not report it. A change redials at once.
	netCheckEvery = time.Second

	// lookLasts is how long somebody counts as looking for rooms after a list of them was asked for, or a room by its name: a face that
	// shows the list asks more often.
	lookLasts = 10 * time.Second
	// visitLasts is how old a connection must be before this node closes it because nothing needs it. When a user joins a room, its peer
	// is asked for its rooms, is asked to admit this node, and then belongs to one of its rooms, all within a second.
	visitLasts = 2 * time.Second
	// roomsEvery is how often a connected peer is asked for its rooms while somebody waits for rooms to be found. It is asked less often
	// if this node would otherwise make more than roomsASecond requests. A room that was not listed for roomLost such turns is gone.
	roomsEvery   = 10 * time.Second
	roomsASecond = 4
	roomLost     = 4
	// askAgain is the least time between two questions to a peer that says that its rooms have changed: nobody proves that it says so.
	// asksAgain, in such turns, is after how long a peer with rooms that says the same as before is asked again; it is less than roomLost.
	askAgain  = 500 * time.Millisecond
	asksAgain = 3
	// namesakeAgain is the least time between two questions, or two dials, to a peer that says that it owns other rooms than before, if
	// nobody looks: nobody proves that it says so. There are namesakeTries of both at most, since the peer may not be there.
	namesakeAgain = 30 * time.Second
	namesakeTries = 3
	// endSaid is how long a node says that it has the end of a room to hand on.
	endSaid = time.Hour
	// lookEvery and looksASecond are the same while somebody asks for the list, as a console does every second, and hurryEvery is how
	// often mDNS hurries for that.
	lookEvery    = 500 * time.Millisecond
	looksASecond = 20
	hurryEvery   = 5 * time.Second
	// nameSettles is how long only one room of a name must have been seen before the name means that room; otherwise the first answer
	// would decide. The nodes of a LAN answer within half a second. Rooms of a known owner do not wait. The name does not settle while
	// there are announced nodes that have not been asked. If there still are after nameUnsettled, there are too many to ask, and the
	// user has to say which room is meant.
	nameSettles   = time.Second
	nameUnsettled = 10 * time.Second

	// joinTries is how often a join request is sent to an owner that is out of reach: it may just be coming back.
	joinTries = 3
	// movedLook is how long a join with an invite looks for another owner of the room, if the one that the invite names is out of reach:
	// as long as a node needs to be found, and to be asked for its rooms.
	movedLook = 3 * time.Second
	// lookAgain is how often a join looks whether its room has been found, and networkWait how long it looks on a machine without a
	// network: the rooms of this machine are found by then.
	lookAgain   = 100 * time.Millisecond
	networkWait = 2 * time.Second

	// ledgerTick: how often a ledger gets a Tick; the shortest time in the law of a room is an idle time of seconds.
	ledgerTick = time.Second

	// syncTimeout is how long one comparison may take: a partner that has just gone must not delay the next comparison.
	syncTimeout = 2 * time.Second
	// relayTries is the number of members that are asked to relay one line, and relayAgain the time after which a member that none of
	// them reached is tried again. An absent member costs so many requests in that time.
	relayTries = 4
	relayAgain = 15 * time.Second
	// pieceRecords and pieceLines are the numbers of records and lines of one frame that the loop takes in one step: some 10 ms in the
	// largest room.
	pieceRecords = 16
	pieceLines   = 128
	// idleAsks: before a room closes as idle, at least so many members, or all in reach, have been compared with within idleAsked.
	idleAsks  = 4
	idleAsked = 2 * transcript.SyncEvery

	// ctrBlock: message numbers are reserved on disk in blocks, one write for so many lines.
	ctrBlock = 1 << 10

	// recoverWait is how long an owner that starts waits for a member to say how far the log goes, and recoverSettles how long it waits
	// after the first answer for others that may know more. On a LAN members come back within half a second.
	recoverWait    = 3 * time.Second
	recoverSettles = time.Second

	// takeAgain is the pause before a room is taken again that has changed meanwhile, and takeTries how often: the record that has
	// changed it comes with the poll.
	takeAgain = 100 * time.Millisecond
	takeTries = 20

	// twinLook is how long an owner that starts waits for the announcement of a twin before it signs. A node answers an mDNS query within
	// 0.1 s, and the handshake with it takes 0.1 s.
	twinLook = 500 * time.Millisecond
	// twinCheckEvery: a machine that announces our peer ID is dialled at most once in this time, and so is a twin that runs.
	twinCheckEvery = 5 * time.Second
	// twinGone: a twin that has not answered for this long has ended, or is out of reach. One whose port is closed has ended.
	twinGone = 15 * time.Second
	// twinEvery: as long as a twin runs, the user is told of it once in this time.
	twinEvery = 10 * time.Minute

	// presenceEach is the pause between two lists of present members, for each member of the room: a list is as long as the room and goes
	// to the whole room, 4 MB for 256 members. Without a pause, the owner would send a list for each member of a crowd that comes in.
	presenceEach = 10 * time.Millisecond

	// reasonNoteAfter: the room hears the reason once the removed peer has, or after this (docs/design.md, "The poll").
	reasonNoteAfter = 10 * time.Second
	// ephemeralGone: an ephemeral member that has not been heard of for this long no longer keeps its nick from others. A node
	// that is started again is there sooner, and says so itself.
	ephemeralGone = 5 * time.Second
	// awayAgain: when an authority is told again that the person here is away, or back, if it has not taken it.
	awayAgain = 10 * time.Second
	// attemptEvery: the user is warned once in this time that a peer has tried to do what it may not.
	attemptEvery = time.Minute
	// versionEvery: the user is told once in this time that there are nodes of another version, however many there are.
	versionEvery = time.Hour
	// progressKept: how long a removal's progress is followed.
	progressKept = 10 * time.Minute

	// defaultInvite is how long an invite holds if its maker does not say.
	defaultInvite = 24 * time.Hour
	// readTime is the least time from a reader's taking of a reason to the note that it is shown: a terminal takes milliseconds to show
	// it. A node that is killed in between shows it again at its next start.
	readTime = 100 * time.Millisecond
)
