package web

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// maxConns is the number of connections at a time. A browser opens 6 for files, and each page has one for its WebSocket.
	maxConns = 64
	// maxPages is the number of pages at a time: more than a person opens. Each may cost a queue of events.
	maxPages = 16
	// maxSessions is the number of sessions, one for each browser. A new one takes the place of the oldest.
	maxSessions = 8
	// sessionIdle is how long a session lasts without a page.
	sessionIdle = 24 * time.Hour
	// maxLinks is the number of links that are remembered, used ones included. A new one takes the place of the oldest.
	maxLinks = 16
	// linkLife is how long a link can be used.
	linkLife = time.Hour
	// attemptEvery and attemptBurst bound the tokens that are compared: so many at once, and then one in each such time. A token has
	// 130 bits.
	attemptEvery = time.Second
	attemptBurst = 10
	// MaxAgain is the longest command that a page can be told to type, in bytes. A WebSocket carries no longer reason for its end.
	MaxAgain = 123
	// maxHeader bounds the header of a request, in bytes. A browser sends the cookies of all servers on this machine, a few kB each. Go
	// reads 4 KiB more before it refuses.
	maxHeader = 32 << 10
	// maxBody bounds the body of a request, in bytes. It is a token in JSON.
	maxBody = 1 << 10
	// headerWait is how long a request may take to arrive.
	headerWait = 5 * time.Second
	// idleWait is how long a connection is kept for the next request.
	idleWait = time.Minute
	// writeWait is how long a page may take to read what is written to it at once. A page that takes longer is disconnected.
	writeWait = 10 * time.Second
)
