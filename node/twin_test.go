package node

import (
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
)

// copied puts a copy of nick's data directory onto another machine. The node must not run.
func (s *street) copied(nick, other string) {
	s.t.Helper()
	s.keys[other] = s.keys[nick]
	s.copyDir(filepath.Join(s.dir, nick), filepath.Join(s.dir, other))
}

// twinTold waits until nick's person has been told of a twin.
func (s *street) twinTold(nick string) {
	s.t.Helper()
	until(s.subs[nick], func(w Warning) bool { return w.Code == "twin" })
}

// refusesOrders checks that nick decides nothing in lab, and says why.
func (s *street) refusesOrders(nick string) {
	s.t.Helper()
	subject := "by " + nick
	if _, err := s.nodes[nick].Policy(s.ctx(), "lab", PolicyChange{Subject: &subject}); err == nil || AsError(err).Reason != fault.Twin {
		s.t.Errorf("%s changes the subject: %v", nick, err)
	}
	if _, err := s.nodes[nick].Kick(s.ctx(), "lab", "carol", ""); err == nil || AsError(err).Reason != fault.Twin {
		s.t.Errorf("%s kicks: %v", nick, err)
	}
}

// oneRoom checks that nobody has seen the room split, and that nobody was put out of it.
func (s *street) oneRoom() {
	s.t.Helper()
	for nick, sub := range s.subs {
		for _, ev := range sub.drain() {
			switch b := ev.Body.(type) {
			case Warning:
				if b.Code == "frozen" {
					s.t.Errorf("%s: %s", nick, b.Text)
				}
			case Removed, Refused:
				s.t.Errorf("%s: %+v", nick, b)
			}
		}
	}
}

// TestTwinsOfAnOwner: a copy of the owner's data directory is started while the owner runs, or both are started after one another,
// with members in reach or without. Each is told of the other, and neither signs anything while both run. Then one of them ends, and
// the other goes on in the same room.
func TestTwinsOfAnOwner(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin func(*street)
		stays string // the one that goes on
	}{
		{"the copy comes second, and ends", func(s *street) {
			s.copied("alice", "alice2")
			s.start("alice")
			s.allHave("alice")
			s.start("alice2")
		}, "alice"},
		{"the copy comes second, and stays", func(s *street) {
			s.copied("alice", "alice2")
			s.start("alice")
			s.allHave("alice")
			s.start("alice2")
		}, "alice2"},
		{"both start at once", func(s *street) {
			s.copied("alice", "alice2")
			s.start("alice")
			s.start("alice2")
		}, "alice2"},
		{"both start at once, with nobody in reach", func(s *street) {
			s.copied("alice", "alice2")
			s.stop("bob")
			s.stop("carol")
			s.start("alice")
			s.start("alice2")
			time.Sleep(10 * time.Second) // simulated
			s.start("bob")
			s.start("carol")
		}, "alice"},
		{"the copy lacks decisions", func(s *street) {
			s.copied("alice", "alice2")
			subject := "later"
			must(s.start("alice").Policy(s.ctx(), "lab", PolicyChange{Subject: &subject}))
			must(s.start("dave").Join(s.ctx(), JoinOptions{Room: "lab"}))
			s.allHave("alice")
			s.start("alice2")
		}, "alice2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				s.threeInTheLab()
				s.stop("alice")
				c.begin(s)
				for _, nick := range []string{"alice", "alice2"} {
					s.twinTold(nick)
				}
				for _, nick := range []string{"alice", "alice2"} {
					s.refusesOrders(nick)
				}
				if rooms := must(s.nodes["alice2"].Rooms(s.ctx())); len(rooms) != 1 || !rooms[0].Mine {
					t.Errorf("the rooms of the copy are %+v", rooms)
				}
				if j, err := s.nodes["alice2"].Join(s.ctx(), JoinOptions{Room: "lab"}); err == nil && !j.Resumed || err != nil && AsError(err).Reason != fault.Twin {
					t.Errorf("the copy enters its room: %+v, %v", j, err)
				}
				time.Sleep(time.Minute) // simulated
				s.oneRoom()
				for _, nick := range []string{"alice", "alice2"} {
					s.refusesOrders(nick)
				}
				for _, nick := range []string{"alice", "alice2"} {
					if nick != c.stays {
						s.stop(nick)
					}
				}
				until(s.subs[c.stays], func(w Warning) bool { return w.Code == "twin_gone" })
				subject := "one again"
				for must(s.nodes[c.stays].Rooms(s.ctx())); ; time.Sleep(time.Second) { // simulated
					if _, err := s.nodes[c.stays].Policy(s.ctx(), "lab", PolicyChange{Subject: &subject}); err == nil {
						break
					}
				}
				for must(s.nodes["bob"].Policy(s.ctx(), "lab", PolicyChange{})).Subject != subject {
					time.Sleep(time.Second) // simulated
				}
				must(s.nodes["carol"].Say(s.ctx(), "lab", "all as before", false))
				until(s.subs[c.stays], func(m Message) bool { return m.Text == "all as before" })
				s.oneRoom()
			})
		})
	}
}

// TestTwinPutsNobodyOut: a copy of the owner's data that knows nothing of a member, or of the whole room, refuses nobody: the room is
// the other node's, or was this one's before its disk was put back.
func TestTwinPutsNobodyOut(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.threeInTheLab()
		s.stop("alice")
		s.copied("alice", "alice2")
		alice := s.start("alice")
		must(alice.Create(s.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
		dave := s.start("dave")
		for _, room := range []string{"lab", "den"} {
			must(dave.Join(s.ctx(), JoinOptions{Room: room}))
		}
		s.allHave("alice")
		s.start("alice2")
		s.twinTold("alice2")
		s.twinTold("alice")
		s.stop("alice")
		time.Sleep(2 * time.Minute) // simulated: dave asks the copy
		s.oneRoom()
		must(dave.Say(s.ctx(), "lab", "still in", false))
		until(s.subs["alice2"], func(m Message) bool { return m.Text == "still in" })
	})
}

// TestOldDiskBeforeTheOnlyMember: the owner's disk is put back to before the room's only member came. The member is no stranger: it
// has the records.
func TestOldDiskBeforeTheOnlyMember(t *testing.T) {
	onAStreet(t, func(s *street) {
		must(s.start("alice").Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		s.stop("alice")
		s.keepDisk("alice")
		s.start("alice")
		must(s.start("bob").Join(s.ctx(), JoinOptions{Room: "lab"}))
		s.allHave("alice")
		s.stop("alice")
		s.putBack("alice")
		s.start("alice")
		must(s.nodes["bob"].Say(s.ctx(), "lab", "still in", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "still in" })
		s.oneRoom()
	})
}

// TestRelayIsNoTwin: a stranger that announces our peer ID, and passes on to us what is sent to it, is no twin.
func TestRelayIsNoTwin(t *testing.T) {
	n := must(New(Config{Nick: "alice", Listen: []string{"/ip4/127.0.0.1/tcp/0"}}))
	defer n.Close()
	other := must(New(Config{Nick: "bob", Listen: []string{"/ip4/127.0.0.1/tcp/0"}}))
	defer other.Close()
	relay := must(net.Listen("tcp4", "127.0.0.1:0"))
	defer relay.Close()
	own := must(manet.ToNetAddr(n.host.Network().ListenAddresses()[0]))
	go func() {
		for {
			in, err := relay.Accept()
			if err != nil {
				return
			}
			out := must(net.Dial("tcp4", own.String()))
			go func() { io.Copy(out, in); out.Close() }()
			go func() { io.Copy(in, out); in.Close() }()
		}
	}()
	at := must(manet.FromNetAddr(relay.Addr()))
	key := n.host.Peerstore().PrivKey(n.self)
	twin, another := twinAt(t, key), other.host.Network().ListenAddresses()[0]
	n.gate.TypeIn(at, twin, another)
	if err := n.provesTwin(t.Context(), at); err != errOurself {
		t.Errorf("the relay: %v", err)
	}
	if err := n.provesTwin(t.Context(), another); err == nil || err == errOurself {
		t.Errorf("another identity: %v", err)
	}
	if err := n.provesTwin(t.Context(), twin); err != nil {
		t.Errorf("a twin: %v", err)
	}
}

// twinAt is where another node with that key listens.
func twinAt(t *testing.T, key crypto.PrivKey) multiaddr.Multiaddr {
	t.Helper()
	g := lan.NewGate(nil, true)
	h := must(lan.NewHost(key, []string{"/ip4/127.0.0.1/tcp/0"}, append(g.Options(), libp2p.ResourceManager(g.Guard(must(newResourceManager()))))...))
	n := must(New(Config{Host: h, gate: g}))
	t.Cleanup(func() { n.Close() })
	if n.self != must(peer.IDFromPrivateKey(key)) {
		t.Fatal("it has another key")
	}
	return h.Network().ListenAddresses()[0]
}
