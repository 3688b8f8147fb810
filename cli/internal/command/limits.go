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
	// KnockWait is how long joining waits for the owner of a room, who may be away from the keyboard. A knock is kept as long.
	KnockWait = 10 * time.Minute
	// maxDoors, in rooms and invites that visitors have named: more rooms than a node can be in.
	maxDoors = 256
	// RequestWait bounds a console command that waits only for the local node.
	RequestWait = 15 * time.Second
	// defaultShareInvites is how many people a shared page lets in, each by an invite: the people around a table.
	defaultShareInvites = 10
	// defaultShareFor is how long a page is shared, and maxShareFor the longest time: after a day everybody has forgotten the page.
	defaultShareFor = time.Hour
	maxShareFor     = 24 * time.Hour
	// searchShown is how many lines /search prints, the latest ones: they fit on a screen or two.
	searchShown = 50
	// auditShown is how many entries of a room's log /audit prints, the latest ones.
	auditShown = 50
)
