package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/gossip"
	"localchat/protocol"
	"localchat/test/hostile"
)

// garbage is n publications that no node has seen.
func garbage(n, size int) *pb.RPC {
	raws := make([][]byte, n)
	for i := range raws {
		raws[i] = make([]byte, size)
		must(rand.Read(raws[i]))
	}
	return hostile.Publication(protocol.LinesTopic, raws...)
}

// TestGossipFloodShutsOutSender: a member that floods gossip with useless messages, of any kind, loses its streams. The owner is told
// once, and the others are heard meanwhile.
func TestGossipFloodShutsOutSender(t *testing.T) {
	long(t)
	topic, yes, no := protocol.LinesTopic, true, false
	times := func(n int, rpc func(i int) *pb.RPC) func(*hostile.Peer) []*pb.RPC {
		return func(*hostile.Peer) (rpcs []*pb.RPC) {
			for i := range n {
				rpcs = append(rpcs, rpc(i))
			}
			return rpcs
		}
	}
	// Not every kind is one line of an RPC: the budgets have in common that they count every message.
	kinds := map[string]func(m *hostile.Peer) []*pb.RPC{
		"short garbage":   times(20, func(int) *pb.RPC { return garbage(500, 8) }),
		"long garbage":    times(500, func(int) *pb.RPC { return garbage(1, 60<<10) }),
		"one in each RPC": times(floodBurst+2000, func(int) *pb.RPC { return garbage(1, 8) }),
		"garbage of no topic": times(20, func(int) *pb.RPC {
			r := garbage(500, 8)
			for _, m := range r.Publish {
				m.Topic = nil
			}
			return r
		}),
		"garbage records": times(20, func(int) *pb.RPC {
			r := garbage(500, 8)
			for _, m := range r.Publish {
				*m.Topic = protocol.RecordsTopic
			}
			return r
		}),
		"subscribing, and not": times(600, func(int) *pb.RPC {
			return &pb.RPC{Subscriptions: []*pb.RPC_SubOpts{{Subscribe: &yes, Topicid: &topic}, {Subscribe: &no, Topicid: &topic}}}
		}),
		"empty RPCs":      times(2000, func(int) *pb.RPC { return &pb.RPC{Control: &pb.ControlMessage{}} }),
		"IDs that it has": times(20, func(i int) *pb.RPC { return ihave(topic, 500, i) }),
		"IDs that it wants": times(20, func(i int) *pb.RPC {
			return &pb.RPC{Control: &pb.ControlMessage{Iwant: []*pb.ControlIWant{{MessageIDs: ids(500, i)}}}}
		}),
		"IDs that it wants not": times(20, func(i int) *pb.RPC {
			return &pb.RPC{Control: &pb.ControlMessage{Idontwant: []*pb.ControlIDontWant{{MessageIDs: ids(500, i)}}}}
		}),
		"grafts": times(2000, func(int) *pb.RPC {
			return &pb.RPC{Control: &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}}
		}),
		"prunes with many peers": times(100, func(int) *pb.RPC {
			return &pb.RPC{Control: &pb.ControlMessage{Prune: []*pb.ControlPrune{{TopicID: &topic, Peers: make50()}}}}
		}),
		"its own lines, of no epoch, twice the bound": func(m *hostile.Peer) (rpcs []*pb.RPC) {
			raws := make([][]byte, floodBurst+1000)
			for i := range raws {
				raws[i] = m.Seal("x", 1<<40, protocol.Key{1}).Raw()
			}
			for len(raws) > 0 {
				n := min(len(raws), 100)
				rpcs, raws = append(rpcs, hostile.Publication(topic, raws[:n]...)), raws[n:]
			}
			return rpcs
		},
		"its own lines, of an epoch before it came": func(m *hostile.Peer) (rpcs []*pb.RPC) {
			for range gossip.UnwantedBurst + 200 {
				rpcs = append(rpcs, hostile.Publication(topic, m.Seal("x", 1, protocol.Key{1}).Raw()))
			}
			return rpcs
		},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				alice, bob := l.start("alice"), l.start("bob")
				lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
				m := l.infiltrate(2, lab)
				m.Join("mallory", protocol.Token{})
				until[MemberJoined](l.subs["alice"], func(e MemberJoined) bool { return e.Nick == "mallory" })
				for range 2 {
					_ = m.Push(alice.self, kind(m)...) // it is meant to fail
					l.subs["alice"].drain()
				}
				if streams := gossipStreams(alice, lab.ID, m.Host.ID()); streams > 0 {
					t.Errorf("mallory has %d streams", streams)
				}
				another := must(m.Host.NewStream(l.ctx(), alice.self, protocol.GossipID(lab.ID)))
				must(none{}, another.SetDeadline(time.Now().Add(time.Second)))
				if _, err := another.Read(make([]byte, 1)); !errors.Is(err, network.ErrReset) {
					t.Errorf("mallory is not shut out: %v", err)
				}
				s := &siege{simLAN: l}
				s.says("bob", "may I?")
				s.shows("alice", "may I?")
				time.Sleep(2 * time.Second) // simulated: the tick
				floods := 0
				for _, w := range allOf[Warning](l.subs["alice"]) {
					if w.Code == "flood" && w.Peer == m.Host.ID() {
						floods++
					}
				}
				if floods != 1 {
					t.Errorf("the owner is told %d times", floods)
				}
			})
		})
	}
}

// gossipStreams is how many streams p has for the gossip of a room.
func gossipStreams(n *Node, room RoomID, p peer.ID) (open int) {
	for _, c := range n.host.Network().ConnsToPeer(p) {
		for _, s := range c.GetStreams() {
			if s.Protocol() == protocol.GossipID(room) && s.Stat().Direction == network.DirInbound {
				open++
			}
		}
	}
	return open
}

func ids(n, seed int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprintf("%032d", seed*n+i)
	}
	return s
}

func ihave(topic string, n, seed int) *pb.RPC {
	return &pb.RPC{Control: &pb.ControlMessage{Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: ids(n, seed)}}}}
}

func make50() []*pb.PeerInfo {
	ps := make([]*pb.PeerInfo, 50)
	for i := range ps {
		ps[i] = &pb.PeerInfo{PeerID: []byte(fmt.Sprint("peer ", i))}
	}
	return ps
}

// TestSenderOfInvalidGossipIsIgnored: a few messages that no honest node sends, far below every other budget, make a node ignore their
// sender: by its score, or by the guard if the sender takes no stream and so has no score.
func TestSenderOfInvalidGossipIsIgnored(t *testing.T) {
	for _, kind := range []string{"garbage", "a bad signature", "a line of another room"} {
		for _, listens := range []bool{true, false} {
			t.Run(fmt.Sprint(kind, ", listens: ", listens), func(t *testing.T) {
				simulate(t, 2, func(l *simLAN) {
					alice := l.start("alice")
					lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
					m := l.infiltrate(1, lab)
					m.Join("mallory", protocol.Token{})
					invalid := gossip.UnwantedBurst/gossip.InvalidCost + 1
					if listens {
						m.Enlist()
						until[MemberJoined](l.subs["alice"], nil)
						time.Sleep(3 * time.Second) // simulated: pubsub's streams
						invalid = 7
					}
					epoch, key := m.Latest()
					rpcs := []*pb.RPC{hostile.Publication(protocol.LinesTopic, m.Seal("hello", epoch, key).Raw())}
					for range invalid {
						raw := m.Seal("damaged", epoch, key).Raw()
						raw[len(raw)-1] ^= 1
						switch kind {
						case "garbage":
							rpcs = append(rpcs, garbage(1, 8))
						case "a bad signature":
							rpcs = append(rpcs, hostile.Publication(protocol.LinesTopic, raw))
						default:
							h := protocol.Header{Room: protocol.RoomID{1}, Epoch: epoch, Ctr: uint64(len(rpcs)), Lamport: 1}
							other := must(protocol.SealMessage(h, protocol.Content{Kind: protocol.Say, Text: "x", At: time.Now()}, key, m.Host.ID(), m.Key, random))
							rpcs = append(rpcs, hostile.Publication(protocol.LinesTopic, other.Raw()))
						}
					}
					_ = m.Push(alice.self, rpcs...) // it may be cut off
					until[Message](l.subs["alice"], func(e Message) bool { return e.Text == "hello" })
					time.Sleep(2 * time.Second) // simulated: the heartbeat that adds up scores
					_ = m.Push(alice.self, hostile.Publication(protocol.LinesTopic, m.Seal("still here?", epoch, key).Raw()))
					time.Sleep(time.Second) // simulated
					for _, text := range l.texts("alice") {
						if text == "still here?" {
							t.Error("mallory is heard")
						}
					}
				})
			})
		}
	}
}

func resetAll(streams []network.Stream) {
	for _, s := range streams {
		_ = s.Reset()
	}
}
