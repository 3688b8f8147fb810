package authority

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"pgregory.net/rapid"

	"localchat/protocol"
)

// sign returns a signed record that has not been applied. A record that starts an epoch commits to the key {epoch}, unless it has another
// commitment.
func sign(t testing.TB, r protocol.Record, by string) protocol.SignedRecord {
	t.Helper()
	r.Author = id(by)
	if protocol.StartsEpoch(r.Body) && r.KeyHash.IsZero() {
		r.KeyHash = protocol.CommitKey(r.Room, r.Epoch, protocol.Key{byte(r.Epoch)})
	}
	s, err := protocol.SignRecord(r, signerOf(by))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// nextRecord returns the record that follows s, with any signer.
func nextRecord(t testing.TB, s State, by string, body protocol.Body) protocol.SignedRecord {
	t.Helper()
	return sign(t, nextOf(s, body), by)
}

func nextOf(s State, body protocol.Body) protocol.Record {
	r := protocol.Record{
		Room: s.Room(), Seq: s.Seq() + 1, Prev: s.Head(), Term: 1, Epoch: s.Epoch(), At: epochStart, Body: body,
	}
	if protocol.StartsEpoch(body) {
		r.Epoch++
	}
	return r
}

func create(t testing.TB, owner string) protocol.SignedRecord {
	t.Helper()
	return sign(t, protocol.Record{Seq: 1, Term: 1, Epoch: 1, At: epochStart, Body: protocol.Create{
		Name: "lab", Nick: owner, Policy: protocol.DefaultPolicy(), Salt: [16]byte{1},
	}}, owner)
}

// room returns a State with members, all admitted by alice.
func room(t testing.TB, members ...string) State {
	t.Helper()
	s, err := Replay([]protocol.SignedRecord{create(t, "alice")})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		s = apply(t, s, protocol.Admit{Peer: id(m), Nick: m})
	}
	return s
}

func apply(t testing.TB, s State, body protocol.Body) State {
	t.Helper()
	next, _, err := s.Apply(nextRecord(t, s, "alice", body))
	if err != nil {
		t.Fatalf("%T: %v", body, err)
	}
	return next
}

func TestApplyRefuses(t *testing.T) {
	s := room(t, "bob", "carol")
	s = apply(t, s, protocol.Remove{Peer: id("carol"), Kind: protocol.Banned, Until: epochStart.Add(time.Hour)})
	s = apply(t, s, protocol.Admit{Peer: id("dave"), Nick: "dave", Invite: protocol.InviteID{7}})
	var empty State
	closed := apply(t, s, protocol.Close{Kind: protocol.Closed})
	with := func(body protocol.Body, change func(*protocol.Record)) protocol.SignedRecord {
		r := nextOf(s, body)
		change(&r)
		return sign(t, r, "alice")
	}
	plain := func(body protocol.Body) protocol.SignedRecord { return nextRecord(t, s, "alice", body) }
	rekey, slow, only := protocol.Rekey{}, s.Policy(), s.Policy()
	slow.Slow, only.VoicedOnly = time.Second, true
	for name, c := range map[string]struct {
		state State
		r     protocol.SignedRecord
		want  error
	}{
		"nothing before create":    {empty, plain(rekey), ErrGap},
		"create twice":             {s, create(t, "alice"), ErrKnown},
		"create of another":        {s, create(t, "bob"), ErrChain},
		"gap":                      {s, with(rekey, func(r *protocol.Record) { r.Seq++ }), ErrGap},
		"prev":                     {s, with(rekey, func(r *protocol.Record) { r.Prev[0] ^= 1 }), ErrChain},
		"room":                     {s, with(rekey, func(r *protocol.Record) { r.Room[0] ^= 1 }), ErrChain},
		"term":                     {s, with(rekey, func(r *protocol.Record) { r.Term++ }), ErrChain},
		"epoch skipped":            {s, with(rekey, func(r *protocol.Record) { r.Epoch++ }), ErrChain},
		"epoch kept":               {s, with(rekey, func(r *protocol.Record) { r.Epoch-- }), ErrChain},
		"epoch of a policy":        {s, with(protocol.SetPolicy{Policy: s.Policy()}, func(r *protocol.Record) { r.Epoch++ }), ErrChain},
		"a policy without reason":  {s, plain(protocol.SetPolicy{Policy: s.Policy(), NewEpoch: true}), ErrRule},
		"a slow one in its epoch":  {s, plain(protocol.SetPolicy{Policy: slow}), ErrRule},
		"a voice of the owner":     {s, plain(protocol.Voice{Peer: id("alice")}), ErrRule},
		"a voice of a stranger":    {s, plain(protocol.Voice{Peer: id("eve")}), ErrNotMember},
		"no voice to take":         {s, plain(protocol.Unvoice{Peer: id("bob")}), ErrRule},
		"a cut of who may talk":    {s, plain(protocol.SetPolicy{Policy: only, NewEpoch: true, Cuts: []protocol.MemberCut{{Peer: id("alice"), Cut: protocol.Cut{Ctr: 1, Hash: protocol.Hash{1}}}}}), ErrRule},
		"author is a member":       {s, nextRecord(t, s, "bob", rekey), ErrNotEntitled},
		"author is a stranger":     {s, nextRecord(t, s, "eve", rekey), ErrNotEntitled},
		"admit a member":           {s, plain(protocol.Admit{Peer: id("bob"), Nick: "bert"}), ErrRule},
		"admit the owner":          {s, plain(protocol.Admit{Peer: id("alice"), Nick: "bert"}), ErrRule},
		"admit a banned one":       {s, plain(protocol.Admit{Peer: id("carol"), Nick: "carol"}), ErrRule},
		"admit by a used invite":   {s, plain(protocol.Admit{Peer: id("eve"), Nick: "eve", Invite: protocol.InviteID{7}}), ErrRule},
		"nick taken":               {s, plain(protocol.Admit{Peer: id("eve"), Nick: "BOB"}), ErrNickTaken},
		"nick looks alike":         {s, plain(protocol.Admit{Peer: id("eve"), Nick: "b0b"}), ErrNickTaken},
		"nick reserved":            {s, plain(protocol.Admit{Peer: id("eve"), Nick: "SYSTEM"}), ErrNickBad},
		"nick not normal":          {s, plain(protocol.Admit{Peer: id("eve"), Nick: "ｅｖｅ"}), ErrNickBad},
		"remove the owner":         {s, plain(protocol.Remove{Peer: id("alice"), Kind: protocol.Kicked}), ErrRule},
		"ban the owner":            {s, plain(protocol.Remove{Peer: id("alice"), Kind: protocol.Banned}), ErrRule},
		"kick a stranger":          {s, plain(protocol.Remove{Peer: id("eve"), Kind: protocol.Kicked}), ErrNotMember},
		"leave of the owner":       {s, plain(protocol.Leave{Peer: id("alice")}), ErrRule},
		"leave of a stranger":      {s, plain(protocol.Leave{Peer: id("eve")}), ErrNotMember},
		"unban of one not banned":  {s, plain(protocol.Unban{Peer: id("bob")}), ErrRule},
		"after close":              {closed, nextRecord(t, closed, "alice", rekey), ErrClosed},
		"after close, by a member": {closed, nextRecord(t, closed, "bob", rekey), ErrNotEntitled},
	} {
		t.Run(name, func(t *testing.T) {
			next, change, err := c.state.Apply(c.r)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if !reflect.DeepEqual(next, c.state) || change.Kind != 0 {
				t.Error("it changed something")
			}
		})
	}
}

func TestCreateIsTheFirst(t *testing.T) {
	for name, r := range map[string]protocol.Record{
		"another epoch": {Seq: 1, Term: 1, Epoch: 2, Body: protocol.Create{Name: "lab", Nick: "alice", Policy: protocol.DefaultPolicy(), Salt: [16]byte{1}}},
		"another term":  {Seq: 1, Term: 2, Epoch: 1, Body: protocol.Create{Name: "lab", Nick: "alice", Policy: protocol.DefaultPolicy(), Salt: [16]byte{1}}},
		"a bad nick":    {Seq: 1, Term: 1, Epoch: 1, Body: protocol.Create{Name: "lab", Nick: "system", Policy: protocol.DefaultPolicy(), Salt: [16]byte{1}}},
	} {
		t.Run(name, func(t *testing.T) {
			r.At = epochStart
			if _, _, err := (State{}).Apply(sign(t, r, "alice")); err == nil {
				t.Error("it applied")
			}
		})
	}
}

func TestAForkFreezes(t *testing.T) {
	s := room(t, "bob")
	one := nextRecord(t, s, "alice", protocol.Rekey{})
	other := nextRecord(t, s, "alice", protocol.Remove{Peer: id("bob"), Kind: protocol.Kicked})
	foreign := nextRecord(t, s, "bob", protocol.Rekey{})
	s, _, err := s.Apply(one)
	if err != nil {
		t.Fatal(err)
	}
	s = apply(t, s, protocol.Rekey{})
	if _, _, err := s.Apply(foreign); !errors.Is(err, ErrNotEntitled) {
		t.Errorf("a member's word forks the log: %v", err)
	}
	frozen, change, err := s.Apply(other)
	if !errors.Is(err, ErrFork) || change.Kind != Froze || !frozen.Frozen() || s.Frozen() {
		t.Fatalf("got %v, %v", change.Kind, err)
	}
	if _, _, err := frozen.Apply(nextRecord(t, s, "alice", protocol.Rekey{})); !errors.Is(err, ErrFrozen) {
		t.Errorf("a frozen room applies records: %v", err)
	}
	h := protocol.Header{Room: s.Room(), Epoch: s.Epoch(), Ctr: 1}
	if got := frozen.Check(id("alice"), h); got != VerdictIgnore {
		t.Errorf("a line in a frozen room: %v", got)
	}
}

func TestMembersAreSorted(t *testing.T) {
	s := room(t, "zoe", "Bert", "carol", "anna")
	check := func(s State, want ...string) {
		t.Helper()
		var nicks []string
		for _, m := range s.Members() {
			nicks = append(nicks, m.Nick)
		}
		if !slices.Equal(nicks, want) {
			t.Errorf("got %v, want %v", nicks, want)
		}
	}
	check(s, "alice", "anna", "Bert", "carol", "zoe")
	left := apply(t, s, protocol.Leave{Peer: id("Bert")})
	check(left, "alice", "anna", "carol", "zoe")
	check(s, "alice", "anna", "Bert", "carol", "zoe")
	if m, ok := s.ByNick("bERT"); !ok || m.Peer != id("Bert") {
		t.Error("not found by its nick in another case")
	}
	if _, ok := s.ByNick("caro1"); ok {
		t.Error("found by a look-alike")
	}
	if _, ok := s.ByNick(""); ok {
		t.Error("found by nothing")
	}
}

// Two States that continue one State do not write into the slices that they share.
func TestMembersOfStatesStayApart(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("m%02d", i))
		s := apply(t, room(t, names...), protocol.Leave{Peer: id(names[0])})
		one := apply(t, s, protocol.Admit{Peer: id("yan"), Nick: "yan"})
		apply(t, s, protocol.Admit{Peer: id("zoe"), Nick: "zoe"})
		if ms := one.Members(); ms[len(ms)-1].Nick != "yan" {
			t.Errorf("with %d members, %s is in a room that only yan came into", len(ms), ms[len(ms)-1].Nick)
		}
	}
}

// If there are too many ended memberships, only the oldest is forgotten.
func TestPastIsBounded(t *testing.T) {
	s := room(t, "bob")
	for i := range MaxPast {
		s.past = cloned(s.past)
		p := peer.ID(rune(i))
		s.past[p] = []Removal{{Peer: p, Removal: uint64(i + 100)}}
	}
	s.pastLen = MaxPast
	next := apply(t, s, protocol.Leave{Peer: id("bob")})
	if _, known := next.Removed(peer.ID(rune(0))); known || next.pastLen != MaxPast || len(next.past) != MaxPast {
		t.Errorf("%d ended memberships", next.pastLen)
	}
	if _, known := s.Removed(peer.ID(rune(0))); !known {
		t.Error("the State before forgot it too")
	}
}

// The same records, in any order, some twice, with missing ones fetched, lead to the same State. (Invariant 4: the log that is applied
// has no gap and is linked.)
func TestAnyArrivalOrderGivesOneState(t *testing.T) {
	w := playedWorld(t, 80, 1)
	want, log := w.ledger.State(), w.disk.records
	rapid.Check(t, func(rt *rapid.T) {
		arrivals := rapid.SliceOfN(rapid.IntRange(0, len(log)-1), 0, 60).Draw(rt, "arrivals")
		// A member hears the creation with its admission, so that comes first.
		s, _, err := State{}.Apply(log[0])
		if err != nil {
			rt.Fatal(err)
		}
		for _, i := range append(arrivals, len(log)-1) {
			next, _, err := s.Apply(log[i])
			switch {
			case err == nil:
				s = next
			case errors.Is(err, ErrKnown) && log[i].Seq <= s.Seq():
			case errors.Is(err, ErrGap) && log[i].Seq > s.Seq()+1:
				for _, r := range log[s.Seq():log[i].Seq] { // fetched
					if s, _, err = s.Apply(r); err != nil {
						rt.Fatal(err)
					}
				}
			default:
				rt.Fatalf("record %d at %d: %v", log[i].Seq, s.Seq(), err)
			}
		}
		if !reflect.DeepEqual(s, want) {
			rt.Fatal("another state")
		}
	})
}
