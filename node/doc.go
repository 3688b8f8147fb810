// Package node is the running peer: a libp2p host, the gossip of each room, the streams between nodes, what is kept on
// disk, and the loop that owns all state. It decides nothing about permissions: package authority does,
// and node carries out the decisions.
//
// # One loop
//
// Every piece of state without another owner named belongs to one goroutine, the loop, which is fed by one typed inbox.
// The methods of [Node] are requests into it ([Node.Subscribe] is the way out); pubsub's readers and the handlers of
// streams decode, verify and forward. Only the loop changes a room, and the loop waits for nothing but the disk.
//
//	goroutine           number                    owns             may block on           ends with
//	loop                1                         the state        inbox, disk            Close
//	room reader         1 a room                  nothing          subscription, inbox    the room
//	poll                1 a room of others        its stream       stream, inbox, pause   the room
//	stream handlers     libp2p's, 1 a stream      the stream       stream, inbox          a deadline
//	requests, dials     bounded                   the stream       stream, inbox          a deadline
//	validators          pubsub's, 1 a room        nothing          inbox                  the room
//	network watch       1                         nothing          inbox                  Close
//	discovery           1, and its own            its findings     queries, inbox         Close
//
// Validators run in pubsub's goroutine, where they hand the lines that they let through to the loop. For a message that this
// node publishes they run in the loop itself, and call nothing back. They read a snapshot, which never changes. Every
// goroutine of this package is started by spawn, and Close waits for each.
//
// # When something is full
//
// Every queue and table has its bound in limits.go, here or in the package inside this one that it belongs to. This is what
// happens at each bound, and which side is told:
//
//	bound on                      when it is reached                       is told
//	inbox                         readers and handlers wait; a validator   an early line or attempt is dropped, and
//	                              does not                                 comes again by comparison
//	a subscriber's events         the next ones are lost                   the subscriber, by a Gap
//	lines that we say             Say and Tell wait, then refuse           the caller
//	gossip of one peer, or of     its streams end, for a moment            the user, by a Warning (flood)
//	all strangers together
//	message IDs that pubsub keeps new messages are dropped, and fetched    nobody: nothing is lost
//	a member's lines as they come dropped, and fetched later               the user, by a Warning (flood)
//	direct messages of a member,  refused                                  the sender; the user, by a Warning
//	an address, and of all                                                 (flood)
//	lines retained, in a room     the busiest author loses its oldest      the users, by Expired and, now and then,
//	and in all of a node                                                   a Warning (lines_full)
//	pubsub's queues, passing on   the newest are dropped, and fetched      nobody: nothing is lost
//	early lines, early records    the oldest go, or of one author the      nobody: they are fetched
//	                              newest
//	lines that wait for a key     refused                                  the caller
//	connections, streams,         refused, strangers' first (admission)    the user, by a Warning (flood)
//	requests and pings of others
//	joins, admissions, the door   told to wait                             the caller; the owner, by one line for
//	                                                                       many (knocks)
//	dial book, remembered peers   the oldest hint goes                     nobody: they are hints
//	rooms found                   each peer and each address has a share;  nobody: a room that a user asks for has a place
//	                              the one with most gives way
//	removals followed             the oldest go                            nobody
//
// Everything that is refused or dropped at such a bound is counted in one place (floods.go), by kind and by member, or for
// all strangers together. Above a measure in ten seconds it is a flood, and the user is told once a minute what it is and
// where it comes from. The measures lie above what honest nodes do.
//
// # Orders go the same way as received records
//
// An order of the owner steps the room's ledger ([localchat/authority.Ledger]). What the step writes is synced to disk
// before anything else of it happens; then its record is applied by the same code that applies a record heard from
// others, and the user is told by the same event. A line that this node says is sealed, opened again, checked and taken
// like a received one.
//
// # A line
//
// It goes from its author to every member on the topic, and nobody forwards it (see [localchat/node/internal/gossip]). A member
// that the author does not reach gets it by way of a member that does (relay.go). A lost line is noticed by its author's next
// line, which names the one before, or by comparing heads (sync.go), and is fetched. The authority says which lines it has in
// the answer to their author's poll.
//
// # A removal
//
// The record bars the peer from the room's gossip on every node that applies it, hides its lines past the cut-off, and
// starts a new epoch. The authority hands the new key to the remaining members in the answers to their polls. Below the
// cut-off the authority's lines count: those on the chain that ends at the cut-off's hash, and those that the authority
// hands over itself. (A number alone could be filled by the removed peer, through a member that has not heard yet.) The removed
// peer's connection stays: the reason is the answer to its own poll, given once, kept until it is acknowledged. Only
// then, or after ten seconds, is the room told why.
//
// # A start
//
// The owner's node asks the members in reach how far the log goes before it signs anything (recover.go), since its disk may
// be an old one; requests wait until then. Before that it looks for another node of its identity: while one runs, neither signs
// anything (twin.go). A member's node learns with the first answer which of its line numbers are used.
// Where two logs of a room meet, the records that prove it go to everybody and the room freezes (heads.go); its owner can make
// it anew (renew.go).
//
// # Which addresses are dialled
//
// Addresses come from mDNS, from identify, from lists of members and rooms, from before a restart, and from users. One gate
// (gate.go), which libp2p asks at each dial, says which of them count: those on a network of this machine, those that a
// user typed or that an invite holds, and those where the peer itself was reached. An address that is told to others passes
// it too, except a link-local one, which names a network card of this machine (linklocal.go) and is told to nobody.
// Connections come in from the networks of this machine, or, with Config.FromAnywhere, from everywhere.
//
// # Time
//
// Time enters at the loop's tick, once a second, and with each event. A wall clock that is set while the node runs is
// noticed by comparison with elapsed time: the user is told, and pending ends move with it. A machine's sleep is time that
// passes; on waking an owner asks the members before it closes a room as idle, and ends no reason for a while. Another
// machine's time decides nothing here: an invite ends by its owner's clock, and a line is handed over with its age (ages.go).
// Tests run the whole package, libp2p included, in simulated time.
package node
