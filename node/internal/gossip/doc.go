// Package gossip is the live traffic of one room: lines and records that their author sends to every member it is connected
// to. Each room has a pubsub instance of its own on the shared host, so that a peer can be shut out of one room alone.
//
// It judges a message before node hears of it, by the table of docs/design.md, "Which lines count". It judges in pubsub's
// goroutines, by a [Snapshot] of the room that never changes, and hands the messages that count to a [Handler].
//
// # No mesh
//
// It is gossipsub without a mesh: an author sends each message to all members on the topic, and no member forwards it. In a
// room of 8 that is 1 copy a member instead of 4 to 6, a fifth of the bytes, a third of the allocations and half the
// time. (A router of our own behind the same API would save another third of the allocations, but it would need a gate,
// queues and streams, which gossipsub has.) Package node takes care of the members that the author does not reach.
//
// # What a peer can do
//
// Pubsub ignores a stranger and sends it nothing, because of its score, which is computed at every heartbeat. A removed member is
// on the blacklist of the [Room] until it is admitted again. Each member has budgets, which a guard charges before pubsub looks
// at a message. A member that exceeds one loses its streams for a moment, and the Handler is told.
package gossip
