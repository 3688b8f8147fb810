package cli

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxLine, in bytes, of what a person types or pipes into a console: the longest text that the wire carries and
	// room for a command in front of it.
	maxLine = 64<<10 + 512
	// maxEdited characters of a line that is edited in the plain console: x/term takes no more into one.
	maxEdited = 4096
	// maxConfig, in bytes, of the configuration file: a few dozen lines of settings.
	maxConfig = 64 << 10

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
	// reasonWait is how long a line about a removal waits for the reason, so that both are one line: the owner sends it when
	// the removed peer has heard it, within milliseconds where that one is there.
	reasonWait = time.Second
	// maxBatch of events that are shown in one go: enough that drawing costs nothing beside taking them, few enough that
	// a key pressed meanwhile is answered at once.
	maxBatch = 256

	// maxCrash, in bytes, of what a console that crashed has said: the stacks of a few hundred goroutines.
	maxCrash = 512 << 10
	// leaveWait is how long a console may take to leave its rooms after a signal.
	leaveWait = 10 * time.Second

	// findWait is how long "localchat rooms" collects: discovery's first burst and one answer late.
	findWait = 3 * time.Second
	// completeWait is how long a shell's completion looks for rooms: most answer within half a second, and a person who
	// has pressed a key waits for no more than one.
	completeWait = 800 * time.Millisecond
	// deliveryWait is how long the end of input waits until the lines said last have reached another node.
	deliveryWait = 5 * time.Second
)
