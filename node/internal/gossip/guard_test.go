package gossip

import (
	"fmt"
	"testing"
	"time"

	"localchat/protocol"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

// garbage is n publications that nobody has signed.
func garbage(n int) *pubsub.RPC {
	rpc := &pubsub.RPC{}
	topic := protocol.LinesTopic
	for range n {
		rpc.Publish = append(rpc.Publish, &pb.Message{Topic: &topic, Data: []byte{1}})
	}
	return rpc
}

// TestGossipOfStrangersHasOneBudget: a room's guard takes a bounded amount of gossip from all strangers together. A member's budget is
// its own.
func TestGossipOfStrangersHasOneBudget(t *testing.T) {
	g := newGuard(protocol.RoomID{}, each)
	taken := 0
	for i := range 2 * each.Burst / 100 {
		rpc := garbage(100)
		if ok, _ := g.rpc(peer.ID(fmt.Sprint(i)), false, rpc, lawStart); ok {
			taken += 100
		}
	}
	if taken > each.Burst {
		t.Errorf("%d publications of strangers are looked at", taken)
	}
	if ok, _ := g.rpc("bob", true, garbage(100), lawStart); !ok {
		t.Error("a member is not heard")
	}
}

// TestSeenMessagesAreBounded: the memory of pubsub is bounded, whatever each peer sends. A peer that says little is always let
// through.
func TestSeenMessagesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves it out: it takes a second of a processor or more")
	}
	for _, flooders := range []int{1, 16, protocol.MaxMembers - 1} {
		t.Run(fmt.Sprint(flooders), func(t *testing.T) {
			g := newGuard(protocol.RoomID{}, each)
			now := lawStart
			const seconds = 3 * int(SeenLife/time.Second)
			kept := make([]int, seconds)
			for s := range kept {
				for f := range flooders {
					for range 2 * int(each.PerSecond) * 8 / flooders {
						if g.remember(peer.ID(fmt.Sprint("flooder ", f)), now) {
							kept[s]++
						}
					}
				}
				if !g.remember("quiet", now) {
					t.Fatalf("after %d s the quiet one is not let through", s)
				}
				kept[s]++
				now = now.Add(time.Second)
			}
			window, most := 0, 0
			for s, n := range kept {
				window += n
				if past := s - int(SeenLife/time.Second); past >= 0 {
					window -= kept[past]
				}
				most = max(most, window)
			}
			if most > maxSeen || most < maxSeen/4 {
				t.Errorf("pubsub would remember %d messages", most)
			}
		})
	}
}

// TestGuardIsBounded: the guard's own tables are bounded too, for any number of peers.
func TestGuardIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves it out: it takes a second of a processor or more")
	}
	g := newGuard(protocol.RoomID{}, each)
	big := garbage(each.Burst + 1)
	for i := range 2 * maxShut {
		g.rpc(peer.ID(fmt.Sprint(i)), true, big, lawStart)
		g.unwantedBy(peer.ID(fmt.Sprint(i)), 1, lawStart)
	}
	for name, n := range map[string]int{"shut": len(g.shut), "spoken": g.spoken.Len(), "control": g.control.Len(), "unwanted": g.unwanted.Len(), "share": g.share.Len()} {
		if n > maxShut {
			t.Errorf("%s holds %d", name, n)
		}
	}
	late := lawStart.Add(time.Hour)
	g.sweep(late)
	if g.isShut("0", late) || g.close("new", late) == false || g.spoken.Len() != 0 {
		t.Error("nothing is forgotten")
	}
}
