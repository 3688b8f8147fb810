package tui

// Every bound of this package, with its unit and its reason.
const (
	// maxScrollLines of a room that the full-screen console keeps: a long day of a busy room.
	maxScrollLines = 10_000
	// scrollChunk lines go at once when there are too many, so that dropping them is seldom work.
	scrollChunk = 1000
	// maxScrollBytes of their text: ten thousand lines of the longest kind would be 640 MiB.
	maxScrollBytes = 8 << 20
	// maxHistory of lines typed that can be called back.
	maxHistory = 200
	// maxUndo of changes to the input that can be taken back.
	maxUndo = 100
	// maxInputRows that the input grows to before it scrolls: more would push the talk off a small screen.
	maxInputRows = 5
	// maxPasteLines go into the input without a question.
	maxPasteLines = 5
	// maxBatch of events that are shown in one go: enough that drawing costs nothing beside taking them, few enough that
	// a key pressed meanwhile is answered at once.
	maxBatch = 256
)
