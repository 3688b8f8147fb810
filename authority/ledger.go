package authority

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Ledger has the authority's books of one room: the State, the failures, the invites, and the peers at the door. It is a reducer
// over values: [Ledger.Step] returns a new one. A driver keeps a [Durable] of it on disk; a restart forgets the rest, as the peers
// at the door.
type Ledger struct {
	state    State
	failures map[peer.ID]Failure
	invites  map[protocol.InviteID]Invite
	appeals  map[peer.ID]Appeal
	knocks   []Knocking               // in the order of arrival
	denied   []denied                 // the latest peers that were turned away from the door
	gone     map[peer.ID]protocol.Cut // see [Gone]
	// key is the key of the epoch in force, from which that of the next Admit is derived. It is not on disk: after Load it is zero
	// until Resumed makes a new one, and no order is accepted before.
	key protocol.Key

	// activeAt is the time of the last record other than Rekey, or of the start.
	activeAt time.Time
	// graceUntil is the time before which no failure expires.
	graceUntil time.Time

	// banShift says by how much the clock was set since a ban, a mute or a voice was made, by the number of its record, so that a later one of
	// the same peer is not shifted. See clockMoved.
	banShift map[uint64]time.Duration
	// out says when a peer lost its place, for those that did within [FailureLife]; MaxFailures at most.
	out map[peer.ID]time.Time
	// freshSince is the time of the last fresh key, from which that of the epoch in force is derived, or which it is.
	freshSince time.Time
	// offer is that of the room to a member, if there is one.
	offer offer
}

// Load returns the Ledger that d was made of. Its first event has to be Recovered or Resumed. A damaged log is an error that says at
// which record.
func Load(d Durable) (Ledger, error) {
	state, err := Replay(d.Records)
	if err != nil {
		return Ledger{}, fmt.Errorf("authority: damaged log: %w", err)
	}
	l := Ledger{state: state, failures: make(map[peer.ID]Failure), invites: make(map[protocol.InviteID]Invite), appeals: make(map[peer.ID]Appeal), banShift: d.BanShift}
	for _, f := range d.Failures {
		switch _, twice := l.failures[f.Peer]; {
		case twice:
			return Ledger{}, fmt.Errorf("authority: damaged log: two failures of %s", f.Peer)
		case len(f.Waiting) >= MaxWaiting || len(f.Waiting) > 0 && !f.ofMember():
			return Ledger{}, fmt.Errorf("authority: damaged log: %d reasons wait behind that of %s", len(f.Waiting), f.Peer)
		case f.Removal == 0 || f.Removal > state.Seq() || f.Admission == 0 || f.Admission >= f.Removal:
			return Ledger{}, fmt.Errorf("authority: damaged log: failure of %s at record %d of %d", f.Peer, f.Removal, state.Seq())
		}
		l.failures[f.Peer] = f
	}
	for _, i := range d.Invites {
		if i.Token.ID() != i.ID || state.InviteUsed(i.ID) {
			return Ledger{}, fmt.Errorf("authority: damaged log: invite %s is used or not its token's", i.ID)
		}
		l.invites[i.ID] = i
	}
	for _, a := range d.Appeals {
		switch _, twice := l.appeals[a.Peer]; {
		case twice:
			return Ledger{}, fmt.Errorf("authority: damaged log: two appeals of %s", a.Peer)
		case a.Removal == 0 || a.Removal > state.Seq() || a.Pardon > state.Seq() || state.isMember(a.Peer):
			return Ledger{}, fmt.Errorf("authority: damaged log: appeal of %s about record %d", a.Peer, a.Removal)
		}
		l.appeals[a.Peer] = a
	}
	for _, r := range d.Records {
		if _, rekey := r.Body.(protocol.Rekey); !rekey {
			l.activeAt = r.At
		}
	}
	return l, nil
}

// State returns what the room's log says.
func (l Ledger) State() State { return l.state }

// Forked returns l with its state frozen, and true, if a and b prove that the room's log is forked; see [State.Forked]. A frozen room
// accepts no order. A peer that lost its place before is still told why.
func (l Ledger) Forked(a, b protocol.SignedRecord) (Ledger, bool) {
	var ok bool
	l.state, ok = l.state.Forked(a, b)
	return l, ok
}

// Failures returns the failures, in the order of their records.
func (l Ledger) Failures() []Failure {
	return slices.SortedFunc(maps.Values(l.failures), func(a, b Failure) int {
		return cmp.Or(cmp.Compare(a.Removal, b.Removal), cmp.Compare(a.Peer, b.Peer))
	})
}

// Owes reports whether p may still ask for its reason, for the first time or again. The driver must keep a connection of such a peer.
func (l Ledger) Owes(p peer.ID, now time.Time) bool {
	f, ok := l.failures[p]
	return ok && !f.ofMember() && !f.Acked && !f.Known && !l.expired(f, now)
}

// Invites returns the invites that are open at now, in the order of their ends and then of their ids.
func (l Ledger) Invites(now time.Time) []Invite {
	var open []Invite
	for _, i := range l.invites {
		if i.open() && now.Before(i.Expires) {
			open = append(open, i)
		}
	}
	slices.SortFunc(open, func(a, b Invite) int {
		return cmp.Or(a.Expires.Compare(b.Expires), slices.Compare(a.ID[:], b.ID[:]))
	})
	return open
}

// Knocks returns the strangers at the door, in the order in which they came.
func (l Ledger) Knocks() []Knocking { return slices.Clone(l.knocks) }

// SameDoor reports whether the peers at the door are those of another state of the Ledger, in the same order.
func (l Ledger) SameDoor(o Ledger) bool { return slices.Equal(l.knocks, o.knocks) }

func (l Ledger) expired(f Failure, now time.Time) bool {
	return !now.Before(f.Expires) && !now.Before(l.graceUntil)
}

// Step returns the Ledger after ev, and what the driver has to do. If it returns an error, nothing has changed. See [Persist] for a
// driver that cannot write.
func (l Ledger) Step(env Env, ev Event) (Ledger, []Effect, error) {
	// A record has milliseconds. With the same precision here, a time decides alike here and in every member's Apply.
	s := &step{next: l, env: env, now: env.Now.UTC().Truncate(time.Millisecond)}
	if err := s.handle(ev); err != nil {
		return l, nil, err
	}
	if err := s.claimHeld(); err != nil {
		return l, nil, err
	}
	if s.batch.Records != nil || s.batch.Seat != nil || s.batch.Failures != nil || s.batch.Invites != nil || s.batch.Appeals != nil || s.batch.BanShift != nil {
		s.effects = slices.Insert(s.effects, 0, Effect(Persist{s.batch}))
	}
	return s.next, s.effects, nil
}

// A step is a Step that is being made: the next Ledger, and the effects.
type step struct {
	next    Ledger
	env     Env
	now     time.Time
	by      peer.ID // the deputy whose order it is; "": the authority decides
	batch   Batch
	effects []Effect
}

func (s *step) handle(ev Event) error {
	// These have an answer in every state of a room, even before there is one.
	switch e := ev.(type) {
	case Poll:
		return s.poll(e)
	case Knock:
		return s.knock(e)
	case Ack:
		s.ack(e)
		return nil
	case Appealed:
		return s.appealed(e)
	case KnockGone:
		s.dropKnock(e.Peer)
		return nil
	case CreateRoom:
		return s.createRoom(e)
	case ClockMoved:
		s.clockMoved(e.By)
		return nil
	case Away:
		s.away()
		return nil
	}
	switch state := s.next.state; {
	case state.head == nil:
		return fmt.Errorf("%w: there is no room yet", ErrRule)
	case state.authority != s.env.Self:
		return ErrNotEntitled
	}
	switch e := ev.(type) {
	case Tick:
		return s.tick(e)
	case Recovered:
		return s.recovered(e)
	case Resumed:
		return s.resumed()
	}
	switch {
	case s.next.state.frozen:
		return ErrFrozen
	case s.next.state.closed:
		return ErrClosed
	case s.next.key == protocol.Key{}:
		return fmt.Errorf("%w: the room has not been resumed", ErrRule)
	}
	return s.order(ev)
}

// order handles the events that only an open room accepts.
func (s *step) order(ev Event) error {
	switch e := ev.(type) {
	case Kick:
		return s.kick(e)
	case Ban:
		return s.ban(e)
	case Unban:
		return s.unban(e.Peer)
	case Pardon:
		return s.pardon(e.Peer)
	case Mute:
		return s.mute(e)
	case Unmute:
		return s.unmute(e.Peer)
	case Deputize:
		return s.deputize(e.Peer)
	case Undeputize:
		return s.undeputize(e.Peer, e.Cut)
	case Ordered:
		return s.ordered(e)
	case Voice:
		return s.voice(e)
	case Unvoice:
		return s.commit(protocol.Unvoice{Peer: e.Peer, Cut: e.Cut})
	case Leave:
		return s.leave(e)
	case Warn:
		return s.warn(e)
	case SetNick:
		return s.setNick(e)
	case Offer:
		return s.offer(e.Peer)
	case AskBooks:
		return s.askBooks(e)
	case HandOver:
		return s.handOver(e)
	case SetPolicy:
		return s.setPolicy(e)
	case Rekey:
		return s.commit(protocol.Rekey{})
	case Close:
		return s.close(e)
	case MakeInvite:
		return s.makeInvite(e)
	case RevokeInvite:
		i, ok := s.next.invites[e.ID]
		if !ok || !i.open() || !s.now.Before(i.Expires) {
			return ErrNoInvite
		}
		s.revoke(i, "")
		return nil
	case Gone:
		s.next.gone = e.Cuts
		return nil
	case Accept:
		return s.accept(e)
	case Deny:
		return s.deny(e)
	}
	return fmt.Errorf("authority: unknown event %T", ev)
}

func (s *step) createRoom(e CreateRoom) error {
	if s.next.state.head != nil {
		return fmt.Errorf("%w: the room is there already", ErrRule)
	}
	nick, err := NormalizeNick(e.Nick)
	if err != nil {
		return err
	}
	c := protocol.Create{Name: e.Name, Nick: nick, Policy: e.Policy}
	if _, err := io.ReadFull(s.env.Rand, c.Salt[:]); err != nil {
		return fmt.Errorf("authority: salt: %w", err)
	}
	return s.commit(c)
}

func (s *step) resumed() error {
	s.next.activeAt = s.now
	s.away()
	s.clockAtLoad()
	if s.next.state.closed {
		return nil
	}
	return s.commit(protocol.Rekey{})
}

// away starts the time in which no failure expires: no peer could be answered until now, so no peer is too late.
func (s *step) away() { s.next.graceUntil = s.now.Add(ResumeGrace) }

func (s *step) tick(e Tick) error {
	s.purge()
	state := s.next.state
	if state.closed || state.frozen || s.next.key == (protocol.Key{}) {
		return nil
	}
	if err := s.liftPassed(); err != nil {
		return err
	}
	if err := s.unmutePassed(); err != nil {
		return err
	}
	if err := s.unvoicePassed(e.Cuts); err != nil {
		return err
	}
	state = s.next.state
	active := s.next.activeAt
	if e.LastLine.After(active) {
		active = e.LastLine
	}
	switch idle := state.policy.Idle; {
	case idle > 0 && s.now.Sub(active) >= idle && !e.Unasked:
		return s.close(Close{Kind: protocol.Idle})
	case s.now.Sub(s.next.freshSince) >= RekeyAfter:
		return s.commit(protocol.Rekey{})
	case s.next.freshSince.After(s.now): // the clock was ahead, so the age of the key is not known
		return s.commit(protocol.Rekey{})
	}
	return nil
}

// purge deletes what has expired. It only saves memory and disk: every use looks at the time itself.
func (s *step) purge() {
	for p, f := range s.next.failures {
		_, _, banned := s.banned(p)
		// The reason of a ban that holds stays, for the owner's list of bans.
		if s.next.expired(f, s.now) && (f.Kind != protocol.Banned || !banned) {
			s.setQueue(p, slices.DeleteFunc(f.queue(), func(f Failure) bool { return s.next.expired(f, s.now) }))
		}
	}
	for id, i := range s.next.invites {
		if !s.now.Before(i.Expires) {
			s.setInvite(id, nil)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(s.next.appeals)) {
		if a := s.next.appeals[p]; !s.now.Before(a.Expires) {
			s.dropAppeal(a)
		}
	}
	over := func(_ peer.ID, at time.Time) bool { return s.now.Sub(at) >= FailureLife }
	for p, at := range s.next.out {
		if over(p, at) {
			s.next.out = cloned(s.next.out)
			maps.DeleteFunc(s.next.out, over)
			break
		}
	}
}

// commit signs body as the next record, and applies it in the same way as a record of another peer.
func (s *step) commit(body protocol.Body) error {
	state := s.next.state
	r := protocol.Record{
		Room: state.room, Seq: state.Seq() + 1, Prev: state.Head(), Term: state.term, Epoch: state.epoch,
		At: s.now, Author: s.env.Self, Body: body,
	}
	if _, create := body.(protocol.Create); create {
		r.Term = firstTerm
	}
	if protocol.MayBeOrdered(body) {
		r.By = s.by
	}
	key := s.next.key
	if protocol.StartsEpoch(body) {
		r.Epoch++
		var err error
		if key, err = s.nextKey(r); err != nil {
			return err
		}
		r.KeyHash = protocol.CommitKey(r.Room, r.Epoch, key)
	}
	signed, err := protocol.SignRecord(r, s.env.Signer)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRule, err)
	}
	next, change, err := state.Apply(signed)
	if err != nil {
		return err
	}
	s.next.state, s.next.key = next, key
	if change.NewKey == KeyFresh { // a peer that has a key can derive the keys after it, up to the next fresh one
		s.next.freshSince = s.now
	}
	if change.Kind == Removed && change.WasMember {
		s.noteOut(change.Peer, s.now)
	}
	if change.Kind != Rekeyed {
		s.next.activeAt = s.now
	}
	s.appealsAfter(change)
	s.batch.Records = append(s.batch.Records, signed)
	s.do(Commit{Record: signed, Change: change, Key: key})
	return nil
}

// nextKey returns the key of the epoch that r starts.
func (s *step) nextKey(r protocol.Record) (protocol.Key, error) {
	if _, derived := derives(r.Body); !derived {
		return Fresh(s.env.Rand)
	}
	if s.next.key == (protocol.Key{}) {
		return protocol.Key{}, fmt.Errorf("%w: the room has not been resumed", ErrRule)
	}
	return Derive(s.next.key, r), nil
}

func (s *step) do(e Effect) { s.effects = append(s.effects, e) }

func (s *step) already(p peer.ID, seq uint64) {
	s.do(Already{Peer: p, Seq: seq, Epoch: s.next.state.epoch})
}

// setFailure sets p's failure, or deletes it if f is nil, in the Ledger and in the batch.
func (s *step) setFailure(p peer.ID, f *Failure) { set(&s.batch.Failures, &s.next.failures, p, f) }

// setInvite is setFailure for an invite.
func (s *step) setInvite(id protocol.InviteID, i *Invite) {
	set(&s.batch.Invites, &s.next.invites, id, i)
}

// set sets k to v in batch and next; if v is nil, it deletes k from next, and the batch says so. The first call of a step copies the
// map next, which the Ledger before the step has too.
func set[K comparable, V any](batch *map[K]*V, next *map[K]V, k K, v *V) {
	if *batch == nil {
		*batch = make(map[K]*V)
		*next = cloned(*next)
	}
	(*batch)[k] = v
	if v == nil {
		delete(*next, k)
		return
	}
	(*next)[k] = *v
}
