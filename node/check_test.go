package node

import (
	"net"
	"slices"
	"strings"
	"testing"
)

// TestCheckTarget: the target of a join or dial is an address or the name of a room. An address at which nothing can be is refused as
// an address, at once.
func TestCheckTarget(t *testing.T) {
	for text, want := range map[string]string{
		// Names.
		"lab": "", "10:30": "", "10:99": "", "team: red": "", "a:b:c": "", "4001": "", "v1.2": "", "alice:4001": "", "...": "", "lab [new]": "",
		// Addresses.
		"1.2.3.4:4001": "", "[2001:db8::1]:4001": "", "[fe80::1%CARD]:4001": "", "[::ffff:1.2.3.4]:65535": "",
		"/ip4/1.2.3.4/tcp/4001": "", "/ip4/1.2.3.4/udp/4001/quic-v1": "", "/ip6zone/CARD/ip6/fe80::1/tcp/4001": "",
		"/ip4/1.2.3.4/tcp/1/p2p/12D3KooWNL9sNMcDeEkx6VfuzfrT6mPcJyEwvzLDrR3FSheH1vts": "", "/dns4/alice.local/tcp/4001": "",
		// Neither.
		"": "which room", "  ": "which room",
		"1.2.3.4": "without a port", "::1": "without a port", "[::1]": "without a port", "fe80::1%eth0": "without a port",
		"1.2.3.4:0": `port "0"`, "1.2.3.4:99999": `port "99999"`, "1.2.3.4:-1": `port "-1"`, "[::1]:0": `port "0"`, "alice:99999": `port "99999"`, "alice:0": `port "0"`,
		"1.2.3.4:http": `port "http"`, "[fe80::1%eth0]:99999": `port "99999"`,
		"1.2.3.4:": "no port", "alice:": "no port", ":": "no port", ":4001": "no host", ":0": `port "0"`,
		"1.2.3.4:1:2": "not HOST:PORT", "[::1]4001": "not HOST:PORT", "[::1": "without a port", "1.2.3.4 :4001": "not an IP address",
		"[fe80::1]:4001": "needs the name of a network interface", "0.0.0.0:4001": "not the address of a single machine", "[::]:4001": "not the address of a single machine", "224.0.0.251:5353": "not the address of a single machine",
		"255.255.255.255:1":  "not the address of a single machine",
		"[fe80::1%nocard]:1": `no network interface "nocard"`, "/ip6zone/nocard/ip6/fe80::1/udp/1/quic-v1": `no network interface "nocard"`, "[fd00::1%nocard]:1": `no network interface "nocard"`, "[fe80::1%4294967296]:1": "no network interface",
		"/ip6/fe80::1/tcp/4001": "needs the name of a network interface", "/ip4/0.0.0.0/tcp/4001": "not the address of a single machine", "/ip6/ff02::fb/udp/1/quic-v1": "not the address of a single machine",
		"/": "no address", "/lab": "unknown protocol lab", "/ip4/1.2.3.4": "not a host with tcp", "/tcp/1": "not a host with tcp", "/ip4/1.2.3/tcp/1": `invalid value "1.2.3"`,
		"/ip4/1.2.3.4/tcp/99999": `invalid value "99999"`, "/ip4/1.2.3.4/tcp/0": "port 0", "/ip4/1.2.3.4/udp/1": "not a host with tcp", "/ip4/1.2.3.4/tcp/1/ws": "not a host with tcp",
	} {
		text = strings.ReplaceAll(text, "CARD", must(net.Interfaces())[0].Name)
		err := CheckTarget(JoinOptions{Room: text})
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", text, err)
		case want != "" && (codeOf(err) != CodeInvalid || !strings.Contains(err.Error(), want) || AsError(err).Reason == ""):
			t.Errorf("%q: %v, want %q", text, err, want)
		case want != "" && (strings.Contains(err.Error(), "strconv") || strings.Contains(err.Error(), "failed to parse")):
			t.Errorf("%q: %v shows internals", text, err)
		}
	}
	for _, damaged := range []string{"LOCALCHAT:", "LOCALCHAT:AAAA", "LOCALCHAT:AG6JUOIPNTAYX4AZ"} {
		if err := CheckTarget(JoinOptions{Invite: damaged}); codeOf(err) != CodeInvalid {
			t.Errorf("%s: %v", damaged, err)
		}
	}
}

// TestListenAddrs: an address to listen on is one that both we and others can use, and is given once. Two addresses on ports that the
// system chooses are two.
func TestListenAddrs(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "/ip4/0.0.0.0/tcp/4001": "", "/ip4/0.0.0.0/tcp/4001 /ip4/0.0.0.0/udp/4001/quic-v1 /ip6/::/tcp/4001": "", "/ip4/0.0.0.0/tcp/0 /ip4/0.0.0.0/tcp/0": "",
		"4001": "", "4001 4002": "", "4001 /ip4/1.2.3.4/tcp/4001": "", "1.2.3.4": "neither a port", "1.2.3.4:4001": "neither a port", "0": "neither a port", "-1": "neither a port", "65536": "neither a port",
		"4001 4001": "given twice", "4001 /ip6/::/tcp/4001": "given twice", "/ip4/1.2.3.4": "not an IP address with", "/dns4/alice/tcp/1": "not an IP address with",
		"/ip4/0.0.0.0/tcp/99999": `invalid value "99999"`, "/ip4/0.0.0.0/udp/4001": "not an IP address with", "/ip4/0.0.0.0/tcp/x": `invalid value "x"`,
		"/ip4/0.0.0.0/tcp/4001 /ip4/0.0.0.0/tcp/4001": "given twice", "/ip6/::/udp/1/quic-v1 /ip6/0:0::0/udp/1/quic-v1": "given twice",
		"/ip6zone/nocard/ip6/fe80::1/tcp/4001": `no network interface "nocard"`,
	} {
		addrs, err := ListenAddrs(strings.Fields(text))
		if err != nil && addrs != nil {
			t.Errorf("%q: %v, and %q all the same", text, err, addrs)
		}
		if want == "" && err != nil || want != "" && (codeOf(err) != CodeInvalid || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestListenAtAPort: a port is that of both transports, on every interface of both families.
func TestListenAtAPort(t *testing.T) {
	want := []string{"/ip4/0.0.0.0/udp/4001/quic-v1", "/ip6/::/udp/4001/quic-v1", "/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/4001"}
	if got := must(ListenAddrs([]string{"4001"})); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCheckCreate: a fault in a room's name or a nick is explained in the chat's own words, before there is a node.
func TestCheckCreate(t *testing.T) {
	text := func(s string) *string { return &s }
	number := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		o    CreateOptions
		want string
	}{
		{CreateOptions{Name: "lab", Nick: "bob"}, ""},
		{CreateOptions{Name: ""}, "the room name is empty"},
		{CreateOptions{Name: strings.Repeat("x", 200)}, "the room name has 200 characters"},
		{CreateOptions{Name: "a\nb"}, "line break"},
		{CreateOptions{Name: "lab", Nick: "SYSTEM"}, `the nick "SYSTEM" is not allowed: it is reserved`},
		{CreateOptions{Name: "lab", Nick: "a b"}, `the nick "a b" is not allowed`},
		{CreateOptions{Name: "lab", PolicyChange: PolicyChange{History: new(History("sometimes"))}}, "sometimes"},
		{CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: new(Access("ajar"))}}, "ajar"},
		{CreateOptions{Name: "lab", PolicyChange: PolicyChange{RetainS: number(0)}}, "lines cannot be kept for 0 seconds"},
		{CreateOptions{Name: "lab", PolicyChange: PolicyChange{Subject: text(strings.Repeat("x", 5000))}}, "subject"},
	} {
		err := CheckCreate(c.o)
		if c.want == "" && err != nil || c.want != "" && (codeOf(err) != CodeInvalid || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
		if err != nil && (strings.HasPrefix(err.Error(), "protocol:") || strings.HasPrefix(err.Error(), "authority:")) {
			t.Errorf("%v names a package", err)
		}
	}
}
