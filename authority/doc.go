// Package authority decides who may do what in a room. It is pure: time, randomness and the signing key are arguments, and nothing
// here waits, logs, or knows a network. Every type is a value that any goroutine may read; the goroutine that steps a value owns it.
//
// There are three reducers. A [State] is what a room's log says, the same at every member. A [Ledger] adds the authority's own books:
// failures, invites, and the peers at the door. A [Seat] is a member's place at the authority.
//
// # The law of the log
//
//  1. A room begins with Create, record 1 of term 1 and epoch 1. Its author is the owner, the first member, and the authority; after a
//     Transfer, the peer to which that gives the room.
//  2. A record applies if it is the next (seq, prev, room, term, epoch), if its author is the authority in the state
//     before it, and if no rule below forbids it. Any other record changes nothing.
//  3. Admit, Leave, Remove, Rekey, Mute, Unmute, Voice, Unvoice, SetDeputies and Transfer start a new epoch, and so does a SetPolicy that
//     changes which lines count (Slow, VoicedOnly), and no other; Create is epoch 1; the other records change none. The key of the epoch of a Leave,
//     a Remove or a Rekey is fresh; every other key is derived from the key before.
//     A removal and its new key are one step. The record that starts an epoch commits to its key. No other key counts for
//     that epoch, not even one from the authority.
//  4. Two different records with one seq, both by an author entitled to that seq, freeze the room. Nothing thaws it.
//     Together they prove the fork to any peer, also to one that has neither record. Members and authority compare the
//     hashes of their last records, so that they notice that there are two logs, whatever their lengths.
//     A record of an owner before is settled as soon as a later owner has signed one: a second record of its number changes nothing.
//  5. Nothing follows Close.
//  6. The owner neither leaves, nor is removed, nor is muted.
//  7. An admission needs a peer that is no member, a room below its bound, and a nick in its normal form that is not
//     reserved and looks like no member's nick. An invite admits once. A banned peer can be admitted after its ban is
//     lifted or has ended, by the time in the Admit record, so that all members decide alike.
//     A member may be given another nick, by the same rules, at most once in [NickEvery] by the times of the records, unless it
//     is muted. Its own nick is not in its way. Nothing else of the membership changes.
//  8. A kick ends a membership. A ban ends one too, and may also name a peer that is no longer a member or never was one.
//     A later ban replaces an earlier one.
//  9. Leave and Remove name the last line that counts of the membership that they end: the cut-off. A line of an earlier epoch
//     counts if its author was a member in that epoch and, if that membership has ended, if its number is not past the
//     cut-off. A new admission does not make lines of an earlier one count. In a closed or frozen room no line counts.
//     A Mute names a member, and the last of its lines that counts. No line counts of an epoch from the one that Mute starts to
//     the last before Unmute, in whichever membership it is said. A later Mute replaces an earlier one. Unmute alone ends a mute;
//     the authority writes it when the time of the mute has passed.
//     Voice names a member that is not the owner, and a later one replaces an earlier one; Unvoice alone ends a voice, or the end of
//     the membership, and the authority writes it when the time of the voice has passed. Under a policy of VoicedOnly, a member without
//     a voice that is neither the owner nor a deputy is silent as a muted one is. The SetPolicy that silences members names the last
//     line of each that counts, as does the SetDeputies that silences former deputies, and Unvoice that of one.
//     In an epoch whose policy is Slow, a line of a member that is neither the owner nor, in that epoch, a deputy counts if the time that
//     it is signed with is at least so much later than that of each line of the same author and epoch with a lower number. No node's own
//     clock is asked.
//     The owner of an epoch is the one after the record that started it.
//
// # The authority's books
//
//  10. A step is durable before it is visible: its writes come first among its effects, in one batch. An authority
//     whose disk has lost records takes them back from its members before it signs another.
//  11. A peer that loses its place by Remove or Close gets a failure. The failure is pending until a poll of that
//     membership claims it, by the peer that the stream authenticates. From then on only a poll with the same nonce gets the
//     same answer again. If a poll of the peer waits when it is removed, the batch of the removal has the claim too. A failure
//     ends with an acknowledgement that names removal and nonce, or after a day: every use of a failure looks at its end.
//     After a restart, and after a time in which nobody could reach the authority ([Away]), no failure ends for [ResumeGrace].
//  12. Every other poll is REFUSED, with one answer for all causes, and leaves no trace.
//  13. A peer has one failure at most, and the failure of a later removal replaces it. Severity never falls: a kick of a
//     banned peer changes nothing. A second kick makes no record; if the failure of the first is not claimed yet, the text of
//     the second replaces that of the first. A peer that left, or never was a member, is owed no reason. A close adds
//     failures for the members; a peer that was kicked before the close is told of the kick. If a peer is banned after it has
//     acknowledged a kick, a client of it that asks is told, but the authority does not wait for one.
//  14. Admitting a peer clears its failure, claimed or not.
//  15. An invite is consumed in the batch of its Admit. An invite that is unknown, used, expired, revoked or for another
//     nick gets the same answer. There is one exception: the first peer that shows the token of a revoked invite, before the
//     invite's end and with a nonce, is told why, as by a poll, and again if it repeats the question. A peer that is no member
//     has no open invites.
//  16. A peer that is at the door when it is banned, or when the room ends, is told why in the answer to its request, and
//     again if it repeats the request. A restart forgets the peers at the door, and what they were told.
//     A muted member gets a failure too: it is claimed, replayed and acknowledged like that of a removal, and changes nothing
//     else of a member's polls. Unmute, Leave and the reason of a removal end it.
//     A Warn changes nothing but the count of a member's warnings. Its text is told in the same way. What a member has to be told waits
//     in the order of its records, at most [MaxWaiting], and each is told when the one before it is acknowledged or over. A mute takes
//     the place of an untold mute, a removal that of all.
//  17. A room closes when no line, no record but Rekey, and no restart has come for the time that its policy gives as Idle.
//     When the last fresh key is [RekeyAfter] old, however many were derived from it, a Rekey follows, and a restart begins with one. These times, and the lives of
//     invites, bans, mutes, voices, reasons, appeals and pardons, go by time that has passed: when the clock is set, they move with it ([ClockMoved]).
//
// # The member's half
//
//  18. An admission has one nonce. A reply counts for its own admission and nonce only, and is taken as one step.
//  19. A reason is kept, then shown, then acknowledged. A reason that was shown is not shown again; one that was kept and
//     not acknowledged is acknowledged after a restart. After a reason or REFUSED the seat is over and never asks again.
//     The reason of a mute is kept, shown and acknowledged in the same way, and the seat goes on.
//
// # Deputies
//
//  20. SetDeputies names all deputies: at most [protocol.MaxDeputies] members but the owner, and the owner alone makes it. A deputy
//     that is no member any more is no deputy. A deputy is not removed: it is made none before, by a record of its own.
//  21. A record that names a deputy in By applies only if the peer was a deputy in the state before, and may order it: Admit; Remove,
//     Mute, Unban, Pardon, Unmute, Warn, Voice and Unvoice of a peer that is neither the owner nor a deputy; SetPolicy that changes only the
//     subject and the access. A deputy neither lifts nor replaces a ban, a mute or a voice that no deputy has ordered, and revokes no
//     invite that the owner has made; it pardons no kick that no deputy has ordered. By gives no rights: the author's count.
//  22. An order of a deputy is checked before anything is done, also where it makes no record. A reason names the deputy that ordered
//     the removal, and the authority for which it did. A deputy changes the text of no reason but its own; the text of the owner
//     replaces that of a deputy, and the reason is then the owner's.
//
// # Transfer
//
//  23. Transfer gives the room to a member that is not muted, and that has signed an Acceptance of this room, from this owner, after
//     this very record, until a later time than that of the Transfer. The room keeps its id, and all but the owner their places: the
//     owner before is a member like others, without a voice, and the new one is no deputy and needs no voice. The Transfer names the last
//     line of the owner before that counts, if it falls silent.
//  24. The owner hands out its books (failures, invites, and how its clock was set) to the member that it has offered the room to, for
//     [protocol.OfferLife], and to nobody else. It takes an Acceptance only of the books that it has handed out last, and only if neither
//     they nor the log have changed since. The batch of the Transfer deletes them and has a seat: from then on the owner before decides
//     nothing, tells no reason, and answers polls and knocks with the signed transfers.
//  25. The new owner has the books on disk before it signs the Acceptance, and does not use them before it has the Transfer. Then it goes on
//     as after a restart. It signs the reasons that it was handed, with their content unchanged: a claimed one answers the same nonce again.
//     All times in the books go on by the clock of the new owner.
//  26. A seat asks the owner to which signed transfers lead, from the one that it knew, each later than the one before. It takes reasons and
//     REFUSED of that one alone. An owner with an old disk that takes back the record by which it gave the room away has no books either.
//
// # Appeals
//
//  27. A peer whose last membership a Remove has ended may appeal once: within a day, by the number of the reason that it was told, with
//     the nonce of the client that was told. The authority keeps the appeal for a day. The same one again is the question for its
//     answer, and gets the same answer. Another text, or another removal, is refused. Any other peer gets REFUSED, and leaves no trace.
//     A new membership, a new removal and the end of the room end what is kept. A ban of a peer that is out already ends a pardon, and
//     not the appeal, so that the peer does not appeal twice.
//  28. Pardon names such a peer, and lifts its ban. The authority then admits the peer once without a knock, within a day, by any access.
//     The pardon is told in the answer to the appeal, for its nonce; a peer that has not appealed is not told before it asks to come in.
//     A deputy pardons what a deputy has decided, and not what the owner has.
//
// Which nicks are allowed depends on the Unicode tables of golang.org/x/text. A new version of that module can allow others, and is
// then a change of the law.
package authority
