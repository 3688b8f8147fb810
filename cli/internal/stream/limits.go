package stream

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// MaxQueue of lines read and not yet acted on: enough that a paste does not stall its terminal.
	MaxQueue = 64
	// UsualColumns are those of a terminal that does not say how many it has.
	UsualColumns = 80
	// usualRows are those of a terminal that does not say how many it has.
	usualRows = 24
	// lastWordsWait is how long a program that is to end waits for a reader of what it still has to say: any terminal that
	// takes something takes it at once.
	lastWordsWait = 300 * time.Millisecond
)
