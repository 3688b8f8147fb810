package render

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxChoices of a list in an error, in lines: what fits on a small screen. Somebody who makes more rooms of one name than
	// that cannot hide any of them: /rooms lists all.
	maxChoices = 8
	// RemovalPatience is how long a removal may take to reach everybody before the owner sees the names of the members that have
	// not confirmed it. A member that is connected confirms within a second.
	RemovalPatience = 10 * time.Second
	// maxRemovals of a room that are tracked: as many as the node tracks.
	maxRemovals = 256
)

const (
	// reasonWait is how long a line about a removal waits for the reason, so that both are one line: the owner sends it when
	// the removed peer has heard it, within milliseconds where that one is there.
	reasonWait  = time.Second
	PromptCells = 16 // columns of the room's name in front of the input
)
