package node

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
	"localchat/test/hostile"
)

// TestAdversaryKeys: a member that knows the coming epochs chooses keys for them: a line of its own proves each key. By no path does a
// node take a key that the owner has not committed to, now or after the removal, and the room can always speak.
func TestAdversaryKeys(t *testing.T) {
	next := func(now uint64) (es []uint64) {
		for e := range uint64(8) {
			es = append(es, now+1+e)
		}
		return es
	}
	far := func(now uint64) []uint64 { return []uint64{now + 1_000_000} }
	farthest := func(uint64) []uint64 { return []uint64{protocol.MaxCounter} }
	past := func(now uint64) []uint64 { return []uint64{1, 2, now - 1, now} }
	same := func(_ peer.ID, e uint64) protocol.Key { return sha256.Sum256(fmt.Append(nil, "chosen", e)) }
	each := func(p peer.ID, e uint64) protocol.Key { return sha256.Sum256(fmt.Append(nil, "chosen", p, e)) }
	type choice struct {
		name               string
		epochs             func(now uint64) []uint64
		key                func(peer.ID, uint64) protocol.Key
		way                string
		keyFirst           bool
		accomplice, expire bool
	}
	for _, a := range some([]choice{
		{name: "of the epochs to come", epochs: next, key: same, way: "gossip"},
		{name: "of the epochs to come by pass", epochs: next, key: same, way: "pass"},
		{name: "of the epochs to come by sync alone", epochs: next, key: same, way: "sync"},
		{name: "handed over before the line", epochs: next, key: same, way: "gossip", keyFirst: true},
		{name: "handed over before the line and its sync", epochs: next, key: same, way: "sync", keyFirst: true},
		{name: "another for each victim", epochs: next, key: each, way: "gossip"},
		{name: "another for each victim by pass", epochs: next, key: each, way: "pass", keyFirst: true},
		{name: "by two members", epochs: next, key: same, way: "gossip", accomplice: true},
		{name: "of an epoch far away", epochs: far, key: same, way: "gossip", expire: true},
		{name: "of an epoch far away by sync", epochs: far, key: each, way: "sync", keyFirst: true, expire: true},
		{name: "of the last epoch there can be", epochs: farthest, key: same, way: "gossip", expire: true},
		{name: "of epochs past", epochs: past, key: same, way: "sync", keyFirst: true},
	}, 1) {
		t.Run(a.name, func(t *testing.T) {
			choose := func(s *siege) {
				m := s.mallory
				now, _ := m.Latest()
				c := hostile.KeyChoice{Epochs: a.epochs(now), Key: a.key, Way: a.way, KeyFirst: a.keyFirst}
				if a.accomplice {
					c.Writer = m.Another()
					if code := c.Writer.Join("moll", protocol.Token{}); code != protocol.JoinAdmitted {
						s.t.Fatal("the accomplice is answered", code)
					}
					go c.Writer.Poll()
					time.Sleep(time.Second) // simulated: everybody has heard of it
				}
				m.ChoosesKeys(c, m.Nodes...)
				for range 3 {
					time.Sleep(2 * time.Second) // simulated: they ask
					m.Urges(m.Nodes...)
				}
				s.noneChosen()
			}
			besiege(t, choose, func(s *siege) {
				s.turnsOver(3)
				if a.expire {
					for range 12 { // somebody speaks every minute until the earlier keys have gone
						time.Sleep(time.Minute) // simulated
						s.says("alice", "still here")
					}
					s.shows("bob", "still here")
				}
				s.noneChosen()
			})
		})
	}
}

// noneChosen: no node has a key of mallory's choice.
func (s *siege) noneChosen() {
	s.t.Helper()
	for _, n := range s.stay {
		s.peek(n, func(r *room) {
			for _, e := range r.keys.Epochs() {
				k, _ := r.keys.Get(e)
				if _, ok := s.mallory.Chose(k); ok {
					s.t.Errorf("%s takes mallory's key for that of epoch %d", n, e)
				}
			}
		})
	}
}

// turnsOver admits and removes that many newcomers, each time with new epochs.
func (s *siege) turnsOver(times int) {
	s.t.Helper()
	for i := range times {
		twin := s.mallory.Another().Another()
		nick := fmt.Sprint("guest", i)
		if code := twin.Join(nick, protocol.Token{}); code != protocol.JoinAdmitted {
			s.t.Fatalf("%s is answered %d", nick, code)
		}
		must(s.nodes["alice"].Kick(s.ctx(), "lab", nick, "good bye"))
		time.Sleep(authority.ReturnAfter + time.Second) // simulated: until it may come again
	}
}
