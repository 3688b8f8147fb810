package discovery

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A fakeLAN stands for the network, in simulated time, and counts what Run does.
type fakeLAN struct {
	mu      sync.Mutex // Run and its queries meet the body of the test here
	nics    []nic
	listErr error
	serving map[string]int // servers made, by nic
	down    int            // servers shut down
	rounds  []time.Time    // when IPv6 was asked on the first interface
	answers []heard
	v4Err   error
	refused map[netip.Addr]int // by sender

	announced []said
	zone      *zone    // of the first server
	questions [][]byte // to IPv6 on the first interface
}

// said is one announcement.
type said struct {
	at     time.Time
	packet []byte
}

// ignore is a refused function that does nothing.
func ignore(netip.Addr) {}

type fakeServer struct{ *fakeLAN }

func (s fakeServer) Announce(packet []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced = append(s.announced, said{time.Now(), packet})
	return nil
}

func (s fakeServer) Shutdown() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down++
	return nil
}

// advance lets simulated time pass, and returns when Run waits for its next timer. The body of a test holds the lock, except in advance.
func (f *fakeLAN) advance(d time.Duration) {
	f.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	f.mu.Lock()
}

func (f *fakeLAN) mdns(t *testing.T) *MDNS {
	f.serving, f.refused = map[string]int{}, map[netip.Addr]int{}
	d := New(Config{RuntimeDir: t.TempDir(), Ephemeral: true})
	d.watch = func(context.Context, func()) bool { return false } // it polls
	d.list = func([]string) ([]nic, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.nics, f.listErr
	}
	d.listen = func(n nic, z *zone) (server, bool, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.serving[n.iface.Name]++
		f.zone = z
		return fakeServer{f}, true, nil
	}
	d.query = func(_ context.Context, n nic, v6 bool, question []byte, window time.Duration) ([]heard, error) {
		time.Sleep(window) // simulated
		f.mu.Lock()
		defer f.mu.Unlock()
		if !v6 {
			return nil, f.v4Err
		}
		if n.iface.Index == f.nics[0].iface.Index {
			f.rounds = append(f.rounds, time.Now().Add(-window))
			f.questions = append(f.questions, question)
		}
		return f.answers, nil
	}
	return d
}

func self() peer.AddrInfo {
	return peer.AddrInfo{ID: testPeer(1), Addrs: addrs(listenAll...)}
}

func answerOf(seed int64, ip string) heard {
	return heard{
		name: fmt.Sprintf("i%d.%s", seed, serviceName),
		txt:  []string{"dnsaddr=/ip4/" + ip + "/tcp/1/p2p/" + testPeer(seed).String()},
		nic:  "eth0",
	}
}

// inRun runs body beside a Run on f, in simulated time, and waits for Run to end.
func inRun(t *testing.T, f *fakeLAN, found func(peer.AddrInfo), body func(d *MDNS)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := f.mdns(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		var err error
		go func() {
			defer close(ended)
			err = d.Run(ctx, self, func(p peer.AddrInfo) {
				f.mu.Lock()
				defer f.mu.Unlock()
				found(p)
			}, func(from netip.Addr) {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.refused[from]++
			})
		}()
		defer func() { cancel(); <-ended }() // also when the body gives up
		func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			body(d)
		}()
		cancel()
		start := time.Now()
		if <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(start); took > queryWindow {
			t.Errorf("Run ended %v after its context", took)
		}
		made := 0
		for _, n := range f.serving {
			made += n
		}
		if f.down != made {
			t.Errorf("%d servers made, %d shut down", made, f.down)
		}
	})
}

func gapsOf(rounds []time.Time) []time.Duration {
	var gs []time.Duration
	for i := 1; i < len(rounds); i++ {
		gs = append(gs, rounds[i].Sub(rounds[i-1]))
	}
	return gs
}

func stepGaps() (gs []time.Duration) {
	for _, s := range steps {
		gs = append(gs, s.gap)
	}
	return gs
}

func checkGaps(t *testing.T, got, want []time.Duration) {
	t.Helper()
	if len(got) < len(want) {
		t.Fatalf("%d rounds: %v", len(got)+1, got)
	}
	for i, w := range want {
		if got[i] < w*80/100 || got[i] > w*120/100 {
			t.Errorf("gap %d is %v, want %v within 20 %%", i, got[i], w)
		}
	}
}

func TestScheduleQuickThenSlow(t *testing.T) {
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}}
	inRun(t, f, func(peer.AddrInfo) {}, func(*MDNS) {
		start := time.Now()
		f.advance(6 * time.Minute)
		if first := f.rounds[0].Sub(start); first != 0 {
			t.Errorf("first round after %v", first)
		}
		checkGaps(t, gapsOf(f.rounds), append(stepGaps(), 2*time.Minute))
	})
}

func TestHurryIsQuickAndBounded(t *testing.T) {
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}}
	inRun(t, f, func(peer.AddrInfo) {}, func(d *MDNS) {
		// The rounds before and after are at 19.5 s and 49.5 s, each within 20 %. So no round is listening now, for which Hurry would wait.
		f.advance(30 * time.Second)
		before := len(f.rounds)
		called := time.Now()
		d.Hurry()
		f.advance(time.Second)
		if len(f.rounds) == before || f.rounds[before].Sub(called) > 0 {
			t.Fatalf("no round at once after Hurry: %v", f.rounds[before:])
		}
		checkGaps(t, gapsOf(f.rounds[before:]), stepGaps()[:3])

		before = len(f.rounds)
		for range 10_000 {
			d.Hurry()
			f.advance(10 * time.Millisecond)
		}
		// At most one round for each shortest gap makes 6.4 a second. The jitter has once made one more in 10 s.
		if n := len(f.rounds) - before; n < 400 || n > 640 {
			t.Errorf("%d rounds in 100 s of Hurry", n)
		}
	})
}

// TestHurryKeepsTheFirstRounds: calls of Hurry while the schedule begins do not slow it down.
func TestHurryKeepsTheFirstRounds(t *testing.T) {
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}}
	inRun(t, f, func(peer.AddrInfo) {}, func(d *MDNS) {
		f.advance(time.Millisecond)
		d.Hurry()
		f.advance(time.Second)
		checkGaps(t, gapsOf(f.rounds), stepGaps()[:4])
	})
}

func TestInterfaceChangeRemakesServersAndHurries(t *testing.T) {
	eth, wlan := testNIC(2, "eth0", "192.168.1.5/24"), testNIC(3, "wlan0", "10.0.0.5/8")
	for _, tt := range []struct {
		name string
		nics []nic
		want map[string]int
	}{
		{"renumbered", []nic{testNIC(2, "eth0", "192.168.7.5/24"), wlan}, map[string]int{"eth0": 2, "wlan0": 1}},
		{"made anew", []nic{testNIC(9, "eth0", "192.168.1.5/24"), wlan}, map[string]int{"eth0": 2, "wlan0": 1}},
		{"gone", []nic{wlan}, map[string]int{"eth0": 1, "wlan0": 1}},
		{"another", []nic{eth, wlan, testNIC(4, "eth1", "10.1.0.5/16")}, map[string]int{"eth0": 1, "wlan0": 1, "eth1": 1}},
		{"none left", nil, map[string]int{"eth0": 1, "wlan0": 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeLAN{nics: []nic{eth, wlan}, answers: []heard{answerOf(2, "192.168.1.9"), answerOf(3, "10.0.0.9")}}
			reported := 0
			inRun(t, f, func(peer.AddrInfo) { reported++ }, func(*MDNS) {
				f.advance(61 * time.Second)
				if reported == 0 {
					t.Error("nothing found")
				}
				f.nics = tt.nics
				before, was := len(f.rounds), reported
				f.advance(pollInterfaces + 2*time.Second)
				if fmt.Sprint(f.serving) != fmt.Sprint(tt.want) {
					t.Errorf("servers made: %v, want %v", f.serving, tt.want)
				}
				made := 0
				for _, n := range f.serving {
					made += n
				}
				if f.down != made-len(tt.nics) {
					t.Errorf("%d of %d servers shut down for %d interfaces", f.down, made, len(tt.nics))
				}
				if len(tt.nics) == 0 {
					return
				}
				if n := len(f.rounds) - before; n < 5 {
					t.Errorf("%d rounds after the change", n)
				}
				if reported == was {
					t.Error("a known peer was not reported again after the change")
				}
			})
		})
	}
}

// TestInterfaceChangeReportsAtOnce: after a change of an interface every peer is reported at once, since it may have to be dialled from
// another address.
func TestInterfaceChangeReportsAtOnce(t *testing.T) {
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}, answers: []heard{answerOf(2, "192.168.1.9")}}
	reported := 0
	inRun(t, f, func(peer.AddrInfo) { reported++ }, func(*MDNS) {
		f.advance(time.Second)
		f.nics = []nic{testNIC(3, "eth0", "192.168.1.5/24")}
		f.advance(pollInterfaces)
		if reported != 2 {
			t.Errorf("%d reports", reported)
		}
	})
}

func TestFailuresDoNotStopIt(t *testing.T) {
	f := &fakeLAN{listErr: errors.New("no netlink"), v4Err: errors.New("no route")}
	var got []peer.ID
	inRun(t, f, func(p peer.AddrInfo) { got = append(got, p.ID) }, func(*MDNS) {
		f.advance(10 * time.Second)
		f.listErr = nil
		f.nics = []nic{testNIC(2, "eth0", "192.168.1.5/24")}
		f.answers = []heard{answerOf(2, "192.168.1.9")}
		f.advance(pollInterfaces + time.Second)
		if !slices.Equal(got, []peer.ID{testPeer(2)}) {
			t.Errorf("found %v", got)
		}
	})
}

func TestFoundOnceUntilNew(t *testing.T) {
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}, answers: []heard{
		answerOf(2, "192.168.1.9"),
		answerOf(2, "192.168.1.9"),
		answerOf(1, "192.168.1.5"), // ourselves
		{name: "kubo._p2p._udp.local.", txt: answerOf(3, "192.168.1.10").txt, nic: "eth0"},
		{name: "printer._ipp._tcp.local.", txt: []string{"rp=ipp/print"}, nic: "eth0"},
		{name: "x." + serviceName, txt: []string{"dnsaddr=/ip4/8.8.8.8/tcp/1/p2p/" + testPeer(4).String()}, nic: "eth0"},
		{name: "y." + serviceName},
	}}
	var got []peer.AddrInfo
	inRun(t, f, func(p peer.AddrInfo) { got = append(got, p) }, func(d *MDNS) {
		f.advance(reportAgain - time.Second)
		if len(got) != 1 || got[0].ID != testPeer(2) || !slices.Equal(texts(got[0].Addrs), []string{"/ip4/192.168.1.9/tcp/1"}) {
			t.Fatalf("found %v", got)
		}
		d.Hurry()
		f.advance(500 * time.Millisecond)
		if len(got) != 1 {
			t.Fatalf("an unchanged peer was reported again: %v", got)
		}
		// A new address is reported at once.
		f.answers = append(f.answers, answerOf(2, "192.168.1.99"))
		d.Hurry()
		f.advance(500 * time.Millisecond)
		want := []string{"/ip4/192.168.1.9/tcp/1", "/ip4/192.168.1.99/tcp/1"}
		if len(got) != 2 || !slices.Equal(texts(got[1].Addrs), want) {
			t.Fatalf("found %v", got)
		}
		f.advance(2 * time.Minute)
		if len(got) < 4 || len(got) > 2+120/5 {
			t.Errorf("%d reports of an unchanged peer in two minutes", len(got)-2)
		}
	})
}

// TestFloodIsBounded: a flood of announcements causes a bounded number of reports and entries, and does not hide a peer that answers in
// time.
func TestFloodIsBounded(t *testing.T) {
	flood := []heard{answerOf(2, "192.168.1.9")}
	for i := range int64(maxHeard) {
		flood = append(flood, answerOf(100+i, "192.168.1.10"))
	}
	for i := range 100 { // one peer with many addresses
		flood = append(flood, answerOf(2, fmt.Sprintf("192.168.1.%d", i+100)))
	}
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}, answers: flood}
	seen, most := map[peer.ID]int{}, 0
	inRun(t, f, func(p peer.AddrInfo) {
		seen[p.ID]++
		most = max(most, len(p.Addrs))
	}, func(*MDNS) {
		f.advance(5 * time.Second)
	})
	if len(seen) != maxPeers || seen[testPeer(2)] == 0 || most != maxPeerAddrs {
		t.Errorf("%d peers, the real one %d times, %d addresses", len(seen), seen[testPeer(2)], most)
	}
}

// TestOneAddressHasAShare: one address may announce maxPeersOfHost peers. Further ones are reported as refused, and peers of another
// address still have places.
func TestOneAddressHasAShare(t *testing.T) {
	liar, honest := netip.MustParseAddr("192.168.1.66"), netip.MustParseAddr("192.168.1.9")
	said := func(h heard, from netip.Addr) heard {
		h.from = from
		return h
	}
	var flood []heard
	for i := range int64(2 * maxPeers) {
		flood = append(flood, said(answerOf(100+i, "192.168.1.66"), liar))
	}
	flood = append(flood, said(answerOf(2, "192.168.1.9"), honest))
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}, answers: flood}
	seen := make(map[peer.ID]bool)
	inRun(t, f, func(p peer.AddrInfo) { seen[p.ID] = true }, func(*MDNS) { f.advance(5 * time.Second) })
	if len(seen) != maxPeersOfHost+1 || !seen[testPeer(2)] {
		t.Errorf("%d peers are found, the honest one among them: %v", len(seen), seen[testPeer(2)])
	}
	if f.refused[liar] < 2*maxPeers-maxPeersOfHost || f.refused[honest] > 0 {
		t.Errorf("what is refused: %v", f.refused)
	}
}

func TestReportsForgetTheOldest(t *testing.T) {
	r, now := reports{}, time.Now()
	for i := range int64(maxPeers + 10) {
		if !r.due(now.Add(time.Duration(i)), peer.ID(fmt.Sprint(i)), &heardPeer{}) {
			t.Fatalf("peer %d was not reported", i)
		}
	}
	_, first := r["9"]
	_, kept := r["10"]
	if len(r) != maxPeers || first || !kept {
		t.Errorf("%d remembered, 9: %v, 10: %v", len(r), first, kept)
	}
}
