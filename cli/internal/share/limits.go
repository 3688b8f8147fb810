package share

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxConns is the number of connections at a time: enough for a class that opens the page at once. maxConnsOf is the number
	// of connections of one address: a browser opens 6.
	maxConns   = 64
	maxConnsOf = 8
	// maxTransfers is the number of files that are sent at a time, and maxTransfersOf the number to one address. With 16, each
	// transfer still moves on a poor Wi-Fi.
	maxTransfers   = 16
	maxTransfersOf = 2
	// perSecond is the number of requests that are answered in a second, after requestBurst at once. A page takes 0.2 ms, so a
	// flood takes a fiftieth of a processor. Each connection has one request at a time, so a request waits for 63 others at most.
	perSecond    = 100
	requestBurst = 20
	// maxHeader is the length of the header of a request, in bytes; a browser sends less than 1 kB. Go reads 4 KiB more before it
	// refuses.
	maxHeader = 4 << 10
	// headerWait is the time that a request may take to arrive, idleWait the time that a connection may wait for its next request,
	// and stallWait the time that a visitor may take to read 32 KiB of an answer.
	headerWait = 5 * time.Second
	idleWait   = 10 * time.Second
	stallWait  = 20 * time.Second
	// transferWait is the time that the transfer of a file may take: enough for 30 MB at 400 kbit/s.
	transferWait = 10 * time.Minute
	// networksFresh is how old the list of this machine's networks may be when a connection is refused because of it.
	networksFresh = time.Second

	// MaxInvites is the number of invites of a share: enough for a class. The owner's node allows a member as many.
	MaxInvites = 32
	// maxShown is the number of invites with a page of their own, which a person makes one by one. One more replaces the oldest.
	maxShown = 32
	// maxFiles is the number of files from a folder: a release has 13.
	maxFiles = 64
	// maxFile is the length of a file, in bytes: a debug build has 50 MB.
	maxFile = 256 << 20
	// maxSums is the length of SHA256SUMS, in bytes: 64 lines have 8 kB.
	maxSums = 64 << 10
)
