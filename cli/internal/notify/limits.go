package notify

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// window is the period in which notifications are counted.
	window = time.Minute
	// maxOfPeer is how many notifications one peer can cause in a window. A member who floods a room leaves the rest to the others.
	maxOfPeer = 3
	// UnseenAfter is for terminals that do not report whether they have the focus: this long after the last key or line, the person
	// is taken to look elsewhere.
	UnseenAfter = time.Minute

	// maxTitle and maxBody, in cells, are about as much as a desktop shows of a notification.
	maxTitle = 40
	maxBody  = 160
	// maxTitleBytes and maxBodyBytes bound a text with many marks in few cells. A whole sequence with both is shorter than the 768
	// bytes that GNU screen passes on in one piece.
	maxTitleBytes = 160
	maxBodyBytes  = 480
)

// maxOfKind is how many notifications of a kind there can be in a window. Each kind has a bound of its own, so that neither strangers
// who knock nor lines that name nobody use up what a member who names the person needs. Mentions and direct messages share a bound.
var maxOfKind = [...]int{Line: 3, Mention: 6, Knock: 2, Removal: 3, Mute: 3, Offer: 2}
