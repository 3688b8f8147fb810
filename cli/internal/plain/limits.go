package plain

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxLine is the longest line of input, in bytes: the longest text that the wire carries, with a command in front of it.
	maxLine = 64<<10 + 512
	// maxEdited is the longest line of the line editor, in characters: x/term takes no more.
	maxEdited = 4096
	// deliveryWait is how long the console waits, after the end of input, for its last lines to reach another node.
	deliveryWait = 5 * time.Second
)
