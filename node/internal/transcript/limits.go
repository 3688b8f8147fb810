package transcript

import "time"

// Every bound of a transcript, with its unit and its reason.
const (
	// headsKept: so long after the last line of an author has been forgotten its number is still compared; whoever was given
	// that line at its last moment forgets it within the usual retention.
	headsKept = 10 * time.Minute
	// MaxLines and MaxLineBytes retained in a room, whatever the retention: 10,000 lines of 100 bytes are 10 MB, and 128 texts
	// of the largest size are 16 MiB. Where there are more, the author who has said most loses the oldest, and is the only one
	// to lose any: a flood pushes nobody else's lines out. lineCost, in bytes, is what a line takes beside what it says.
	MaxLines     = 10_000
	MaxLineBytes = 16 << 20
	lineCost     = 512
	// AgeSlack: by so much more than its author's clock says a fellow member may make a line older, and clocks differ.
	AgeSlack = time.Minute
)
