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
	// noBound is a number of requests that is never reached.
	noBound = 1 << 30
	// DrainWait is how long requests are still answered after the end of input.
	DrainWait = 5 * time.Second
)
