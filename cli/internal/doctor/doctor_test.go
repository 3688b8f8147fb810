package doctor

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/discovery"
	"localchat/internal/neterr"
	"localchat/node"
)

func ifaceUsed(name string, prefixes ...string) discovery.InterfaceCheck {
	i := discovery.InterfaceCheck{Name: name, Used: true}
	for _, p := range prefixes {
		i.Prefixes = append(i.Prefixes, netip.MustParsePrefix(p))
	}
	return i
}

func unused(name string, why discovery.WhyNot) discovery.InterfaceCheck {
	return discovery.InterfaceCheck{Name: name, Why: why}
}

func soundLink(v6 bool) discovery.LinkCheck {
	return discovery.LinkCheck{Interface: "eth0", V6: v6, Returned: true, FromPort: true, Tried: true, Open: true}
}

func nodeAt(peer node.PeerID, ip string) discovery.NodeCheck {
	return discovery.NodeCheck{Peer: peer, Addrs: []discovery.Address{
		{AddrPort: netip.MustParseAddrPort(ip + ":4001"), QUIC: true}, {AddrPort: netip.MustParseAddrPort(ip + ":4002")},
	}}
}

// dialledAt returns a node at ip that was dialled with these results.
func dialledAt(peer node.PeerID, ip string, tcp, quic error) reached {
	r := reached{peer: peer}
	r.quic = attempt{at: nodeAt(peer, ip).Addrs[0], tried: true, err: quic}
	r.tcp = attempt{at: nodeAt(peer, ip).Addrs[1], tried: true, err: tcp}
	if tcp == nil || quic == nil {
		r.proven = peer
	}
	return r
}

// silentMember returns dave, a member of a room of this node that did not answer by mDNS, dialled with this result.
func silentMember(err error) reached {
	r := dialledAt(clitest.DaveID, "192.168.1.10", err, err)
	r.silent, r.nick = true, "dave"
	return r
}

// healthy returns the facts of a machine on a network where alice is found and reached.
func healthy() facts {
	alice := nodeAt(clitest.AliceID, "192.168.1.9")
	alice.Multicast = true
	now := time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC)
	return facts{
		os: "linux", firewall: "nft", program: "/usr/bin/localchat", now: now, built: now.AddDate(0, -1, 0), self: clitest.MeID, dataDir: "/home/bob/chat",
		checkup: discovery.Checkup{
			Interfaces: []discovery.InterfaceCheck{unused("lo", discovery.Loopback), ifaceUsed("eth0", "192.168.1.7/24", "fe80::7/64")},
			Default:    "eth0",
			Links:      []discovery.LinkCheck{soundLink(false), soundLink(true)},
			Nodes:      []discovery.NodeCheck{alice},
		},
		reached: []reached{dialledAt(clitest.AliceID, "192.168.1.9", nil, nil)},
	}
}

// alone returns the facts of a machine on a network without other nodes.
func alone() facts {
	f := healthy()
	f.checkup.Nodes, f.reached = nil, nil
	f.checkup.Resolved, f.checkup.Asked = true, []netip.Prefix{netip.MustParsePrefix("192.168.1.0/24")}
	return f
}

// A factCase is a change of the facts, and the finding that results.
type factCase struct {
	from     func() facts
	change   func(*facts)
	code     string
	severity command.Severity
	blocks   bool
	text     string // a part of the text
	cause    string // a part of the cause
	do       string // the whole line
}

var factCases = map[string]factCase{
	"used":        {from: healthy, code: "interface_used", severity: fine, text: "eth0 is used: 192.168.1.7/24, fe80::7/64"},
	"skipped":     {from: healthy, code: "interface_skipped", severity: note, text: "lo is not used", cause: "loopback interface"},
	"own returns": {from: healthy, code: "multicast_ok", severity: fine, text: "eth0 IPv4, eth0 IPv6"},
	"found":       {from: healthy, code: "nodes_found", severity: fine, text: "1 node found by mDNS: "},
	"reached":     {from: healthy, code: "reached", severity: fine, text: "reached at 192.168.1.9:4002 over TCP and UDP"},

	"link-local only": {
		from: healthy, change: func(f *facts) {
			f.checkup.Interfaces[1] = ifaceUsed("eth0", "fe80::7/64")
		},
		code: "link_local_only", severity: note, text: "found and joined", cause: "cable", do: "localchat join '[fe80::1%eth0]:4001'   # for example",
	},
	"containers": {
		from: healthy, change: func(f *facts) {
			f.checkup.Interfaces = append(f.checkup.Interfaces[1:], unused("docker0", discovery.Containers))
		},
		code: "interface_skipped", severity: note, text: "docker0", cause: "containers", do: "localchat doctor --interface docker0",
	},
	"virtual": {
		from: healthy, change: func(f *facts) {
			f.checkup.Interfaces = f.checkup.Interfaces[1:]
			f.checkup.Interfaces[0].Virtual = true
		},
		code: "interface_used", severity: note, cause: "virtual adapter", do: "localchat --interface NAME   # the real one",
	},
	"no list": {
		from: healthy, change: func(f *facts) { f.checkup = discovery.Checkup{Err: errors.New("netlink says no")} },
		code: "no_interface", severity: fault, blocks: true, text: "netlink says no", do: "localchat doctor -v --log-file doctor.log",
	},
	"no Wi-Fi": {
		from: alone, change: func(f *facts) {
			f.checkup = discovery.Checkup{Interfaces: []discovery.InterfaceCheck{unused("lo", discovery.Loopback), unused("eth0", discovery.SwitchedOff), unused("wlan0", discovery.NoLink)}}
		},
		code: "no_interface", severity: fault, blocks: true, cause: "wlan0: it has no link", do: "nmcli device connect wlan0",
	},
	"no Wi-Fi, Mac": {
		from: alone, change: func(f *facts) {
			f.os = "darwin"
			f.checkup = discovery.Checkup{Interfaces: []discovery.InterfaceCheck{unused("en0", discovery.NoLink)}}
		},
		code: "no_interface", severity: fault, blocks: true, cause: "en0: it has no link", do: "networksetup -setairportpower en0 on",
	},
	"no address, Windows": {
		from: alone, change: func(f *facts) {
			f.os = "windows"
			f.checkup = discovery.Checkup{Interfaces: []discovery.InterfaceCheck{unused("Wi-Fi 2", discovery.NoAddress)}}
		},
		code: "no_interface", severity: fault, blocks: true, cause: "DHCP", do: "ipconfig /renew 'Wi-Fi 2'",
	},
	"only a tunnel is up": {
		from: alone, change: func(f *facts) { f.checkup.Interfaces[1].Name, f.checkup.Interfaces[1].Tunnel = "tun0", true },
		code: "only_vpn", severity: warning, text: "tun0", do: "nmcli device wifi connect NAME --ask",
	},
	"captured": {
		from: healthy, change: func(f *facts) { f.checkup.Interfaces[1].Captured = "utun3" },
		code: "vpn_captures", severity: fault, text: "eth0 go into utun3", do: "sudo ip rule add to 192.168.1.0/24 lookup main priority 100",
	},
	"join": {
		from: alone, change: func(f *facts) {
			f.checkup.Links[0].Join, f.checkup.Links[1].Join = syscall.EADDRINUSE, syscall.EADDRINUSE
		},
		code: "multicast_join", severity: fault, blocks: true, text: "on eth0: address already in use", do: "sudo ss -lunp sport = :5353",
	},
	"one family": {
		from: alone, change: func(f *facts) { f.checkup.Links[0].Join = syscall.EADDRINUSE },
		code: "multicast_join", severity: warning, text: "on eth0 IPv4", do: "sudo ss -lunp sport = :5353",
	},
	"sending": {
		from: alone, change: func(f *facts) { f.checkup.Links = []discovery.LinkCheck{{Interface: "eth0", Send: syscall.EPERM}} },
		code: "multicast_send", severity: fault, blocks: true, cause: "drops outgoing UDP", do: "sudo nft insert rule inet filter output udp dport 5353 accept",
	},
	"sending, somebody reached": {
		from: healthy, change: func(f *facts) { f.checkup.Links = []discovery.LinkCheck{{Interface: "eth0", Send: syscall.EPERM}} },
		code: "multicast_send", severity: fault, do: "sudo nft insert rule inet filter output udp dport 5353 accept",
	},
	"sending, Mac": {
		from: alone, change: func(f *facts) {
			f.os, f.checkup.Links = "darwin", []discovery.LinkCheck{{Interface: "en0", Send: syscall.EHOSTUNREACH}}
		},
		code: "local_network_privacy", severity: fault, blocks: true, cause: "Privacy & Security > Local Network", do: openLocalNetwork,
	},
	"questions, ufw": {
		from: alone, change: func(f *facts) { f.firewall = "ufw"; f.checkup.Links = []discovery.LinkCheck{{Interface: "eth0"}} },
		code: "multicast_lost", severity: fault, blocks: true, do: "sudo ufw allow 5353/udp",
	},
	"answers, firewalld": {
		from: alone, change: func(f *facts) {
			f.firewall = "firewalld"
			f.checkup.Links = []discovery.LinkCheck{{Interface: "eth0", Returned: true}}
		},
		code: "answers_dropped", severity: fault, blocks: true, do: "sudo firewall-cmd --permanent --add-source-port=5353/udp && sudo firewall-cmd --reload",
	},
	"answers, to the port alone": {
		from: healthy, change: func(f *facts) {
			f.firewall = "ufw"
			f.checkup.Nodes[0].Multicast, f.checkup.Nodes[0].ToPort = false, true
		},
		code: "answers_dropped", severity: fault, text: "at 192.168.1.9", do: "sudo ufw allow proto udp from any port 5353",
	},
	"no route": {
		from: alone, change: func(f *facts) {
			f.checkup.Multicast, f.checkup.Links[0].Query = syscall.ENETUNREACH, errors.New("no port")
		},
		code: "multicast_route", severity: warning, do: "sudo ip route add 224.0.0.0/4 dev eth0",
	},
	"query": {
		from: alone, change: func(f *facts) { f.checkup.Links[1].Query = errors.New("no port") },
		code: "multicast_query", severity: warning, do: "localchat rooms -v --log-file localchat.log   # and report the output",
	},
	"inbound": {
		from: alone, change: func(f *facts) { f.firewall = "ufw"; f.port = 4500; f.checkup.Links[0].Open = false },
		code: "inbound_blocked", severity: warning, text: "it can dial them", do: "sudo ufw allow 4500 && sudo ufw allow 5353/udp",
	},
	"inbound, any port": {
		from: alone, change: func(f *facts) { f.firewall = "iptables"; f.checkup.Links[0].Open = false },
		code: "inbound_blocked", severity: warning,
		do: "sudo iptables -I INPUT -p udp --dport 5353 -j ACCEPT && sudo iptables -I INPUT -p udp --dport 4001 -j ACCEPT && " +
			"sudo iptables -I INPUT -p tcp --dport 4001 -j ACCEPT && localchat --listen 4001",
	},
	"ports":                 {code: "ports", severity: fine, text: "a TCP and a UDP port, which the system chooses at each start, and find this machine at UDP port 5353"},
	"ports, one that stays": {change: func(f *facts) { f.port = 4500 }, code: "ports", severity: fine, text: "port 4500, TCP and UDP, and find this machine at UDP port 5353"},
	"ports, ufw": {
		change: func(f *facts) { f.firewall = "ufw" },
		code:   "ports", severity: fine, text: "the firewall", do: "sudo ufw allow 4001 && sudo ufw allow 5353/udp && localchat --listen 4001",
	},
	"ports, firewalld": {
		change: func(f *facts) { f.firewall, f.port = "firewalld", 4500 },
		code:   "ports", severity: fine, text: "the firewall",
		do: "sudo firewall-cmd --permanent --add-port=4500/tcp --add-port=4500/udp --add-port=5353/udp && sudo firewall-cmd --reload",
	},
	"ports, Windows": {
		change: func(f *facts) { f.os, f.program = "windows", `C:\localchat.exe` },
		code:   "ports", severity: fine, text: "the firewall",
		do: `New-NetFirewallRule -DisplayName localchat -Direction Inbound -Action Allow -Program 'C:\localchat.exe'   # as administrator`,
	},
	"ports, macOS": {
		change: func(f *facts) { f.os = "darwin" },
		code:   "ports", severity: fine, text: "the firewall", do: "sudo /usr/libexec/ApplicationFirewall/socketfilterfw --unblockapp /usr/bin/localchat",
	},
	"filtered": {
		from: healthy, change: func(f *facts) { f.checkup.Nodes[0].Multicast, f.checkup.Nodes[0].Direct = false, true },
		code: "multicast_filtered", severity: fault, text: "at 192.168.1.9", cause: "access point", do: "localchat join ROOM --peer 192.168.1.9:4002",
	},
	"alone": {from: alone, code: "alone", severity: warning, text: "192.168.1.0/24", cause: "client isolation", do: "nmcli device wifi hotspot   # a network of your own"},
	"alone, not known": {
		from: alone, change: func(f *facts) { f.os, f.checkup.Resolved = "windows", false },
		code: "alone", severity: note, do: "start ms-settings:network-mobilehotspot   # a network of your own",
	},
	"printers": {
		from: alone, change: func(f *facts) { f.checkup.Links[1].Heard = []netip.Addr{netip.MustParseAddr("fe80::99")} },
		code: "nobody", severity: note, text: "1 other machine is on this network", do: "localchat doctor   # on that machine",
	},
	"TCP": {
		from: healthy, change: func(f *facts) { f.reached[0] = dialledAt(clitest.AliceID, "192.168.1.9", os.ErrDeadlineExceeded, nil) },
		code: "tcp_blocked", severity: warning, text: "over UDP, but not over TCP: no answer", do: "sudo nft insert rule inet filter input tcp dport 4002 accept   # on that machine",
	},
	"UDP": {
		from: healthy, change: func(f *facts) {
			f.reached[0] = dialledAt(clitest.AliceID, "192.168.1.9", nil, errors.New("sendto: operation not permitted"))
		},
		code: "udp_blocked", severity: warning, text: "over TCP, but not over UDP", cause: "the firewall of this machine", do: "sudo nft insert rule inet filter output udp dport 4001 accept",
	},
	"both": {
		from: healthy, change: func(f *facts) {
			f.reached[0] = dialledAt(clitest.AliceID, "192.168.1.9", os.ErrDeadlineExceeded, os.ErrDeadlineExceeded)
		},
		code: "unreachable", severity: fault, blocks: true, cause: "firewall of that machine", do: "sudo nft insert rule inet filter input tcp dport 4002 accept   # on that machine",
	},
	"one of two": {
		from: healthy, change: func(f *facts) {
			f.reached = append(f.reached, dialledAt(clitest.DaveID, "192.168.1.10", syscall.ECONNREFUSED, syscall.ECONNREFUSED))
		},
		code: "unreachable", severity: fault, text: "192.168.1.10:4002: connection refused", cause: "another port", do: "localchat doctor   # on that machine",
	},
	"a member has ended its node": {
		from: healthy, change: func(f *facts) {
			f.reached = append(f.reached, silentMember(syscall.ECONNREFUSED))
		},
		code: "not_running", severity: note, text: "dave (~", cause: "has stopped",
	},
	"a member's machine is off": {
		from: healthy, change: func(f *facts) {
			f.reached = append(f.reached, silentMember(os.ErrDeadlineExceeded))
			f.checkup.Resolved, f.checkup.Neighbours = true, []netip.Addr{netip.MustParseAddr("192.168.1.9")}
		},
		code: "absent", severity: note, text: "no machine answers at 192.168.1.10", cause: "switched off",
	},
	"a member's firewall": {
		from: healthy, change: func(f *facts) {
			f.reached = append(f.reached, silentMember(os.ErrDeadlineExceeded))
			f.checkup.Resolved, f.checkup.Neighbours = true, []netip.Addr{netip.MustParseAddr("192.168.1.10")}
		},
		code: "unreachable", severity: fault, cause: "firewall of that machine", do: "sudo nft insert rule inet filter input tcp dport 4002 accept   # on that machine",
	},
	"unreachable, Mac": {
		from: healthy, change: func(f *facts) {
			f.os, f.reached[0] = "darwin", dialledAt(clitest.AliceID, "192.168.1.9", syscall.EHOSTUNREACH, syscall.EHOSTUNREACH)
		},
		code: "local_network_privacy", severity: fault, blocks: true, cause: "Privacy & Security > Local Network", do: openLocalNetwork,
	},
	"elsewhere": {
		from: alone, change: func(f *facts) {
			f.reached = []reached{dialledAt(clitest.AliceID, "10.1.2.3", syscall.ENETUNREACH, syscall.ENETUNREACH)}
		},
		code: "unreachable", severity: fault, blocks: true, cause: "different network", do: "nmcli device wifi hotspot   # a network of your own",
	},
	"stranger": {
		from: healthy, change: func(f *facts) {
			f.reached[0] = dialledAt(clitest.AliceID, "192.168.1.9", nil, os.ErrDeadlineExceeded)
			f.reached[0].proven, f.reached[0].handshake = "", errors.New("peer ID mismatch")
		},
		code: "stranger", severity: warning, text: "192.168.1.9:4002", do: "localchat doctor   # on that machine",
	},
	"twin": {
		from: healthy, change: func(f *facts) {
			f.checkup.Nodes = append(f.checkup.Nodes, nodeAt(clitest.MeID, "192.168.1.8"))
			f.reached = append(f.reached, dialledAt(clitest.MeID, "192.168.1.8", nil, nil))
		},
		code: "twin", severity: fault, blocks: true, text: "192.168.1.8", cause: "copied", do: "mv '/home/bob/chat' '/home/bob/chat.copied'   # on the machine that should get a new identity",
	},
	"twin, not proven": {
		from: healthy, change: func(f *facts) { f.checkup.Nodes = append(f.checkup.Nodes, nodeAt(clitest.MeID, "192.168.1.8")) },
		code: "twin", severity: warning, cause: "faking it", do: "localchat id   # on that machine",
	},
	"identity": {
		from: healthy, change: func(f *facts) { f.selfErr = &node.Error{Text: "the key is damaged", Reason: "store newer"} },
		code: "identity", severity: fault, blocks: true, text: "damaged", cause: "use that version", do: "localchat --ephemeral   # a new identity, for this time only",
	},
	"clock": {
		from: healthy, change: func(f *facts) { f.now = time.Unix(0, 0) },
		code: "clock", severity: warning, text: "1970-01-01 00:00", do: "sudo timedatectl set-ntp true",
	},
	"mDNS off": {
		from: alone, change: func(f *facts) { f.noMDNS, f.checkup.Links = true, nil },
		code: "mdns_off", severity: warning, do: "localchat doctor --no-mdns=false",
	},
	"VPN": {
		from: healthy, change: func(f *facts) {
			f.checkup.Default = "wg0"
			f.checkup.Interfaces = append(f.checkup.Interfaces, discovery.InterfaceCheck{Name: "wg0", Why: discovery.NoMulticast, Tunnel: true})
		},
		code: "vpn_default", severity: note, text: "wg0",
	},
	"Mac": {
		from: alone, change: func(f *facts) { f.os = "darwin" },
		code: "macos_local_network", severity: note, cause: "macOS 15", do: openLocalNetwork,
	},
	"Mac's firewall": {
		from: alone, change: func(f *facts) { f.os = "darwin" },
		code: "macos_firewall", severity: note, do: "sudo /usr/libexec/ApplicationFirewall/socketfilterfw --add /usr/bin/localchat",
	},
	"Windows": {
		from: alone, change: func(f *facts) { f.os = "windows" },
		code: "windows_public", severity: note, do: "Get-NetConnectionProfile | Set-NetConnectionProfile -NetworkCategory Private   # as administrator",
	},
	"Windows' firewall": {
		from: alone, change: func(f *facts) { f.os, f.program = "windows", `C:\Program Files\localchat.exe` },
		code: "windows_firewall", severity: note, cause: "localchat.exe",
		do: `New-NetFirewallRule -DisplayName localchat -Direction Inbound -Action Allow -Program 'C:\Program Files\localchat.exe'   # as administrator`,
	},
}

func TestFindings(t *testing.T) {
	for name, c := range factCases {
		f := healthy()
		if c.from != nil {
			f = c.from()
		}
		if c.change != nil {
			c.change(&f)
		}
		all := findings(f)
		i := slices.IndexFunc(all, func(fd Finding) bool { return fd.Code == c.code })
		if i < 0 {
			t.Errorf("%s: no %s among %+v", name, c.code, all)
			continue
		}
		got := all[i]
		if got.Severity != c.severity || got.Blocks != c.blocks || got.Do != c.do || !strings.Contains(got.Text, c.text) || !strings.Contains(got.Cause, c.cause) {
			t.Errorf("%s: got %+v\nwant %+v", name, got, c)
		}
		if blocked := diagnose(f).Blocked; blocked != c.blocks {
			t.Errorf("%s: blocked is %v, want %v: %+v", name, blocked, c.blocks, all)
		}
		for _, fd := range all {
			if fd.Text == "" || fd.Severity == fault && (fd.Cause == "" || fd.Do == "") || fd.Severity == warning && (fd.Cause == "" || fd.Do == "") {
				t.Errorf("%s: a finding without a cause or a line to type: %+v", name, fd)
			}
			if fd.Blocks && fd.Severity != fault {
				t.Errorf("%s: blocks and is no fault: %+v", name, fd)
			}
		}
	}
}

// TestFindingsQuiet: on a machine where all works, doctor finds no fault and gives no warning.
func TestFindingsQuiet(t *testing.T) {
	f := healthy()
	f.os = "darwin"
	for _, fd := range findings(f) {
		if fd.Severity != fine && fd.Code != "interface_skipped" {
			t.Errorf("on a healthy machine: %+v", fd)
		}
	}
}

func TestMergeTargets(t *testing.T) {
	at := func(text string) discovery.Address {
		a, _, ok := discovery.ParseAddress(text)
		if !ok {
			t.Fatal(text)
		}
		return a
	}
	ours := []netip.Prefix{netip.MustParsePrefix("192.168.1.7/24")}
	got, _ := merge([]target{
		targetAt(clitest.AliceID, at("/ip4/10.0.0.9/udp/1/quic-v1"), at("/ip4/10.0.0.9/tcp/2")),
		targetAt(clitest.AliceID, at("/ip6/fe80::1/tcp/5"), at("/ip4/192.168.1.9/udp/3/quic-v1"), at("/ip4/192.168.1.9/tcp/4")),
		targetAt("", at("192.168.1.20:4001")),
		targetAt("", at("192.168.1.21:4001")),
		targetAt(clitest.DaveID),
		targetAt(clitest.MeID, at("/ip4/10.0.0.9/tcp/2"), at("/ip6zone/eth0/ip6/fe80::1/tcp/5")),
	}, ours)
	if len(got) != 4 || got[3].tcp.Port() != 5 || got[0].quic.Port() != 3 || got[0].tcp.Port() != 4 || got[2].tcp.String() != "/ip4/192.168.1.21/tcp/4001" || got[2].quic.IsValid() {
		t.Errorf("targets %+v", got)
	}
}

// TestReach dials a node, a port on which nothing listens, and a node with the wrong peer ID.
func TestReach(t *testing.T) {
	n, err := node.New(node.Config{Listen: []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	var addrs []discovery.Address
	for _, text := range n.Info().Addrs {
		a, _, ok := discovery.ParseAddress(text)
		if !ok {
			t.Fatalf("cannot read %s", text)
		}
		addrs = append(addrs, a)
	}
	gone := discovery.Address{AddrPort: netip.MustParseAddrPort("127.0.0.1:1")}
	other, err := node.Identity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var tcp []discovery.Address
	for _, at := range addrs {
		if !at.QUIC {
			tcp = append(tcp, at)
		}
	}
	targets, _ := merge([]target{targetAt(n.Info().Peer, addrs...), targetAt("", gone), targetAt(other.Peer, tcp...)}, nil)
	got := reach(t.Context(), Options{Log: slog.New(slog.DiscardHandler)}, targets)
	if r := got[0]; !r.tcp.ok() || !r.quic.ok() || r.proven != n.Info().Peer {
		t.Errorf("a node that is there: %+v", r)
	}
	if r := got[1]; !neterr.Refused(r.tcp.err) || r.quic.tried || r.proven != "" {
		t.Errorf("a port where nobody listens: %+v", r)
	}
	if r := got[2]; !r.tcp.ok() || r.proven != "" || r.handshake == nil {
		t.Errorf("a node under another's name: %+v", r)
	}
}

// TestDoctorWithoutNetworkManager: a line to type names no program that is not installed.
func TestDoctorWithoutNetworkManager(t *testing.T) {
	for _, lines := range []func(facts) string{
		facts.joinNetwork, facts.ownNetwork,
		func(f facts) string { return f.bringUp(discovery.InterfaceCheck{Name: "eth0", Why: discovery.NoLink}) },
	} {
		with, without := lines(facts{os: "linux"}), lines(facts{os: "linux", noNMCLI: true})
		if !strings.Contains(with, "nmcli") || strings.Contains(without, "nmcli") || without == "" {
			t.Errorf("with nmcli: %q, without it: %q", with, without)
		}
	}
}

// TestDoctorCountsNodesNotTried: doctor says how many nodes it did not dial.
func TestDoctorCountsNodesNotTried(t *testing.T) {
	at, _, _ := discovery.ParseAddress("192.168.1.20:4001")
	for n, want := range map[int]int{0: 0, maxReach: 0, maxReach + 1: 1, 3 * maxReach: 2 * maxReach} {
		var all []target
		for i := range n {
			all = append(all, targetAt(node.PeerID(fmt.Sprint("peer", i)), at), targetAt(node.PeerID(fmt.Sprint("peer", i)), at))
		}
		targets, more := merge(all, nil)
		if len(targets) != min(n, maxReach) || more != want {
			t.Errorf("of %d nodes %d are dialled and %d are not", n, len(targets), more)
		}
		said := false
		for _, fd := range reachFindings(facts{notTried: more}) {
			said = said || fd.Code == "not_tried" && strings.HasPrefix(fd.Text, fmt.Sprint(more, " "))
		}
		if said != (more > 0) {
			t.Errorf("that %d nodes are not dialled is said: %v", more, said)
		}
	}
}
