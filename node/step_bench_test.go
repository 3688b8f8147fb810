package node

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/authority"
	"localchat/node/internal/lan"
	"localchat/node/internal/roomtest"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// benchLines is a room of alice's with maxLines lines of carol's, each of which names the one before.
func benchLines(b testing.TB) (*roomtest.Room, *room, []transcript.Opened) {
	w := newLawRoom(b, "lab")
	w.Admit("carol", "bob")
	n := &Node{self: personaID("alice"), signer: persona("alice"), log: slog.New(slog.DiscardHandler)}
	n.ctx, n.cancel = context.WithCancel(b.Context())
	b.Cleanup(n.cancel)
	r := newRoom(must(newLoop(n, nil)), w.ID())
	b.Cleanup(r.cancel)
	r.desk.ledger, r.records, r.keys.Keyring = &w.Ledger, w.Records, w.Keys
	r.publishSnapshot()
	var lines []transcript.Opened
	for i := range uint64(transcript.MaxLines) {
		a := transcript.Opened{Content: protocol.Content{Kind: protocol.Say, Text: "hello"}}
		a.Msg.Author, a.Msg.Header = personaID("carol"), protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: i + 1, Lamport: i + 1}
		a.Msg.ID = protocol.Hash{1, byte(i), byte(i >> 8), byte(i >> 16)}
		if i > 0 {
			a.Msg.Prev = lines[i-1].Msg.ID
		}
		lines = append(lines, a)
	}
	return w, r, lines
}

// BenchmarkStep: the steps of the loop, at the bounds: none may take 20 ms.
func BenchmarkStep(b *testing.B) {
	fill := func(r *room, lines []transcript.Opened) {
		r.talk.Transcript = transcript.New(r.id, r.l.n.self, 0, r.l.clock.Even())
		for _, a := range lines {
			r.talk.carry(r.talk.Hear(r.talk.world(), a))
		}
	}
	b.Run("history", func(b *testing.B) {
		_, r, lines := benchLines(b)
		fill(r, lines)
		for b.Loop() {
			ms := make([]Message, 0)
			for _, ln := range r.talk.Ordered() {
				ms = append(ms, r.talk.message(ln))
			}
			if len(ms) == 0 {
				b.Fatal("no history")
			}
		}
	})
	b.Run("all polls of a full room are answered", func(b *testing.B) {
		w := newLawRoom(b, "lab")
		for i := 0; w.State().Len() < protocol.MaxMembers; i++ { // some names look like the end of an ID
			w.Do(authority.Knock{Peer: personaID(crowdName(i)), Request: protocol.JoinRequest{Room: w.ID(), Nick: crowdName(i)}})
		}
		alice := must(New(Config{Nick: "alice", Host: must(lan.NewHost(persona("alice").PrivKey, loopback))}))
		b.Cleanup(func() { _ = alice.Close() })
		must(ask(b.Context(), alice, inLoop(func(l *loop) {
			r := newRoom(l, w.ID())
			r.desk.ledger, r.records, r.keys.Keyring = &w.Ledger, w.Records, w.Keys
			r.publishSnapshot()
			members, addr := r.state().Members(), multiaddr.StringCast("/ip4/10.0.0.1/udp/4001/quic-v1")
			for _, m := range members {
				r.desk.presence.heard[m.Peer] = heard{}
				alice.host.Peerstore().AddAddr(m.Peer, addr, time.Hour)
			}
			for b.Loop() {
				b.StopTimer()
				for _, m := range members {
					q := protocol.PollRequest{Room: r.id, Admission: m.Admission, HaveSeq: r.state().Seq() - 1, HaveKey: r.state().Epoch() - 1}
					r.desk.polls.held[m.Peer] = heldPoll{req: q, reply: make(chan protocol.PollReply, 1)}
				}
				b.StartTimer()
				r.desk.presence.tell()
				if len(r.desk.polls.held) > 0 {
					b.Fatal("not all are answered")
				}
			}
		})))
	})
	b.Run("a list of rooms", func(b *testing.B) {
		l := must(newLoop(&Node{self: "us", words: newWordBook()}, nil))
		for i := range maxFound {
			l.directory.found[protocol.RoomID{byte(i), byte(i >> 8)}] = &foundRoom{looks: looks{"lab", protocol.Skeletons("lab")}, words: "words", owners: owners{peer.ID(fmt.Sprint(i))}, seen: l.now()}
		}
		for b.Loop() {
			l.place("stranger", "host", protocol.RoomID{1, 1, 1}, "lab", true)
			l.warnNamesakes(protocol.RoomID{1}, l.directory.found[protocol.RoomID{1}])
		}
	})
}
