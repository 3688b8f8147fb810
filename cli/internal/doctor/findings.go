package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/discovery"
	"localchat/node"
)

// facts are everything that findings derive from.
type facts struct {
	os       string // as in runtime.GOOS
	firewall string // which tool controls the packet filter; see letIn
	noNMCLI  bool   // NetworkManager's command is not installed
	program  string // path of this program
	now      time.Time
	built    time.Time // a clock that is right shows a later time
	port     uint16    // fixed with --listen; 0: the system chooses

	self    node.PeerID // our identity, "" if none is kept
	selfErr error       // why the identity cannot be read
	dataDir string

	named     []string // --interface
	noMDNS    bool
	checkup   discovery.Checkup
	reached   []reached
	notTried  int // number of nodes that were not dialled
	connected int // nodes that the running node is connected to
}

// These types are in package command, since every face shows them.
type (
	Diagnosis = command.Diagnosis
	Finding   = command.Finding
)

const (
	fine    = command.SeverityOK
	note    = command.SeverityNote
	warning = command.SeverityWarning
	fault   = command.SeverityFault
)

// findings derives the findings from the facts.
func findings(f facts) []Finding {
	var all []Finding
	if err := f.checkup.Err; err != nil {
		return []Finding{{Code: "no_interface", Severity: fault, Text: "cannot list the network interfaces: " + err.Error(), Cause: "the system does not allow it", Do: "localchat doctor -v --log-file doctor.log", Blocks: true}}
	}
	for _, part := range []func(facts) []Finding{
		interfaceFindings, vpnFindings, linkFindings, nodeFindings, reachFindings, twinFindings, selfFindings, portFindings, systemFindings,
	} {
		all = append(all, part(f)...)
	}
	return all
}

// usable returns the interfaces in use.
func (f facts) usable() []discovery.InterfaceCheck {
	return slices.DeleteFunc(slices.Clone(f.checkup.Interfaces), func(i discovery.InterfaceCheck) bool { return !i.Used })
}

// networks returns the networks of the interfaces in use.
func (f facts) networks() []netip.Prefix {
	var ps []netip.Prefix
	for _, i := range f.usable() {
		ps = append(ps, i.Prefixes...)
	}
	return ps
}

// others returns the nodes on other machines.
func (f facts) others() []discovery.NodeCheck {
	return slices.DeleteFunc(slices.Clone(f.checkup.Nodes), func(n discovery.NodeCheck) bool { return n.Here })
}

// someoneReached reports whether any other node is connected or was dialled with success.
func (f facts) someoneReached() bool {
	return f.connected > 0 || slices.ContainsFunc(f.reached, func(r reached) bool { return r.tcp.ok() || r.quic.ok() })
}

// nodeFindings says which nodes answered, and how.
func nodeFindings(f facts) []Finding {
	if f.noMDNS {
		return []Finding{{
			Code: "mdns_off", Severity: warning, Text: "mDNS is switched off: other nodes cannot find this one, and it cannot find them",
			Cause: "--no-mdns, LOCALCHAT_NO_MDNS or the configuration file says so", Do: "localchat doctor --no-mdns=false",
		}}
	}
	var found, filtered, barred []discovery.NodeCheck
	for _, n := range f.others() {
		switch {
		case n.Multicast:
			found = append(found, n)
		case n.ToPort && f.asks():
			barred = append(barred, n)
		default:
			filtered = append(filtered, n)
		}
	}
	var all []Finding
	if len(found) > 0 {
		all = append(all, Finding{Code: "nodes_found", Severity: fine, Text: string(render.Count(len(found), "node", "nodes")) + " found by mDNS: " + nodeNames(found)})
	}
	if here := len(f.checkup.Nodes) - len(f.others()); here > 0 {
		all = append(all, Finding{Code: "nodes_here", Severity: fine, Text: string(render.Count(here, "node runs", "nodes run")) + " on this machine"})
	}
	if len(barred) > 0 {
		all = append(all, Finding{
			Code: "answers_dropped", Severity: fault, Text: "answers do not arrive, although there are " + nodeNames(barred),
			Cause: "the firewall of this machine drops UDP from port 5353", Do: f.letIn("udp", 5353, true),
		})
	}
	if len(filtered) > 0 && f.hears() {
		all = append(all, Finding{
			Code: "multicast_filtered", Severity: fault, Text: "these nodes answer unicast queries but not multicast: " + nodeNames(filtered),
			Cause: "the access point or switch does not forward multicast, or their firewall drops it", Do: "localchat join ROOM --peer " + hostPort(filtered[0]),
		})
	} else if len(filtered) > 0 {
		all = append(all, Finding{
			Code: "nodes_direct", Severity: note, Text: "these nodes answer unicast queries: " + nodeNames(filtered),
			Cause: "multicast does not work here, see above", Do: "localchat join ROOM --peer " + hostPort(filtered[0]),
		})
	}
	if len(f.others()) == 0 && len(f.usable()) > 0 && f.connected == 0 {
		all = append(all, f.nobody())
	}
	return all
}

// nobody returns the finding for a network on which no other node answered.
func (f facts) nobody() Finding {
	heard := 0
	for _, l := range f.checkup.Links {
		heard = max(heard, len(l.Heard)) // not the sum: a machine may be heard over IPv4 and over IPv6
	}
	if heard > 0 || len(f.checkup.Neighbours) > 0 {
		return Finding{
			Code: "nobody", Severity: note, Text: "no other node answers, although " + string(render.Count(max(heard, len(f.checkup.Neighbours)), "other machine is", "other machines are")) + " on this network",
			Cause: "nobody else runs localchat here, or the firewall of their machine drops mDNS", Do: there("localchat doctor"),
		}
	}
	fd := Finding{
		Code: "alone", Severity: note, Text: "no other node answers", Cause: "this machine is alone here, or the network isolates its machines (guest Wi-Fi, client isolation)", Do: f.ownNetwork(),
	}
	if f.checkup.Resolved && len(f.checkup.Asked) > 0 {
		fd.Severity, fd.Text = warning, "no other machine of "+joinText(f.checkup.Asked, ", ")+" answers multicast or unicast queries"
	}
	return fd
}

func twinFindings(f facts) []Finding {
	var all []Finding
	for _, n := range f.others() {
		if n.Peer != f.self {
			continue
		}
		fd := Finding{
			Code: "twin", Severity: warning, About: n.Peer.String(), Text: "somebody at " + n.Addrs[0].Addr().String() + " announces this machine's identity",
			Cause: "the data directory was copied there, or somebody is faking it; it could not be reached to check", Do: there("localchat id"),
		}
		if slices.ContainsFunc(f.reached, func(r reached) bool { return r.proven == f.self }) {
			fd.Severity, fd.Blocks = fault, true
			fd.Text = "two nodes have the same key: the one at " + n.Addrs[0].Addr().String() + " has it too"
			fd.Cause = "the data directory was copied; other nodes cannot tell the two apart and reach one of them by chance"
			fd.Do = fmt.Sprintf("mv '%[1]s' '%[1]s.copied'   # on the machine that should get a new identity", f.dataDir)
		}
		all = append(all, fd)
	}
	return all
}

func selfFindings(f facts) []Finding {
	var all []Finding
	if f.selfErr != nil {
		text, hint, _ := fail.Explain(f.selfErr)
		all = append(all, Finding{Code: "identity", Severity: fault, About: f.dataDir, Text: text, Cause: "no node can start with this data directory; " + hint, Do: "localchat --ephemeral   # a new identity, for this time only", Blocks: true})
	}
	if f.now.Before(f.built) {
		all = append(all, Finding{
			Code: "clock", Severity: warning, Text: "the clock says " + f.now.UTC().Format("2006-01-02 15:04") + ", which is before this program was built",
			Cause: "the clock was never set, or its battery is empty; invites and bans will end at the wrong time", Do: f.setClock(),
		})
	}
	return all
}

// shortPeer returns the end of a peer ID, as /net shows it.
func shortPeer(p node.PeerID) string {
	s := p.String()
	return "~" + s[max(len(s)-8, 0):]
}

func nodeNames(nodes []discovery.NodeCheck) string {
	var parts []string
	for _, n := range nodes[:min(len(nodes), maxReach)] {
		parts = append(parts, shortPeer(n.Peer)+" at "+n.Addrs[0].Addr().String())
	}
	if more := len(nodes) - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

// hostPort returns the address of a node, in the form that --peer takes.
func hostPort(n discovery.NodeCheck) string {
	for _, a := range n.Addrs {
		if !a.QUIC {
			return a.AddrPort.String()
		}
	}
	return n.Addrs[0].String()
}

func joinText[T fmt.Stringer](parts []T, sep string) string {
	var texts []string
	for _, p := range parts {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, sep)
}
