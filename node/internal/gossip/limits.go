package gossip

import (
	"time"

	"localchat/node/internal/ratelimit"
)

// The bounds of one room's gossip, with their units and reasons.
const (
	// queueSize, in messages, is that of each of pubsub's queues. With its default of 32, two thirds of a burst are lost.
	queueSize = 1024
	// maxControl, in bytes, bounds the control messages in one RPC: without a mesh they have a few dozen.
	maxControl = 64 << 10
	// maxTopics, in topics that one RPC subscribes to: a room has two.
	maxTopics = 8

	// The budgets of one peer besides that for lines; see guard. controlRate, a second, and controlBurst, in parts of RPCs that
	// are no publications (subscriptions, grafts, and IDs that a peer has, wants or does not want): a stream begins with a few of
	// them.
	controlRate  = 100
	controlBurst = 1000
	// unwantedRate, a second, and UnwantedBurst, in publications that do not count: as many as a member says before it hears of its
	// removal, or in an hour in which the network held its lines up. One that no honest node sends, since it is malformed or has
	// no valid signature, counts as InvalidCost of them.
	unwantedRate  = 10
	UnwantedBurst = 1000
	InvalidCost   = UnwantedBurst / 10
	// penalty is how long a peer that exceeded a budget may open no stream. Its lines of that time are fetched by comparison.
	penalty = 10 * time.Second
	// maxShut, in peers that are shut out at once: as many as have budgets of their own.
	maxShut = ratelimit.MaxKeys
	// maxSeen, in messages that pubsub remembers in one room: some 50 MB, in two maps. Half of it is for all members together: eight
	// that talk at once fill it in twenty seconds. The other half is divided among the members, so that a flood of some takes
	// nothing from the others. Messages beyond it are dropped, and fetched later.
	maxSeen = 1 << 18
)

// The timing. No bound depends on it.
const (
	// seenFor is how long pubsub is to remember a message, and SeenLife how long it may do so, since it sweeps once a minute.
	seenFor  = 10 * time.Second
	SeenLife = seenFor + time.Minute
	// heartbeat is how often pubsub tidies up. It forgets a message at the next one, so that it holds no more of them than with its
	// defaults: five beats, of a second each. Nothing else here waits for a heartbeat, since there is no mesh.
	heartbeat = 5 * time.Second
	// decayEvery is how often the scores decay, by factors that bring them below decayToZero in the time that is meant.
	decayEvery  = 30 * time.Second
	decayToZero = 0.01
	// invalidDecay is after how long an invalid message no longer lowers the score of its sender.
	invalidDecay = 5 * time.Minute
	// pruneBackoff and unsubscribeBackoff are short, since pubsub's minute would keep a peer that is admitted again from the topic
	// for as long, and its ten seconds would delay each message by half a second for one that leaves and joins again.
	pruneBackoff       = 5 * time.Second
	unsubscribeBackoff = time.Second
	// peerPatience is how long a new member waits for another peer on the topic before it subscribes without one.
	peerPatience = time.Second
	// hangUpAfter is how long after leaving a room the streams of members that have not heard of it are ended.
	hangUpAfter = time.Second
)

// The scores. Only their order matters.
const (
	// strangerScore is below every threshold, and a member that sends nothing invalid has zero.
	strangerScore                                        = -1000
	gossipThreshold, publishThreshold, graylistThreshold = -10, -20, -30
	// neverPX is a score that no peer reaches, so that pubsub never uses the addresses that come with a PRUNE: package node decides
	// which peers are dialled.
	neverPX = 1e9
)
