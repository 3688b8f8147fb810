package node

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"localchat/node/internal/transcript"
)

// putOutAndBack has n0 kick a member and let it in again at once.
func (l *simLAN) putOutAndBack(nick string, meanwhile func()) {
	l.t.Helper()
	must(l.nodes["n0"].Kick(l.ctx(), "lab", nick, ""))
	until[Removed](l.subs[nick], nil)
	meanwhile()
	invite := must(l.nodes["n0"].Invite(l.ctx(), "lab", nick, 0))
	must(l.nodes[nick].Join(l.ctx(), JoinOptions{Invite: invite.Text}))
}

// TestReadmittedPeerIsHeardAtOnce: when a kicked peer is readmitted, it hears the lines said at that moment, and all hear its lines.
// Nothing waits for the lines said while it was out, which it may not have.
func TestReadmittedPeerIsHeardAtOnce(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		names := l.fillRoom(4, nil)
		for i, back := range []string{"n1", "n2", "n1", "n2"} {
			for _, n := range names {
				l.hearLive(n, fmt.Sprint(n, " to ", back), names...)
			}
			l.putOutAndBack(back, func() {
				must(l.nodes["n0"].Say(l.ctx(), "lab", fmt.Sprint("without ", back), false))
				must(l.nodes["n3"].Say(l.ctx(), "lab", fmt.Sprint("it is quiet without ", back), false))
			})
			if i > 1 {
				time.Sleep(5 * time.Second) // simulated: until it has the lines of its memberships
			}
			for _, n := range names {
				l.hearLive(n, fmt.Sprint(n, " welcomes ", back), names...)
			}
		}
	})
}

// TestReadmittedPeerGetsOneStream: to a peer that is removed and readmitted at once, each member opens one stream, even on a bad
// network: a second stream would end the first, and lines said meanwhile would not be heard live.
func TestReadmittedPeerGetsOneStream(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		hosts := make([]*caller, len(l.hosts))
		for i := range l.hosts {
			hosts[i] = &caller{Host: l.hosts[i]}
			l.hosts[i] = hosts[i]
		}
		names := l.fillRoom(4, nil)
		room := must(l.nodes["n0"].Rooms(l.ctx()))[0].ID
		weather := rand.New(rand.NewPCG(1, 2))
		l.links.mu.Lock()
		l.links.weather = func() time.Duration { return time.Duration(1+weather.IntN(30)) * time.Millisecond }
		l.links.mu.Unlock()
		for i := range 20 {
			time.Sleep(20 * time.Second) // simulated
			for _, h := range hosts {
				h.opened.Store(0)
			}
			l.putOutAndBack("n1", func() {})
			time.Sleep(20 * time.Second) // simulated
			for h, want := range []int64{1, 3, 1, 1} {
				if n := hosts[h].opened.Load(); n != want {
					t.Errorf("round %d: n%d has opened %d streams, want %d", i, h, n, want)
				}
				if linked := must(ask(l.ctx(), l.nodes[names[h]], linkedIn(room))); len(linked) != 3 {
					t.Errorf("round %d: n%d reaches %d others", i, h, len(linked))
				}
			}
		}
	})
}

// TestLateNewsOfRemovalStillOpensStream: a member that hears of a removal only after the peer has been readmitted opens a stream to it
// all the same.
func TestLateNewsOfRemovalStillOpensStream(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		l.fillRoom(4, nil)
		time.Sleep(5 * time.Second) // simulated
		for _, n := range []string{"n0", "n2"} {
			l.cut("n3", n)
		}
		time.Sleep(2 * (pingEvery + pingTimeout)) // simulated: until both have noticed
		l.putOutAndBack("n1", func() {})
		room, n1 := must(l.nodes["n3"].Rooms(l.ctx()))[0].ID, l.nodes["n1"].Info().Peer
		time.Sleep(transcript.SyncEvery) // simulated: n3 has compared with n1
		if linked := must(ask(l.ctx(), l.nodes["n3"], linkedIn(room))); !linked[n1] {
			t.Error("n3 has no stream to n1")
		}
	})
}
