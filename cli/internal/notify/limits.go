package notify

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// window is the time in which notifications are counted.
	window = time.Minute
	// maxOfPeer is how many notifications one peer can cause in a window, so that a member who floods a room does not use up what
	// the others need.
	maxOfPeer = 3
	// UnseenAfter is how long a person is taken to look at a window that does not report focus, after the last key or line.
	UnseenAfter = time.Minute

	// maxTitle and maxBody, in cells, are about what desktops show of a notification before they cut it.
	maxTitle = 40
	maxBody  = 160
	// maxTitleBytes and maxBodyBytes bound a text with many marks. With what stands around them they are less than the 768 bytes
	// that GNU screen passes on as one sequence.
	maxTitleBytes = 160
	maxBodyBytes  = 480
)

// most is how many notifications of a kind there are in a window. Each kind has its own, so that strangers who knock, or lines
// that call nobody, do not use up what a member who calls needs. Mentions and direct messages share theirs.
var most = [...]int{Line: 3, Mention: 6, Knock: 2, Removal: 3}
