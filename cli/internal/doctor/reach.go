package doctor

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/discovery"
	"localchat/internal/neterr"
	"localchat/node"
)

// A reached is the result of dialling a node.
type reached struct {
	peer      node.PeerID // "" if unknown
	silent    bool        // see target
	nick      safe.Text   // "" if unknown
	tcp, quic attempt
	proven    node.PeerID // the peer that answered the handshake, or ""
	handshake error       // why it failed over TCP, if it was tried
}

// An attempt is the result of dialling over one transport.
type attempt struct {
	at    discovery.Address
	tried bool
	err   error
}

func (a attempt) ok() bool { return a.tried && a.err == nil }

// reachFindings says which nodes could be reached.
func reachFindings(f facts) []Finding {
	var all []Finding
	for _, r := range f.reached {
		if r.tcp.tried || r.quic.tried {
			all = append(all, f.reachFinding(r))
		}
	}
	if f.notTried > 0 {
		all = append(all, Finding{Code: "not_tried", Severity: fine, Text: string(render.Count(f.notTried, "more node was", "more nodes were")) + " not dialled: " + strconv.Itoa(len(f.reached)) + " are enough to see what is wrong"})
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

// notRunning reports whether a member has probably stopped its node or switched its machine off. If so, it makes fd a note that
// says so, since that is no fault.
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

// refusedHere reports whether this machine refused to send.
func refusedHere(err error) bool {
	return neterr.Forbidden(err) || err != nil && strings.Contains(err.Error(), "operation not permitted")
}

// reason returns the text of an error of the network, without the addresses that its finding names already.
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
