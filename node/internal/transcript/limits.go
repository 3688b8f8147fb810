package transcript

import (
	"time"

	"localchat/protocol"
)

// Every bound of a transcript, with its unit and its reason.
const (
	// headsKept is how long the number of an author's last line is still compared after that line has been forgotten. A node that
	// got the line at the last moment forgets it within the retention.
	headsKept = 10 * time.Minute
	// MaxLines and MaxLineBytes bound the lines that are retained in a room: 10,000 lines of 100 bytes are 10 MB, and 128 texts
	// of the largest size are 16 MiB. If there are more, the author with the most loses its oldest lines, so that a flood pushes
	// out no other author's lines. lineCost, in bytes, is the memory of a line besides its text.
	MaxLines     = 10_000
	MaxLineBytes = 16 << 20
	lineCost     = 512
	// ageSlack is by how much a line may be older by the word of a fellow member than by its author's clock, since clocks differ.
	ageSlack = time.Minute
	// timeSlack is by how much the time that an author wrote may differ from the time at which the line was said by our clock. A
	// line within it is shown with the author's time.
	timeSlack = 10 * time.Minute
	// slowBurst and slowSpan: in a slow room at most so many lines of a member are taken from itself in so many times the pace. An honest
	// member's lines are one pace apart, give or take what the network holds them up: two fit, and a third that was held up by half a
	// pace. One that lies about its times gains two lines once, and a fifth of its pace.
	slowBurst = 3
	slowSpan  = 2.5
	// RepairFor: under a policy that gives no earlier lines, live lines that the network has lost are still given for this long:
	// several comparisons, of which one finds a member that has them.
	RepairFor = SyncRest + 2*SyncEvery
	// maxRuns, in numbers of runs in one request. It leaves one number for each head, which the pages of an answer may need.
	maxRuns = protocol.MaxRuns - protocol.MaxBatchItems
	// gapSoon is how long after a line that does not follow the one before it the missing lines are fetched, and HoldFor how long
	// it is held before it is shown without them. maxHeld, in lines of one author that are held.
	gapSoon = 50 * time.Millisecond
	HoldFor = 250 * time.Millisecond
	maxHeld = 64
	// ReceiptEvery is the shortest time between two receipts of the authority to authors. receiptBy is how long an author waits
	// for one before it asks.
	ReceiptEvery = 100 * time.Millisecond
	receiptBy    = time.Second
	// MaxDue, in fellow members to compare with next, one after another: enough that the lines of one member spread over the
	// room, and few enough that the largest room needs only seconds for all of them.
	MaxDue = 8
	// fairTurn: one in so many comparisons is with the member that has waited longest, whatever others say that they have.
	fairTurn = 4
	// MaxIdlePages, in pages of one partner in a row that bring nothing new: as many as the lines of a full room need.
	MaxIdlePages = MaxLineBytes / (protocol.MaxBatch / 2)
	// gossipSettles is how long after a connection pubsub's streams are open and used: some heartbeats, of a second each.
	gossipSettles = 3 * time.Second
	// onItsWay: a fetched line that has not come live after this time may be missing at other members too.
	onItsWay = time.Second
	// DeliverBy is how long a line of this node may have no receipt before that is reported.
	DeliverBy = 10 * time.Second
	// FloodPause is how long after a flood of lines members compare no more often than usual.
	FloodPause = 2 * time.Second
	// MaxEarlyAuthor and MaxEarly, in lines of an epoch that this node does not have yet, of one author and in all: as many as a
	// person says until the key comes. maxEarlyNew, in those of authors that are no members here yet, so that invented authors
	// displace no member. maxEarlyBytes, in bytes of all.
	MaxEarlyAuthor = 64
	maxEarlyNew    = 64
	MaxEarly       = 1024
	maxEarlyBytes  = 4 << 20
	// maxCtrStep is how far another node can move our message numbers at once. This node has said fewer than a million lines
	// since the copy of its disk that was put back, and no peer must be able to use up all numbers.
	maxCtrStep = 1 << 20
	// maxLamportStep is how far one line can move our Lamport clock: no honest peer is a million lines ahead.
	maxLamportStep = 1 << 20
	// maxLamportAhead is how far a line's Lamport number may be ahead of those that are known: two parts of a room that were
	// apart may each have filled it.
	maxLamportAhead = 2 * MaxLines
	// SyncEvery is the time between comparisons of heads with a random member (docs/design.md, "No line is lost"), and SyncSoon how
	// soon one follows a gap.
	SyncEvery = 15 * time.Second
	// SyncRest is the same in a room in which nothing was said for RepairFor. A member that has missed a line is asked by those that
	// have it, and then asks them.
	SyncRest = time.Minute
	SyncSoon = 250 * time.Millisecond
	// ownSoon is how soon after a line of ours a member is asked for a receipt, if none comes unasked: a line takes some 5 ms.
	ownSoon = 15 * time.Millisecond
	// SyncSpacing is the least time between two comparisons that one node begins in one room.
	SyncSpacing = 400 * time.Millisecond
	// settleSyncs is the number of comparisons that follow the first one after joining, so that lines that were said before the
	// streams of the gossip were open are fetched within seconds.
	settleSyncs = 2
	// CatchUpFor is the longest time that new lines, and the removals of an owner, wait for the first comparison after a start. On
	// a LAN that takes milliseconds.
	CatchUpFor = 2 * time.Second
	// tellWithin is the longest time that a fetched line waits for the end of its comparison, and tellPagesWithin that in a
	// comparison of several pages.
	tellWithin      = 2 * time.Second
	tellPagesWithin = 10 * time.Second
	// queueWait is how long lines are held back for a subscriber with a full queue, before that subscriber gets a Gap.
	queueWait = 5 * time.Second
	// queuePause is the time between two looks at such a queue.
	queuePause = 10 * time.Millisecond
	// shedEvery: the users are told once in this time that a room forgets lines before their time.
	shedEvery = time.Hour
)
