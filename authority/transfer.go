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

// A transfer gives a room to another member. Its record has the signatures of both. The order of the steps is such that a crash between
// any two of them loses nothing: the next owner has the books on disk before it signs the acceptance, and the owner gives up its own in
// the write that has the record. So one of them has the books at any time, and both only while the owner alone may sign.

// Transfers returns the Transfer records, in order. The caller must not change the slice.
func (s State) Transfers() []protocol.SignedRecord { return s.transfers }

// MovedFrom returns the transfers from the last one by which p gave the room away on, at most [protocol.MaxMoved]: what a node that was
// the owner answers to a peer that takes it for the owner. It is nil if p is the owner, or never was.
func (s State) MovedFrom(p peer.ID) [][]byte {
	if p == s.owner {
		return nil
	}
	var moved [][]byte
	for _, r := range s.transfers {
		if r.Author == p {
			moved = nil
		}
		if (r.Author == p || moved != nil) && len(moved) < protocol.MaxMoved {
			moved = append(moved, r.Bytes())
		}
	}
	return moved
}

// Follow returns the owner of a room to which transfers lead, from a peer that was its owner after record seq, and the number of the last
// of them. Those that are older, or by other peers, lead nowhere. It needs no state: each owner has signed which peer follows it, and that
// peer has accepted. moved is false if none of them leads on.
func Follow(room protocol.RoomID, from peer.ID, seq uint64, transfers []protocol.SignedRecord) (owner peer.ID, last uint64, moved bool) {
	for _, r := range transfers {
		t, ok := r.Body.(protocol.Transfer)
		if ok && r.RoomID() == room && r.Author == from && r.Seq > seq && isFor(t.Accepted, r) {
			from, seq, moved = t.To(), r.Seq, true
		}
	}
	return from, seq, moved
}

// OpenTransfers opens the records of an answer. Those that are malformed are left out.
func OpenTransfers(raw [][]byte) []protocol.SignedRecord {
	var rs []protocol.SignedRecord
	for _, b := range raw {
		if r, err := protocol.OpenRecord(b); err == nil {
			rs = append(rs, r)
		}
	}
	return rs
}

// isFor reports whether a is for the record r.
func isFor(a protocol.SignedAcceptance, r protocol.SignedRecord) bool {
	return a.Room == r.RoomID() && a.From == r.Author && a.Prev == r.Prev && r.At.Before(a.Until)
}

// settled reports whether record seq is by an owner before, and the owner after it has signed a record since. That one has then signed all
// before: the peer that gave the room away can no longer freeze it with a second record of an old number.
func (s State) settled(seq uint64) bool {
	if len(s.transfers) == 0 {
		return false
	}
	e := s.head.back(func(e *entry) bool { return e.seq >= seq })
	return e != nil && e.signer != s.head.signer && e.seq < s.head.seq
}

func (s *State) transfer(r protocol.SignedRecord, b protocol.Transfer) (Change, error) {
	if !isFor(b.Accepted, r) {
		return Change{}, fmt.Errorf("%w: that peer has not accepted this transfer", ErrRule)
	}
	if err := s.mayOwn(b.To()); err != nil {
		return Change{}, err
	}
	from := s.owner
	s.owner, s.authority = b.To(), b.To()
	s.transfers = append(slices.Clip(s.transfers), r)
	s.dropDeputy(s.owner)
	s.ownMembers()
	silenced := s.revoice(r, from, b.Cut, func(m *Member) { m.Owner = false })
	s.revoice(r, s.owner, protocol.Cut{}, func(m *Member) { m.Owner, m.Voice = true, Grant{} })
	return Change{
		Kind: Transferred, Peer: s.owner, Nick: s.nickOf(s.owner), Cut: b.Cut, Silenced: silenced, NewKey: KeyDerived,
	}, nil
}

// mayOwn returns an error unless the room may be given to p.
func (s State) mayOwn(p peer.ID) error {
	switch m, ok := s.members[p]; {
	case !ok:
		return ErrNotMember
	case m.Owner:
		return fmt.Errorf("%w: the room is its already", ErrRule)
	case m.Muted:
		return fmt.Errorf("%w: the peer is muted", ErrRule)
	}
	return nil
}

// An offer is to one member, which may take the room. A restart forgets it.
type offer struct {
	to    peer.ID
	until time.Time
	at    time.Time     // when the books were handed out last
	books protocol.Hash // of these; zero: they have not been
}

// Offer returns the member to which the room is offered, and how long the offer holds.
func (l Ledger) Offer(now time.Time) (to peer.ID, until time.Time, ok bool) {
	o := l.offer
	if o.to == "" || !now.Before(o.until) || l.state.mayOwn(o.to) != nil || l.state.closed || l.state.frozen {
		return "", time.Time{}, false
	}
	return o.to, o.until, true
}

// offer is the order; "" takes the offer back.
func (s *step) offer(p peer.ID) error {
	if p == "" {
		s.next.offer = offer{}
		return nil
	}
	if err := s.next.state.mayOwn(p); err != nil {
		return err
	}
	s.next.offer = offer{to: p, until: s.now.Add(protocol.OfferLife)}
	return nil
}

// offered returns an error unless the room is offered to p.
func (s *step) offered(p peer.ID) error {
	if to, _, ok := s.next.Offer(s.now); !ok || to != p {
		return ErrNoOffer
	}
	return nil
}

// askBooks hands out the books. The acceptance has to name these.
func (s *step) askBooks(e AskBooks) error {
	if err := s.offered(e.Peer); err != nil {
		return err
	}
	if e.Head != s.next.state.Head() {
		return ErrChanged
	}
	s.purge()
	raw, err := s.next.books(s.now)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	s.next.offer.at, s.next.offer.books = s.now, protocol.BooksHash(raw)
	s.do(HandBooks{Books: raw, Until: s.next.offer.until})
	return nil
}

// handOver gives the room away, if nothing has changed since the books were handed out.
func (s *step) handOver(e HandOver) error {
	if err := s.offered(e.Accepted.To); err != nil {
		return err
	}
	o := s.next.offer
	if e.Accepted.Prev != s.next.state.Head() || o.books.IsZero() || e.Accepted.Books != o.books {
		return ErrChanged
	}
	if raw, err := s.next.books(o.at); err != nil || protocol.BooksHash(raw) != o.books {
		return ErrChanged
	}
	if err := s.commit(protocol.Transfer{Accepted: e.Accepted, Cut: e.Cut}); err != nil {
		return err
	}
	s.clearDoor()
	return s.giveUp()
}

// giveUp ends this node's work as the authority: it has no books from now on, but a seat like any other member.
func (s *step) giveUp() error {
	for p := range s.next.failures {
		s.setFailure(p, nil)
	}
	for id := range s.next.invites {
		s.setInvite(id, nil)
	}
	for p := range s.next.appeals {
		s.setAppeal(p, nil)
	}
	s.setShifts(map[uint64]time.Duration{})
	s.next.offer, s.next.key = offer{}, protocol.Key{}
	m, in := s.next.state.Member(s.env.Self)
	if !in { // removed since: it asks for the reason
		last, _ := s.next.state.Removed(s.env.Self)
		m.Admission = last.Admission
	}
	seat, err := NewSeat(s.next.state.room, s.next.state.owner, s.env.Self, m.Admission, s.env.Rand)
	if err != nil {
		return err
	}
	seat.Moved = s.next.state.transfers[len(s.next.state.transfers)-1].Seq
	s.batch.Seat = &seat
	s.do(GaveAway{seat})
	return nil
}

// books encodes what l has beside its log, as at a time.
func (l Ledger) books(at time.Time) ([]byte, error) {
	b := protocol.Books{At: at}
	for _, f := range l.Failures() {
		for _, f := range f.queue() {
			b.Owed = append(b.Owed, f.owed())
		}
	}
	for _, i := range l.invites {
		b.Invites = append(b.Invites, i.booked())
	}
	slices.SortFunc(b.Invites, func(a, b protocol.BookedInvite) int { return slices.Compare(a.Token[:], b.Token[:]) })
	for _, a := range l.appeals {
		b.Appeals = append(b.Appeals, a.booked())
	}
	slices.SortFunc(b.Appeals, func(a, b protocol.BookedAppeal) int { return cmp.Compare(a.Peer, b.Peer) })
	for seq, by := range l.banShift {
		b.Shifts = append(b.Shifts, protocol.Shift{Seq: seq, By: by})
	}
	slices.SortFunc(b.Shifts, func(a, b protocol.Shift) int {
		if a.Seq < b.Seq {
			return -1
		}
		return 1
	})
	return b.Encode()
}

// owed is f without what waits behind it. The signed answer is not handed over: the next owner signs the same reason itself.
func (f Failure) owed() protocol.Owed {
	return protocol.Owed{
		Reason: protocol.Reason{
			Peer: f.Peer, Kind: f.Kind, Text: f.Text, By: f.By, ByNick: f.ByNick, At: f.At, Until: f.Until, Removal: f.Removal,
			Nonce: f.Nonce, For: f.For, ForNick: f.ForNick,
		},
		Nick: f.Nick, Admission: f.Admission, Expires: f.Expires, Acked: f.Acked, Known: f.Known,
	}
}

func failureOf(o protocol.Owed) Failure {
	return Failure{
		Peer: o.Peer, Nick: o.Nick, Admission: o.Admission, Removal: o.Removal, Kind: o.Kind, Text: o.Text, By: o.By, ByNick: o.ByNick,
		At: o.At, Until: o.Until, Expires: o.Expires, For: o.For, ForNick: o.ForNick,
		Claimed: o.Nonce != protocol.Nonce{}, Nonce: o.Nonce, Acked: o.Acked, Known: o.Known,
	}
}

func (i Invite) booked() protocol.BookedInvite {
	r := i.Revoked
	return protocol.BookedInvite{
		Token: i.Token, Nick: i.Nick, By: i.By, Expires: i.Expires,
		RevokedAt: r.At, RevokedBy: r.By, RevokedByNick: r.ByNick, RevokedFor: r.For, RevokedForNick: r.ForNick,
		Text: r.Text, Seq: r.Seq, TellPeer: r.Peer, TellNonce: r.Nonce,
	}
}

func inviteOf(b protocol.BookedInvite) Invite {
	return Invite{
		ID: b.Token.ID(), Token: b.Token, Nick: b.Nick, By: b.By, Expires: b.Expires,
		Revoked: Revocation{
			At: b.RevokedAt, By: b.RevokedBy, ByNick: b.RevokedByNick, For: b.RevokedFor, ForNick: b.RevokedForNick,
			Text: b.Text, Seq: b.Seq, Peer: b.TellPeer, Nonce: b.TellNonce,
		},
	}
}

// booked is a without the address of the peer, which concerns the owner to which it came alone.
func (a Appeal) booked() protocol.BookedAppeal {
	return protocol.BookedAppeal{
		Peer: a.Peer, Nick: a.Nick, Removal: a.Removal, Text: a.Text, Nonce: a.Nonce, At: a.At, Expires: a.Expires, Told: a.Told,
		Pardon: protocol.Reason{Removal: a.Pardon, At: a.PardonAt, By: a.By, ByNick: a.ByNick, For: a.For, ForNick: a.ForNick},
	}
}

func appealOf(b protocol.BookedAppeal) Appeal {
	p := b.Pardon
	return Appeal{
		Peer: b.Peer, Nick: b.Nick, Removal: b.Removal, Text: b.Text, Nonce: b.Nonce, At: b.At, Expires: b.Expires, Told: b.Told,
		Pardon: p.Removal, PardonAt: p.At, By: p.By, ByNick: p.ByNick, For: p.For, ForNick: p.ForNick,
	}
}

// A Candidate is what a peer that accepts a room keeps on disk, from before it signs the acceptance until it knows which record followed
// Prev. A later one replaces it.
type Candidate struct {
	Prev  protocol.Hash // the last record before the transfer
	Books []byte        // encoded
	// Ahead says by how much the clock of this node is ahead of that of the owner, by whose clock the books are.
	Ahead time.Duration
}

// NewCandidate makes a candidate of books that came now, when the log has those records.
func NewCandidate(records []protocol.SignedRecord, books []byte, now time.Time) (Candidate, error) {
	b, err := protocol.OpenBooks(books)
	if err != nil {
		return Candidate{}, err
	}
	c := Candidate{Books: books, Ahead: now.Sub(b.At)}
	if len(records) > 0 {
		c.Prev = records[len(records)-1].Hash()
	}
	_, err = c.Durable(records)
	return c, err
}

// Durable returns the books of the room, for [Load], when its log has those records: with the Transfer that makes this peer the owner, or
// without it.
func (c Candidate) Durable(records []protocol.SignedRecord) (Durable, error) {
	b, err := protocol.OpenBooks(c.Books)
	if err != nil {
		return Durable{}, err
	}
	d := Durable{Records: records, BanShift: make(map[uint64]time.Duration)}
	for _, o := range b.Owed {
		f := failureOf(o)
		if n := len(d.Failures); n > 0 && d.Failures[n-1].Peer == f.Peer {
			d.Failures[n-1].Waiting = append(d.Failures[n-1].Waiting, f)
			continue
		}
		d.Failures = append(d.Failures, f)
	}
	for _, i := range b.Invites {
		d.Invites = append(d.Invites, inviteOf(i))
	}
	for _, a := range b.Appeals {
		d.Appeals = append(d.Appeals, appealOf(a))
	}
	for _, s := range b.Shifts {
		d.BanShift[s.Seq] = s.By
	}
	l, err := Load(d)
	if err != nil {
		return Durable{}, err
	}
	s := &step{next: l}
	s.clockMoved(c.Ahead)
	return s.next.durable(records), nil
}

// durable returns what l was loaded of.
func (l Ledger) durable(records []protocol.SignedRecord) Durable {
	d := Durable{Records: records, Failures: l.Failures(), BanShift: l.banShift}
	for _, i := range l.invites {
		d.Invites = append(d.Invites, i)
	}
	slices.SortFunc(d.Invites, func(a, b Invite) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for _, p := range slices.Sorted(maps.Keys(l.appeals)) {
		d.Appeals = append(d.Appeals, l.appeals[p])
	}
	return d
}

// Rebuilt returns the books of a room whose log has those records, as far as the log says what is in them: a peer that was removed is told
// so without a text, unless it has been told already and so does not ask. It is for an owner that has lost what was handed over to it.
func Rebuilt(records []protocol.SignedRecord, now time.Time) (Durable, error) {
	s := &step{now: now.UTC().Truncate(time.Millisecond)}
	for _, r := range records {
		next, change, err := s.next.state.Apply(r)
		if err != nil {
			return Durable{}, fmt.Errorf("record %d: %w", r.Seq, err)
		}
		before := s.next.state
		s.next.state, s.env.Self, s.by = next, r.Author, r.By
		s.lose(before, change)
	}
	return s.next.durable(records), nil
}
