package tui

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxScrollLines is how many lines of a room the full-screen console keeps: a long day of a busy room.
	maxScrollLines = 10_000
	// scrollChunk is how many lines are dropped at once when there are too many, so that this happens rarely.
	scrollChunk = 1000
	// maxScrollBytes bounds the text of these lines, in bytes: ten thousand of the longest would take 640 MiB.
	maxScrollBytes = 8 << 20
	// maxHistory is how many typed lines can be recalled.
	maxHistory = 200
	// maxUndo is how many changes to the input can be undone.
	maxUndo = 100
	// maxInputRows is how high the input can grow, in rows. A longer text scrolls: a higher input would hide the talk on a small
	// screen.
	maxInputRows = 5
	// maxWarned is how many warnings of the lobby, the latest ones, are repeated when a room is entered. justWarned is how old they may
	// be. Warnings about the network of this machine come in the first moments, when the lobby is about to disappear.
	maxWarned  = 4
	justWarned = 10 * time.Second
	// maxPasteLines is how many lines can be pasted without a question.
	maxPasteLines = 5
	// maxBatch is how many events are handled before the screen is drawn. With so many, drawing costs little beside them, and a key
	// that is pressed meanwhile still has its effect at once.
	maxBatch = 256
)

// The timing. tickEvery is how often the console looks at the node and at the clock, and restTick the same while it rests: when nothing
// has happened and no key was pressed for restAfter.
const (
	tickEvery = time.Second
	restAfter = 20 * time.Second
	restTick  = 30 * time.Second
)
