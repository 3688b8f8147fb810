package authority

import (
	"fmt"
	"testing"

	"localchat/protocol"
)

// sized returns the state of a room of n members.
func sized(tb testing.TB, n int) State {
	names := make([]string, n-1)
	for i := range names {
		names[i] = fmt.Sprintf("m%dx", i)
	}
	return room(tb, names...)
}

// headers has a line of each kind: current, late, past the cut-off, of an unknown epoch, and of a stranger.
func headers(tb testing.TB) (State, []protocol.Header) {
	s := sized(tb, 64)
	s = apply(tb, s, protocol.Remove{Peer: id("m3x"), Kind: protocol.Kicked, Cut: protocol.Cut{Ctr: 5, Hash: protocol.Hash{1}}})
	e := s.Epoch()
	var hs []protocol.Header
	for _, epoch := range []uint64{e, e - 1, 1, e + 1} {
		for _, ctr := range []uint64{5, 6} {
			hs = append(hs, protocol.Header{Room: s.Room(), Epoch: epoch, Ctr: ctr})
		}
	}
	return s, hs
}

func TestCheckDoesNotAllocate(t *testing.T) {
	s, hs := headers(t)
	member, kicked, stranger := id("m1x"), id("m3x"), id("eve")
	seen := map[Verdict]bool{}
	allocs := testing.AllocsPerRun(100, func() {
		for _, h := range hs {
			seen[s.Check(member, h)], seen[s.Check(kicked, h)], seen[s.Check(stranger, h)] = true, true, true
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if len(seen) != 4 {
		t.Errorf("only the verdicts %v", seen)
	}
	k := Keyring{}.With(room(t), []protocol.EpochKey{{Epoch: 1, Key: protocol.Key{1}}}, epochStart)
	if allocs := testing.AllocsPerRun(100, func() { k.Get(1); k.Get(2) }); allocs != 0 {
		t.Errorf("Keyring.Get: %v allocations", allocs)
	}
}

func BenchmarkApply(b *testing.B) {
	for _, n := range []int{8, 64, 256} {
		s := sized(b, n)
		for name, body := range map[string]protocol.Body{
			"admit":  protocol.Admit{Peer: id("eve"), Nick: "eve"},
			"remove": protocol.Remove{Peer: id("m1x"), Kind: protocol.Kicked},
			"rekey":  protocol.Rekey{},
		} {
			r := nextRecord(b, s, "alice", body)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := s.Apply(r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	s, hs := headers(b)
	who := id("m1x")
	b.ReportAllocs()
	for b.Loop() {
		s.Check(who, hs[0])
	}
}

func BenchmarkStrangerPoll(b *testing.B) {
	w := newRoom(b, "alice", protocol.Open)
	env := w.env()
	var ev Event = Poll{id("eve"), protocol.PollRequest{Room: w.ledger.State().Room(), Nonce: nonce("n1"), Admission: 2}}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := w.ledger.Step(env, ev); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKick(b *testing.B) {
	w := newRoom(b, "alice", protocol.Open)
	w.join("bob")
	env := w.env()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := w.ledger.Step(env, Kick{Peer: id("bob"), Reason: "too loud"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeyringGet(b *testing.B) {
	var k Keyring
	s := roomOfEpochs(b, 64)
	for e := range uint64(64) {
		k = k.With(s, []protocol.EpochKey{{Epoch: e + 1, Key: protocol.Key{byte(e + 1)}}}, epochStart)
	}
	b.ReportAllocs()
	for b.Loop() {
		k.Get(40)
	}
}
