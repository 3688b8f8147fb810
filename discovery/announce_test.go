package discovery

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/miekg/dns"
)

// crowded is the number of nodes in TestCrowd; the bounds are for 300 of them, and nothing may grow faster than the nodes.
const crowded = 60

// TestCrowd: what a crowd sends by mDNS is bounded, in the minute in which all are started and at rest. Whoever begins to look hears of all
// nodes with rooms within a second, all hear of a new room within a second, and a node that is started is heard by all.
func TestCrowd(t *testing.T) {
	const within = time.Second
	start, quiet := grow(t, crowded, time.Minute, func(ctx context.Context, l *fullLAN, wg *sync.WaitGroup) {
		l.mu.Lock()
		looks, opens := l.nodes[1], l.nodes[2]
		l.mu.Unlock()
		for _, n := range l.all() {
			if n.zone.crowd.Load() != crowded-1 {
				t.Errorf("a node has heard %d others", n.zone.crowd.Load())
				break
			}
		}

		opens.mdns.Announce("b2")
		time.Sleep(within) // simulated
		l.mu.Lock()
		for _, n := range l.nodes {
			if n != opens && n.says[opens.id()] != "b2" {
				t.Errorf("%v has not heard of the new room: %q", n.v4, n.says[opens.id()])
			}
		}
		clear(looks.says)
		l.mu.Unlock()

		time.Sleep(reportAgain) // simulated
		looks.mdns.Hurry()
		time.Sleep(within) // simulated
		l.mu.Lock()
		if n := len(looks.says); n < crowded/roomOf+1 {
			t.Errorf("a node that looks has heard %d nodes with rooms, of %d", n, crowded/roomOf+1)
		}
		l.mu.Unlock()

		newcomer := l.node(crowded, t.TempDir())
		newcomer.mdns.Hurry()
		wg.Go(func() { newcomer.run(ctx) })
		time.Sleep(within) // simulated
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, n := range l.nodes {
			if n != newcomer && n.found[newcomer.id()].IsZero() {
				t.Errorf("%v has not heard of the newcomer", n.v4)
			}
		}
		ofRooms := 0
		for _, rooms := range newcomer.says {
			if rooms != "" {
				ofRooms++
			}
		}
		if ofRooms < crowded/roomOf+1 {
			t.Errorf("the newcomer has heard %d nodes with rooms, of %d", ofRooms, crowded/roomOf+1)
		}
	})
	t.Logf("%d nodes: %.2f MB in the minute of the start, then %.1f packets and %.1f kB a second", crowded, start.bytes/1e6, quiet.packets, quiet.bytes/1e3)
	if most := 20e6 * crowded / 300; start.bytes > most {
		t.Errorf("%.0f bytes while all are started, and %.0f are the most", start.bytes, most)
	}
	if quiet.packets > 20 {
		t.Errorf("%.1f packets a second at rest", quiet.packets)
	}
}

// TestAnnouncements: a node announces itself to the group when it starts, when its interfaces or rooms change, and at long intervals.
func TestAnnouncements(t *testing.T) {
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}}
	inRun(t, f, func(peer.AddrInfo) {}, func(d *MDNS) {
		begun := time.Now()
		since := func() (gaps []time.Duration, last string) {
			for _, a := range f.announced {
				gaps = append(gaps, a.at.Sub(begun).Round(100*time.Millisecond))
				var m dns.Msg
				if err := m.Unpack(a.packet); err != nil || !m.Response {
					t.Fatalf("%v", err)
				}
				last = ""
				for _, rr := range m.Answer {
					if txt, ok := rr.(*dns.TXT); ok {
						last = strings.Join(txt.Txt, " ")
					}
				}
			}
			f.announced, begun = nil, time.Now()
			return gaps, last
		}
		f.advance(20 * time.Second)
		if gaps, said := since(); len(gaps) != 1+len(announceGaps) || gaps[0] != 0 || !strings.Contains(said, testPeer(1).String()) || strings.Contains(said, roomsKey) {
			t.Errorf("after a start at %v, the last %q", gaps, said)
		}
		f.advance(2 * announceAgain)
		if gaps, _ := since(); len(gaps) < 1 || len(gaps) > 3 {
			t.Errorf("at rest, at %v", gaps)
		}
		for i, rooms := range []string{"a7", "b8", ""} {
			d.Announce(rooms)
			f.advance(20 * time.Second)
			if gaps, said := since(); len(gaps) < 1+len(announceGaps) || gaps[0] > hurryGap || !slices.Contains(strings.Fields(said), roomsKey+rooms) {
				t.Errorf("%d: after a change at %v, the last %q", i, gaps, said)
			}
		}
		for range 1000 { // and no oftener than hurryGap allows
			d.Announce("c9")
			f.advance(10 * time.Millisecond)
		}
		if gaps, _ := since(); len(gaps) > 10*int(time.Second/hurryGap)+1 {
			t.Errorf("%d announcements in 10 s", len(gaps))
		}
		f.nics = []nic{testNIC(3, "eth0", "192.168.1.6/24")}
		f.advance(pollInterfaces + time.Second)
		if gaps, said := since(); len(gaps) == 0 || !strings.Contains(said, "192.168.1.6") {
			t.Errorf("after a change of the address at %v, the last %q", gaps, said)
		}
	})
}

// TestAnnouncementsAreHeard: an announcement to the group is reported at once, with what it says of rooms. Its own, and what is not from the
// network, is not. What one address announces is bounded in a second and in all, and the announcements of others are heard beside it.
func TestAnnouncementsAreHeard(t *testing.T) {
	f := &fakeLAN{nics: []nic{testNIC(2, "eth0", "192.168.1.5/24")}}
	var got []peer.ID
	rooms := map[peer.ID]string{}
	packetOf := func(seed int64, rooms string) []byte {
		z := testZone([]nic{testNIC(2, "eth0", "192.168.1.9/24")}, listenAll...)
		z.instance = fmt.Sprintf("i%d.%s", seed, serviceName)
		z.says(&rooms)
		return packAnswer(0, z.make(testPeer(seed), expand(addrs(listenAll...), z.nics)).all, maxAnswer)
	}
	inRun(t, f, func(p peer.AddrInfo) { got = append(got, p.ID) }, func(d *MDNS) {
		d.Hear(func(p peer.ID, says string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			rooms[p] = says
		})
		comes := func(packet []byte, a arrival) {
			f.mu.Unlock()
			defer f.mu.Lock()
			f.zone.hear(packet, f.nics[0], a, time.Now())
		}
		f.advance(time.Minute)
		hear := func(packet []byte, source string, hops int) {
			a := from(source)
			a.hops = hops
			comes(packet, a)
			f.advance(time.Millisecond)
		}
		hear(packetOf(2, "a7"), "192.168.1.9:5353", linkHops)
		if !slices.Equal(got, []peer.ID{testPeer(2)}) || rooms[testPeer(2)] != "a7" {
			t.Fatalf("found %v, rooms %v", got, rooms)
		}
		hear(packetOf(2, "a7"), "192.168.1.9:5353", linkHops)
		hear(packetOf(3, "a7"), "10.0.0.9:5353", linkHops)
		hear(packetOf(4, "a7"), "192.168.1.9:5353", 64)
		hear(packetOf(1, "a7"), "192.168.1.5:5353", linkHops) // our own peer ID
		if len(got) != 1 {
			t.Errorf("found %v", got)
		}
		hear(packetOf(2, "b8"), "192.168.1.9:5353", linkHops)
		if len(got) != 2 || rooms[testPeer(2)] != "b8" {
			t.Errorf("a change of the rooms: found %v, rooms %v", got, rooms)
		}

		got = nil
		for i := range int64(1000) {
			comes(packetOf(100+i, "ff"), from("192.168.1.66:5353"))
			if i%100 == 0 {
				f.advance(time.Millisecond)
			}
		}
		f.advance(time.Millisecond)
		hear(packetOf(5, "a7"), "192.168.1.10:5353", linkHops)
		if len(got) > hearsBurst+2 || !slices.Contains(got, testPeer(5)) || f.refused[netip.MustParseAddr("192.168.1.66")] < 1000-hearsBurst-2 {
			t.Errorf("in a flood %d are found, and refused are %v", len(got), f.refused)
		}
		if n := f.zone.crowd.Load(); n > maxPeersOfHost+3 {
			t.Errorf("one address makes a crowd of %d", n)
		}
		for i := range int64(2 * maxCame) { // from many addresses, while Run is busy
			comes(packetOf(2000+i, "ff"), from(fmt.Sprintf("192.168.1.%d:5353", 70+i%150)))
		}
		if n := len(f.zone.came); n > maxCame {
			t.Errorf("%d wait", n)
		}
	})
}

// TestRoomsInAnnouncements: what a node does not say of its rooms is not taken.
func TestRoomsInAnnouncements(t *testing.T) {
	for txt, want := range map[string]bool{
		"rooms=": true, "rooms=a7": true, "rooms=0123456789abcdef": true,
		"rooms=0123456789abcdef0": false, "rooms=A": false, "rooms=a b": false, "rooms=\\004": false, "rooms=\x00": false, "Rooms=a": false, "room=a": false,
	} {
		if rooms, said := roomsIn([]string{"dnsaddr=x", txt}); said != want || said && "rooms="+rooms != txt {
			t.Errorf("%q: %q, %v", txt, rooms, said)
		}
	}
	if _, said := roomsIn(append(make([]string, 2*maxAddrs), "rooms=a")); said {
		t.Error("it is looked for without end")
	}
}
