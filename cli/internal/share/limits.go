package share

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxConns is how many connections there are at a time: a full room of people who open the page at once. maxConnsOf is how
	// many one address has: what a browser opens.
	maxConns   = 64
	maxConnsOf = 8
	// maxTransfers is how many files are sent at a time, and maxTransfersOf to one address. At 16 each still gets its share
	// of a poor Wi-Fi.
	maxTransfers   = 16
	maxTransfersOf = 2
	// perSecond is how many requests are answered in a second, after requestBurst at once: a page takes 0.2 ms, and so a flood
	// takes a fiftieth of a processor. Each connection has one request at a time, so that nobody waits for more than 64 others.
	perSecond    = 100
	requestBurst = 20
	// maxHeader of a request, in bytes; a browser sends less than 1 kB. Go reads 4 KiB more before it refuses.
	maxHeader = 4 << 10
	// headerWait is how long a request may take to arrive, idleWait how long a connection is kept for the next one, and
	// stallWait how long the reader of an answer may take for 32 KiB.
	headerWait = 5 * time.Second
	idleWait   = 10 * time.Second
	stallWait  = 20 * time.Second
	// transferWait is how long a file may take: 30 MB at 400 kbit/s.
	transferWait = 10 * time.Minute
	// networksFresh is how old a look at the network interfaces may be, when a connection comes from elsewhere.
	networksFresh = time.Second

	// MaxInvites is how many invites a share has: a full lecture hall. As many may a member have that is not the owner.
	MaxInvites = 32
	// maxShown is how many invites have a page of their own.
	maxShown = 32
	// maxFiles of a folder: a release has 13.
	maxFiles = 64
	// maxFile, in bytes: no archive of a release is larger, and no program of a debug build.
	maxFile = 256 << 20
	// maxSums is how much is read of SHA256SUMS, in bytes.
	maxSums = 64 << 10
)
