package share

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxConns is the number of connections at a time: a full room of people opens the page at once. maxConnsOf is the number
	// of connections of one address: a browser opens 6.
	maxConns   = 64
	maxConnsOf = 8
	// maxTransfers is the number of files that are sent at a time, and maxTransfersOf the number for one address. Each of 16
	// still gets its share of a poor Wi-Fi.
	maxTransfers   = 16
	maxTransfersOf = 2
	// perSecond is the number of requests that are answered in a second, after requestBurst at once. A page takes 0.2 ms, so a
	// flood takes a fiftieth of a processor. Each connection has one request at a time, so a request waits for 63 others at most.
	perSecond    = 100
	requestBurst = 20
	// maxHeader of a request, in bytes; a browser sends less than 1 kB. Go reads 4 KiB more before it refuses.
	maxHeader = 4 << 10
	// headerWait is the time that a request may take to arrive, idleWait the time that a connection is kept for the next one, and
	// stallWait the time that the reader of an answer may take for 32 KiB.
	headerWait = 5 * time.Second
	idleWait   = 10 * time.Second
	stallWait  = 20 * time.Second
	// transferWait is the time that a file may take: 30 MB at 400 kbit/s.
	transferWait = 10 * time.Minute
	// networksFresh is the age from which the network interfaces are read again when a connection comes from elsewhere.
	networksFresh = time.Second

	// MaxInvites is the number of invites of a share: a class. A member that is not the owner may have as many.
	MaxInvites = 32
	// maxShown is the number of invites with a page of their own. The owner makes each by hand.
	maxShown = 32
	// maxFiles of a folder: a release has 13.
	maxFiles = 64
	// maxFile, in bytes: a debug build has 50 MB.
	maxFile = 256 << 20
	// maxSums of SHA256SUMS, in bytes: 64 lines have 8 kB.
	maxSums = 64 << 10
)
