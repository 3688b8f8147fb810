// Package gossip is the live traffic of one room: lines and records that their author sends to every member it is connected
// to. Each room has a pubsub instance of its own on the shared host, so that a peer can be shut out of one room alone.
//
// It judges a message before node hears of it, by the table of docs/design.md, "Which lines count". It judges in pubsub's
// goroutines, from a [Snapshot] of the room that never changes, and hands what counts to a [Handler].
//
// # No mesh
//
// It is gossipsub without a mesh: an author floods what it says to all members on the topic, and nobody forwards it. In a
// room of 8 that is 1 copy a member instead of 4 to 6, a fifth of the bytes, a third of the allocations and half the
// time. (A router of our own behind the same API would save another third of the allocations, and cost the gate, the
// queues and the streams that gossipsub has.) Members that the author does not reach get the message by another way, which
// is not this package's.
//
// # What a peer can do
//
// A stranger is neither heard nor sent anything: its score says so, and is asked at every heartbeat. A removed member is on
// the [Room]'s blacklist until it is admitted again. A member has budgets, which a guard takes from before pubsub looks at a
// message; beyond them it loses its streams for a moment, and the Handler is told.
package gossip
