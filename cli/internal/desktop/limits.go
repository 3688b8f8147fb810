package desktop

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// showWait is how long the desktop may take to show a notification: PowerShell needs a second or two to start.
	showWait = 20 * time.Second
	// maxWaiting is how many notifications wait while one is shown: about what comes in a minute. See package notify.
	maxWaiting = 16
	// settingsAge is how old the settings may be that a notification follows: they are read from a file.
	settingsAge = time.Second
)
