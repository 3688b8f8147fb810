package stream

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// MaxQueue of lines that were read and not yet handled: enough that a paste does not stall its terminal.
	MaxQueue = 64
	// UsualColumns are those of a terminal that does not say how many it has.
	UsualColumns = 80
	// usualRows are those of a terminal that does not say how many it has.
	usualRows = 24
	// lastWordsWait is how long a program that has to end waits for its last output to be read: a terminal that reads at all
	// reads at once.
	lastWordsWait = 300 * time.Millisecond
)
