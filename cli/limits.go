package cli

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxConfig is the largest configuration file, in bytes: a few dozen settings take less.
	maxConfig = 64 << 10

	// maxCrash is how much of a console's standard error the keeper holds back, in bytes: the stacks of a few hundred goroutines.
	maxCrash = 512 << 10
	// leaveWait is how long a program may take to leave its rooms after a signal.
	leaveWait = 10 * time.Second

	// attachPause is how long a command waits before it looks again for a node that just starts or ends.
	attachPause = 50 * time.Millisecond
	// attachDrain is how long a command that is finished waits for attached commands that end by themselves.
	attachDrain = 5 * time.Second

	// upWait is how long a node in the background may take to answer: a slow disk, or a large store.
	upWait = 30 * time.Second
	// downWait is how long a node may take to end: it leaves its rooms.
	downWait = 20 * time.Second
	// logLinesShown is how many lines of the log are shown if a node in the background does not come up: half a screen.
	logLinesShown = 10
	// maxAnswer is the longest answer to a question of the command line, in bytes. It is one word.
	maxAnswer = 64

	// openWait is how long a browser may take to open the page before the person is told what to do.
	openWait = 20 * time.Second

	// findWait is how long "localchat rooms" collects: the first burst of discovery, and one late answer.
	findWait = 3 * time.Second
	// completeWait is how long a shell's completion looks for rooms. Most nodes answer within half a second, and nobody wants to wait
	// more than a second after a key.
	completeWait = 800 * time.Millisecond
)
