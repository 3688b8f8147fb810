package node

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/time/rate"

	"localchat/protocol"
)

// A mob is a number of hosts that attack one node, each on its own.
type mob struct {
	*street
	room  RoomInfo
	at    peer.AddrInfo
	hosts []host.Host
	// The admissions of those hosts that are members.
	admissions map[peer.ID]uint64
}

// gather makes the given number of hosts at each of the given number of addresses.
func (s *street) gather(room RoomInfo, addresses, each int) *mob {
	s.t.Helper()
	m := &mob{street: s, room: room, at: s.nodes["alice"].addrInfo(), admissions: make(map[peer.ID]uint64)}
	m.at.Addrs = s.nodes["alice"].host.Addrs()
	for a := range addresses {
		for i := range each {
			m.hosts = append(m.hosts, simHostAt(s.network, 100+a, 8000+i))
		}
	}
	return m
}

// enter makes all hosts members.
func (m *mob) enter() {
	m.t.Helper()
	for i, h := range m.hosts {
		var reply protocol.JoinReply
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		must(struct{}{}, h.Connect(ctx, m.at))
		st := must(h.NewStream(ctx, m.at.ID, protocol.JoinID))
		must(struct{}{}, protocol.WriteFrame(st, &protocol.JoinRequest{Room: m.room.ID, Nick: fmt.Sprint("mallory", i)}))
		must(struct{}{}, protocol.ReadFrame(st, &reply))
		if reply.Code != protocol.JoinAdmitted {
			m.t.Fatalf("host %d is answered %+v", i, reply)
		}
		m.admissions[h.ID()] = reply.Admission
		st.Reset()
		cancel()
	}
}

// request is a valid request, a different one each time.
func (m *mob) request(h host.Host, id libprotocol.ID) protocol.Frame {
	room := m.room.ID
	nonce := protocol.Nonce{byte(rand.Uint32()), byte(rand.Uint32()), 1}
	switch id {
	case protocol.PollID:
		if rand.N(2) == 0 {
			room = protocol.RoomID{byte(rand.Uint32()), byte(rand.Uint32()), 2}
		}
		return &protocol.PollAsk{Request: &protocol.PollRequest{Room: room, Admission: max(m.admissions[h.ID()], 1), Nonce: nonce}}
	case protocol.JoinID:
		return &protocol.JoinRequest{Room: room, Nick: fmt.Sprint("m", rand.N(1000)), Token: protocol.Token{byte(rand.Uint32()), byte(rand.Uint32()), 3}, Nonce: nonce}
	case protocol.AskID:
		return &protocol.AskRequest{Room: room, Invite: &protocol.AskInvite{Expires: time.Hour}}
	case protocol.OrderID:
		return &protocol.OrderRequest{Room: room, Kind: protocol.OrderKick, Peer: h.ID()}
	case protocol.SyncID:
		return &protocol.SyncRequest{Room: room}
	case protocol.PassID:
		return &protocol.PassRequest{Room: room, Line: []byte("hello")}
	case protocol.TellID:
		return &protocol.TellRequest{Room: room, ID: [16]byte{byte(rand.Uint32()), 4}, Text: "psst", At: time.Now()}
	}
	return &protocol.RoomsRequest{}
}

// The ways to attack with one stream. A stream that is returned is kept open.
var mobAttacks = map[string]func(m *mob, h host.Host, s network.Stream, id libprotocol.ID) (keep bool){
	"nothing": func(_ *mob, _ host.Host, s network.Stream, id libprotocol.ID) bool {
		_, err := s.Write(nil) // only the name of its protocol
		return err == nil
	},
	"one byte": func(_ *mob, _ host.Host, s network.Stream, _ libprotocol.ID) bool {
		_, err := s.Write([]byte{0x20})
		return err == nil
	},
	"half": func(_ *mob, _ host.Host, s network.Stream, _ libprotocol.ID) bool { return s.CloseWrite() == nil },
	"end":  func(_ *mob, _ host.Host, s network.Stream, _ libprotocol.ID) bool { return s.Reset() != nil },
	"not reading": func(m *mob, h host.Host, s network.Stream, id libprotocol.ID) bool {
		return protocol.WriteFrame(s, m.request(h, id)) == nil
	},
	"asking on": func(m *mob, h host.Host, s network.Stream, id libprotocol.ID) bool {
		for range 20 {
			if protocol.WriteFrame(s, m.request(h, id)) != nil {
				return false
			}
		}
		return true
	},
	"slowly": func(m *mob, h host.Host, s network.Stream, id libprotocol.ID) bool {
		var whole bytes.Buffer
		if protocol.WriteFrame(&whole, m.request(h, id)) != nil {
			return false
		}
		b := whole.Bytes()
		if len(b) < 3 {
			return true
		}
		_, err := s.Write(b[:len(b)-1])
		return err == nil
	},
}

// everything is any of them, by chance.
const everything = "everything"

// attack has each host of the mob open streams of all protocols, and some of no protocol, until ctx ends. It keeps the
// streams that it gets, and goes on.
func (m *mob) attack(ctx context.Context, h host.Host, how string) {
	do := mobAttacks[how]
	all := slices.Collect(maps.Values(mobAttacks))
	var open []network.Stream
	defer func() { resetAll(open) }()
	for ctx.Err() == nil {
		_ = h.Connect(ctx, m.at)
		for _, id := range ourProtocols {
			for range 3 {
				once, cancel := context.WithTimeout(network.WithNoDial(ctx, "attack"), 100*time.Millisecond)
				s, err := h.NewStream(once, m.at.ID, id)
				cancel()
				if err != nil {
					break
				}
				_ = s.SetDeadline(time.Now().Add(time.Second))
				if how == everything {
					do = all[rand.N(len(all))]
				}
				if do(m, h, s, id) {
					open = append(open, s)
				}
			}
		}
		for _, c := range h.Network().ConnsToPeer(m.at.ID) {
			if s, err := c.NewStream(ctx); err == nil {
				_, _ = s.Write([]byte{19}) // it does not name its protocol
				open = append(open, s)
			}
		}
		if len(open) > 1000 {
			resetAll(open[:500])
			open = slices.Delete(open, 0, 500)
		}
		select {
		case <-time.After(300 * time.Millisecond): // simulated
		case <-ctx.Done():
		}
	}
}

// median is how long a line of bob's takes to reach alice.
func (s *street) median() time.Duration {
	s.t.Helper()
	var took []time.Duration
	for i := range 15 {
		text := fmt.Sprint("line ", i, " ", rand.Uint64())
		begun := time.Now()
		must(s.nodes["bob"].Say(s.t.Context(), s.roomID(), text, false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == text })
		took = append(took, time.Since(begun))
		time.Sleep(200 * time.Millisecond) // simulated
	}
	slices.Sort(took)
	return took[len(took)/2]
}

func (s *street) roomID() string {
	s.t.Helper()
	return must(s.nodes["alice"].Rooms(s.t.Context()))[0].ID.String()
}

// TestFloods: the room holds while a mob attacks its owner: lines are as fast as ever, a member that is restarted reaches its owner
// again, a kicked member is told, a newcomer gets in, and the owner hears of the flood once.
func TestFloods(t *testing.T) {
	type attackers struct {
		name            string
		addresses, each int
		members         bool
		ways            []string // none: each of them
	}
	for _, who := range some([]attackers{
		{"one stranger", 1, 1, false, []string{everything}},
		{"ten of one address", 1, 10, false, []string{everything}},
		{"ten addresses", 10, 1, false, nil},
		{"ten addresses at once", 10, 2, false, []string{everything}},
		{"one member", 1, 1, true, []string{everything}},
		{"ten members", 5, 2, true, nil},
	}, 1) {
		ways := who.ways
		if ways == nil {
			ways = slices.Sorted(maps.Keys(mobAttacks))
		}
		for _, how := range ways {
			t.Run(who.name+" "+how, func(t *testing.T) {
				onAStreet(t, func(s *street) {
					room := s.lab()
					for _, nick := range []string{"carol", "dave"} {
						must(s.start(nick).Join(s.t.Context(), JoinOptions{Room: room.ID.String()}))
					}
					m := s.gather(room, who.addresses, who.each)
					if who.members {
						m.enter()
					}
					time.Sleep(5 * time.Second) // simulated: the gossip forms
					quiet := s.median()
					ctx, cancel := context.WithCancel(context.Background())
					var wg sync.WaitGroup
					for _, h := range m.hosts {
						wg.Go(func() { m.attack(ctx, h, how) })
					}
					defer func() {
						cancel()
						wg.Wait()
						for _, h := range m.hosts {
							h.Close()
						}
					}()
					time.Sleep(8 * time.Second) // simulated: they have all they can get
					floods := 1
					if who.members && how == "half" {
						floods = 0 // a member may open this many
					}
					s.holdsUnder(room, quiet, floods)
				})
			})
		}
	}
}

// holdsUnder are the checks after every flood.
func (s *street) holdsUnder(room RoomInfo, quiet time.Duration, due int) {
	s.t.Helper()
	if now := s.median(); now > 2*quiet {
		s.t.Errorf("a line takes %v, and %v when all is quiet", now, quiet)
	}
	s.stop("carol")
	begun := time.Now()
	s.start("carol")
	until(s.subs["carol"], func(j Joined) bool { return j.Resumed })
	if took := time.Since(begun); took > 5*time.Second {
		s.t.Errorf("carol reaches her owner again after %v", took)
	}
	begun = time.Now()
	must(s.nodes["alice"].Kick(s.t.Context(), room.ID.String(), "dave", "too loud"))
	until(s.subs["dave"], func(r Removed) bool { return r.Text == "too loud" })
	if took := time.Since(begun); took > time.Second {
		s.t.Errorf("dave is told after %v", took)
	}
	begun = time.Now()
	invite := must(s.nodes["alice"].Invite(s.t.Context(), room.ID.String(), "erin", time.Hour))
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if _, err := s.start("erin").Join(ctx, JoinOptions{Invite: invite.Text, Nick: "erin"}); err != nil {
		s.t.Errorf("erin was invited, but: %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		s.t.Errorf("erin is in after %v", took)
	}
	floods := 0
	for _, w := range allOf[Warning](s.subs["alice"]) {
		if w.Code == "flood" {
			floods++
			if !strings.Contains(w.Text, "too much to this node") || w.Peer == "" {
				s.t.Errorf("alice is told %+v", w)
			}
		}
	}
	if floods != due {
		s.t.Errorf("alice is told of %d floods, and %d are due", floods, due)
	}
	rm := resourcesOf(s.nodes["alice"].host)
	rm.mu.Lock()
	defer rm.mu.Unlock()
	if rm.ofStrangers.taken >= strangerStreams || rm.ofGuests.taken >= guestStreams/2 {
		s.t.Errorf("%d streams of strangers and %d of members", rm.ofStrangers.taken, rm.ofGuests.taken)
	}
}

// TestExcessLinesAreNotPassedOn: a line that its author may not say yet is not passed on, and a member can have a bounded amount
// passed on.
func TestExcessLinesAreNotPassedOn(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
		l.cut("alice", "bob")
		l.cut("carol", "bob")
		time.Sleep(pingEvery + pingTimeout) // simulated
		var said []protocol.Message
		must(ask(l.ctx(), bob, inLoop(func(lp *loop) {
			for _, r := range lp.rooms {
				key, _ := r.keys.Get(r.state().Epoch())
				for i := range 10 {
					must(r.outbox.send(protocol.Content{Kind: protocol.Say, Text: fmt.Sprint(i)}, key))
				}
				for _, ln := range r.talk.Of(bob.self) {
					said = append(said, ln.Msg)
				}
			}
		})))
		must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
			for id, r := range lp.rooms {
				pass := func(m protocol.Message) bool {
					reply := must(takePassed{visitor: visitor{peer: bob.self}, room: id, line: m, to: []peer.ID{carol.self}}.run(lp))
					return reply.OK && len(reply.Missed) == 0
				}
				r.talk.limit = keyed[peer.ID](budget{rate.Every(time.Hour), 3})
				for i, m := range said {
					if got, want := pass(m), i < 3; got != want {
						t.Errorf("line %d is passed on: %v", i, got)
					}
				}
				size := len(said[0].Raw())
				rest := budget{rate.Every(time.Hour), 3*size + 1}
				lp.relayShares = newShares(budget{rate.Every(time.Hour), 5*size + 1}, rest, rest)
				again := 0
				for range 20 {
					if pass(said[0]) { // it is here already, and costs bob nothing
						again++
					}
				}
				if again != 5+3 {
					t.Errorf("one line is passed on %d times", again)
				}
				// Another author has a share of its own, and no more.
				others := 0
				for range 20 {
					if lp.relayShares.allow(visitor{peer: carol.self}, size, lp.now()) {
						others++
					}
				}
				if others != 5 {
					t.Errorf("%d lines of another author are passed on", others)
				}
			}
		})))
	})
}

// TestStrangerPollsOnce: a stranger has streamTimeout for its request, and its stream ends with the refusal. A member can go on
// asking.
func TestStrangerPollsOnce(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice := l.start("alice")
		info := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		m := l.infiltrate(1, info)
		poll := &protocol.PollAsk{Request: &protocol.PollRequest{Room: protocol.RoomID{9}, Admission: 1, Nonce: protocol.Nonce{1}}}
		answers := func() (n int) {
			st := must(m.Host.NewStream(l.ctx(), alice.self, protocol.PollID))
			defer st.Reset()
			for range 10 {
				var reply protocol.PollReply
				if protocol.WriteFrame(st, poll) != nil || protocol.ReadFrame(st, &reply) != nil {
					break
				}
				n++
			}
			return n
		}
		if n := answers(); n != 1 {
			t.Errorf("a stranger is answered %d times on one stream", n)
		}
		st := must(m.Host.NewStream(l.ctx(), alice.self, protocol.PollID))
		must(st.Write([]byte{40}))
		begun := time.Now()
		_, err := st.Read(make([]byte, 1))
		if took := time.Since(begun); err == nil || took > streamTimeout+time.Second {
			t.Errorf("a silent stranger keeps its stream for %v: %v", took, err)
		}
		m.Join("mallory", protocol.Token{})
		if n := answers(); n != 10 {
			t.Errorf("a member is answered %d times on one stream", n)
		}
	})
}

// TestStrangersFramesAreBounded: a line that a stranger hands over to be passed on is read as often as the stranger may ask, and no
// oftener; the rest is refused unread. A member is served meanwhile.
func TestStrangersFramesAreBounded(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		info := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		m := l.infiltrate(2, info)
		const seconds = 5
		read := 0
		req := &protocol.PassRequest{Room: info.ID, Line: make([]byte, protocol.MaxMessage), To: []peer.ID{bob.self}}
		for begun := time.Now(); time.Since(begun) < seconds*time.Second; {
			var reply protocol.PassReply
			if m.Ask(alice.self, protocol.PassID, req, &reply) == nil {
				if read++; reply.OK {
					t.Fatal("a stranger's line is passed on")
				}
			}
			time.Sleep(time.Millisecond) // simulated
		}
		if most := passQuota.stranger.burst + seconds*int(passQuota.stranger.perSecond) + 1; read == 0 || read > most {
			t.Errorf("%d frames of a stranger are read in %d s, at most %d are due", read, seconds, most)
		}
		must(bob.Say(l.ctx(), "lab", "hello", false))
		until(l.subs["alice"], func(e Message) bool { return e.Text == "hello" })
	})
}

// knock knocks again and again, and gives up each time.
func (m *mob) knock(ctx context.Context, h host.Host, nick string) {
	for ctx.Err() == nil {
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		if h.Connect(once, m.at) == nil {
			if s, err := h.NewStream(once, m.at.ID, protocol.JoinID); err == nil {
				_ = protocol.WriteFrame(s, &protocol.JoinRequest{Room: m.room.ID, Nick: nick})
				<-once.Done()
				_ = s.Reset()
			}
		}
		<-once.Done()
		cancel()
	}
}

// TestCrowdAtTheDoor: however crowded the door, a peer that knocked before keeps its place, a peer at another address finds one, and
// the owner is not told more than a user can read.
func TestCrowdAtTheDoor(t *testing.T) {
	long(t)
	for _, c := range []struct{ addresses, each int }{{1, 1}, {1, 20}, {10, 10}} {
		t.Run(fmt.Sprintf("%d addresses, %d each", c.addresses, c.each), func(t *testing.T) {
			onAStreet(t, func(s *street) {
				access, never := AccessKnock, int64(0)
				room := must(s.start("alice").Create(s.t.Context(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &access, IdleS: &never}}))
				ctx, cancel := context.WithCancel(context.Background())
				var wg sync.WaitGroup
				join := func(nick string) chan error {
					n, in := s.start(nick), make(chan error, 1)
					wg.Go(func() {
						_, err := n.Join(ctx, JoinOptions{Room: room.ID.String(), Nick: nick})
						in <- err
					})
					until(s.subs["alice"], func(k Knock) bool { return k.Nick == nick })
					return in
				}
				bob := join("bob")
				m := s.gather(room, c.addresses, c.each)
				for i, h := range m.hosts {
					wg.Go(func() { m.knock(ctx, h, fmt.Sprint("mallory", i)) })
				}
				defer func() {
					cancel()
					wg.Wait()
					for _, h := range m.hosts {
						h.Close()
					}
				}()
				time.Sleep(time.Minute) // simulated
				for nick, in := range map[string]chan error{"bob": bob, "erin": join("erin")} {
					must(struct{}{}, s.nodes["alice"].Accept(s.t.Context(), room.ID.String(), nick))
					if err := <-in; err != nil {
						t.Errorf("%s: %v", nick, err)
					}
				}
				knocks, gone, more := count[Knock](s.subs["alice"]), count[KnockGone](s.subs["alice"]), 0
				for _, w := range allOf[Warning](s.subs["alice"]) {
					if strings.Contains(w.Text, "more knock from") {
						more++
					}
				}
				if most := 2 + c.addresses*(knocksTold+4); knocks > most || gone > most || more > 2 || c.each > 1 && more == 0 {
					t.Errorf("alice is told of %d knocks, at most %d are due, of %d that have gone, and %d times of more", knocks, most, gone, more)
				}
				for _, k := range must(s.nodes["alice"].Knocks(s.t.Context(), room.ID.String())) {
					if !strings.HasPrefix(k.Nick, "mallory") {
						t.Errorf("%s still waits", k.Nick)
					}
				}
			})
		})
	}
}
