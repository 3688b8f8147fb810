package rpc

import (
	"time"

	"localchat/cli/internal/safe"
)

// Every bound of this package, with its unit and its reason.
const (
	// MaxRequest is the longest line of a program, in bytes: a request with the longest text, in which every byte is escaped as
	// \u00XX.
	MaxRequest = 6*safe.MaxText + 4<<10
	// maxRequests is the number of requests that run at the same time, of all methods that wait only for the local node.
	maxRequests = 64
	// MaxWaiting is the number of requests of one method that run at the same time, if the method waits for other nodes. A further
	// one waits until one of them is done.
	MaxWaiting = 64
	// MaxJoins is the number of joins that run at the same time: more than a node can have rooms. Each may wait for a person
	// without end, so a further one would wait for ever, and gets an error instead.
	MaxJoins = 64
	// maxExams is the number of examinations of the network that run at the same time. Each sends and listens for seconds.
	maxExams = 1
	// maxOpen is the number of requests of one program that have no answer yet, running or waiting. When there are so many,
	// nothing more is read from the program until one is answered. It is larger than the number of those that can run.
	maxOpen = 1024
	// maxGarbage is the number of lines in a row that may be no JSON. One more cuts the face off: a few may be a mistake, but a
	// program that sends more speaks another protocol.
	maxGarbage = 8
	// maxAnswer is the longest line that a client reads, in bytes: more than twice the history of a room (16 MiB of lines) with
	// every byte escaped as \u00XX.
	maxAnswer = 256 << 20
	// shownCheck is how long a client waits before it looks whether its face has shown a removal.
	shownCheck = 100 * time.Millisecond
	// lastWord is how long a client waits, after the time of a join is up, for the node to say why it failed.
	lastWord = 2 * time.Second
	// farewell is how long a program may take to read the last events before the node ends.
	farewell = time.Second
	// partingWait is how long a client that closes waits for the node to close the connection.
	partingWait = time.Second
	// noBound turns off jrpc2's own bound on requests, which would be reached before the bounds above.
	noBound = 1 << 30
	// DrainWait is how long requests may still be answered after the end of input.
	DrainWait = 5 * time.Second
)
