package doctor

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxReach is the number of nodes that doctor dials and names one by one: enough to see a pattern.
	maxReach = 8
	// reachWait is how long the dials of doctor may take together: on a LAN a node answers in milliseconds, and a lost packet is
	// repeated after one second.
	reachWait = 2 * time.Second
	// quicWait is how long a dial over QUIC may take, within reachWait: enough for its first packet and two repeats.
	quicWait = 1200 * time.Millisecond
)
