// Package node is the running peer: a libp2p host, the gossip of each room, the streams between nodes, what is kept on
// disk, and the loop that owns all state. It decides nothing about permissions: package authority does,
// and node carries out the decisions.
//
// # One loop
//
// One goroutine, the loop, owns every piece of state for which no other owner is named. It takes events from one typed inbox.
// The methods of [Node] put requests into the inbox, and [Node.Subscribe] returns events; pubsub's readers and the handlers of
// streams decode, verify and forward. Only the loop changes a room, and it waits only for the disk.
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
// Validators run in pubsub's goroutine, and hand the lines that they accept to the loop. For a message that this node publishes they
// run in the loop itself, and hand over nothing. They read a snapshot, which never changes. Every goroutine of this package is
// started by spawn, and Close waits for each.
//
// # A room
//
// A room has two halves, of which one is in use. Where this node is the authority, the desk (owner.go) steps the ledger, and has the polls
// that wait (polls.go), who is present (presence.go), the removals that are followed (progress.go), the door (door.go), and the recovery
// after a start (recover.go). Where another node is, the membership (membership.go) steps the seat, and has what is known of an authority
// that is away (absence.go). Both have the log, the keys (keys.go), the conversation (talk.go), the outbox (say.go), the relays (relay.go)
// and the proof of a second log (heads.go). Each of these owns its fields; the room says how they meet: what follows from a record
// (applied), from a tick, and from the end.
//
// # When something is full
//
// Every queue and table has a bound in limits.go, of this package or of the internal package that has the queue. This is what
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
// Everything that is refused or dropped at such a bound is counted in one place (floods.go), by kind, and by member or for all
// strangers together. More than a number in ten seconds is a flood, and the user is told once a minute what it is and where it comes
// from. The numbers are larger than what honest nodes cause.
//
// # Orders go the same way as received records
//
// An order of the owner steps the room's ledger ([localchat/authority.Ledger]). The step's batch is synced to disk before any other
// effect. Then the same code that applies a received record applies the new one, and the user gets the same event. A line that this
// node says is sealed, opened again, checked and taken like a received one.
//
// # A line
//
// The author sends a line to every member on the topic, and nobody forwards it (see [localchat/node/internal/gossip]). A member that
// the author does not reach gets it from another member, which relays it (relay.go). A member notices a lost line by the author's next
// one, which names it, or by comparing heads (sync.go), and fetches it. The authority says which lines it has in the answer to their
// author's poll.
//
// # A removal
//
// The record bars the peer from the room's gossip on every node that applies it, hides its lines past the cut-off, and
// starts a new epoch. The authority hands the new key to the remaining members in the answers to their polls. Of the lines up to the
// cut-off, those count that the authority has: those on the chain that ends at the cut-off's hash, and those that the authority hands
// over itself. (If the number were enough, the removed peer could still fill it, through a member that has not heard of the removal.)
// The removed peer's connection stays, since the reason is the answer to its own poll, given once, and kept until it is acknowledged.
// Only then, or after ten seconds, is the room told why.
//
// # A start
//
// The owner's node asks the members in reach how far the log goes before it signs anything (recover.go), since its disk may be an
// older copy; requests wait until then. Before that it looks for another node of its identity: while one runs, neither signs
// anything (twin.go). A member's node learns with the first answer which of its line numbers are used. If two logs of a room meet,
// the records that prove it go to everybody and the room freezes (heads.go); its owner can replace it (renew.go).
//
// # Which addresses are dialled
//
// Addresses come from mDNS, from identify, from lists of members and rooms, from before a restart, and from users. One gate
// (gate.go), which libp2p asks at each dial, says which of them count: those on a network of this machine, those that a
// user typed or that an invite holds, and those where the peer itself was reached. An address that is told to others passes
// it too, except a link-local one, which names a network interface of this machine (linklocal.go) and is told to nobody.
// Strangers are dialled only while somebody here looks for rooms, to be asked for theirs (look.go).
// Connections come in from the networks of this machine, or, with Config.FromAnywhere, from everywhere.
//
// # Time
//
// Time enters at the loop's tick, once a second, and with each event. The node notices that the wall clock was set by comparing it
// with elapsed time: it tells the user, and moves pending ends by as much. While a machine sleeps, time passes; after that an owner
// asks the members before it closes a room as idle, and no reason expires for a while. The clock of another machine decides nothing
// here: an invite ends by its owner's clock, and a line is handed over with its age (ages.go).
// Tests run the whole package, libp2p included, in simulated time.
package node
