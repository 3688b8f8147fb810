package plain

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxLine, in bytes, of what a person types or pipes into a console: the longest text that the wire carries and
	// room for a command in front of it.
	maxLine = 64<<10 + 512
	// maxEdited characters of a line that is edited in the plain console: x/term takes no more into one.
	maxEdited = 4096
	// deliveryWait is how long the end of input waits until the lines said last have reached another node.
	deliveryWait = 5 * time.Second
)
