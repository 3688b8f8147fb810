package authority

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// firstTerm is the term of every room until there are deputies.
const firstTerm = 1

// ChangeKind says what a record did.
type ChangeKind uint8

// The kinds of change.
const (
	Created ChangeKind = iota + 1
	Admitted
	Left
	Removed
	Unbanned
	PolicySet
	Rekeyed
	Closed
	Froze
	Muted
	Unmuted
	Renamed
	DeputiesSet
	Voiced
	Unvoiced
	Warned
	Transferred
	Pardoned
)

// String names the kind.
func (k ChangeKind) String() string {
	names := [...]string{"nothing", "created", "admitted", "left", "removed", "unbanned", "policy", "rekeyed", "closed", "froze", "muted", "unmuted", "renamed", "deputies", "voiced", "unvoiced", "warned", "transferred", "pardoned"}
	if int(k) >= len(names) {
		return names[0]
	}
	return names[k]
}

// KeyStep says how members get the key of the epoch after a record.
type KeyStep uint8

const (
	// KeySame: the epoch has not changed.
	KeySame KeyStep = iota
	// KeyDerived: every member computes the key with [Derive].
	KeyDerived
	// KeyFresh: the key is random, and the authority hands it out.
	KeyFresh
)

// A Change says what one record did.
type Change struct {
	Kind   ChangeKind
	Record protocol.SignedRecord
	// Peer is the peer that the record is about, and Nick its nick; of Transferred, the owner from now on. If Kind is Renamed, OldNick is the nick that it had before.
	Peer          peer.ID
	Nick, OldNick string
	// WasMember is set if the record has ended a membership. It is false for the ban of a peer that was no member.
	WasMember bool
	Reason    protocol.ReasonKind
	Until     time.Time
	Cut       protocol.Cut
	// Silenced are the members that may say nothing from now on and could before, in the order of Members.
	Silenced []peer.ID
	// Epoch is the epoch in force after the record.
	Epoch  uint64
	NewKey KeyStep
	Policy protocol.Policy
	// Before is the policy that Policy replaces, if Kind is PolicySet.
	Before protocol.Policy
	// Named and Dropped are the peers that became deputies, and those that are none any more, if Kind is DeputiesSet.
	Named, Dropped []peer.ID
}

// By is the peer that decided: the author of the record, or the deputy that ordered it.
func (c Change) By() peer.ID { return decider(c.Record) }

// Replay applies rs in order to the zero State, and returns the last State.
func Replay(rs []protocol.SignedRecord) (State, error) {
	var s State
	for _, r := range rs {
		next, _, err := s.Apply(r)
		if err != nil {
			return State{}, fmt.Errorf("record %d: %w", r.Seq, err)
		}
		s = next
	}
	return s, nil
}

// Apply returns the state after r, and what r did. If it fails, it returns s itself; with ErrFork it returns s frozen.
func (s State) Apply(r protocol.SignedRecord) (State, Change, error) {
	switch {
	case s.frozen:
		return s, Change{}, ErrFrozen
	case s.head == nil && r.Seq > 1:
		return s, Change{}, fmt.Errorf("%w: before %d", ErrGap, r.Seq)
	case s.head == nil:
		return s.create(r)
	case r.RoomID() != s.room:
		return s, Change{}, fmt.Errorf("%w: it is of another room", ErrChain)
	case r.Seq == 0:
		return s, Change{}, fmt.Errorf("%w: it has no number", ErrChain)
	case r.Seq <= s.head.seq:
		return s.repeated(r)
	case r.Seq > s.head.seq+1:
		return s, Change{}, fmt.Errorf("%w: %d to %d", ErrGap, s.head.seq+1, r.Seq-1)
	case r.Author != s.authority:
		return s, Change{}, ErrNotEntitled
	}
	next, change, err := s.change(r)
	if err != nil {
		return s, Change{}, err
	}
	next.head = entryAfter(s.head, r, s.authority, next)
	change.Record, change.Epoch, change.Policy = r, next.epoch, next.policy
	return next, change, nil
}

// repeated is Apply for a record whose number another record has, or r itself.
func (s State) repeated(r protocol.SignedRecord) (State, Change, error) {
	e := s.head.back(func(e *entry) bool { return e.seq >= r.Seq })
	switch {
	case e.hash == r.Hash():
		return s, Change{}, ErrKnown
	case r.Author != e.signer, s.settled(r.Seq):
		return s, Change{}, ErrNotEntitled
	}
	s.frozen = true
	return s, Change{Kind: Froze, Record: r, Peer: r.Author, Epoch: s.epoch, Policy: s.policy}, fmt.Errorf("%w at record %d", ErrFork, r.Seq)
}

// Forked returns s frozen, and true, if a and b prove that the room's log is forked: they are two different records of this room
// with one number, both signed by the peer that was entitled to that number, as far as s knows. Otherwise it returns s, and false.
func (s State) Forked(a, b protocol.SignedRecord) (State, bool) {
	if s.head == nil || a.RoomID() != s.room || b.RoomID() != s.room || a.Seq != b.Seq || a.Hash() == b.Hash() || s.settled(a.Seq) {
		return s, false
	}
	entitled := s.authority
	if e := s.head.back(func(e *entry) bool { return e.seq >= a.Seq }); e != nil {
		entitled = e.signer
	}
	if a.Author != entitled || b.Author != entitled {
		return s, false
	}
	s.frozen = true
	return s, true
}

// create is Apply for the zero State.
func (s State) create(r protocol.SignedRecord) (State, Change, error) {
	c, ok := r.Body.(protocol.Create)
	if !ok {
		return s, Change{}, fmt.Errorf("%w: a room begins with its creation", ErrRule)
	}
	if r.Seq != 1 || !r.Prev.IsZero() || r.Term != firstTerm || r.Epoch != 1 {
		return s, Change{}, fmt.Errorf("%w: a creation is record 1 of term 1 and epoch 1", ErrChain)
	}
	if err := checkAssigned(c.Nick); err != nil {
		return s, Change{}, err
	}
	if s.misleads(r.Author, c.Nick) {
		return s, Change{}, errReadsAsID
	}
	next := State{
		room: r.RoomID(), name: c.Name, owner: r.Author, authority: r.Author, term: r.Term, epoch: r.Epoch,
		policy: c.Policy,
	}
	next.head = entryAfter(nil, r, r.Author, next)
	next.enter(Member{Peer: r.Author, Nick: c.Nick, Admission: 1, Since: r.At, Owner: true, FromEpoch: 1, SpanFrom: 1}, time.Time{})
	return next, Change{
		Kind: Created, Record: r, Peer: r.Author, Nick: c.Nick, Epoch: 1, NewKey: KeyFresh, Policy: c.Policy,
	}, nil
}

// change is Apply for the next record, by an author that is entitled to it.
func (s State) change(r protocol.SignedRecord) (State, Change, error) {
	rekeys := protocol.StartsEpoch(r.Body)
	epoch := s.epoch
	if rekeys {
		epoch++
	}
	switch {
	case r.Prev != s.head.hash:
		return s, Change{}, fmt.Errorf("%w: record %d follows another one", ErrChain, r.Seq)
	case r.Term != s.term:
		return s, Change{}, fmt.Errorf("%w: term %d, not %d", ErrChain, r.Term, s.term)
	case s.closed:
		return s, Change{}, ErrClosed
	case r.Epoch != epoch:
		return s, Change{}, fmt.Errorf("%w: epoch %d, not %d", ErrChain, r.Epoch, epoch)
	}
	if r.By != "" {
		if err := s.mayOrder(r.By, r.Body, r.At); err != nil {
			return s, Change{}, err
		}
	}
	next := s
	if rekeys {
		next.epoch = epoch
	}
	var change Change
	var err error
	switch b := r.Body.(type) {
	case protocol.Admit:
		change, err = next.admit(r, b)
	case protocol.Leave:
		change, err = next.leave(r, b)
	case protocol.Remove:
		change, err = next.remove(r, b)
	case protocol.Unban:
		change, err = next.unban(r, b)
	case protocol.Mute:
		change, err = next.mute(r, b)
	case protocol.Unmute:
		change, err = next.unmute(r, b)
	case protocol.Voice:
		change, err = next.voice(r, b)
	case protocol.Unvoice:
		change, err = next.unvoice(r, b)
	case protocol.Pardon:
		change, err = next.pardon(b)
	case protocol.Warn:
		change, err = next.warn(b)
	case protocol.SetNick:
		change, err = next.setNick(r, b)
	case protocol.Transfer:
		change, err = next.transfer(r, b)
	case protocol.SetDeputies:
		change, err = next.setDeputies(r, b)
	case protocol.SetPolicy:
		change, err = next.setPolicy(r, b)
	case protocol.Rekey:
		change = Change{Kind: Rekeyed, NewKey: KeyFresh}
	case protocol.Close:
		next.closed = true
		change = Change{Kind: Closed, Reason: b.Kind}
	default:
		err = fmt.Errorf("%w: a room is created once", ErrRule)
	}
	return next, change, err
}

// mayAdmit returns an error unless a record at time at may make p a member with that nick.
func (s State) mayAdmit(p peer.ID, nick string, at time.Time) error {
	switch _, banned := s.Banned(p, at); {
	case s.closed:
		return ErrClosed
	case s.frozen:
		return ErrFrozen
	case banned:
		return fmt.Errorf("%w: the peer is banned", ErrRule)
	case s.isMember(p):
		return fmt.Errorf("%w: the peer is a member already", ErrRule)
	case len(s.members) >= protocol.MaxMembers:
		return fmt.Errorf("%w: the room has %d members", ErrFull, len(s.members))
	case s.NickTaken(nick):
		return ErrNickTaken
	}
	if err := checkAssigned(nick); err != nil {
		return err
	}
	if s.misleads(p, nick) {
		return errReadsAsID
	}
	return nil
}

func (s State) isMember(p peer.ID) bool {
	_, ok := s.members[p]
	return ok
}

// The methods below change s in place: it is the next State, which has not been returned yet. They copy a map before they write to
// it, since the State before has the same map.

func (s *State) admit(r protocol.SignedRecord, b protocol.Admit) (Change, error) {
	if err := s.mayAdmit(b.Peer, b.Nick, r.At); err != nil {
		return Change{}, err
	}
	if !b.Invite.IsZero() {
		if s.InviteUsed(b.Invite) {
			return Change{}, fmt.Errorf("%w: the invite is used", ErrRule)
		}
		s.used = cloned(s.used)
		s.used[b.Invite] = struct{}{}
	}
	if _, ok := s.bans[b.Peer]; ok { // a ban that is over
		s.bans = cloned(s.bans)
		delete(s.bans, b.Peer)
	}
	_, muted := s.mutes[b.Peer]
	m := Member{Peer: b.Peer, Nick: b.Nick, Admission: r.Seq, Since: r.At, FromEpoch: r.Epoch, SpanFrom: r.Epoch, Muted: muted}
	m.Silent = s.silences(m)
	s.enter(m, time.Time{})
	return Change{Kind: Admitted, Peer: b.Peer, Nick: b.Nick, NewKey: KeyDerived}, nil
}

func (s *State) leave(r protocol.SignedRecord, b protocol.Leave) (Change, error) {
	m, ok := s.members[b.Peer]
	switch {
	case !ok:
		return Change{}, ErrNotMember
	case m.Owner:
		return Change{}, fmt.Errorf("%w: the owner closes the room or stays", ErrRule)
	}
	s.exit(Removal{Left: true, Removal: r.Seq, At: r.At, Cut: b.Cut}, m.Member)
	s.dropDeputy(m.Peer)
	return Change{Kind: Left, Peer: m.Peer, Nick: m.Nick, WasMember: true, Cut: b.Cut, NewKey: KeyFresh}, nil
}

func (s *State) remove(r protocol.SignedRecord, b protocol.Remove) (Change, error) {
	m, was := s.members[b.Peer]
	ban := b.Kind == protocol.Banned
	switch {
	case b.Peer == s.owner || b.Peer == s.authority:
		return Change{}, fmt.Errorf("%w: the owner cannot be removed", ErrRule)
	case s.IsDeputy(b.Peer):
		return Change{}, fmt.Errorf("%w: a deputy is not removed before it is none", ErrRule)
	case !ban && b.Kind != protocol.Kicked:
		return Change{}, fmt.Errorf("%w: a removal is a kick or a ban", ErrRule)
	case !ban && !was:
		return Change{}, ErrNotMember
	}
	nick := s.nickOf(b.Peer)
	if was {
		s.exit(Removal{Kind: b.Kind, Ordered: r.By != "", Removal: r.Seq, At: r.At, Cut: b.Cut}, m.Member)
	}
	if ban {
		s.bans = cloned(s.bans)
		s.bans[b.Peer] = Banishment{Peer: b.Peer, Nick: nick, By: decider(r), Ordered: r.By != "", At: r.At, Until: b.Until, Removal: r.Seq}
	}
	return Change{
		Kind: Removed, Peer: b.Peer, Nick: nick, WasMember: was, Reason: b.Kind, Until: b.Until, Cut: b.Cut,
		NewKey: KeyFresh,
	}, nil
}

func (s *State) unban(r protocol.SignedRecord, b protocol.Unban) (Change, error) {
	ban, ok := s.Banned(b.Peer, r.At)
	if !ok {
		return Change{}, fmt.Errorf("%w: the peer is not banned", ErrRule)
	}
	s.bans = cloned(s.bans)
	delete(s.bans, b.Peer)
	return Change{Kind: Unbanned, Peer: b.Peer, Nick: ban.Nick}, nil
}

// enter lists m, which was renamed last at a time, or never.
func (s *State) enter(m Member, renamed time.Time) {
	s.members, s.nicks = cloned(s.members), cloned(s.nicks)
	keyed := member{Member: m, sortKey: nickSortKey(m.Nick), badge: newBadge(m.Peer, m.Nick), renamed: renamed}
	s.members[m.Peer] = keyed
	for _, key := range protocol.Skeletons(m.Nick) {
		s.nicks[key] = m.Peer
	}
	s.sorted = slices.Insert(slices.Clip(s.sorted), s.place(keyed), m)
}

// exit ends the membership m. s.epoch is the epoch after the end.
func (s *State) exit(end Removal, m Member) {
	s.unlist(m)
	s.past = cloned(s.past)
	s.endSpan(end, m)
}

// unlist undoes enter.
func (s *State) unlist(m Member) {
	i := s.place(s.members[m.Peer])
	s.sorted = slices.Concat(s.sorted[:i], s.sorted[i+1:])
	s.members, s.nicks = cloned(s.members), cloned(s.nicks)
	delete(s.members, m.Peer)
	for _, key := range protocol.Skeletons(m.Nick) {
		delete(s.nicks, key)
	}
}

// forgetOldest drops the ended span with the lowest Removal and, of those that one record has ended, the lowest Peer: the same at every
// member.
func (s *State) forgetOldest() {
	var oldest Removal
	for _, past := range s.past {
		if first := past[0]; oldest.Removal == 0 || cmp.Or(cmp.Compare(first.Removal, oldest.Removal), cmp.Compare(first.Peer, oldest.Peer)) < 0 {
			oldest = past[0]
		}
	}
	if rest := s.past[oldest.Peer][1:]; len(rest) > 0 {
		s.past[oldest.Peer] = rest
	} else {
		delete(s.past, oldest.Peer)
	}
	s.pastLen--
}

// nickOf returns the nick that p has or had last, or "".
func (s State) nickOf(p peer.ID) string {
	if m, ok := s.members[p]; ok {
		return m.Nick
	}
	if past := s.past[p]; len(past) > 0 {
		return past[len(past)-1].Nick
	}
	return s.bans[p].Nick
}

// cloned returns a copy of m that may be written to, also if m is nil.
func cloned[M ~map[K]V, K comparable, V any](m M) M {
	if m == nil {
		return make(M)
	}
	return maps.Clone(m)
}
