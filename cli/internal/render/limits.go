package render

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxChoices of a list in an error, in lines: what fits on a small screen. Whoever has made more rooms of one name than that
	// hides none of them: /rooms lists all.
	maxChoices = 8
	// RemovalPatience is how long a removal may take to reach everybody before it is said who has not heard of it: who is
	// there hears within a second.
	RemovalPatience = 10 * time.Second
	// maxRemovals of a room that are followed: as many as the node follows.
	maxRemovals = 256
)

const (
	// reasonWait is how long a line about a removal waits for the reason, so that both are one line: the owner sends it when
	// the removed peer has heard it, within milliseconds where that one is there.
	reasonWait  = time.Second
	PromptCells = 16 // columns of the room's name in front of the input
)
