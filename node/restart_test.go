package node

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/marcopolo/simnet"

	"localchat/authority"
	"localchat/node/internal/lan"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// A street is a simulated network whose nodes each have a disk and come and go. Each life of a node has another
// address, and the others find it there by a stand-in for mDNS.
type street struct {
	t       *testing.T
	network *simnet.Simnet
	links   *links
	keys    map[string]crypto.PrivKey
	dir     string
	lives   int
	sleepy  bool // the next life leaves the rooms of last time alone
	unread  bool // nobody reads the events of the nodes that start now

	mu    sync.Mutex // shared by the test and the nodes' discovery
	alive map[string]peer.AddrInfo
	says  map[peer.ID]string // what the nodes say of their rooms
	hears map[*mdns]bool     // the nodes' discoveries that run

	strangers atomic.Int32 // the hosts that looked for a twin

	nodes map[string]*Node
	subs  map[string]*watcher
}

func onAStreet(t *testing.T, f func(*street)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ls := &links{cut: make(map[[2]string]bool)}
		s := &street{
			t: t, network: &simnet.Simnet{LatencyFunc: ls.latency}, links: ls, dir: t.TempDir(),
			keys: make(map[string]crypto.PrivKey), alive: make(map[string]peer.AddrInfo), says: make(map[peer.ID]string), hears: make(map[*mdns]bool),
			nodes: make(map[string]*Node), subs: make(map[string]*watcher),
		}
		s.network.Start()
		defer func() {
			for nick := range s.nodes {
				s.stop(nick)
			}
			s.network.Close()
			time.Sleep(time.Minute) // simulated: blocked QUIC listeners go with their timers
		}()
		f(s)
	})
}

// start gives nick a new life on its disk.
func (s *street) start(nick string) *Node {
	s.t.Helper()
	if s.keys[nick] == nil {
		key, _, err := crypto.GenerateEd25519Key(random)
		if err != nil {
			s.t.Fatal(err)
		}
		s.keys[nick] = key
	}
	h := simHost(s.network, s.lives, libp2p.Identity(s.keys[nick]))
	stranger := func(g *lan.Gate) (host.Host, error) {
		return gatedHost(s.network, int(s.strangers.Add(1))+strangersFrom, 8000, g), nil
	}
	s.lives++
	s.mu.Lock()
	s.alive[nick] = peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()}
	s.mu.Unlock()
	n := must(New(Config{Nick: nick, DataDir: filepath.Join(s.dir, nick), NoResume: s.sleepy, Host: h, gate: gateOf(h), newCaller: stranger, Version: "test", Discovery: &mdns{s: s, nick: nick, self: h.ID(), news: make(chan struct{}, 1)}}))
	s.nodes[nick] = n
	if !s.unread {
		s.subs[nick] = watch(s.t, nick, n)
	}
	return n
}

func (s *street) stop(nick string) {
	s.mu.Lock()
	delete(s.alive, nick)
	s.mu.Unlock()
	if err := s.nodes[nick].Close(); err != nil {
		s.t.Error(err)
	}
	delete(s.nodes, nick)
}

// strangersFrom is the place on the network of the first host that looks for a twin: the nodes come before it.
const strangersFrom = 1000

// mdns hints at every live node, every few seconds, and at once when one says something new of its rooms.
type mdns struct {
	s    *street
	nick string
	self peer.ID
	twin func(peer.AddrInfo)
	said func(peer.ID, string)
	news chan struct{}
}

func (m *mdns) Announce(text string) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.s.says[m.self] = text
	if m.s.hears[m] {
		m.tell()
	}
}

// tell makes all nodes hear of this one now. The caller holds the lock.
func (m *mdns) tell() {
	for other := range m.s.hears {
		select {
		case other.news <- struct{}{}:
		default:
		}
	}
}

func (m *mdns) Hear(said func(peer.ID, string)) { m.said = said }

func (m *mdns) Tell(twin func(peer.AddrInfo), _ func(string)) { m.twin = twin }

func (m *mdns) Run(ctx context.Context, self func() peer.AddrInfo, found func(peer.AddrInfo), _ func(netip.Addr)) error {
	m.s.mu.Lock()
	m.s.hears[m] = true
	m.tell()
	m.s.mu.Unlock()
	defer func() {
		m.s.mu.Lock()
		defer m.s.mu.Unlock()
		delete(m.s.hears, m)
	}()
	for tick := time.NewTicker(5 * time.Second); ; {
		m.s.mu.Lock()
		said := maps.Clone(m.s.says)
		var others, twins []peer.AddrInfo
		for nick, ai := range m.s.alive {
			switch {
			case ai.ID != self().ID:
				others = append(others, ai)
			case nick != m.nick:
				twins = append(twins, ai)
			}
		}
		m.s.mu.Unlock()
		for _, ai := range others {
			if text, ok := said[ai.ID]; ok {
				m.said(ai.ID, text)
			}
			found(ai)
		}
		for _, ai := range twins {
			m.twin(ai)
		}
		select {
		case <-tick.C:
		case <-m.news:
		case <-ctx.Done():
			tick.Stop()
			return nil
		}
	}
}

func (*mdns) Hurry() {}

// cut lets nothing through between two nodes.
func (s *street) cut(a, b string) {
	s.links.mu.Lock()
	defer s.links.mu.Unlock()
	ip := func(nick string) string {
		_, addr, err := addrOf(s.alive[nick])
		if err != nil {
			s.t.Fatal(err)
		}
		return ipOf(addr)
	}
	x, y := ip(a), ip(b)
	s.links.cut[[2]string{x, y}], s.links.cut[[2]string{y, x}] = true, true
}

func (s *street) heal() {
	s.links.mu.Lock()
	defer s.links.mu.Unlock()
	clear(s.links.cut)
}

func addrOf(ai peer.AddrInfo) (peer.ID, net.Addr, error) {
	ip, err := ai.Addrs[0].ValueForProtocol(4) // ip4
	return ai.ID, &net.UDPAddr{IP: net.ParseIP(ip), Port: 8000}, err
}

// lab is alice's room, which does not close by itself, with bob in it.
func (s *street) lab() RoomInfo {
	s.t.Helper()
	alice, bob := s.start("alice"), s.start("bob")
	access, never := AccessOpen, int64(0)
	room := must(alice.Create(s.t.Context(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &access, IdleS: &never}}))
	must(bob.Join(s.ctx(), JoinOptions{Room: "lab"}))
	until(s.subs["alice"], func(m MemberJoined) bool { return m.Nick == "bob" })
	return room
}

func (s *street) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

// bobIsTold waits for the reason, and then a while to see that no second one comes.
func (s *street) bobIsTold(why string) Removed {
	s.t.Helper()
	r := until[Removed](s.subs["bob"], nil)
	if r.Kind != "kicked" || r.Text != why || r.ByNick != "alice" {
		s.t.Errorf("told %+v", r)
	}
	time.Sleep(time.Minute) // simulated
	if n, m := count[Removed](s.subs["bob"]), count[Refused](s.subs["bob"]); n != 1 || m != 0 {
		s.t.Errorf("told %d times, refused %d times: %s", n, m, s.subs["bob"].story())
	}
	return r
}

// TestOwnerComesBackElsewhere: the owner goes away for minutes before its kick has reached anybody, and comes back at another address.
// The member's poll goes on by itself, finds the owner, and is told why.
func TestOwnerComesBackElsewhere(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		s.cut("alice", "bob")
		must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", "too loud"))
		s.stop("alice")
		time.Sleep(5 * time.Minute) // simulated
		if count[OwnerUnreachable](s.subs["bob"]) == 0 || count[Removed](s.subs["bob"]) != 0 {
			t.Error("bob has seen", s.subs["bob"].story())
		}
		s.start("alice")
		s.bobIsTold("too loud")
	})
}

// TestOwnerAnnouncesItsEnd: an owner that ends in order says so: its members are told once, at once, that it has gone and that the
// room waits, and once that it is back. An owner whose cable is pulled is reported as unreachable.
func TestOwnerAnnouncesItsEnd(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		asked := time.Now()
		s.stop("alice")
		ended := time.Since(asked)
		gone := until[OwnerUnreachable](s.subs["bob"], nil)
		if !gone.Left || gone.Nick != "alice" || gone.ForS != 0 {
			t.Errorf("bob hears %+v", gone)
		}
		if took := time.Since(asked); ended >= farewellWait || took >= unreachableAfter {
			t.Errorf("the node took %s to end, and bob heard of it after %s", ended, took)
		}
		time.Sleep(5 * time.Minute) // simulated
		if n := count[OwnerUnreachable](s.subs["bob"]); n != 1 {
			t.Errorf("told %d times: %s", n, s.subs["bob"].story())
		}
		must(s.nodes["bob"].Say(s.ctx(), "lab", "still here", false))
		s.start("alice")
		until[OwnerBack](s.subs["bob"], nil)
		until(s.subs["alice"], func(m Message) bool { return m.Text == "still here" })

		s.cut("alice", "bob")
		if away := until[OwnerUnreachable](s.subs["bob"], func(e OwnerUnreachable) bool { return !e.Left }); away.ForS == 0 {
			t.Errorf("bob hears %+v", away)
		}
	})
}

// TestOwnerSleepsDuringKick: the owner's machine sleeps in the middle of a kick: it has been ordered and nothing has happened yet. On
// waking, the owner goes on.
func TestOwnerSleepsDuringKick(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		alice := s.nodes["alice"]
		wake := make(chan struct{})
		alice.post(asleep{wake})
		s.cut("alice", "bob")
		kicked := make(chan error, 1)
		go func() {
			_, err := alice.Kick(context.Background(), "lab", "bob", "too loud")
			kicked <- err
		}()
		time.Sleep(10 * time.Minute) // simulated
		s.heal()
		close(wake)
		if err := <-kicked; err != nil {
			t.Error(err)
		}
		s.bobIsTold("too loud")
	})
}

// asleep is a loop that does not run.
type asleep struct{ until chan struct{} }

func (e asleep) handle(*loop) { <-e.until }

// TestMemberComesBackWithItsNonce: a member's poll has the same nonce in its next life, until it has an answer.
func TestMemberComesBackWithItsNonce(t *testing.T) {
	onAStreet(t, func(s *street) {
		room := s.lab()
		before := must(ask(s.ctx(), s.nodes["bob"], seatOf{room.ID}))
		s.cut("alice", "bob")
		must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", "too loud"))
		for range 3 {
			s.stop("bob")
			time.Sleep(time.Hour) // simulated
			s.start("bob")
			s.cut("alice", "bob")
			if now := must(ask(s.ctx(), s.nodes["bob"], seatOf{room.ID})); now.Nonce != before.Nonce || now.Admission != before.Admission {
				t.Errorf("it asks %+v, and asked %+v", now, before)
			}
		}
		s.heal()
		s.bobIsTold("too loud")
		s.stop("bob")
		s.start("bob")
		time.Sleep(time.Minute) // simulated
		if story := s.subs["bob"].drain(); len(story) != 1 || story[0].Body.Type() != (RoomFound{}).Type() {
			t.Error("afterwards bob sees", s.subs["bob"].story())
		}
	})
}

type seatOf struct{ room RoomID }

func (q seatOf) run(l *loop) (authority.Seat, error) { return *l.rooms[q.room].membership.seat, nil }

// TestReasonsLastADay: a member that comes back within a day is told, a later one is refused. In the first five minutes of an owner's
// life nothing expires, so a day on which the owner was away is not lost.
func TestReasonsLastADay(t *testing.T) {
	const day, grace = authority.FailureLife, authority.ResumeGrace
	const dials = 10 * time.Second // the time that a node may take from its start to its first poll
	for _, c := range []struct {
		owner, member time.Duration // how long after the kick each comes back
		told          bool
	}{
		{day - grace - time.Minute, day - dials, true},
		{day - grace - time.Minute, day, false},
		{day - grace - time.Minute, day + time.Second, false},
		{day + time.Hour, day + time.Hour + grace - dials, true},
		// The owner looks for a twin before its first record.
		{day + time.Hour, day + time.Hour + twinLook + grace, false},
		{day + time.Hour, day + time.Hour + twinLook + grace + time.Second, false},
	} {
		t.Run(fmt.Sprintf("owner after %v, member after %v", c.owner, c.member), func(t *testing.T) {
			onAStreet(t, func(s *street) {
				s.lab()
				s.stop("bob")
				began := time.Now()
				must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", "too loud"))
				s.stop("alice")
				time.Sleep(time.Until(began.Add(c.owner))) // simulated, like all of this
				s.start("alice")
				time.Sleep(time.Until(began.Add(c.member)))
				s.start("bob")
				if c.told {
					s.bobIsTold("too loud")
					return
				}
				until[Refused](s.subs["bob"], nil)
				time.Sleep(time.Minute)
				if count[Removed](s.subs["bob"]) != 0 || count[Refused](s.subs["bob"]) != 1 {
					t.Error("bob has seen", s.subs["bob"].story())
				}
			})
		})
	}
}

// TestReasonWaitsForAFace: a reason that comes while no face listens waits for one, and so does a reason that a face has left in its
// queue. It is shown in as many lives as that takes, always as the same removal, and then never again.
func TestReasonWaitsForAFace(t *testing.T) {
	onAStreet(t, func(s *street) {
		room := s.lab()
		bob := s.nodes["bob"]
		s.subs["bob"].sub.Close()
		must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", "too loud"))
		until(s.subs["alice"], func(p RemovalProgress) bool { return p.Told })
		time.Sleep(time.Minute) // simulated
		blind := bob.Subscribe(SubscribeOptions{})
		time.Sleep(time.Minute) // and nobody reads it
		s.stop("bob")
		seen := (<-blind.Events()).Body.(Removed)

		bob = s.start("bob")
		r := s.bobIsTold("too loud")
		if r.Removal != seen.Removal || r.Removal == 0 {
			t.Errorf("told of removals %d and %d", seen.Removal, r.Removal)
		}
		if seats := must(ask(s.ctx(), bob, seatsKept{})); seats != 0 {
			t.Error("a seat is kept for a reason that was shown")
		}
		late := watch(t, "bob's second face", bob)
		if count[Removed](late) != 0 {
			t.Error("a second face is told what the first has read")
		}
		s.stop("bob")
		bob = s.start("bob")
		time.Sleep(time.Minute) // simulated
		if count[Removed](s.subs["bob"]) != 0 {
			t.Error("told again")
		}
		// Bob is in again, and the acknowledgement of his earlier membership comes to its end.
		must(bob.Join(s.ctx(), JoinOptions{Room: room.ID.String()}))
		bob.post(ackSent{room.ID})
		if seats := must(ask(s.ctx(), bob, seatsKept{})); seats != 1 {
			t.Error("the acknowledgement of an earlier membership has ended this one")
		}
	})
}

type seatsKept struct{}

func (seatsKept) run(l *loop) (int, error) {
	seats, err := l.store.Seats()
	return len(seats), err
}

// TestShownReasonIsOnlyAcknowledged: a reason that was shown in an earlier life has ended the place for good: only the acknowledgement
// is left, and the room can be joined.
func TestShownReasonIsOnlyAcknowledged(t *testing.T) {
	onAStreet(t, func(s *street) {
		room := s.lab()
		seat := must(ask(s.ctx(), s.nodes["bob"], seatOf{room.ID}))
		s.stop("bob")
		must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", "too loud"))
		reply := must(ask(s.ctx(), s.nodes["alice"], pollAs{s.nodes["alice"], peerOf(s.keys["bob"]), seat}))
		if !bytes.Equal(reply, must(ask(s.ctx(), s.nodes["alice"], pollAs{s.nodes["alice"], peerOf(s.keys["bob"]), seat}))) {
			t.Error("the same question has another answer")
		}
		seat.Kept, seat.Shown = reply, true
		st := must(store.Open(filepath.Join(s.dir, "bob")))
		if err := st.SaveSeat(room.ID, store.Seat{Seat: seat, Name: "lab", Nick: "bob", Addrs: formatAddrs(s.nodes["alice"].host.Addrs())}); err != nil {
			t.Fatal(err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		bob := s.start("bob")
		until(s.subs["alice"], func(p RemovalProgress) bool { return p.Told })
		time.Sleep(time.Minute) // simulated; a kicked peer must stay out this long
		if seats := must(ask(s.ctx(), bob, seatsKept{})); seats != 0 || count[Removed](s.subs["bob"]) != 0 {
			t.Errorf("%d seats, and bob sees %s", seats, s.subs["bob"].story())
		}
		must(bob.Join(s.ctx(), JoinOptions{Room: "lab"}))
	})
}

func peerOf(key crypto.PrivKey) peer.ID { return must(peer.IDFromPrivateKey(key)) }

// pollAs has the owner answer a peer's poll, and loses the answer.
type pollAs struct {
	n    *Node
	peer peer.ID
	seat authority.Seat
}

func (q pollAs) run(l *loop) ([]byte, error) {
	r := l.rooms[q.seat.Room]
	reply := make(chan protocol.PollReply, 1)
	r.desk.answerPoll(q.peer, heldPoll{
		req:   protocol.PollRequest{Room: q.seat.Room, Nonce: q.seat.Nonce, Admission: q.seat.Admission},
		since: l.now(), reply: reply,
	})
	return (<-reply).Reason, nil
}

// TestNumbersOutliveDisk: a member comes back without the disk of its earlier life, or with an old one. Its first line, however soon
// it is said, does not reuse a number of that life: a member with the earlier line would never take the new one.
func TestNumbersOutliveDisk(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		must(s.nodes["bob"].Say(s.ctx(), "lab", "in an earlier life", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "in an earlier life" })
		must(none{}, s.nodes["bob"].Leave(s.ctx(), "lab"))
		s.stop("bob")
		must(none{}, os.RemoveAll(filepath.Join(s.dir, "bob")))
		bob := s.start("bob")
		must(bob.Join(s.ctx(), JoinOptions{Room: "lab"}))
		must(bob.Say(s.ctx(), "lab", "in this one", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "in this one" })
	})
}
