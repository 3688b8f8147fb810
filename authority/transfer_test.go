package authority

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// acceptance is what to signs to get the room of s from its owner.
func acceptance(t testing.TB, s State, from, to string, change func(*protocol.Acceptance)) protocol.SignedAcceptance {
	t.Helper()
	a := protocol.Acceptance{Room: s.Room(), From: id(from), To: id(to), Prev: s.Head(), Books: protocol.Hash{1}, Until: epochStart.Add(time.Minute)}
	if change != nil {
		change(&a)
	}
	signed, err := protocol.SignAcceptance(a, signerOf(to))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func transferOf(t testing.TB, s State, from, to string) protocol.Transfer {
	return protocol.Transfer{Accepted: acceptance(t, s, from, to, nil)}
}

// accepts lets name ask for the books and sign what it accepts. Its clock is ahead of the owner's.
func (w *world) accepts(name string, ahead time.Duration) (Candidate, protocol.SignedAcceptance, error) {
	w.t.Helper()
	effects, err := w.step(AskBooks{id(name), w.ledger.state.Head()})
	if err != nil {
		return Candidate{}, protocol.SignedAcceptance{}, err
	}
	books, _ := find[HandBooks](effects)
	c, err := NewCandidate(w.disk.records, books.Books, w.now.Add(ahead))
	if err != nil {
		w.t.Fatal(err)
	}
	return c, acceptance(w.t, w.ledger.state, w.owner, name, func(a *protocol.Acceptance) {
		a.Books, a.Until = protocol.BooksHash(books.Books), books.Until
	}), nil
}

// give gives the room to name, which goes on as the owner in w. It returns the world of the owner before.
func (w *world) give(name string, ahead time.Duration) *world {
	w.t.Helper()
	w.must(Offer{id(name)})
	c, a, err := w.accepts(name, ahead)
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(HandOver{Accepted: a})
	old := *w
	d, err := c.Durable(w.disk.records)
	if err != nil {
		w.t.Fatal(err)
	}
	w.owner, w.disk = name, disk{records: d.Records, failures: map[peer.ID]Failure{}, invites: map[protocol.InviteID]Invite{}, banShift: d.BanShift}
	for _, f := range d.Failures {
		w.disk.failures[f.Peer] = f
	}
	for _, i := range d.Invites {
		w.disk.invites[i.ID] = i
	}
	w.now = w.now.Add(ahead)
	w.restart()
	return &old
}

// TestTransfer: the room has the new owner from the record on, the one before is a plain member with a seat, and its ledger signs nothing.
func TestTransfer(t *testing.T) {
	w := withDeputy(t)
	w.must(Deputize{id("carol")})
	alice := w.give("bob", 0)
	s := w.ledger.State()
	if s.Owner() != id("bob") || s.Authority() != id("bob") || s.IsDeputy(id("bob")) || !s.IsDeputy(id("carol")) {
		t.Errorf("the owner is %s, the deputies are %v", s.Owner(), s.Deputies())
	}
	if first := s.Members()[0]; first.Peer != id("bob") || !first.Owner || len(s.Members()) != 4 {
		t.Errorf("the first member is %+v of %d", first, len(s.Members()))
	}
	if m, ok := s.Member(id("alice")); !ok || m.Owner || m.Admission != 1 {
		t.Errorf("the owner before is %+v", m)
	}
	if !slices.IsSortedFunc(s.Members()[1:], func(a, b Member) int { return strings.Compare(a.Nick, b.Nick) }) {
		t.Errorf("the members are %v", s.Members())
	}
	for _, ev := range []Event{Kick{Peer: id("carol")}, Rekey{}, Close{}, Offer{id("carol")}, Resumed{}, Tick{}, MakeInvite{}, Deputize{id("dave")}} {
		if _, err := alice.step(ev); !errors.Is(err, ErrNotEntitled) {
			t.Errorf("the owner before orders %T: %v", ev, err)
		}
	}
	if len(alice.disk.failures)+len(alice.disk.invites)+len(alice.disk.banShift) > 0 || alice.disk.seat == nil {
		t.Errorf("the owner before keeps %+v", alice.disk)
	}
	if seat := alice.disk.seat; seat.Authority != id("bob") || seat.Admission != 1 || seat.Self != id("alice") || seat.Nonce == (protocol.Nonce{}) {
		t.Errorf("its seat is %+v", seat)
	}
	w.must(Deputize{id("alice")})
	w.must(Kick{Peer: id("alice"), Reason: "thanks"})
	if r := w.reasonOf("alice", 1); r.By != id("bob") || r.Text != "thanks" {
		t.Errorf("alice is told %+v", r)
	}
}

// TestOnlyWhoAcceptedOwns: a Transfer counts only with an acceptance of a member for that very record, and from the owner alone.
func TestOnlyWhoAcceptedOwns(t *testing.T) {
	s := room(t, "bob", "carol", "mallory")
	s = apply(t, s, protocol.SetDeputies{Peers: []peer.ID{id("mallory")}})
	s = apply(t, s, protocol.Mute{Peer: id("carol")})
	for name, c := range map[string]struct {
		author, to string
		change     func(*protocol.Acceptance)
		want       error
	}{
		"of another room":                {"alice", "bob", func(a *protocol.Acceptance) { a.Room = protocol.RoomID{9} }, ErrRule},
		"after another record":           {"alice", "bob", func(a *protocol.Acceptance) { a.Prev = protocol.Hash{9} }, ErrRule},
		"from another peer":              {"alice", "bob", func(a *protocol.Acceptance) { a.From = id("mallory") }, ErrRule},
		"that is over":                   {"alice", "bob", func(a *protocol.Acceptance) { a.Until = epochStart }, ErrRule},
		"of a stranger":                  {"alice", "eve", nil, ErrNotMember},
		"of a muted member":              {"alice", "carol", nil, ErrRule},
		"by a deputy":                    {"mallory", "mallory", func(a *protocol.Acceptance) { a.From = id("alice") }, ErrNotEntitled},
		"by a deputy, from it":           {"mallory", "bob", func(a *protocol.Acceptance) { a.From = id("mallory") }, ErrNotEntitled},
		"by the member that accepts it":  {"bob", "bob", func(a *protocol.Acceptance) { a.From = id("alice") }, ErrNotEntitled},
		"by a member, from the owner":    {"carol", "bob", nil, ErrNotEntitled},
		"as it has to be":                {"alice", "bob", nil, nil},
		"to the deputy, as it has to be": {"alice", "mallory", nil, nil},
	} {
		body := protocol.Transfer{Accepted: acceptance(t, s, "alice", c.to, c.change)}
		next, _, err := s.Apply(nextRecord(t, s, c.author, body))
		if !errors.Is(err, c.want) || err != nil && next.Owner() != id("alice") {
			t.Errorf("a transfer %s: %v", name, err)
		}
	}
	s = apply(t, s, transferOf(t, s, "alice", "bob"))
	transfer := s.Transfers()[0]
	for _, body := range []protocol.Body{protocol.Rekey{}, transferOf(t, s, "alice", "mallory"), protocol.Remove{Peer: id("carol"), Kind: protocol.Kicked}} {
		if _, _, err := s.Apply(nextRecord(t, s, "alice", body)); !errors.Is(err, ErrNotEntitled) {
			t.Errorf("after it, alice signs %T: %v", body, err)
		}
	}
	if _, _, err := s.Apply(nextRecord(t, s, "bob", protocol.Remove{Peer: id("bob"), Kind: protocol.Kicked})); !errors.Is(err, ErrRule) {
		t.Errorf("the new owner is removed: %v", err)
	}
	before := transfer.Record
	other := sign(t, protocol.Record{Room: before.Room, Seq: before.Seq, Prev: before.Prev, Term: 1, Epoch: before.Epoch, At: epochStart, Body: protocol.Rekey{}}, "alice")
	if frozen, _, err := s.Apply(other); !errors.Is(err, ErrFork) || !frozen.Frozen() {
		t.Errorf("two records of one number, before the new owner has signed any: %v", err)
	}
	var err error
	if s, _, err = s.Apply(nextRecord(t, s, "bob", protocol.Rekey{})); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Apply(other); !errors.Is(err, ErrNotEntitled) {
		t.Errorf("the owner before forks what the new one has signed after: %v", err)
	}
	if _, forked := s.Forked(transfer, other); forked {
		t.Error("the owner before proves a fork of what the new one has signed after")
	}
}

// TestOnlyWhatWasHandedOutIsTaken: the room goes over only with the books as they are, in its time, to the member that it is offered to.
func TestOnlyWhatWasHandedOutIsTaken(t *testing.T) {
	w := withDeputy(t)
	carol, _ := w.ledger.state.Member(id("carol"))
	w.must(Kick{Peer: id("carol"), Reason: "too loud"})
	refused := func(what string, a protocol.SignedAcceptance, want error) {
		t.Helper()
		if _, err := w.step(HandOver{Accepted: a}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	if _, _, err := w.accepts("bob", 0); !errors.Is(err, ErrNoOffer) {
		t.Errorf("books without an offer: %v", err)
	}
	w.must(Offer{id("bob")})
	if _, _, err := w.accepts("dave", 0); !errors.Is(err, ErrNoOffer) {
		t.Errorf("books for another member: %v", err)
	}
	if _, err := w.step(AskBooks{id("bob"), protocol.Hash{1}}); !errors.Is(err, ErrChanged) {
		t.Errorf("books after another record: %v", err)
	}
	refused("before the books were handed out", acceptance(t, w.ledger.state, "alice", "bob", nil), ErrChanged)
	_, first, _ := w.accepts("bob", 0)
	w.poll("carol", carol.Admission, "carol")
	refused("after a reason was claimed", first, ErrChanged)
	w.must(Ack{id("carol"), protocol.PollAck{Room: w.ledger.state.room, Removal: w.ledger.state.Seq(), Nonce: nonce("carol")}})
	_, second, _ := w.accepts("bob", 0)
	w.now = w.now.Add(time.Second)
	_, third, _ := w.accepts("bob", 0)
	refused("with books that were handed out before others", second, ErrChanged)
	w.must(Rekey{})
	refused("after a record", third, ErrChanged)
	w.must(MakeInvite{})
	_, fourth, _ := w.accepts("bob", 0)
	w.must(MakeInvite{})
	refused("after an invite was made", fourth, ErrChanged)
	_, other, _ := w.accepts("bob", 0)
	refused("signed by another member", acceptance(t, w.ledger.state, "alice", "dave", func(a *protocol.Acceptance) { a.Books, a.Until = other.Books, other.Until }), ErrNoOffer)
	refused("longer than offered, and of the past", acceptance(t, w.ledger.state, "alice", "bob", func(a *protocol.Acceptance) { a.Books, a.Until = other.Books, w.now }), ErrRule)
	w.must(Offer{id("dave")})
	refused("after it was offered to another", other, ErrNoOffer)
	w.must(Offer{id("bob")})
	_, late, _ := w.accepts("bob", 0)
	w.now = w.now.Add(protocol.OfferLife)
	refused("after its time", late, ErrNoOffer)
	w.must(Offer{id("bob")})
	_, back, _ := w.accepts("bob", 0)
	w.must(Offer{})
	refused("after the offer was taken back", back, ErrNoOffer)
	w.must(Offer{id("bob")})
	w.must(Leave{Peer: id("bob")})
	if _, _, ok := w.ledger.Offer(w.now); ok {
		t.Error("the room is offered to a peer that has left")
	}
	for name, p := range map[string]peer.ID{"a stranger": id("eve"), "itself": id("alice"), "a peer that has left": id("bob")} {
		if _, err := w.step(Offer{p}); !errors.Is(err, ErrRule) {
			t.Errorf("an offer to %s: %v", name, err)
		}
	}
	if w.ledger.state.Owner() != id("alice") {
		t.Error("the room is given away")
	}
}

// TestToldOnceAcrossATransfer: what a peer has to be told is told once, by one of the two owners, in the words and the name of the one
// that decided it.
func TestToldOnceAcrossATransfer(t *testing.T) {
	w := withDeputy(t)
	admissions := make(map[string]uint64)
	for _, name := range []string{"erin", "frank", "grace", "heidi", "ivan"} {
		admissions[name] = w.join(name)
	}
	w.must(Kick{Peer: id("erin"), Reason: "never asked"})
	w.must(Kick{Peer: id("frank"), Reason: "asked, and the answer was lost"})
	frank := w.reasonOf("frank", admissions["frank"])
	w.must(Ban{Peer: id("grace"), Reason: "was told", For: time.Hour})
	grace := w.reasonOf("grace", admissions["grace"])
	w.must(Ack{id("grace"), protocol.PollAck{Room: grace.Room, Removal: grace.Removal, Nonce: grace.Nonce}})
	w.must(Ordered{id("bob"), Kick{Peer: id("heidi"), Reason: "by a deputy"}})
	w.must(Mute{Peer: id("ivan"), Reason: "one", For: time.Hour})
	w.must(Warn{id("ivan"), "two"})
	open, _ := find[Invited](w.must(MakeInvite{Nick: "judy"}))
	gone, _ := find[Invited](w.must(MakeInvite{}))
	w.must(RevokeInvite{gone.Invite.ID})
	w.must(ClockMoved{time.Minute})
	alice := w.give("bob", 3*time.Hour)
	if n := len(alice.disk.failures) + len(alice.disk.invites) + len(alice.disk.banShift); n > 0 {
		t.Errorf("the owner before keeps %d entries of its books", n)
	}

	for name, admission := range admissions {
		if got := alice.poll(name, admission, name); got != "moved" {
			t.Errorf("the owner before answers %s: %s", name, got)
		}
	}
	if r := w.reasonOf("erin", admissions["erin"]); r.Text != "never asked" || r.By != id("alice") || r.ByNick != "alice" || r.Signer != id("bob") {
		t.Errorf("erin is told %+v", r)
	}
	if got := w.poll("frank", admissions["frank"], "another client"); got != "refused" {
		t.Errorf("another client of frank's: %s", got)
	}
	if r := w.reasonOf("frank", admissions["frank"]); r.Reason != frank.Reason || r.Signer != id("bob") {
		t.Errorf("frank is told %+v, and was told %+v", r, frank)
	}
	if got := w.poll("grace", admissions["grace"], "grace"); got != "refused" {
		t.Errorf("grace, which was told: %s", got)
	}
	if bans := w.ledger.Bans(w.now); len(bans) != 1 || bans[0].Peer != id("grace") || bans[0].Until.Sub(w.now) != time.Hour {
		t.Errorf("the bans are %+v, at %v", bans, w.now)
	}
	if r := w.reasonOf("heidi", admissions["heidi"]); r.By != id("bob") || r.For != id("alice") || r.ForNick != "alice" {
		t.Errorf("heidi is told %+v", r)
	}
	for _, want := range []string{"one", "two"} {
		r := w.reasonOf("ivan", admissions["ivan"])
		if r.Text != want {
			t.Errorf("ivan is told %q, want %q", r.Text, want)
		}
		w.must(Ack{id("ivan"), protocol.PollAck{Room: r.Room, Removal: r.Removal, Nonce: r.Nonce}})
	}
	if reply := w.knockAs("judy", "judy", open.Invite.Token); reply.Code != protocol.JoinAdmitted {
		t.Errorf("the open invite: %d", reply.Code)
	}
	effects := w.must(Knock{Peer: id("kim"), Request: protocol.JoinRequest{Room: w.ledger.state.room, Nick: "kim", Token: gone.Invite.Token, Nonce: nonce("kim")}})
	if reply := joinReply(t, effects, "kim"); reply.Code != protocol.JoinInviteBad {
		t.Errorf("the revoked invite: %+v", reply)
	} else if r, err := protocol.OpenReason(reply.Reason); err != nil || r.By != id("alice") || r.ByNick != "alice" || r.Signer != id("bob") {
		t.Errorf("kim is told %+v, %v", r, err)
	}
	if reply := alice.knockAs("leo", "leo", protocol.Token{}); reply.Code != protocol.JoinMoved || len(reply.Moved.Transfers) != 1 {
		t.Errorf("a stranger at the owner before: %+v", reply)
	}
}

// TestASeatFollowsTheOwner: it asks the owner that the signed transfers lead to, believes no other one, and does not follow an old one.
func TestASeatFollowsTheOwner(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	for _, name := range []string{"bob", "carol", "dave"} {
		w.join(name)
	}
	dave, _ := w.ledger.state.Member(id("dave"))
	seat, err := NewSeat(w.ledger.state.room, id("alice"), id("dave"), dave.Admission, rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	moved := func(s Seat, at State, from string) (Seat, []SeatEffect) {
		return s.Step(Answered{s.Admission, s.Nonce, protocol.PollReply{Moved: &protocol.Moved{Transfers: at.MovedFrom(id(from))}}})
	}
	w.give("bob", 0)
	toBob := w.ledger.state
	atBob, effects := moved(seat, toBob, "alice")
	if atBob.Authority != id("bob") || len(effects) != 1 || effects[0] != SeatEffect(MoveTo{id("bob")}) {
		t.Fatalf("it is at %s, and does %v", atBob.Authority, effects)
	}
	w.give("alice", 0)
	w.give("carol", 0)
	w.must(Kick{Peer: id("dave"), Reason: "late"})
	for from, s := range map[string]Seat{"alice": seat, "bob": atBob} {
		got, _ := moved(s, w.ledger.state, from)
		if from == "alice" && got.Authority != id("carol") || from == "bob" && got.Authority != id("carol") {
			t.Errorf("from %s it follows to %s", from, got.Authority)
		}
		if again, effects := moved(got, toBob, "alice"); again.Authority != id("carol") || effects != nil {
			t.Errorf("an old transfer leads from carol to %s", again.Authority)
		}
		followed, _ := s.Step(Followed{w.ledger.state.Transfers()})
		if followed.Authority != id("carol") {
			t.Errorf("the log leads to %s", followed.Authority)
		}
		reason := w.reasonFor("dave", got)
		if _, effects := got.Step(Answered{got.Admission, got.Nonce, protocol.PollReply{Reason: reason}}); len(effects) == 0 {
			t.Error("the owner's reason is not taken")
		}
		if _, effects := s.Step(Answered{s.Admission, s.Nonce, protocol.PollReply{Reason: reason}}); len(effects) > 0 {
			t.Errorf("a seat that has not followed takes a reason of %s", w.owner)
		}
	}
	s := w.ledger.state
	for name, raw := range map[string][][]byte{
		"by a member, and accepted": {nextRecord(t, s, "bob", transferOf(t, s, "bob", "alice")).Bytes()},
		"of another record":         {w.disk.records[0].Bytes()}, "garbage": {{1, 2, 3}},
		"by another peer": {nextRecord(t, room(t, "bob"), "bob", transferOf(t, room(t, "bob"), "alice", "bob")).Bytes()},
		"of another room": {nextRecord(t, room(t, "bob"), "alice", transferOf(t, room(t, "bob"), "alice", "bob")).Bytes()},
	} {
		if got, effects := seat.Step(Answered{seat.Admission, seat.Nonce, protocol.PollReply{Moved: &protocol.Moved{Transfers: raw}}}); got.Authority != id("alice") || effects != nil {
			t.Errorf("a transfer %s leads to %s", name, got.Authority)
		}
	}
	if w.ledger.state.MovedFrom(id("dave")) != nil || w.ledger.state.MovedFrom(id("carol")) != nil {
		t.Error("a peer that never gave the room away names transfers")
	}
}

// reasonFor is the answer to a poll of that seat.
func (w *world) reasonFor(name string, s Seat) []byte {
	a, _ := find[AnswerPoll](w.must(Poll{id(name), protocol.PollRequest{Room: s.Room, Nonce: s.Nonce, Admission: s.Admission}}))
	return a.Reason
}

// TestAnOldDiskKnowsItIsNoOwner: an owner that has given the room away, and whose disk is an older copy, learns it with the records that
// it takes back, and has no books from then on.
func TestAnOldDiskKnowsItIsNoOwner(t *testing.T) {
	w := withDeputy(t)
	w.must(Kick{Peer: id("carol"), Reason: "too loud"})
	before := w.disk.durable()
	alice := w.give("bob", 0)
	w.must(Kick{Peer: id("dave"), Reason: "by bob"})
	old, err := Load(before)
	if err != nil {
		t.Fatal(err)
	}
	next, effects, err := old.Step(alice.env(), Recovered{w.disk.records[len(before.Records):]})
	if err != nil {
		t.Fatal(err)
	}
	gave, ok := find[GaveAway](effects)
	p, _ := find[Persist](effects)
	if !ok || gave.Seat.Authority != id("bob") || p.Batch.Seat == nil || len(next.Failures()) > 0 {
		t.Errorf("it does %+v, and owes %v", effects, next.Failures())
	}
	if f, ok := p.Batch.Failures[id("carol")]; !ok || f != nil {
		t.Error("the reason that was handed over stays on disk")
	}
	if _, _, err := next.Step(alice.env(), Resumed{}); !errors.Is(err, ErrNotEntitled) {
		t.Errorf("it is resumed: %v", err)
	}
}

// TestLinesCountByTheOwnerOfTheirEpoch: an owner needs no voice and is held to no pace, each in the epochs in which it was the owner.
func TestLinesCountByTheOwnerOfTheirEpoch(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	policy := w.ledger.state.policy
	policy.VoicedOnly, policy.Slow = true, 5*time.Second
	w.must(SetPolicy{Policy: policy})
	before := w.ledger.state.epoch
	w.must(Offer{id("bob")})
	_, a, err := w.accepts("bob", 0)
	if err != nil {
		t.Fatal(err)
	}
	cut := protocol.Cut{Ctr: 7, Hash: protocol.Hash{7}}
	c, _ := find[Commit](w.must(HandOver{a, cut}))
	s := w.ledger.state
	if !reflect.DeepEqual(c.Change.Silenced, []peer.ID{id("alice")}) || c.Change.Kind != Transferred {
		t.Errorf("the change is %+v", c.Change)
	}
	line := func(epoch, ctr uint64) protocol.Header {
		return protocol.Header{Room: s.Room(), Epoch: epoch, Ctr: ctr}
	}
	for _, v := range []struct {
		who        string
		epoch, ctr uint64
		want       Verdict
	}{
		{"alice", before, 7, VerdictLate},
		{"alice", before, 8, VerdictIgnore},
		{"alice", s.epoch, 7, VerdictIgnore},
		{"bob", before, 1, VerdictIgnore},
		{"bob", s.epoch, 1, VerdictAccept},
	} {
		if got := s.Check(id(v.who), line(v.epoch, v.ctr)); got != v.want {
			t.Errorf("line %d of %s in epoch %d: %v, want %v", v.ctr, v.who, v.epoch, got, v.want)
		}
	}
	for _, v := range []struct {
		who   string
		epoch uint64
		slow  time.Duration
	}{{"alice", before, 0}, {"alice", s.epoch, policy.Slow}, {"bob", before, policy.Slow}, {"bob", s.epoch, 0}, {"alice", s.epoch + 1, 0}} {
		if got := s.Slow(id(v.who), v.epoch); got != v.slow {
			t.Errorf("%s in epoch %d waits %v, want %v", v.who, v.epoch, got, v.slow)
		}
	}
}

// TestBooksHaveEveryField: no field of what an owner keeps is lost on the way.
func TestBooksHaveEveryField(t *testing.T) {
	f := Failure{
		Peer: id("carol"), Nick: "carol", Admission: 2, Removal: 3, Kind: protocol.Banned, Text: "x", By: id("bob"), ByNick: "bob", At: epochStart,
		Until: epochStart.Add(1), Expires: epochStart.Add(2), For: id("alice"), ForNick: "alice", Claimed: true, Nonce: protocol.Nonce{1}, Acked: true, Known: true,
		Answer: []byte{1}, Waiting: []Failure{{}},
	}
	i := Invite{Token: protocol.Token{1}, Nick: "x", By: id("bob"), Expires: epochStart, Revoked: Revocation{
		At: epochStart, Text: "x", By: id("bob"), ByNick: "bob", For: id("alice"), ForNick: "alice", Seq: 3, Peer: id("eve"), Nonce: protocol.Nonce{2},
	}}
	i.ID = i.Token.ID()
	for _, v := range []any{f, i, i.Revoked} {
		for n := range reflect.TypeOf(v).NumField() {
			if reflect.ValueOf(v).Field(n).IsZero() {
				t.Fatalf("%T.%s is not set here", v, reflect.TypeOf(v).Field(n).Name)
			}
		}
	}
	got := failureOf(f.owed())
	f.Answer, f.Waiting = nil, nil // signed anew; each by itself
	if !reflect.DeepEqual(got, f) {
		t.Errorf("%+v is handed over as %+v", f, got)
	}
	if got := inviteOf(i.booked()); got != i {
		t.Errorf("%+v is handed over as %+v", i, got)
	}
}

// TestFullBooksAreHandedOver: the largest books that an owner can have fit.
func TestFullBooksAreHandedOver(t *testing.T) {
	long, nick := strings.Repeat("x", protocol.MaxReason), strings.Repeat("漢", protocol.MaxNickRunes)
	l := Ledger{failures: make(map[peer.ID]Failure), invites: make(map[protocol.InviteID]Invite), banShift: make(map[uint64]time.Duration)}
	peers := make([]peer.ID, MaxFailures)
	for n := range peers {
		raw := []byte(id("bob"))
		raw[len(raw)-1], raw[len(raw)-2], raw[len(raw)-3] = byte(n), byte(n>>8), 1
		p := peer.ID(raw)
		f := Failure{
			Peer: p, Nick: nick, Admission: 1 << 40, Removal: 1<<40 + uint64(n), Kind: protocol.Muted, Text: long, By: id("bob"), ByNick: nick, At: epochStart,
			Until: epochStart, Expires: epochStart, For: id("alice"), ForNick: nick, Claimed: true, Nonce: protocol.Nonce{1}, Acked: true, Known: true,
		}
		if n < protocol.MaxMembers {
			f.Waiting = slices.Repeat([]Failure{f}, MaxWaiting-1)
		}
		l.failures[p] = f
		token := protocol.Token{byte(n), byte(n >> 8), 1}
		l.invites[token.ID()] = Invite{Token: token, Nick: nick, By: p, Expires: epochStart, Revoked: Revocation{
			At: epochStart, Text: long, By: id("bob"), ByNick: nick, For: id("alice"), ForNick: nick, Seq: 1 << 40, Peer: p, Nonce: protocol.Nonce{1},
		}}
		l.banShift[uint64(n)+1] = -1
	}
	raw, err := l.books(epochStart)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d KiB", len(raw)>>10)
	if b, err := protocol.OpenBooks(raw); err != nil || len(b.Owed) != MaxFailures+protocol.MaxMembers*(MaxWaiting-1) || len(b.Invites) != MaxInvites {
		t.Errorf("%d reasons, %d invites: %v", len(b.Owed), len(b.Invites), err)
	}
}

// TestLostBooksAreRebuilt: an owner that has lost what was handed over to it tells what the log says.
func TestLostBooksAreRebuilt(t *testing.T) {
	w := withDeputy(t)
	carol, _ := w.ledger.state.Member(id("carol"))
	w.must(Ordered{id("bob"), Kick{Peer: id("carol"), Reason: "too loud"}})
	w.must(Kick{Peer: id("dave")})
	w.now = w.now.Add(ReturnAfter)
	w.join("dave")
	w.give("bob", 0)
	d, err := Rebuilt(w.disk.records, w.now)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Failures) != 1 || d.Failures[0].Peer != id("carol") || d.Failures[0].By != id("bob") || d.Failures[0].For != id("alice") || d.Failures[0].Admission != carol.Admission {
		t.Errorf("the failures are %+v", d.Failures)
	}
	if _, err := Load(d); err != nil {
		t.Error(err)
	}
}

// TestFalseBooksAreRefused: books that an owner cannot have are refused before they are accepted.
func TestFalseBooksAreRefused(t *testing.T) {
	w := withDeputy(t)
	good := protocol.Owed{
		Reason: protocol.Reason{Peer: id("carol"), Kind: protocol.Kicked, By: id("alice"), ByNick: "alice", At: epochStart, Removal: 3},
		Nick:   "carol", Admission: 2, Expires: epochStart,
	}
	with := func(change func(*protocol.Owed)) protocol.Owed { o := good; change(&o); return o }
	other := with(func(o *protocol.Owed) { o.Peer = id("dave") })
	for name, owed := range map[string][]protocol.Owed{
		"a removal that is not in the log":    {with(func(o *protocol.Owed) { o.Removal = 99 })},
		"a removal before the admission":      {with(func(o *protocol.Owed) { o.Admission = 3 })},
		"two removals of one peer":            {good, good},
		"one peer twice":                      {good, other, good},
		"more than can wait":                  slices.Repeat([]protocol.Owed{with(func(o *protocol.Owed) { o.Kind = protocol.Warned })}, MaxWaiting+1),
		"":                                    {good, other},
		"no time at which they were kept\x00": nil,
	} {
		b := protocol.Books{At: w.now, Owed: owed}
		raw, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "\x00") {
			raw = []byte{1, 2, 3}
		}
		if _, err := NewCandidate(w.disk.records, raw, w.now); (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
