package cli

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxConfig, in bytes, of the configuration file: a few dozen lines of settings.
	maxConfig = 64 << 10

	// maxCrash, in bytes, of what a console that crashed has said: the stacks of a few hundred goroutines.
	maxCrash = 512 << 10
	// leaveWait is how long a console may take to leave its rooms after a signal.
	leaveWait = 10 * time.Second

	// findWait is how long "localchat rooms" collects: discovery's first burst and one answer late.
	findWait = 3 * time.Second
	// completeWait is how long a shell's completion looks for rooms: most answer within half a second, and nobody wants to wait
	// more than a second for a key.
	completeWait = 800 * time.Millisecond
)
