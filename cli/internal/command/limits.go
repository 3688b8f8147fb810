package command

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxLogLines kept in memory for /log: the last few minutes of a busy node at its most talkative.
	maxLogLines = 1000
	// maxLogLine, in bytes, of one of them.
	maxLogLine = 2 << 10
	// logShown is how many of them /log prints: about one screen and a half.
	logShown = 40
	// JoinWait is how long joining waits for the room to be found, and for whatever else depends on machines alone.
	JoinWait = 60 * time.Second
	// KnockWait is how long it may take with the answer of a person, who may be away from the keyboard: as long as the door
	// keeps a knock.
	KnockWait = 10 * time.Minute
	// RequestWait bounds a console command that waits for nobody but the local node.
	RequestWait = 15 * time.Second
)
