package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/encoding/protodelim"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// A trickle is something that one host of a mob sends again and again: too much of it, but within its budgets, or
// something for which no reply shows that it arrived.
type trickle struct {
	every time.Duration // for a stranger; a member sends four times as fast
	send  func(m *mob, h host.Host, s network.Stream)
	on    libprotocol.ID // the protocol of its streams; "": none is agreed on
	told  thing
	who   string // members, strangers, or both
}

// ask sends a frame and reads part of the answer.
func (m *mob) ask(s network.Stream, req protocol.Frame) {
	if protocol.WriteFrame(s, req) == nil {
		_, _ = s.Read(make([]byte, 1<<16))
	}
}

var trickles = map[string]trickle{
	"streams that end at once": {100 * time.Millisecond, nil, "", anUnspokenStream, "both"},
	"one ping after the other on a stream": {time.Second, func(_ *mob, _ host.Host, s network.Stream) {
		var b [32]byte
		for range 50 {
			if _, err := s.Write(b[:]); err != nil {
				return
			}
			if _, err := s.Read(b[:]); err != nil {
				return
			}
		}
	}, pingID, aPing, "both"},
	"comparisons": {time.Second, func(m *mob, _ host.Host, s network.Stream) {
		m.ask(s, &protocol.SyncRequest{Room: m.room.ID, News: true})
	}, protocol.SyncID, aComparison, "members"},
	"lines to pass on that are none": {250 * time.Millisecond, func(m *mob, _ host.Host, s network.Stream) {
		m.ask(s, &protocol.PassRequest{Room: m.room.ID, Line: []byte("hello")})
	}, protocol.PassID, aPass, "members"},
	"frames that are none": {250 * time.Millisecond, func(_ *mob, _ host.Host, s network.Stream) {
		_, _ = s.Write([]byte{4, 0xff, 0xff, 0xff, 0xff})
		_, _ = s.Read(make([]byte, 1))
	}, protocol.RoomsID, aRequest, "both"},
	"the longest direct messages": {200 * time.Millisecond, func(m *mob, _ host.Host, s network.Stream) {
		m.ask(s, &protocol.TellRequest{Room: m.room.ID, ID: [16]byte{1}, Text: strings.Repeat("x", protocol.MaxText), At: time.Now()})
	}, protocol.TellID, aDirectMessage, "members"},
	"gossip of strangers": {500 * time.Millisecond, func(_ *mob, _ host.Host, s network.Stream) {
		rpc := &pb.RPC{}
		for i := range 50 {
			topic, yes := fmt.Sprint(i), true
			rpc.Subscriptions = append(rpc.Subscriptions, &pb.RPC_SubOpts{Subscribe: &yes, Topicid: &topic})
		}
		for range 3 {
			_, _ = protodelim.MarshalTo(s, rpc)
		}
		time.Sleep(300 * time.Millisecond) // simulated: they are read
	}, "gossip", aGossip, "strangers"},
}

// run sends until ctx ends.
func (tr trickle) run(ctx context.Context, m *mob, h host.Host) {
	on, every := tr.on, tr.every
	if len(m.admissions) > 0 {
		every /= 4
	}
	if on == "gossip" {
		on = protocol.GossipID(m.room.ID)
	}
	for ctx.Err() == nil {
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		if h.Connect(once, m.at) == nil {
			for _, c := range h.Network().ConnsToPeer(m.at.ID)[:1] {
				if on == "" {
					if s, err := c.NewStream(once); err == nil {
						_, _ = s.Write([]byte{19})
						_ = s.Reset()
					}
				} else if s, err := h.NewStream(network.WithNoDial(once, "trickle"), m.at.ID, on); err == nil {
					_ = s.SetDeadline(time.Now().Add(time.Second))
					tr.send(m, h, s)
					_ = s.Reset()
				}
			}
		}
		cancel()
		select {
		case <-time.After(every): // simulated
		case <-ctx.Done():
		}
	}
}

// TestEveryFloodIsReported: traffic that is refused, dropped, or useless counts, whatever it is and whichever check stops it: the user
// hears once of a flood from one member, and once of one from twenty strangers at ten addresses.
func TestEveryFloodIsReported(t *testing.T) {
	long(t)
	for name, tr := range trickles {
		for _, members := range []bool{true, false} {
			if members && tr.who == "strangers" || !members && tr.who == "members" {
				continue
			}
			t.Run(fmt.Sprint(name, ", members: ", members), func(t *testing.T) {
				onAStreet(t, func(s *street) {
					room := s.lab()
					var m *mob
					if members {
						m = s.gather(room, 1, 1)
						m.enter()
					} else {
						m = s.gather(room, 10, 2)
					}
					ctx, cancel := context.WithCancel(context.Background())
					var wg sync.WaitGroup
					for _, h := range m.hosts {
						wg.Go(func() { tr.run(ctx, m, h) })
					}
					defer func() {
						cancel()
						wg.Wait()
						for _, h := range m.hosts {
							h.Close()
						}
					}()
					for range 40 {
						time.Sleep(time.Second) // simulated
						s.subs["alice"].drain()
					}
					var told []Warning
					for _, w := range allOf[Warning](s.subs["alice"]) {
						if w.Code == "flood" {
							told = append(told, w)
						}
					}
					from := "strangers at "
					if members {
						from = "mallory0 (" + endOf(m.hosts[0].ID())
					}
					if len(told) != 1 || !strings.Contains(told[0].Text, thingKinds[tr.told].name) || !strings.HasPrefix(told[0].Text, from) {
						t.Errorf("alice is told of %+v", told)
					}
				})
			})
		}
	}
}

// noFloods fails if any of the nodes reported a flood.
func noFloods(t *testing.T, when string, subs map[string]*watcher) {
	t.Helper()
	for nick, w := range subs {
		for _, told := range allOf[Warning](w) {
			if told.Code == "flood" {
				t.Errorf("%s: %s is told: %s", when, nick, told.Text)
			}
		}
	}
}

// TestOrdinaryUseIsNoFlood: none of these is a flood: a room in which people talk without a pause, paste logs and send each other long
// texts; a laptop that comes and goes, and is restarted; a crowd at the door, many of which give up.
func TestOrdinaryUseIsNoFlood(t *testing.T) {
	long(t)
	onAStreet(t, func(s *street) {
		access, never := AccessKnock, int64(0)
		alice := s.start("alice")
		room := must(alice.Create(s.t.Context(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &access, IdleS: &never}}))
		in := make(chan error, 64)
		for i := range 16 {
			nick := fmt.Sprint("guest", i)
			n := s.start(nick)
			go func() {
				_, err := n.Join(s.ctx(), JoinOptions{Room: room.ID.String(), Nick: nick})
				in <- err
			}()
		}
		// As many again look at the rooms, knock, and give up.
		m := s.gather(room, 16, 1)
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		var crowd sync.WaitGroup
		for i, h := range m.hosts {
			crowd.Go(func() { m.knock(ctx, h, fmt.Sprint("visitor", i)) })
		}
		time.Sleep(10 * time.Second) // simulated
		for i := range 16 {
			must(struct{}{}, alice.Accept(s.ctx(), room.ID.String(), fmt.Sprint("guest", i)))
		}
		for range 16 {
			if err := <-in; err != nil {
				t.Fatal(err)
			}
		}
		crowd.Wait()
		for _, h := range m.hosts {
			h.Close()
		}
		noFloods(t, "a crowd at the door", s.subs)

		var talk sync.WaitGroup
		for i := range 4 {
			n := s.nodes[fmt.Sprint("guest", i)]
			talk.Go(func() {
				for j := range 300 {
					must(n.Say(s.t.Context(), "lab", fmt.Sprint("line ", j), false))
					time.Sleep(10 * time.Millisecond) // simulated
				}
				for range 5 {
					must(n.Say(s.t.Context(), "lab", strings.Repeat("a log\n", protocol.MaxText/6), false))
					must(n.Tell(s.t.Context(), "lab", "alice", strings.Repeat("x", protocol.MaxText)))
				}
				for j := range 100 {
					must(n.Tell(s.t.Context(), "lab", "alice", fmt.Sprint("psst ", j)))
				}
			})
		}
		talk.Wait()
		time.Sleep(5 * time.Second) // simulated
		noFloods(t, "a busy room", s.subs)

		for range 4 {
			for i := 1; i < 16; i++ {
				s.cut("guest0", fmt.Sprint("guest", i))
			}
			s.cut("guest0", "alice")
			time.Sleep(8 * time.Second) // simulated
			s.heal()
			time.Sleep(4 * time.Second) // simulated
			s.stop("guest0")
			s.start("guest0")
			time.Sleep(2 * time.Second) // simulated
		}
		noFloods(t, "a laptop that comes and goes", s.subs)
	})
}

// TestDirectMessagesAreBounded: with direct messages, one peer, ten identities at one address, ten addresses, and more members than a
// room can have say as much as they can. The total has its bound, and a member that has said nothing yet is heard.
func TestDirectMessagesAreBounded(t *testing.T) {
	longest := sayCost(strings.Repeat("x", protocol.MaxText))
	for _, cost := range []int{1, longest} {
		d := newDirects()
		fill := func(who visitor) (n int) {
			for d.allow(who, cost, lawStart) {
				n += cost
			}
			return n
		}
		heard := func(when string, who visitor) {
			if !d.allow(who, longest, lawStart) {
				t.Errorf("%s a member that has said nothing is not heard", when)
			}
		}
		if n := fill(member(0, 0)); n > directBurst+addressDirectBurst || n < addressDirectBurst {
			t.Errorf("one member says %d", n)
		}
		heard("while another at its address talks,", member(-1, 0))
		all := 0
		for i := range 10 {
			all += fill(member(1+i, 0))
		}
		if all > 10*directBurst {
			t.Errorf("ten more members at its address say %d", all)
		}
		heard("while ten at its address talk,", member(-2, 0))
		all = 0
		for i := range 10 {
			all += fill(member(100+i, 1+i))
		}
		if most := 10*directBurst + allDirectBurst; all > most || all < allDirectBurst/2 {
			t.Errorf("members at ten addresses say %d, at most %d are due", all, most)
		}
		heard("while ten addresses talk,", member(-3, 1))
		heard("while ten addresses talk,", member(-4, 99))
		late := lawStart.Add(time.Hour)
		if d.sweep(late); d.own.Len()+d.address.Len() > 0 {
			t.Error("budgets of silent members are kept")
		}
	}
}

// TestEventsHoldNoMoreTextThanARoom: a subscriber that reads nothing holds no more text in memory than a room may keep, and is told
// how much it has missed.
func TestEventsHoldNoMoreTextThanARoom(t *testing.T) {
	text := strings.Repeat("x", protocol.MaxText)
	for _, body := range []EventBody{Direct{Text: text}, Message{Text: text}} {
		s := &Subscription{Queue: NewQueue()}
		pushed := 0
		for range EventQueue {
			if s.push(Event{Body: body}) {
				pushed++
			}
		}
		if size := pushed * len(text); size > eventBytes || size < eventBytes/2 {
			t.Errorf("%d bytes of text wait", size)
		}
		for range 3 {
			<-s.c
		}
		if !s.push(Event{Body: body}) {
			t.Error("no event is taken after some were read")
		}
		for len(s.c) > 2 {
			<-s.c
		}
		if g, ok := (<-s.c).Body.(Gap); !ok || g.Lost != EventQueue-pushed {
			t.Errorf("told %+v", g)
		}
		for s.push(Event{Body: body}) {
			<-s.c
			if s.held > eventBytes || pushed > 10*EventQueue {
				break
			}
			pushed++
		}
		if pushed <= 10*EventQueue {
			t.Error("a reader that takes everything is told nothing in the end")
		}
	}
}

// TestConnectionsFromElsewhereCount: connections from other networks count, whether libp2p asks the gater (TCP) or the resource
// manager (QUIC).
func TestConnectionsFromElsewhereCount(t *testing.T) {
	for name, connect := range map[string]func(g *lan.Gate){
		"TCP": func(g *lan.Gate) { g.InterceptAccept(callerFrom("/ip4/203.0.113.7/tcp/4001")) },
		"QUIC": func(g *lan.Gate) {
			_, _ = g.Guard(nil).OpenConnection(network.DirInbound, false, multiaddr.StringCast("/ip4/203.0.113.7/udp/4001/quic-v1"))
		},
	} {
		g, a := lan.NewGate(simNetworks, false), bareAdmission()
		connect(g) // there is no node yet
		g.OnRefusal(a.refuseFrom)
		for range floodFrom {
			connect(g)
		}
		if fs := a.floods.due(lawStart); len(fs) != 1 || !slices.Equal(fs[0].addrs, []string{"203.0.113.7"}) || !slices.Equal(fs[0].things, []string{"connections"}) {
			t.Errorf("%s: told %+v", name, fs)
		}
	}
}

// callerFrom is a connection from that address.
type callerFrom string

func (callerFrom) LocalMultiaddr() multiaddr.Multiaddr    { return nil }
func (c callerFrom) RemoteMultiaddr() multiaddr.Multiaddr { return multiaddr.StringCast(string(c)) }

// TestLinesToPassOnAreBounded: lines that members hand over to be passed on are bounded for a member, for an address, and for all. The
// excess of a member is refused and counts, and the member keeps its connections.
func TestLinesToPassOnAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission()
		fill := func(who visitor) (n int) {
			for n < 1<<16 && a.mayPass(who, 0) {
				n++
			}
			return n
		}
		all := 0
		for i := range 10 { // at one address
			all += fill(member(i, 0))
		}
		if most := 10*directBurst + addressDirectBurst; all > most || all < addressDirectBurst {
			t.Errorf("members at one address hand over %d", all)
		}
		for i := range 10 {
			all += fill(member(10+i, 1+i))
		}
		if most := 20*directBurst + allDirectBurst; all > most {
			t.Errorf("members at eleven addresses hand over %d, at most %d are due", all, most)
		}
		if !a.mayPass(member(-1, 0), protocol.MaxMessage) {
			t.Error("a member that has handed over nothing is not heard")
		}
		for range 10_000 {
			fill(member(0, 0))
		}
		if due := a.floods.due(lawStart); len(due) != 1 || !slices.Equal(due[0].things, []string{"lines to pass on"}) || len(a.n.inbox) > 0 {
			t.Errorf("reported %+v, and %d connections are closed", due, len(a.n.inbox))
		}
	})
}
