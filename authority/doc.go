// Package authority decides who may do what in a room. It is pure: time, randomness and the signing key come in as
// arguments, and nothing here waits, logs, or knows a network. Every type is a value that any goroutine may read;
// whoever steps one owns it.
//
// There are three reducers: [State], what a room's log says, the same at every member; [Ledger], the authority's own
// books beside it; and [Seat], a member's place at the authority.
//
// # The law of the log
//
//  1. A room begins with Create, record 1 of term 1 and epoch 1. Its author is the owner, the first member, and until there
//     are deputies the authority.
//  2. A record applies if it is the next (seq, prev, room, term, epoch), if its author is the authority in the state
//     before it, and if no rule below forbids it. All else changes nothing.
//  3. Admit, Leave, Remove and Rekey start a new epoch; Create is epoch 1; SetPolicy, Unban and Close change none.
//     The key of an Admit's epoch is derived from the one before, every other is fresh. A removal and its new
//     key are one step. The record that starts an epoch commits to its key, and no other key is that of the epoch,
//     whoever hands it over.
//  4. Two different records with one seq, both by an author entitled to that seq, freeze the room. Nothing thaws it.
//     They prove it to anybody, also to one that has neither. Members and authority compare the hash of their last
//     record, so that two logs are noticed whatever their lengths.
//  5. Nothing follows Close.
//  6. The owner neither leaves nor is removed.
//  7. Only a stranger is admitted, only below the room's bound, only by a nick in its normal form that is not
//     reserved and looks like no member's, and by each invite once. A banned peer is admitted when its ban is lifted
//     or its end has come, by the time that the Admit record carries, so that all decide alike.
//  8. A kick ends a membership. A ban does too, if there is one; it may also name a peer that is out already, or was
//     never in. A later ban takes the place of an earlier one.
//  9. Leave and Remove name the last line that counts of the membership they end. A line of an earlier epoch counts if its
//     author was a member in it and, where that membership has ended, if its number is not past the cut-off; a new
//     admission does not revive the old one's lines. In a closed or frozen room no line counts any more.
//
// # The authority's books
//
//  10. A step is durable before it is visible: what it writes comes first among its effects, in one batch. An authority
//     whose disk has lost records takes them back from its members before it signs another.
//  11. Whoever loses its place by Remove or Close gets a failure: pending until claimed by a poll of that membership,
//     by the peer that the stream authenticates; then a replay slot for the claiming nonce alone; then gone, by an
//     acknowledgement that names removal and nonce, or after a day. Expiry is decided by who reads, not by a sweeper.
//     After a restart, and after a time in which nobody could reach the authority
//     ([Away]), nothing expires for [ResumeGrace].
//  12. Every other poll is REFUSED, with one answer for all causes, and leaves no trace.
//  13. A peer has one failure at most. A removal's takes the place of an older one; severity never falls: a kick of one who
//     is banned changes nothing. A second kick makes no record; until the first is claimed its text is the one told. Who has
//     left, and who never was a member, is owed no reason. A close adds failures for the members; who was kicked
//     before it is told of the kick. A ban of one who has acknowledged the reason of its kick is told to whoever asks, and
//     owed to nobody: that client asks no more.
//  14. Admitting a peer clears its failure, claimed or not.
//  15. An invite is consumed in the batch of its Admit. Unknown, used, expired, revoked and for another nick are one answer,
//     but for the first peer that shows the token of a revoked one, before its end and with a nonce: it is told why, as by a
//     poll, and again if it asks the same again. Who is out has no open invites.
//  16. Who stands at the door when it is banned, or when the room ends, is told why in the answer to its request, again if
//     it asks the same again. A restart forgets who stood at the door, and what it was told.
//  17. A room closes itself when neither line nor record nor restart is younger than its policy's Idle; a Rekey is no sign
//     of life. Without another change a new epoch starts every [RekeyAfter], and with every restart. All this, and what
//     invites, bans and reasons last, goes by time that has passed: a clock that is set moves it ([ClockMoved]).
//
// # The member's half
//
//  18. One nonce an admission. A reply counts for its own admission and nonce only, and is taken as one step.
//  19. A reason is kept, then shown, then acknowledged; what was shown is not shown again, what was kept and not acknowledged is
//     acknowledged after a restart. After a reason or REFUSED the seat is over and never asks again.
//
// Nicks are judged here with the Unicode tables of golang.org/x/text. A new version of that module can change which
// nicks apply, and so is a change of the law.
package authority
