package render

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxChoices is how many choices an error lists, one a line: as many as fit on a small screen. An attacker that creates more
	// rooms of one name hides none of them, since /rooms lists all.
	maxChoices = 8
	// RemovalPatience is how long the owner's console waits for all members to confirm a removal. Then it names those that have not.
	// A connected member confirms within a second.
	RemovalPatience = 10 * time.Second
	// maxRemovals is how many removals from a room are tracked: as many as the node tracks.
	maxRemovals = 256
)

const (
	// reasonWait is how long a line about a removal waits for its reason. The owner sends the reason when the removed peer has it:
	// within milliseconds, if that peer is connected.
	reasonWait = time.Second
	// PromptCells is how wide the name of a room may be in front of the input, in cells.
	PromptCells = 16
)
