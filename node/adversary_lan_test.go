package node

import (
	"context"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
	"localchat/test/hostile"
)

// infiltrate puts mallory on a host that no node uses, connected to every node.
func (l *simLAN) infiltrate(host int, room RoomInfo) *hostile.Peer {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l.cancels = append(l.cancels, cancel)
	nodes := make([]peer.AddrInfo, len(l.nodes))
	for nick, n := range l.nodes {
		nodes[l.index[nick]] = peer.AddrInfo{ID: n.self, Addrs: n.host.Addrs()}
	}
	m := hostile.New(ctx, l.hosts[host], room.ID, room.Owner, nodes)
	m.Another = func() *hostile.Peer { return l.infiltrate(host+1, room) }
	return m
}

// TestNoKeyAheadOfTheLog: a key can be here before the records that say which members may have it. Until they come, it is given to
// nobody.
func TestNoKeyAheadOfTheLog(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		s := &siege{simLAN: l}
		all := openRoom()
		history := HistoryAll
		all.History = &history
		lab := must(l.start("alice").Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: all}))
		s.room = lab.ID
		must(l.start("bob").Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
		m := l.infiltrate(2, lab)
		m.Join("mallory", protocol.Token{})
		time.Sleep(time.Second) // simulated
		var now uint64
		s.peek("bob", func(r *room) {
			now = r.state().Epoch()
			r.keys.take(r.authority(), []protocol.EpochKey{{Epoch: now + 1, Key: protocol.Key{1}}})
		})
		var reply protocol.SyncReply
		q := protocol.SyncRequest{Room: lab.ID, Keys: []uint64{now, now + 1}}
		if err := m.Ask(l.nodes["bob"].self, protocol.SyncID, &q, &reply); err != nil {
			t.Fatal(err)
		}
		if len(reply.Keys) != 1 || reply.Keys[0].Epoch != now {
			t.Errorf("of epoch %d and the next, %d keys are given", now, len(reply.Keys))
		}
	})
}
