package lan

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// countElsewhere counts the packets of the host to networks other than the test's.
func (h *host) countElsewhere() {
	h.NFT("add table inet elsewhere; " +
		"add chain inet elsewhere out { type filter hook output priority 0; policy accept; }; " +
		"add rule inet elsewhere out ip daddr != { 10.77.0.0/24, 127.0.0.0/8, 224.0.0.0/4 } counter; " +
		"add rule inet elsewhere out ip6 daddr 2000::/3 counter")
}

// sentElsewhere is the number of those packets.
func (h *host) sentElsewhere() (n int) {
	t := h.lan.t
	t.Helper()
	out, err := h.Command("nft", "list", "table", "inet", "elsewhere").CombinedOutput()
	if err != nil {
		t.Fatalf("nft: %v: %s", err, out)
	}
	counters := regexp.MustCompile(`packets (\d+)`).FindAllSubmatch(out, -1)
	if len(counters) != 2 {
		t.Fatalf("%d counters: %s", len(counters), out)
	}
	for _, c := range counters {
		packets, _ := strconv.Atoi(string(c[1]))
		n += packets
	}
	return n
}

// TestLANPointsNobodyElsewhere: a stranger connects, claims to be at addresses all over the world, and hangs up. Nobody sends a packet
// there. A stranger that is on none of a node's networks is not let in, unless the node was started to allow that.
func TestLANPointsNobodyElsewhere(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	stranger := l.host("stranger")
	alice, bob := l.host("alice"), l.host("bob")
	const far = "198.51.100.7"
	stranger.IP("addr add %s/32 dev lo", far)
	for _, h := range []*host{alice, bob} {
		h.IP("route add default via %s", stranger.addr)
		h.IP("route add default via %s dev eth0", stranger.addr6)
		h.countElsewhere()
	}
	a, b := alice.start(), bob.start("--from-anywhere")
	a.do("room.create", obj{"name": "lab", "access": "open"})
	b.do("room.join", obj{"room": "lab", "timeout_s": 20})
	m := stranger.mallory(a, b)

	var named []string
	for i := range 8 {
		named = append(named,
			fmt.Sprintf("/ip4/203.0.113.%d/tcp/22", i+1), fmt.Sprintf("/ip4/203.0.113.%d/udp/53/quic-v1", i+1), fmt.Sprintf("/ip4/172.31.5.%d/tcp/22", i+1),
			fmt.Sprintf("/ip6/2001:db8::%d/tcp/22", i+1), fmt.Sprintf("/ip4/10.77.1.%d/udp/123/quic-v1", i+1))
	}
	m.attack("point elsewhere", obj{"Nodes": m.nodes, "From": named})
	// The addresses would be dialled within a second, and for a minute. Both go on hearing each other meanwhile.
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); {
		converse("lab", fmt.Sprint("at ", time.Until(until)), a, b)
	}
	if n := alice.sentElsewhere() + bob.sentElsewhere(); n > 0 {
		t.Errorf("%d packets to other networks", n)
	}

	if o := m.attack("call from", obj{"Nodes": m.nodes[:1], "From": []string{far}}); o.Counts["let in"] != 0 {
		t.Error("a node of another network is let in")
	}
	if o := m.attack("call from", obj{"Nodes": m.nodes[1:], "From": []string{far}}); o.Counts["let in"] != 1 {
		t.Error("--from-anywhere lets nobody in")
	}
	if o := m.attack("call from", obj{"Nodes": m.nodes[:1], "From": []string{stranger.addr}}); o.Counts["let in"] != 1 {
		t.Error("a node of this network is not let in: this shows nothing")
	}
}
