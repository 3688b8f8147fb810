package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// live bounds the time of a line that is not fetched later: a few round trips of the simulated network, with no
// heartbeat, comparison or retry.
const live = 100 * time.Millisecond

// heardAfter is how long after at the node was shown a line; false if it has not been shown yet.
func (l *simLAN) heardAfter(who, text string, at time.Time) (time.Duration, bool) {
	for _, ev := range l.subs[who].drain() {
		if m, ok := ev.Body.(Message); ok && m.Text == text {
			return ev.Time.Sub(at), true
		}
	}
	return 0, false
}

// hearLive has one member say a line, and checks that all of the others hear it at once.
func (l *simLAN) hearLive(from, text string, all ...string) {
	l.t.Helper()
	at := time.Now()
	must(l.nodes[from].Say(l.ctx(), "lab", text, false))
	time.Sleep(live) // simulated
	for _, who := range all {
		if after, ok := l.heardAfter(who, text, at); !ok || after > live {
			l.t.Errorf("%s heard %q after %v, %v", who, text, after, ok)
		}
	}
}

// fillRoom makes a room of so many nodes, n0 its owner, each entering in turn.
func (l *simLAN) fillRoom(members int, entered func(names []string)) []string {
	l.t.Helper()
	var names []string
	for i := range members {
		names = append(names, fmt.Sprint("n", i))
		l.start(names[i])
	}
	room := must(l.nodes["n0"].Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	for i := 1; i < members; i++ {
		must(l.nodes[names[i]].Join(l.ctx(), JoinOptions{Room: room.ID.String()}))
		if entered != nil {
			entered(names[:i+1])
		}
	}
	return names
}

// TestNewcomerIsHeardAtOnce: a newcomer's line, said in the moment in which it is let in, is heard by all, also by members that it has
// no connection to yet, and it hears their lines.
func TestNewcomerIsHeardAtOnce(t *testing.T) {
	simulate(t, 8, func(l *simLAN) {
		l.fillRoom(8, func(names []string) {
			newcomer := names[len(names)-1]
			l.hearLive(newcomer, "hello from "+newcomer, names...)
			for _, n := range names {
				l.hearLive(n, n+" welcomes "+newcomer, names...)
			}
		})
	})
}

// A caller is a host that counts the gossip streams that it opens, and opens none while it is mute.
type caller struct {
	host.Host
	mute   atomic.Bool
	opened atomic.Int64
}

func (h *caller) NewStream(ctx context.Context, p peer.ID, ids ...protocolID) (network.Stream, error) {
	gossip := strings.HasPrefix(string(ids[0]), "/localchat/room/")
	if gossip && h.mute.Load() {
		return nil, errors.New("mute")
	}
	s, err := h.Host.NewStream(ctx, p, ids...)
	if gossip && err == nil {
		h.opened.Add(1)
	}
	return s, err
}

// TestHeardWithoutGossipStreams: a newcomer's lines are heard by all before pubsub has a stream to anybody. Pubsub does not retry by
// itself, and is made to.
func TestHeardWithoutGossipStreams(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		h := &caller{Host: l.hosts[3]}
		h.mute.Store(true)
		l.hosts[3] = h
		names := l.fillRoom(4, nil)
		l.hearLive("n3", "the first", names...)
		l.hearLive("n3", "the second", names...)
		h.mute.Store(false)
		room := must(l.nodes["n3"].Rooms(l.ctx()))[0].ID
		for i := range 20 {
			l.hearLive("n3", fmt.Sprint("and more, ", i), names...)
			linked := must(ask(l.ctx(), l.nodes["n3"], linkedIn(room)))
			if len(linked) == 3 {
				return
			}
		}
		t.Error("after 20 lines there are members without a stream")
	})
}

// linkedIn asks to which peers pubsub sends lines of a room.
type linkedIn RoomID

func (q linkedIn) run(l *loop) (map[peer.ID]bool, error) {
	return l.rooms[RoomID(q)].gossip.Linked(), nil
}

// TestLinesArePassedToUnreachableMembers: two members that cannot reach each other hear each other through a third, whichever that is.
func TestLinesArePassedToUnreachableMembers(t *testing.T) {
	for _, apart := range [][2]string{{"n1", "n2"}, {"n0", "n2"}} {
		t.Run(fmt.Sprint(apart), func(t *testing.T) {
			simulate(t, 4, func(l *simLAN) {
				names := l.fillRoom(4, nil)
				time.Sleep(5 * time.Second) // simulated
				l.cut(apart[0], apart[1])
				time.Sleep(2 * (pingEvery + pingTimeout)) // simulated: until both have noticed
				for _, n := range apart {
					l.hearLive(n, "the first from "+n, names...) // and the node finds out which member passes it on
					l.hearLive(n, "the second from "+n, names...)
				}
				// The authority's records are passed on too.
				must(l.nodes["n0"].Kick(l.ctx(), "lab", "n3", ""))
				time.Sleep(live) // simulated
				l.subs[apart[1]].drain()
				if n := count[MemberRemoved](l.subs[apart[1]]); n != 1 {
					t.Errorf("%s has heard of %d removals", apart[1], n)
				}
			})
		})
	}
}

// TestNothingIsPassedOnInVain: on a healthy network nothing is passed on, and a member that is away costs a bounded number of
// requests.
func TestNothingIsPassedOnInVain(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		l.fillRoom(4, nil)
		time.Sleep(5 * time.Second) // simulated
		asked := 0
		h := l.hosts[l.index["n1"]]
		n1 := l.nodes["n1"]
		h.SetStreamHandler(protocol.PassID, func(s network.Stream) {
			asked++
			n1.servePass(s)
		})
		for i := range 5 {
			must(l.nodes["n2"].Say(l.ctx(), "lab", fmt.Sprint("line ", i), false))
			time.Sleep(live) // simulated
		}
		if asked != 0 {
			t.Errorf("n1 was asked %d times to pass something on", asked)
		}
		for _, n := range []string{"n0", "n1", "n2"} {
			l.cut("n3", n) // it stays a member
		}
		time.Sleep(2 * (pingEvery + pingTimeout)) // simulated
		for i := range 50 {
			must(l.nodes["n2"].Say(l.ctx(), "lab", fmt.Sprint("to nobody ", i), false))
			time.Sleep(live) // simulated
		}
		synctest.Wait()
		if asked == 0 || asked > 1 {
			t.Errorf("n1 was asked %d times to reach the member that is away", asked)
		}
	})
}

// TestReadmittedPeerIsReached: a peer that was out of reach in an earlier membership is not assumed to be so in the next.
func TestReadmittedPeerIsReached(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		names := l.fillRoom(4, nil)
		time.Sleep(5 * time.Second) // simulated
		for _, n := range names[:3] {
			l.cut("n3", n)
		}
		time.Sleep(2 * (pingEvery + pingTimeout)) // simulated
		for _, n := range names[:3] {
			must(l.nodes[n].Say(l.ctx(), "lab", "not for n3", false))
		}
		time.Sleep(live) // simulated
		must(l.nodes["n0"].Kick(l.ctx(), "lab", "n3", ""))
		l.heal()
		until[Removed](l.subs["n3"], nil)
		must(l.nodes["n3"].Join(l.ctx(), JoinOptions{Invite: must(l.nodes["n0"].Invite(l.ctx(), "lab", "n3", 0)).Text}))
		for _, n := range names {
			l.hearLive(n, n+" to all", names...)
		}
	})
}

// TestNoStrangerPassesOn: a stranger may be on the topic. It is not asked, and so is neither given lines nor told which member is out
// of reach.
func TestNoStrangerPassesOn(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		l.fillRoom(3, nil)
		m := l.infiltrate(3, must(l.nodes["n0"].Rooms(l.ctx()))[0])
		asked := 0
		m.Host.SetStreamHandler(protocol.PassID, func(s network.Stream) {
			asked++
			_ = s.Reset()
		})
		m.Enlist()
		for linked := false; !linked; time.Sleep(time.Second) { // simulated
			must(ask(l.ctx(), l.nodes["n1"], inLoop(func(lp *loop) { linked = lp.rooms[m.Room].gossip.Linked()[m.Host.ID()] })))
		}
		l.cut("n1", "n0")
		l.cut("n1", "n2")
		time.Sleep(2 * (pingEvery + pingTimeout)) // simulated
		for i := range 10 {
			must(l.nodes["n1"].Say(l.ctx(), "lab", fmt.Sprint("line ", i), false))
			time.Sleep(relayAgain) // simulated
		}
		if asked != 0 {
			t.Errorf("a stranger was asked %d times", asked)
		}
	})
}

// TestGapIsFilledAtOnce: a member that misses a line notices with the next line of its author, and does not wait for the comparison of
// heads.
func TestGapIsFilledAtOnce(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		time.Sleep(5 * time.Second) // simulated
		deaf := func(yes bool) {
			must(ask(l.ctx(), l.nodes["n1"], inLoop(func(lp *loop) {
				r := lp.rooms[lp.order[0]]
				r.publishSnapshot()
				if yes {
					nobody := r.snapshot()
					nobody.State = authority.State{}
					r.gossip.Update(nobody)
				}
			})))
		}
		deaf(true)
		at := time.Now()
		must(l.nodes["n2"].Say(l.ctx(), "lab", "missed", false))
		time.Sleep(live) // simulated
		if _, ok := l.heardAfter("n1", "missed", at); ok {
			t.Fatal("nothing was missed")
		}
		deaf(false)
		at = time.Now()
		for i := range 3 {
			must(l.nodes["n2"].Say(l.ctx(), "lab", fmt.Sprint("the next ", i), false))
		}
		time.Sleep(transcript.HoldFor + live) // simulated
		var heard []string
		for _, ev := range l.subs["n1"].drain() {
			if m, ok := ev.Body.(Message); ok {
				heard = append(heard, m.Text)
			}
		}
		if want := []string{"missed", "the next 0", "the next 1", "the next 2"}; !slices.Equal(heard, want) {
			t.Errorf("heard in the order %q", heard)
		}
		if after, ok := l.heardAfter("n1", "the next 2", at); !ok || after > transcript.HoldFor {
			t.Errorf("the last was heard after %v, %v", after, ok)
		}
	})
}

// TestOvertakenLinesAreNotWaitedForLong: a line that nobody has is waited for briefly, and so are the lines from before a member came.
func TestOvertakenLinesAreNotWaitedForLong(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(2, nil)
		time.Sleep(5 * time.Second) // simulated
		must(l.nodes["n0"].Say(l.ctx(), "lab", "before", false))
		l.start("n2")
		room := must(l.nodes["n0"].Rooms(l.ctx()))[0].ID
		must(l.nodes["n2"].Join(l.ctx(), JoinOptions{Room: room.String()}))
		time.Sleep(time.Second) // simulated
		l.hearLive("n0", "to a newcomer", "n0", "n1", "n2")

		at := time.Now()
		must(ask(l.ctx(), l.nodes["n0"], inLoop(func(lp *loop) {
			r := lp.rooms[room]
			h := r.talk.Next(r.state().Epoch())
			h.Prev = protocol.Hash{9}
			key, _ := r.keys.Get(h.Epoch)
			c := protocol.Content{Kind: protocol.Say, Text: "after nothing", At: at}
			m := must(protocol.SealUnverified(h, c, key, lp.n.self, lp.n.signer, random))
			effects, _ := r.talk.Say(r.talk.world(), must(m.Verify()))
			r.talk.carry(effects)
			must(none{}, r.gossip.PublishLine(r.ctx, m))
		})))
		time.Sleep(transcript.HoldFor + live) // simulated
		if after, ok := l.heardAfter("n1", "after nothing", at); !ok {
			t.Errorf("heard after %v, %v", after, ok)
		}
		must(ask(l.ctx(), l.nodes["n1"], inLoop(func(lp *loop) {
			if n := lp.rooms[room].talk.Held(); n != 0 {
				t.Errorf("lines of %d are still held", n)
			}
		})))
	})
}

// TestOnlyOwnLinesArePassedOn: a member can have its own lines passed on, but no other member's.
func TestOnlyOwnLinesArePassedOn(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		names := l.fillRoom(3, nil)
		room := must(l.nodes["n0"].Rooms(l.ctx()))[0]
		m := l.infiltrate(3, room)
		if code := m.Join("mallory", protocol.Token{}); code != protocol.JoinAdmitted {
			t.Fatal("mallory was not let in:", code)
		}
		time.Sleep(time.Second) // simulated
		must(l.nodes["n2"].Say(l.ctx(), "lab", "hello", false))
		var raw []byte
		must(ask(l.ctx(), l.nodes["n2"], inLoop(func(lp *loop) { raw = lp.rooms[room.ID].talk.Of(lp.n.self)[0].Msg.Raw() })))
		to := []protocol.PassRequest{
			{Room: room.ID, Line: raw, To: m.Nodes},
			{Room: room.ID, Record: foundation("lab", "owner"), To: m.Nodes},
		}
		for _, q := range to {
			var reply protocol.PassReply
			if err := m.Ask(m.Nodes[1], protocol.PassID, &q, &reply); err != nil {
				t.Fatal(err)
			}
			if !reply.OK || len(reply.Missed) != len(m.Nodes) {
				t.Errorf("another member's line was passed on to all but %d of %d", len(reply.Missed), len(m.Nodes))
			}
		}
		epoch, key := m.Latest()
		q := protocol.PassRequest{Room: room.ID, Line: m.Seal("my own", epoch, key).Raw(), To: m.Nodes}
		var reply protocol.PassReply
		if err := m.Ask(m.Nodes[1], protocol.PassID, &q, &reply); err != nil || !reply.OK {
			t.Fatal(reply, err)
		}
		time.Sleep(live) // simulated
		for _, n := range names {
			if _, ok := l.heardAfter(n, "my own", time.Now()); !ok {
				t.Errorf("%s has not heard", n)
			}
		}
	})
}
