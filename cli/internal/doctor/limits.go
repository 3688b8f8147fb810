package doctor

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxReach, in nodes that doctor dials and names one by one: enough to see a pattern.
	maxReach = 8
	// reachWait is how long doctor's dials take: on a LAN a node answers in milliseconds, and one packet may be lost.
	reachWait = 2 * time.Second
	// quicWait of them are for QUIC alone: its first packet and two repeats.
	quicWait = 1200 * time.Millisecond
)
