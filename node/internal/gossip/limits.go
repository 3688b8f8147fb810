package gossip

import (
	"time"

	"localchat/node/internal/ratelimit"
)

// The bounds of one room's gossip, with their units and reasons.
const (
	// queueSize, in messages, of each of pubsub's queues: its default of 32 loses two thirds of a burst.
	queueSize = 1024
	// maxControl, in bytes, of the control messages in one RPC: without a mesh there are a few dozen.
	maxControl = 64 << 10
	// maxTopics, in topics that one RPC subscribes to: a room has two.
	maxTopics = 8

	// A peer's publications, other than lines that count, have budgets too; see guard. controlRate and controlBurst, in
	// things a second that are no publications (subscriptions, grafts, and IDs that a peer has, wants or does not want): there
	// are a few at the start of each stream.
	controlRate  = 100
	controlBurst = 1000
	// unwantedRate and UnwantedBurst, in publications that do not count, a second: what a member says before it hears of a
	// removal, or in an hour in which the network held it up.
	// One that no honest node sends, malformed or signed by nobody, counts for InvalidCost of them.
	unwantedRate  = 10
	UnwantedBurst = 1000
	InvalidCost   = UnwantedBurst / 10
	// penalty: so long a peer that was beyond a budget opens no stream. What it says meanwhile is fetched by comparison.
	penalty = 10 * time.Second
	// maxShut, in peers that are shut out at once: as many as have budgets of their own.
	maxShut = ratelimit.MaxKeys
	// maxSeen, in messages that pubsub remembers in one room: some 50 MB, in two maps. Half of it is for any talker: eight
	// that talk at once fill it in twenty seconds. The other half is shared out among the members, so that a flood of some
	// takes nothing from the others. Messages beyond it are not heard live, and are fetched.
	maxSeen = 1 << 18
)

// The timing. No bound depends on it.
const (
	// seenFor is how long pubsub remembers a message it has seen, and SeenLife until it has really forgotten it: it sweeps
	// once a minute.
	seenFor  = 10 * time.Second
	SeenLife = seenFor + time.Minute
	// invalidDecay: a message that no honest node sends is forgiven after so long.
	invalidDecay = 5 * time.Minute
	// pruneBackoff and unsubscribeBackoff: pubsub's minute would keep a peer that is admitted again from the topic for as
	// long, and its ten seconds would have one that leaves and joins hear everything half a second late.
	pruneBackoff       = 5 * time.Second
	unsubscribeBackoff = time.Second
	// peerPatience is how long a newcomer waits to see somebody on the topic before it subscribes all the same.
	peerPatience = time.Second
	// hangUpAfter is how long after leaving a room the streams of members that have not heard of it are ended.
	hangUpAfter = time.Second
)

// Scores, of which only the order matters.
const (
	// strangerScore is below every threshold, and a member that sends nothing invalid has zero.
	strangerScore                                        = -1000
	gossipThreshold, publishThreshold, graylistThreshold = -10, -20, -30
	// neverPX is a score that no peer reaches: pubsub takes the addresses that come with a PRUNE from peers with such a score
	// alone. The dial book of node decides which peers are dialled.
	neverPX = 1e9
)
