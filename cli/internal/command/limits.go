package command

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxLogLines kept in memory for /log: the last few minutes of a busy node at its most talkative.
	maxLogLines = 1000
	// maxLogLine, in bytes.
	maxLogLine = 2 << 10
	// logShown is how many log lines /log prints: about one screen and a half.
	logShown = 40
	// JoinWait is how long joining waits for the room to be found, and for everything else that needs no person.
	JoinWait = 60 * time.Second
	// KnockWait is how long joining waits for a person to answer, who may be away from the keyboard: as long as a knock is
	// kept.
	KnockWait = 10 * time.Minute
	// maxDoors, in rooms whose names are remembered for those that visit them: more than a node can be in.
	maxDoors = 256
	// RequestWait bounds a console command that waits only for the local node.
	RequestWait = 15 * time.Second
	// defaultShareInvites is how many people a page lets in by an invite: a table. defaultShareFor is how long it is there, and
	// maxShareFor the longest: nobody thinks of a page any more after a day.
	defaultShareInvites = 10
	defaultShareFor     = time.Hour
	maxShareFor         = 24 * time.Hour
)
