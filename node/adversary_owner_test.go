package node

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
	"localchat/test/hostile"
)

// underOlga starts nodes in the room of the hostile owner olga, which is on the first host, and returns when they talk.
func (l *simLAN) underOlga(members ...string) *hostile.Owner {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l.cancels = append(l.cancels, cancel)
	olga := hostile.NewOwner(ctx, l.hosts[0], "lab")
	for i, m := range members {
		r := make(rumours, len(l.hosts))
		n := l.startOn(1+i, m, "", r)
		for other := range 1 + i {
			r <- l.infoOf(other)
		}
		if _, err := n.Join(l.ctx(), JoinOptions{Room: olga.Room().String()}); err != nil {
			l.t.Fatal(m, err)
		}
	}
	s := &siege{simLAN: l, room: olga.Room()}
	time.Sleep(5 * time.Second) // simulated: they have met
	for _, m := range members {
		s.says(m, "hello from "+m)
	}
	for _, m := range members {
		for _, from := range members {
			s.shows(m, "hello from "+from)
		}
	}
	return olga
}

func aSubject(text string) authority.Event {
	p := protocol.DefaultPolicy()
	p.Access, p.Subject = protocol.Open, text
	return authority.SetPolicy{Policy: p}
}

// foldsWithin is how long it may take, some comparisons, until every member knows that the owner has signed two logs.
const foldsWithin = 2 * time.Minute

// TestAdversaryTwoLogs: an owner signs two logs and gives one to some members and the other to the rest. Members that compare find
// out, and every member is told.
func TestAdversaryTwoLogs(t *testing.T) {
	truth := func(o *hostile.Owner, l *hostile.Log, whose string, records int) {
		for i := range records {
			o.Signs(l, aSubject(fmt.Sprint(whose, "'s truth ", i)))
		}
	}
	someone := func() peer.ID {
		_, pub, err := crypto.GenerateEd25519Key(random)
		if err != nil {
			panic(err)
		}
		return must(peer.IDFromPublicKey(pub))
	}
	for _, c := range []struct {
		name string
		fork func(o *hostile.Owner, one, other *hostile.Log)
	}{
		{"of one length", func(o *hostile.Owner, one, other *hostile.Log) {
			truth(o, one, "bob", 4)
			truth(o, other, "dave", 4)
		}},
		{"of one record each", func(o *hostile.Owner, one, other *hostile.Log) {
			truth(o, one, "bob", 1)
			truth(o, other, "dave", 1)
		}},
		{"of two lengths", func(o *hostile.Owner, one, other *hostile.Log) {
			truth(o, one, "bob", 9)
			truth(o, other, "dave", 2)
		}},
		{"one longer by far", func(o *hostile.Owner, one, other *hostile.Log) {
			truth(o, one, "bob", 200)
			truth(o, other, "dave", 1)
		}},
		{"by a new key each", func(o *hostile.Owner, one, other *hostile.Log) {
			o.Signs(one, authority.Rekey{})
			o.Signs(other, authority.Rekey{})
		}},
		{"by a member admitted in one alone", func(o *hostile.Owner, one, other *hostile.Log) {
			o.Signs(one, authority.Knock{Peer: someone(), Request: protocol.JoinRequest{Room: o.Room(), Nick: "ghost"}})
			truth(o, other, "dave", 1)
		}},
		{"by a member kicked in one alone", func(o *hostile.Owner, one, other *hostile.Log) {
			var dave peer.ID
			for _, m := range one.State().Members() {
				if m.Nick == "dave" {
					dave = m.Peer
				}
			}
			o.Signs(one, authority.Kick{Peer: dave, Reason: "too loud"})
			truth(o, other, "dave", 3)
		}},
	} {
		for _, members := range [][]string{{"bob", "dave"}, {"bob", "dave", "carol"}} {
			t.Run(fmt.Sprint(c.name, ", ", len(members), " members"), func(t *testing.T) {
				simulate(t, 1+len(members), func(l *simLAN) {
					o := l.underOlga(members...)
					one, other := o.Log("").Fork(), o.Log("").Fork()
					for _, m := range members {
						if m == "dave" {
							o.Gives(l.nodes[m].self, other)
						} else {
							o.Gives(l.nodes[m].self, one)
						}
					}
					c.fork(o, one, other)
					l.allFreeze(members...)
				})
			})
		}
	}
}

// allFreeze waits until each member was told that the room is frozen.
func (l *simLAN) allFreeze(members ...string) {
	l.t.Helper()
	frozen := func(ev Event) bool {
		w, ok := ev.Body.(Warning)
		return ok && w.Code == "frozen"
	}
	began := time.Now()
	for _, m := range members {
		for !containsEvent(l.subs[m], frozen) {
			if time.Since(began) > foldsWithin {
				l.t.Errorf("%s is not told that there are two logs:%s", m, l.subs[m].story())
				break
			}
			time.Sleep(100 * time.Millisecond) // simulated
		}
	}
	l.t.Logf("all know after %v", time.Since(began))
}

// TestAdversaryOwnersKeys: an owner hands out invented keys: of epochs that its log does not have, in any order and number, and a
// different key of the same epoch to each member. A node keeps no more keys than its log has epochs, and two members never have two
// keys of one epoch.
func TestAdversaryOwnersKeys(t *testing.T) {
	long(t)
	inventions := map[string]func(turn uint64, p peer.ID, inForce uint64) []protocol.EpochKey{
		"of epochs to come": func(turn uint64, _ peer.ID, inForce uint64) (ks []protocol.EpochKey) {
			for i := range uint64(protocol.MaxBatchItems) {
				ks = append(ks, protocol.EpochKey{Epoch: inForce + 1 + turn*protocol.MaxBatchItems + i, Key: protocol.Key{1}})
			}
			return ks
		},
		"of epochs to come, the last first": func(turn uint64, _ peer.ID, _ uint64) (ks []protocol.EpochKey) {
			for i := range uint64(protocol.MaxBatchItems) {
				ks = append(ks, protocol.EpochKey{Epoch: protocol.MaxCounter - turn*protocol.MaxBatchItems - i, Key: protocol.Key{1}})
			}
			slices.Reverse(ks)
			return ks
		},
		"of the epoch far away": func(_ uint64, _ peer.ID, inForce uint64) []protocol.EpochKey {
			return []protocol.EpochKey{{Epoch: inForce + 1_000_000, Key: protocol.Key{1}}}
		},
		"of the next epoch, another for each": func(_ uint64, p peer.ID, inForce uint64) []protocol.EpochKey {
			return []protocol.EpochKey{{Epoch: inForce + 1, Key: protocol.Key([]byte(p)[6:])}}
		},
	}
	for name, invent := range inventions {
		t.Run(name, func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				o := l.underOlga("bob", "dave")
				var turn uint64
				inForce := o.Log("").State().Epoch()
				o.Lies(func(p peer.ID, reply *protocol.PollMember) {
					if turn < 40 {
						turn++
						reply.Keys = invent(turn, p, inForce)
						reply.More = true // ask again at once
					}
				})
				o.Signs(o.Log(""), aSubject("wake up"))
				time.Sleep(10 * time.Second) // simulated
				o.Lies(nil)
				for range 12 {
					o.Signs(o.Log(""), authority.Rekey{})
					time.Sleep(time.Minute) // simulated
				}
				s := &siege{simLAN: l, room: o.Room()}
				rings := make(map[uint64]protocol.Key)
				for _, m := range []string{"bob", "dave"} {
					s.peek(m, func(r *room) {
						epochs := r.keys.Epochs()
						if n := int(r.state().Epoch()); len(epochs) > n || epochs[len(epochs)-1] > r.state().Epoch() {
							t.Errorf("%s has %d keys, the last of epoch %d, and the log has %d epochs", m, len(epochs), epochs[len(epochs)-1], n)
						}
						for _, e := range epochs {
							k, _ := r.keys.Get(e)
							if other, ok := rings[e]; ok && other != k {
								t.Errorf("two members have two keys of epoch %d", e)
							}
							rings[e] = k
						}
					})
				}
				s.says("bob", "can you read this?")
				s.shows("dave", "can you read this?")
			})
		})
	}
}
