package render

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxChoices is how many choices an error lists, in lines: as many as fit on a small screen. An attacker that creates more
	// rooms of one name cannot hide any: /rooms lists all.
	maxChoices = 8
	// RemovalPatience is how long a removal may take to reach everybody before the owner sees the names of the members that have
	// not confirmed it. A member that is connected confirms within a second.
	RemovalPatience = 10 * time.Second
	// maxRemovals is how many removals from a room are tracked: as many as the node tracks.
	maxRemovals = 256
)

const (
	// reasonWait is how long a line about a removal waits for its reason, so that both are one line. The owner sends the reason
	// when the removed peer has it: within milliseconds, if that peer is connected.
	reasonWait  = time.Second
	PromptCells = 16 // columns of the room's name in front of the input
)
