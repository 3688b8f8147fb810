package transcript

import (
	"time"

	"localchat/protocol"
)

// Every bound of a transcript, with its unit and its reason.
const (
	// headsKept is how long after an author's last line has been forgotten its number is still compared; a node that was given
	// that line at its last moment forgets it within the usual retention.
	headsKept = 10 * time.Minute
	// MaxLines and MaxLineBytes retained in a room, whatever the retention: 10,000 lines of 100 bytes are 10 MB, and 128 texts
	// of the largest size are 16 MiB. If there are more, only the author with the most loses lines, the oldest
	// ones: a flood pushes no other author's lines out. lineCost, in bytes, is the memory of a line beside its text.
	MaxLines     = 10_000
	MaxLineBytes = 16 << 20
	lineCost     = 512
	// AgeSlack: by so much more than its author's clock says a fellow member may make a line older, and clocks differ.
	ageSlack = time.Minute
	// timeSlack: a line is shown with the time that its author wrote, where that is so near to when it was said by our clock.
	timeSlack = 10 * time.Minute
	// RepairFor: if the policy gives members no lines from while they were away, live lines that the network lost are still given
	// for this long: four comparisons, of which one finds a member that has them.
	RepairFor = 4 * SyncEvery
	// maxRuns, in numbers of one request: one is left for each head, which the pages of an answer may need.
	maxRuns = protocol.MaxRuns - protocol.MaxBatchItems
	// gapSoon: so long after a line came that does not follow, what is missing is fetched; HoldFor, after which it is shown
	// all the same. maxHeld lines of one author.
	gapSoon = 50 * time.Millisecond
	HoldFor = 250 * time.Millisecond
	maxHeld = 64
	// ReceiptEvery is the least time between two times that the authority tells authors that it has their lines. receiptBy is
	// when an author that has not been told asks.
	ReceiptEvery = 100 * time.Millisecond
	receiptBy    = time.Second
	// MaxDue, in fellow members to compare with at the next opportunities, one after another: enough that what one of
	// them has spreads like a rumour, and few enough that the largest room has done with it in seconds.
	MaxDue = 8
	// fairTurn: each fourth comparison is with the member that has waited longest, while others say that they have news, or
	// more of it.
	fairTurn = 4
	// MaxIdlePages in a row of one partner that bring nothing new: as many as all lines that a room may hold fill.
	MaxIdlePages = MaxLineBytes / (protocol.MaxBatch / 2)
	// gossipSettles is how long after a connection pubsub's streams are open and used: some heartbeats, of a second each.
	gossipSettles = 3 * time.Second
	// onItsWay: a line that was fetched and has not come live after so long may be lacking elsewhere.
	onItsWay = time.Second
	// DeliverBy is when a line of this node's that no other has confirmed is reported.
	DeliverBy = 10 * time.Second
	// FloodPause: so long after a line has come too much, members compare no more often than usual.
	FloodPause = 2 * time.Second
	// MaxEarly lines of an epoch that is not here yet, of one author and in all: as many as a talker says while a key comes.
	// maxEarlyNew of them together may be of authors that are no members here yet, so that invented ones push nobody out.
	// maxEarlyBytes of all.
	MaxEarlyAuthor = 64
	maxEarlyNew    = 64
	MaxEarly       = 1024
	maxEarlyBytes  = 4 << 20
	// maxCtrStep is how far another node's word can move our message numbers: this node has said fewer than a million lines since
	// the copy of its disk that was put back, and no peer can use up all numbers.
	maxCtrStep = 1 << 20
	// maxLamportStep that one line can move our clock: no honest peer is a million lines ahead.
	maxLamportStep = 1 << 20
	// maxLamportAhead of what is known a line may be: two parts of a room that were apart may each have filled it.
	maxLamportAhead = 2 * MaxLines
	// SyncEvery: heads are compared with a random member (docs/design.md, "No line is lost"). SyncSoon: after a gap.
	SyncEvery = 15 * time.Second
	SyncSoon  = 250 * time.Millisecond
	// ownSoon: so long after a line of ours, where nobody says unasked that it has it, a member is asked: a line takes some 5 ms.
	ownSoon = 15 * time.Millisecond
	// SyncSpacing is the least time between two comparisons that one node begins in one room.
	SyncSpacing = 400 * time.Millisecond
	// settleSyncs follow the one after joining: what was said while the streams of the gossip are opened is fetched within seconds.
	settleSyncs = 2
	// catchUpFor is how long at most others wait for the first comparison after a start. On a LAN that takes milliseconds.
	catchUpFor = 2 * time.Second
	// tellWithin is how long a fetched line waits at most for the end of its comparison, and tellPagesWithin where there is
	// page after page of it.
	tellWithin      = 2 * time.Second
	tellPagesWithin = 10 * time.Second
	// queueWait is how long telling goes on slowly for a subscriber with a full queue, before that subscriber gets a Gap.
	queueWait = 5 * time.Second
	// queuePause between two looks at such a queue.
	queuePause = 10 * time.Millisecond
	// shedEvery: a room of which lines are forgotten before their time is told so once in so long.
	shedEvery = time.Hour
)
