package web

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxConns is the number of connections at a time: a browser opens 6 for files, and each page has a WebSocket.
	maxConns = 64
	// maxPages have a WebSocket at a time: more than a person opens. Each may cost a queue of events.
	maxPages = 16
	// maxSessions is the number of browsers. Of one more, the oldest ends.
	maxSessions = 8
	// sessionIdle is how long a session lasts without a page.
	sessionIdle = 24 * time.Hour
	// maxLinks are known, used ones among them. Of one more, the oldest is forgotten.
	maxLinks = 16
	// linkLife is how long a link waits for its use.
	linkLife = time.Hour
	// attemptEvery and attemptBurst bound the tokens that are compared. A token has 130 bits.
	attemptEvery = time.Second
	attemptBurst = 10
	// MaxAgain, in bytes: a WebSocket gives no longer reason for its end.
	MaxAgain = 123
	// maxHeader of a request, in bytes: a browser sends the cookies of every server of this machine, some kB each. Go reads
	// 4 KiB more before it refuses.
	maxHeader = 32 << 10
	// maxBody of a request, in bytes: a token.
	maxBody = 1 << 10
	// headerWait is the time that a request may take to arrive, idleWait the time that a connection is kept for the next one, and
	// writeWait the time that a reader may take for one piece. A page that reads nothing for so long is cut off.
	headerWait = 5 * time.Second
	idleWait   = time.Minute
	writeWait  = 10 * time.Second
)
