package tui

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxScrollLines is how many lines of a room the full-screen console keeps: a long day of a busy room.
	maxScrollLines = 10_000
	// scrollChunk lines are dropped at once when there are too many, so that dropping is rare.
	scrollChunk = 1000
	// maxScrollBytes bounds the text of these lines, in bytes: ten thousand of the longest would take 640 MiB.
	maxScrollBytes = 8 << 20
	// maxHistory is how many typed lines can be recalled.
	maxHistory = 200
	// maxUndo is how many changes to the input can be undone.
	maxUndo = 100
	// maxInputRows is the height, in rows, up to which the input grows before it scrolls: more would hide the talk on a small
	// screen.
	maxInputRows = 5
	// maxWarned is how many warnings that came in the lobby are repeated in a room that is entered then, and justWarned how old they
	// may be: what is wrong with this machine's network stands on the first screen, whichever that is.
	maxWarned  = 4
	justWarned = 10 * time.Second
	// maxPasteLines is how many lines a paste may have without a question.
	maxPasteLines = 5
	// maxBatch is how many events are shown at once: enough that drawing costs little beside them, and few enough that a key
	// pressed meanwhile has its effect at once.
	maxBatch = 256
)
