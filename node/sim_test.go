package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A lan is nodes on a simulated network, in simulated time: real libp2p hosts, QUIC and gossipsub. mDNS is not part of it;
// every node is told where the first one is.
type lan struct {
	t     *testing.T
	hosts []host.Host
	nodes map[string]*Node
	subs  map[string]*watcher
}

// simulate runs f on a network of that many hosts.
func simulate(t *testing.T, hosts int, f func(*lan)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		link := simnet.NodeBiDiLinkSettings{
			Downlink: simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps},
			Uplink:   simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps},
		}
		network, meta, err := simlibp2p.SimpleLibp2pNetwork(
			[]simlibp2p.NodeLinkSettingsAndCount{{LinkSettings: link, Count: hosts}},
			simnet.StaticLatency(time.Millisecond), simlibp2p.NetworkSettings{},
		)
		if err != nil {
			t.Fatal(err)
		}
		network.Start()
		l := &lan{t: t, hosts: meta.Nodes, nodes: make(map[string]*Node), subs: make(map[string]*watcher)}
		defer l.stop(network)
		f(l)
	})
}

// stop ends everything, also after a test that has failed.
func (l *lan) stop(network *simnet.Simnet) {
	for _, n := range l.nodes {
		if err := n.Close(); err != nil {
			l.t.Error(err)
		}
	}
	for _, h := range l.hosts {
		h.Close()
	}
	synctest.Wait()
	network.Close()
	// Blocked QUIC listeners go with their timers. This is simulated time.
	time.Sleep(time.Minute)
}

// start makes a node on the next host.
func (l *lan) start(nick string) *Node {
	l.t.Helper()
	cfg := Config{Nick: nick, Host: l.hosts[len(l.nodes)], Version: "test"}
	if os.Getenv("LOCALCHAT_TEST_LOG") != "" {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", nick)
	}
	if len(l.nodes) > 0 {
		h := l.hosts[0]
		cfg.Peers = []string{h.Addrs()[0].String() + "/p2p/" + h.ID().String()}
	}
	n, err := New(cfg)
	if err != nil {
		l.t.Fatal(err)
	}
	l.nodes[nick] = n
	l.subs[nick] = watch(l.t, nick, n)
	return n
}

// A watcher keeps what a node has told its person.
type watcher struct {
	t    *testing.T
	nick string
	sub  *Subscription
	seen []Event
}

func watch(t *testing.T, nick string, n *Node) *watcher {
	return &watcher{t: t, nick: nick, sub: n.Subscribe()}
}

// patience is how long an event is waited for, in simulated time.
const patience = 30 * time.Second

// until waits for an event that ok accepts, from the ones not yet waited for, and returns it.
func until[B EventBody](w *watcher, ok func(B) bool) B {
	w.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case ev, open := <-w.sub.Events():
			if !open {
				w.t.Fatalf("%s: the events have ended; seen %s", w.nick, w.story())
			}
			w.seen = append(w.seen, ev)
			if b, is := ev.Body.(B); is && (ok == nil || ok(b)) {
				return b
			}
		case <-timeout:
			var want B
			w.t.Fatalf("%s: no such %s; seen %s", w.nick, want.Type(), w.story())
		}
	}
}

// drain takes all that has happened by now.
func (w *watcher) drain() []Event {
	synctest.Wait()
	for {
		select {
		case ev, open := <-w.sub.Events():
			if !open {
				return w.seen
			}
			w.seen = append(w.seen, ev)
		default:
			return w.seen
		}
	}
}

func count[B EventBody](w *watcher) int {
	n := 0
	for _, ev := range w.drain() {
		if _, ok := ev.Body.(B); ok {
			n++
		}
	}
	return n
}

func (w *watcher) story() string {
	s := ""
	for _, ev := range w.seen {
		s += fmt.Sprintf("\n  %s %s %+v", ev.Time.Format("05.000"), ev.Body.Type(), ev.Body)
	}
	return s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func brief() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func codeOf(err error) ErrorCode {
	var e *Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

func openRoom() PolicyChange {
	open := "open"
	return PolicyChange{Access: &open}
}

func TestRoomOnASimulatedLAN(t *testing.T) {
	simulate(t, 3, func(l *lan) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(brief(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(brief(), JoinOptions{Room: "lab"}))
		must(carol.Join(brief(), JoinOptions{Room: "lab"}))
		until(l.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
		must(bob.Say(brief(), "lab", "hello", false))
		for _, who := range []string{"alice", "carol", "bob"} {
			until(l.subs[who], func(m Message) bool { return m.Text == "hello" && m.Nick == "bob" })
		}
		must(alice.Kick(brief(), "lab", "bob", "too loud"))
		r := until[Removed](l.subs["bob"], nil)
		if r.Kind != "kicked" || r.Text != "too loud" || r.ByNick != "alice" {
			t.Errorf("bob was told %+v", r)
		}
		until(l.subs["carol"], func(m MemberRemoved) bool { return m.Nick == "bob" })
		until(l.subs["alice"], func(p RemovalProgress) bool { return p.Told && p.Applied == 2 && p.Total == 2 })
		until(l.subs["carol"], func(m RemovalReason) bool { return m.Nick == "bob" && m.Text == "too loud" })
		if _, err := bob.Say(brief(), "lab", "still here?", false); codeOf(err) != NotFound && codeOf(err) != NotMember {
			t.Errorf("bob can say: %v", err)
		}
		must(carol.Say(brief(), "lab", "quiet now", false))
		until(l.subs["alice"], func(m Message) bool { return m.Text == "quiet now" })
		if n := count[Removed](l.subs["bob"]); n != 1 {
			t.Errorf("bob was told %d times", n)
		}
	})
}
