package rpc

import (
	"time"

	"localchat/cli/internal/safe"
)

// Every bound of this package, with its unit and its reason.
const (
	// MaxRequest, in bytes, of one line of JSON-RPC: the longest text with every byte escaped as \u00XX, and its frame.
	MaxRequest = 6*safe.MaxText + 4<<10
	// maxRequests of JSON-RPC that run at the same time and wait for nobody but the node of this program.
	maxRequests = 64
	// MaxWaiting of each method that waits for another node run at the same time; more of them wait for those, and for
	// nothing else.
	MaxWaiting = 64
	// MaxJoins of JSON-RPC wait at the same time, each for a person as long as it likes: more than there are rooms to be
	// in. One more gets an error, since it could wait for the others for ever.
	MaxJoins = 64
	// noBound, in requests, is more than are ever sent.
	noBound = 1 << 30
	// DrainWait is how long JSON-RPC answers requests that were still open at the end of input.
	DrainWait = 5 * time.Second
)
