package doctor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/discovery"
	"localchat/internal/neterr"
	"localchat/node"
)

// facts are everything that findings derive from.
type facts struct {
	os       string // as in runtime.GOOS
	firewall string // which tool controls the packet filter; see letIn
	noNMCLI  bool   // NetworkManager's command is not installed
	program  string // path of this program
	now      time.Time
	built    time.Time // a correct clock is not before this
	port     uint16    // fixed with --listen; 0: the system chooses

	self    node.PeerID // our identity, "" if none is kept
	selfErr error       // why there is none although there should be
	dataDir string

	named     []string // --interface
	noMDNS    bool
	checkup   discovery.Checkup
	reached   []reached
	notTried  int // number of nodes that were not dialled
	connected int // nodes that the running node is connected to
}

// reached is the result of dialling a node.
type reached struct {
	peer      node.PeerID // "" if unknown
	silent    bool        // see target
	nick      safe.Text   // "" if unknown
	tcp, quic attempt
	proven    node.PeerID // the peer that answered the handshake, or ""
	handshake error       // why it failed over TCP, if it was tried
}

// attempt is the result for one transport.
type attempt struct {
	at    discovery.Address
	tried bool
	err   error
}

func (a attempt) ok() bool { return a.tried && a.err == nil }

// severity of a finding.
type severity string

const (
	fine    severity = "ok"
	note    severity = "note"
	warning severity = "warning" // works, or may work, but not as it should
	fault   severity = "fault"   // does not work
)

// A Finding is one result of doctor. Codes are for programs: the list of them only grows.
type Finding struct {
	Code     string   `json:"code"`
	Severity severity `json:"severity"`
	About    string   `json:"about,omitempty"` // an interface, a peer ID or an address
	Text     string   `json:"text"`
	Cause    string   `json:"cause,omitempty"`
	Do       string   `json:"do,omitempty"` // the line to type
	// Blocks is set if nobody can be found or reached because of this.
	Blocks bool `json:"blocks"`
}

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

// someoneReached reports whether any node can be reached.
func (f facts) someoneReached() bool {
	return f.connected > 0 || slices.ContainsFunc(f.reached, func(r reached) bool { return r.tcp.ok() || r.quic.ok() })
}

// whyNotText explains why an interface is not used.
var whyNotText = map[discovery.WhyNot]string{
	discovery.Loopback:    "it is the loopback interface of this machine",
	discovery.SwitchedOff: "it is switched off",
	discovery.NoLink:      "it has no link: no cable is plugged in, or no Wi-Fi is joined",
	discovery.NoMulticast: "it does not support multicast",
	discovery.NotNamed:    "--interface selects other interfaces",
	discovery.Containers:  "it connects only containers or virtual machines",
	discovery.NoAddress:   "it has no address: no DHCP server gave it one",
	discovery.TooMany:     "there are too many interfaces, or this one has just changed",
}

func interfaceFindings(f facts) []Finding {
	var all []Finding
	used := f.usable()
	for _, i := range f.checkup.Interfaces {
		if i.Used {
			fd := Finding{Code: "interface_used", Severity: fine, About: i.Name, Text: i.Name + " is used: " + joinText(i.Prefixes, ", ")}
			if i.Virtual {
				fd.Severity, fd.Cause, fd.Do = note, "it looks like a virtual adapter; the people on the real network are not on it", "localchat --interface NAME   # the real one"
			}
			all = append(all, fd)
			continue
		}
		fd := Finding{Code: "interface_skipped", Severity: note, About: i.Name, Text: i.Name + " is not used", Cause: whyNotText[i.Why]}
		switch {
		case i.Tunnel:
			fd.Cause = "it is a tunnel (VPN), and " + fd.Cause
		case i.Why != discovery.Loopback:
			fd.Do = f.bringUp(i)
		}
		all = append(all, fd)
	}
	for _, name := range f.named {
		if !slices.ContainsFunc(f.checkup.Interfaces, func(i discovery.InterfaceCheck) bool { return i.Name == name }) {
			all = append(all, Finding{
				Code: "interface_missing", Severity: warning, About: name, Text: "--interface names " + name + ", which is not there",
				Cause: "the name is misspelt, or the adapter is not plugged in", Do: "localchat doctor --interface ''   # all of them",
			})
		}
	}
	if len(used) > 0 {
		if !slices.ContainsFunc(f.networks(), func(p netip.Prefix) bool { return !p.Addr().Is6() || !p.Addr().IsLinkLocalUnicast() }) {
			all = append(all, Finding{
				Code: "link_local_only", Severity: note, About: used[0].Name, Text: "this machine has only link-local addresses; rooms can still be found and joined",
				Cause: "there is no DHCP server, as on a cable between two machines; an address that you type has to name the network interface of this machine", Do: "localchat join '[fe80::1%" + used[0].Name + "]:4001'   # for example",
			})
		}
		return all
	}
	none := Finding{Code: "no_interface", Severity: fault, Text: "there is no usable network interface", Cause: "this machine is on no local network", Blocks: true, Do: f.joinNetwork()}
	if i := worst(f.checkup.Interfaces); i != nil {
		none.About, none.Cause, none.Do = i.Name, i.Name+": "+whyNotText[i.Why], f.bringUp(*i)
	}
	return append(all, none)
}

// worst is the unused interface that is nearest to being of use: what is to be mended first.
func worst(all []discovery.InterfaceCheck) *discovery.InterfaceCheck {
	for _, why := range []discovery.WhyNot{discovery.NotNamed, discovery.NoAddress, discovery.NoLink, discovery.SwitchedOff, discovery.NoMulticast} {
		for i := range all {
			if all[i].Why == why && !all[i].Used && !all[i].Tunnel && !all[i].Virtual {
				return &all[i]
			}
		}
	}
	return nil
}

func vpnFindings(f facts) []Finding {
	var all []Finding
	used := f.usable()
	for _, i := range used {
		if i.Captured != "" {
			all = append(all, Finding{
				Code: "vpn_captures", Severity: fault, About: i.Captured,
				Text:  "packets to the neighbours on " + i.Name + " go into " + i.Captured,
				Cause: i.Captured + " is a VPN or a manually added route, and captures the local network too", Do: f.freeNetwork(i),
			})
		}
	}
	tunnels := slices.DeleteFunc(slices.Clone(used), func(i discovery.InterfaceCheck) bool { return !i.Tunnel })
	if len(used) > 0 && len(tunnels) == len(used) {
		all = append(all, Finding{
			Code: "only_vpn", Severity: warning, About: used[0].Name, Text: "the only usable network, " + used[0].Name + ", is a tunnel",
			Cause: "a VPN is up and no local network is joined", Do: f.joinNetwork(),
		})
		return all
	}
	for _, i := range f.checkup.Interfaces {
		if i.Tunnel && i.Name == f.checkup.Default && len(all) == 0 && len(used) > 0 {
			all = append(all, Finding{
				Code: "vpn_default", Severity: note, About: i.Name, Text: "the VPN " + i.Name + " carries the internet traffic and does not affect the local network",
			})
		}
	}
	return all
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
		heard = max(heard, len(l.Heard)) // a machine is heard by IPv4 and by IPv6
	}
	if heard > 0 || len(f.checkup.Neighbours) > 0 {
		return Finding{
			Code: "nobody", Severity: note, Text: "no other node answers, although " + string(render.Count(max(heard, len(f.checkup.Neighbours)), "other machine is", "other machines are")) + " there",
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

// reachFindings says which nodes could be dialled.
func reachFindings(f facts) []Finding {
	var all []Finding
	for _, r := range f.reached {
		if r.tcp.tried || r.quic.tried {
			all = append(all, f.reachFinding(r))
		}
	}
	if f.notTried > 0 {
		all = append(all, Finding{Code: "not_tried", Severity: fine, Text: string(render.Count(f.notTried, "more node was", "more nodes were")) + " not dialled: " + strconv.Itoa(len(f.reached)) + " are enough to see a pattern"})
	}
	if f.connected > 0 {
		all = append(all, Finding{Code: "connected", Severity: fine, Text: "connected to " + string(render.Count(f.connected, "node", "nodes"))})
	}
	return all
}

func (f facts) reachFinding(r reached) Finding {
	fd := Finding{About: r.name()}
	if !r.tcp.ok() && !r.quic.ok() {
		why := r.tcp
		if !why.tried {
			why = r.quic
		}
		fd.Code, fd.Severity, fd.Blocks = "unreachable", fault, !f.someoneReached()
		fd.Text = r.shown() + " cannot be reached at " + why.at.AddrPort.String() + ": " + reason(why.err)
		if r.silent && f.notRunning(&fd, r, why) {
			return fd
		}
		fd.Cause, fd.Do = f.whyUnreachable(why)
		if f.os == "darwin" && neterr.HostUnreachable(why.err) {
			fd.Code = "local_network_privacy"
		}
		return fd
	}
	if r.handshake != nil && r.proven == "" {
		fd.Code, fd.Severity = "stranger", warning
		fd.Text = "a different program or node answers at " + r.tcp.at.AddrPort.String()
		fd.Cause, fd.Do = "no localchat listens there, or its key differs from the announced one", there("localchat doctor")
		return fd
	}
	fd.Code, fd.Severity = "reached", fine
	fd.Text = r.shown() + " can be reached at " + r.at() + " over " + r.by()
	half := func(code, proto string, a attempt) {
		fd.Code, fd.Severity = code, warning
		fd.Text += ", but not over " + strings.ToUpper(proto) + ": " + reason(a.err)
		fd.Cause, fd.Do = "a firewall drops "+strings.ToUpper(proto)+", most likely the one on that machine", there(f.letIn(proto, a.at.Port(), false))
		if refusedHere(a.err) {
			fd.Cause, fd.Do = "the firewall of this machine blocks outgoing "+strings.ToUpper(proto), f.letOut(proto, a.at.Port())
		}
	}
	switch {
	case r.tcp.tried && !r.tcp.ok():
		half("tcp_blocked", "tcp", r.tcp)
	case r.quic.tried && !r.quic.ok():
		half("udp_blocked", "udp", r.quic)
	}
	return fd
}

// notRunning reports whether a member has probably stopped its node or switched its machine off. That is not a fault, and it
// makes fd a note.
func (f facts) notRunning(fd *Finding, r reached, why attempt) bool {
	at := why.at.AddrPort
	switch {
	case neterr.Refused(why.err):
		fd.Code, fd.Text = "not_running", r.shown()+" is not running localchat now: its machine answers at "+at.Addr().String()+", and nothing listens at port "+strconv.Itoa(int(at.Port()))
		fd.Cause = "its node has stopped, or has restarted where it cannot be found"
	case f.checkup.Resolved && !slices.Contains(f.checkup.Neighbours, at.Addr()) && !refusedHere(why.err) && f.os != "darwin":
		fd.Code, fd.Text = "absent", r.shown()+" is absent: no machine answers at "+at.Addr().String()
		fd.Cause = "it is switched off, asleep or on another network, or the network isolates its machines"
	default:
		return false
	}
	fd.Severity, fd.Blocks = note, false
	return true
}

// whyUnreachable returns the cause of a failed dial, and the line to type.
func (f facts) whyUnreachable(a attempt) (cause, do string) {
	proto := "tcp"
	if a.at.QUIC {
		proto = "udp"
	}
	away := !slices.ContainsFunc(f.networks(), func(p netip.Prefix) bool { return p.Contains(a.at.Addr().WithZone("")) })
	switch {
	case neterr.Refused(a.err):
		return "no node listens there any more; it may have restarted on another port", there("localchat doctor")
	case refusedHere(a.err):
		return "the firewall of this machine blocks outgoing packets", f.letOut(proto, a.at.Port())
	case f.os == "darwin" && neterr.HostUnreachable(a.err):
		return "macOS blocks this program on the local network: allow it, or its terminal, under System Settings > Privacy & Security > Local Network", openLocalNetwork
	case away && neterr.NetworkUnreachable(a.err):
		return "it is on a different network from this machine", f.ownNetwork()
	case len(f.others()) == 0 && len(f.checkup.Neighbours) == 0 && f.checkup.Resolved:
		return "no machine here answers: the network isolates its machines (guest Wi-Fi, client isolation), or that machine is gone", f.ownNetwork()
	}
	return "the firewall of that machine drops it, or the network isolates its machines", there(f.letIn(proto, a.at.Port(), false))
}

// refusedHere reports whether our own system refused to send.
func refusedHere(err error) bool {
	return neterr.Forbidden(err) || err != nil && strings.Contains(err.Error(), "operation not permitted")
}

// reason returns an error of the network without the addresses that it repeats.
func reason(err error) string {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case refusedHere(err):
		return "operation not permitted"
	}
	return "no answer"
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

func (r reached) name() string {
	if r.peer != "" {
		return r.peer.String()
	}
	return r.at()
}

// shown returns the name of the node in a sentence.
func (r reached) shown() string {
	if r.peer == "" {
		return "the node"
	}
	if r.nick != "" {
		return string(r.nick) + " (" + shortPeer(r.peer) + ")"
	}
	return shortPeer(r.peer)
}

func (r reached) at() string {
	if r.tcp.tried {
		return r.tcp.at.AddrPort.String()
	}
	return r.quic.at.AddrPort.String()
}

func (r reached) by() string {
	switch {
	case r.tcp.ok() && r.quic.ok():
		return "TCP and UDP"
	case r.tcp.ok():
		return "TCP"
	}
	return "UDP"
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
