package stream

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// MaxQueue is the number of lines that are read ahead of being handled: enough that a paste does not stall its terminal.
	MaxQueue = 64
	// UsualColumns is the width of a terminal that does not report its own.
	UsualColumns = 80
	// usualRows is the height of a terminal that does not report its own.
	usualRows = 24
	// lastWordsWait is how long a program that has to end waits for its last output to be read: a terminal that still reads
	// takes far less.
	lastWordsWait = 300 * time.Millisecond
)
