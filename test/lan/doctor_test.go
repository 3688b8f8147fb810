package lan

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A diagnosis is the output of "localchat doctor --json", by code, and its exit code.
type diagnosis struct {
	exit     int
	findings map[string]finding
}

type finding struct {
	Code, Severity, About, Text, Cause, Do string
	Blocks                                 bool
}

// doctor runs localchat doctor on the host.
func (h *host) doctor(args ...string) diagnosis {
	t := h.lan.t
	t.Helper()
	out, words, exit := h.run(append([]string{"doctor", "--json"}, args...)...)
	var said struct {
		Blocked  bool
		Findings []finding
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatalf("doctor: exit %d, printed %q, said %q: %v", exit, out, words, err)
	}
	d := diagnosis{exit: exit, findings: map[string]finding{}}
	for _, f := range said.Findings {
		d.findings[f.Code] = f
		if f.Severity == "fault" && (f.Cause == "" || f.Do == "") {
			t.Errorf("a fault without a cause or a command to type: %+v", f)
		}
		t.Logf("%s: %-8s %s: %s; because %s; type %s", h.name, f.Severity, f.Code, f.Text, f.Cause, f.Do)
	}
	if said.Blocked != (exit == 3) || exit != 0 && exit != 3 || exit == 3 && !strings.Contains(words, "hint: ") {
		t.Errorf("doctor: blocked is %v, exit %d, said %q", said.Blocked, exit, words)
	}
	return d
}

// follow types a command of doctor's at the host, as root.
func (h *host) follow(line string) {
	t := h.lan.t
	t.Helper()
	line = strings.ReplaceAll(line, "sudo ", "")
	if out, err := h.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
}

// filter gives the host a packet filter as on Debian, with some rules.
func (h *host) filter(rules ...string) {
	h.lan.t.Helper()
	lines := []string{
		"add table inet filter",
		"add chain inet filter input { type filter hook input priority 0; policy accept; }",
		"add chain inet filter output { type filter hook output priority 0; policy accept; }",
	}
	for _, r := range rules {
		lines = append(lines, "add rule inet filter "+r)
	}
	h.NFT(strings.Join(lines, "; "))
}

// forgetIPv6 takes IPv6 from the host.
func (h *host) forgetIPv6() {
	h.SetIPv6("all/disable_ipv6", "1")
}

// tunnel makes a VPN's interface that nothing is connected to.
func (h *host) tunnel() {
	h.IP("tuntap add tun0 mode tun")
	h.IP("addr add 10.9.0.1/24 dev tun0")
	h.IP("link set tun0 up")
}

// isolate keeps the switch from passing anything between hosts, as guest Wi-Fi does.
func (l *lan) isolate(hosts ...*host) {
	l.t.Helper()
	for _, h := range hosts {
		if out, err := exec.Command("bridge", "-n", l.Switch.NS, "link", "set", "dev", h.Port(), "isolated", "on").CombinedOutput(); err != nil {
			l.t.Fatalf("bridge: %v: %s", err, out)
		}
	}
}

// noMulticast makes the switch drop multicast, as an access point may.
func (l *lan) noMulticast() {
	l.Switch.NFT("add table bridge quiet; " +
		"add chain bridge quiet f { type filter hook forward priority 0; policy accept; }; " +
		"add rule bridge quiet f ip daddr 224.0.0.0/4 drop; " +
		"add rule bridge quiet f ip6 daddr ff00::/8 udp dport 5353 drop")
}

// A doctorCase is a fault on the way between alice and bob.
type doctorCase struct {
	fault func(alice, bob *host)
	// bob runs a node.
	bob  bool
	args []string
	// want are codes that doctor reports at alice's, not those that it does not report; exit is its exit code.
	want, not []string
	exit      int
	// mends: the command of the first of want, typed at bob's if it ends with "on that machine", ends the fault.
	mends bool
}

var doctorCases = map[string]doctorCase{
	// On Linux that is no fault: a node chooses the interface of its multicast itself.
	"no route for multicast": {
		fault: func(a, _ *host) { a.IP("route del 224.0.0.0/4"); a.forgetIPv6() },
		bob:   true, want: []string{"multicast_ok", "nodes_found"}, not: []string{"multicast_route"},
	},
	"switched off": {
		fault: func(a, _ *host) { a.IP("link set eth0 down") },
		want:  []string{"no_interface", "interface_skipped"}, exit: 3, mends: true,
	},
	"cable out": {
		fault: func(a, _ *host) { a.Unplug() },
		want:  []string{"no_interface"}, not: []string{"interface_used"}, exit: 3,
	},
	"no interface": {
		fault: func(a, _ *host) { a.IP("link del eth0") },
		want:  []string{"no_interface"}, exit: 3,
	},
	"only a tunnel": {
		fault: func(a, _ *host) { a.IP("link del eth0"); a.tunnel() },
		want:  []string{"no_interface"}, exit: 3,
	},
	"another interface named": {
		args: []string{"--interface", "eth7"},
		want: []string{"no_interface", "interface_missing"}, exit: 3,
	},
	"VPN takes the network": {
		fault: func(a, _ *host) {
			a.tunnel()
			a.IP("route add 10.77.0.0/28 dev tun0 table 100")
			a.IP("rule add to 10.77.0.0/28 lookup 100")
		},
		want: []string{"vpn_captures"}, mends: true,
	},
	"VPN takes the default route": {
		fault: func(a, _ *host) {
			a.tunnel()
			a.IP("route add default dev tun0")
		},
		bob: true, want: []string{"vpn_default", "nodes_found", "reached"}, not: []string{"vpn_captures"},
	},
	"firewall drops queries": {
		fault: func(a, _ *host) { a.filter("input udp dport 5353 drop") },
		bob:   true, want: []string{"multicast_lost", "nodes_found"}, not: []string{"multicast_ok"}, mends: true,
	},
	"firewall drops answers": {
		fault: func(a, _ *host) { a.filter("input udp sport 5353 drop") },
		bob:   true, want: []string{"answers_dropped"}, not: []string{"multicast_lost", "nodes_found"}, exit: 3, mends: true,
	},
	"firewall drops outgoing packets": {
		fault: func(a, _ *host) { a.filter("output udp dport 5353 drop") },
		bob:   true, want: []string{"multicast_send"}, not: []string{"multicast_ok", "nodes_found"}, exit: 3, mends: true,
	},
	"firewall knows connections": {
		fault: func(a, _ *host) {
			a.filter("input iif lo accept", "input ct state established,related accept", "input meta l4proto ipv6-icmp accept",
				"input udp dport 5353 accept", "input drop")
		},
		bob: true, want: []string{"answers_dropped", "inbound_blocked", "reached"}, not: []string{"nodes_found"}, mends: true,
	},
	"TCP dropped": {
		fault: func(_, b *host) { b.filter("input meta l4proto tcp drop") },
		bob:   true, want: []string{"tcp_blocked"}, not: []string{"reached"}, mends: true,
	},
	"UDP dropped": {
		fault: func(_, b *host) { b.filter("input udp dport != 5353 drop") },
		bob:   true, want: []string{"udp_blocked"}, not: []string{"reached"}, mends: true,
	},
	"TCP and UDP dropped": {
		fault: func(_, b *host) { b.filter("input meta l4proto tcp drop", "input udp dport != 5353 drop") },
		bob:   true, want: []string{"unreachable"}, exit: 3,
	},
	"switch drops multicast": {
		fault: func(a, _ *host) { a.lan.noMulticast() },
		bob:   true, want: []string{"multicast_filtered", "multicast_ok", "reached"}, not: []string{"nodes_found"},
	},
	"isolated": {
		fault: func(a, b *host) { a.lan.isolate(a, b) },
		bob:   true, want: []string{"alone", "multicast_ok"}, not: []string{"nodes_found", "multicast_filtered"},
	},
	"isolated, a peer expected": {
		fault: func(a, b *host) { a.lan.isolate(a, b) },
		bob:   true, args: []string{"--peer", "10.77.0.2:4001"}, want: []string{"unreachable", "alone"}, exit: 3,
	},
	"nobody there": {
		want: []string{"nobody", "multicast_ok"}, not: []string{"alone"},
	},
	"mDNS switched off": {
		bob: true, args: []string{"--no-mdns"}, want: []string{"mdns_off"}, not: []string{"multicast_ok", "nodes_found"},
	},
}

// TestLANDoctor makes faults between two hosts and asks doctor about them. Then it types the commands that doctor
// gives.
func TestLANDoctor(t *testing.T) {
	t.Parallel()
	for name, c := range doctorCases {
		t.Run(name, c.run)
	}
}

// run asks about one fault.
func (c doctorCase) run(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice, bob := l.host("alice"), l.host("bob")
	// A small network: all namespaces share the kernel's neighbour table, which must not overflow.
	for _, h := range []*host{alice, bob} {
		h.IP("addr add %s/28 dev eth0", h.addr)
		h.IP("addr del %s/24 dev eth0", h.addr)
	}
	if c.bob {
		bob.start()
	}
	if c.fault != nil {
		c.fault(alice, bob)
	}
	args := append([]string{"--ephemeral"}, c.args...)
	d := alice.doctor(args...)
	if d.exit != c.exit {
		t.Errorf("exit %d, want %d", d.exit, c.exit)
	}
	for _, code := range c.want {
		if _, said := d.findings[code]; !said {
			t.Errorf("doctor does not say %s", code)
		}
	}
	for _, code := range c.not {
		if f, said := d.findings[code]; said {
			t.Errorf("doctor says %+v", f)
		}
	}
	if !c.mends || t.Failed() {
		return
	}
	line, elsewhere := strings.CutSuffix(d.findings[c.want[0]].Do, "   # on that machine")
	at := map[bool]*host{false: alice, true: bob}[elsewhere]
	at.follow(line)
	if f, still := alice.doctor(args...).findings[c.want[0]]; still {
		t.Errorf("after %q at %s's doctor still says %+v", line, at.name, f)
	}
}

// TestLANDoctorFiltered follows doctor's advice on a network that drops multicast: the room is found.
func TestLANDoctorFiltered(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	l.noMulticast()
	alice, bob := l.host("alice"), l.host("bob").start()
	bob.create("lab")
	_, peer, found := strings.Cut(alice.doctor("--ephemeral").findings["multicast_filtered"].Do, "localchat join ROOM --peer ")
	if !found {
		t.Fatal("doctor does not say which peer to dial")
	}
	if out, _, _ := alice.run("rooms", "--ephemeral"); strings.Contains(out, "lab") {
		t.Error("the room is found without help: this network drops nothing")
	}
	if out, words, _ := alice.run("rooms", "--ephemeral", "--peer", peer); !strings.Contains(out, "lab") {
		t.Errorf("with --peer %s: rooms printed %q, said %q", peer, out, words)
	}
}

// TestLANDoctorBeside runs doctor beside a node in a room, which goes on as if nothing had happened.
func TestLANDoctorBeside(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob")
	alice, bob := people[0], people[1]
	alice.create("lab")
	bob.knock("lab", alice)
	before := len(alice.do("node.peers", nil)["peers"].([]any))
	d := alice.doctor()
	for _, code := range []string{"nodes_here", "nodes_found", "reached", "multicast_ok"} {
		if _, said := d.findings[code]; !said {
			t.Errorf("doctor does not say %s", code)
		}
	}
	if f, said := d.findings["twin"]; said || d.exit != 0 {
		t.Errorf("exit %d, doctor takes the node beside it for a twin: %+v", d.exit, f)
	}
	converse("lab", "after doctor", alice, bob)
	if after := len(alice.do("node.peers", nil)["peers"].([]any)); after != before {
		t.Errorf("alice's node knows %d peers, before %d: doctor has dialled it", after, before)
	}
}

// TestLANDoctorTwin copies a data directory to a second host.
func TestLANDoctorTwin(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice, copied := l.host("alice").start(), l.host("copied")
	copied.follow("cp -a " + alice.data() + "/. " + copied.data())
	d := copied.doctor()
	if f := d.findings["twin"]; d.exit != 3 || !f.Blocks || f.About != alice.peer() || !strings.Contains(f.Text, alice.addr) {
		t.Errorf("exit %d, says %+v; want 3 and a twin at %s", d.exit, f, alice.addr)
	}
	copied.follow(d.findings["twin"].Do)
	if d := copied.doctor(); d.exit != 0 {
		t.Errorf("after what doctor said: exit %d", d.exit)
	}
	if entries, err := os.ReadDir(copied.data()); err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "localchat" }) {
		t.Error("doctor made an identity")
	}
}

// TestLANDoctorAfterCommands: commands that have ended are no fault of the network, nor is a node that has left.
func TestLANDoctorAfterCommands(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	w := l.host("alice").terminal()
	w.types("localchat create lab --open --plain")
	w.sees("you own lab")
	bob := l.host("bob")
	for _, line := range []string{"rooms --wait 1s", "rooms --wait 1s", "send lab hello --ephemeral", "send lab hello"} {
		if _, said, code := bob.run(strings.Fields(line)...); code != 0 {
			t.Fatalf("%s: exit %d, said %q", line, code, said)
		}
	}
	l.host("carol").start().quit()
	w.types("/doctor")
	w.sees("no other node answers")
	if screen := w.screen(); strings.Contains(screen, "cannot be reached") {
		t.Errorf("doctor reports a peer that has left as a fault:\n%s", screen)
	}
}
