package rpc

import (
	"time"

	"localchat/cli/internal/safe"
)

// Every bound of this package, with its unit and its reason.
const (
	// MaxRequest is the longest line of JSON-RPC, in bytes: the longest text, with every byte escaped as \u00XX, in a request.
	MaxRequest = 6*safe.MaxText + 4<<10
	// maxRequests is how many requests run at the same time, of those that wait only for the local node.
	maxRequests = 64
	// MaxWaiting is how many requests of one method run at the same time, if the method waits for other nodes. Further ones wait
	// for these.
	MaxWaiting = 64
	// MaxJoins is how many joins wait at the same time: more than there can be rooms. Each may wait for a person without end, so
	// one more gets an error, because it could wait for ever.
	MaxJoins = 64
	// maxOpen, in requests, of one program that are under way; it is read no further until one of them is answered. More than
	// those that may run.
	maxOpen = 1024
	// maxGarbage, in lines in a row that are no JSON, of a program that is attached: a slip or two. What sends more speaks
	// something else.
	maxGarbage = 8
	// maxAnswer, in bytes, of one line that a client reads: the history of a room with every byte escaped, and twice that.
	maxAnswer = 256 << 20
	// shownCheck is how long a client waits before it looks whether its face has shown a removal.
	shownCheck = 100 * time.Millisecond
	// lastWord is how long a client whose time is up waits for the node to say why.
	lastWord = 2 * time.Second
	// farewell is how long a program may take to read what has happened before the node ends.
	farewell = time.Second
	// noBound is a number of requests that is never reached.
	noBound = 1 << 30
	// DrainWait is how long requests are still answered after the end of input.
	DrainWait = 5 * time.Second
)
