package node

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

// TestNobodyCapturesComparisons: a member that never ends a comparison, or that claims again and again to have news, keeps no member
// from the lines of others, nor from the authority's records.
func TestNobodyCapturesComparisons(t *testing.T) {
	long(t)
	type answer func(m *hostile.Peer, asked int) protocol.SyncReply
	own := func(m *hostile.Peer) [][]byte {
		epoch, key := m.Latest()
		return [][]byte{m.Seal("one more", epoch, key).Raw()}
	}
	kinds := map[string]struct {
		answer  answer
		spams   bool
		slow    time.Duration
		mallets int
	}{
		"more and nothing":            {answer: func(*hostile.Peer, int) protocol.SyncReply { return protocol.SyncReply{More: true} }},
		"more and nothing, three":     {answer: func(*hostile.Peer, int) protocol.SyncReply { return protocol.SyncReply{More: true} }, mallets: 3},
		"more and a new line each":    {answer: func(m *hostile.Peer, _ int) protocol.SyncReply { return protocol.SyncReply{More: true, Lines: own(m)} }},
		"more and a new line, slowly": {answer: func(m *hostile.Peer, _ int) protocol.SyncReply { return protocol.SyncReply{More: true, Lines: own(m)} }, slow: syncTimeout - 100*time.Millisecond},
		"news, and nothing":           {answer: func(*hostile.Peer, int) protocol.SyncReply { return protocol.SyncReply{} }, spams: true},
		"news, of twice what are due": {answer: func(*hostile.Peer, int) protocol.SyncReply { return protocol.SyncReply{} }, spams: true, mallets: 2 * transcript.MaxDue},
		"news, and more, and nothing": {answer: func(*hostile.Peer, int) protocol.SyncReply { return protocol.SyncReply{More: true} }, spams: true},
		"no answer":                   {spams: true, slow: time.Hour},
		"more and keys of no use": {answer: func(*hostile.Peer, int) protocol.SyncReply {
			return protocol.SyncReply{More: true, Keys: []protocol.EpochKey{{Epoch: 1 << 40}}}
		}},
		"more and pages of the future": {answer: futurePage()},
	}
	for name, k := range kinds {
		t.Run(name, func(t *testing.T) {
			simulate(t, 4+max(k.mallets, 1), func(l *simLAN) {
				alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
				must(l.start("dave").Join(l.ctx(), JoinOptions{Room: "lab"}))
				for i := range max(k.mallets, 1) {
					m := l.infiltrate(4+i, lab)
					m.Join("mallory"+string(rune('a'+i)), protocol.Token{})
					asked := 0
					m.Host.SetStreamHandler(protocol.SyncID, func(s network.Stream) {
						defer s.Close()
						var req protocol.SyncRequest
						if protocol.ReadFrame(s, &req) != nil {
							return
						}
						m.Pause(k.slow)
						if k.answer == nil || m.Ctx.Err() != nil {
							return
						}
						asked++
						reply := k.answer(m, asked)
						_ = protocol.WriteFrame(s, &reply)
					})
					if k.spams {
						go func() {
							for m.Ctx.Err() == nil {
								var reply protocol.SyncReply
								_ = m.Ask(bob.self, protocol.SyncID, &protocol.SyncRequest{Room: lab.ID, HaveSeq: 1, News: true}, &reply)
								m.Pause(100 * time.Millisecond)
							}
						}()
					}
				}
				time.Sleep(5 * time.Second) // simulated
				l.cut("bob", "alice")
				l.cut("bob", "carol")
				time.Sleep(10 * time.Second) // simulated
				must(carol.Say(l.ctx(), "lab", "while bob was away", false))
				time.Sleep(transcript.SyncEvery) // simulated
				must(alice.Kick(l.ctx(), "lab", "dave", ""))
				l.heal()
				until[Message](l.subs["bob"], func(m Message) bool { return m.Text == "while bob was away" })
				for deadline := time.Now().Add(patience); ; time.Sleep(time.Second) { // simulated
					waits := true
					must(ask(l.ctx(), bob, inLoop(func(lp *loop) { waits = lp.rooms[lab.ID].talk.InDoubt() })))
					if !waits {
						break
					}
					if time.Now().After(deadline) {
						t.Fatal("the authority is not asked for its records")
					}
				}
			})
		})
	}
}

// futurePage answers with full pages of lines that cannot be judged, each of which advances the comparison.
func futurePage() func(m *hostile.Peer, asked int) protocol.SyncReply {
	var raws [][]byte
	return func(m *hostile.Peer, _ int) protocol.SyncReply {
		if len(raws) == 0 {
			for range protocol.MaxBatchItems {
				raws = append(raws, m.Seal("x", 1<<40, protocol.Key{1}).Raw())
			}
		}
		return protocol.SyncReply{More: true, Lines: raws}
	}
}
