package doctor

import (
	"slices"
	"strings"

	"localchat/discovery"
	"localchat/internal/neterr"
)

// sound reports whether a node can find others and be found over the link, as far as this machine alone can tell.
func sound(l discovery.LinkCheck) bool {
	return l.Join == nil && l.Send == nil && l.Query == nil && l.Returned && l.FromPort
}

// asks reports whether an mDNS query can be sent on some link.
func (f facts) asks() bool {
	return slices.ContainsFunc(f.checkup.Links, func(l discovery.LinkCheck) bool { return l.Query == nil })
}

// hears reports whether multicast works on some link, as far as this machine alone can tell.
func (f facts) hears() bool { return slices.ContainsFunc(f.checkup.Links, sound) }

// linkFindings says whether multicast of this machine comes back to it. A broken link is a warning if another link works;
// otherwise it is a fault, and blocks if no node was found or reached in another way.
func linkFindings(f facts) []Finding {
	severity, blocks := warning, false
	if !f.hears() {
		severity, blocks = fault, len(f.others()) == 0 && !f.someoneReached()
	}
	var good []string
	var all []Finding
	for _, l := range f.checkup.Links {
		if sound(l) {
			good = append(good, linkName(l))
			continue
		}
		fd := f.linkFinding(l, linkName(l))
		// IPv4 and IPv6 with the same fault are one finding.
		same := slices.IndexFunc(all, func(o Finding) bool { return o.About == l.Interface && o.Code == fd.Code })
		if same >= 0 {
			fd = f.linkFinding(l, l.Interface)
			all = slices.Delete(all, same, same+1)
		}
		fd.Severity, fd.Blocks, fd.About = severity, blocks, l.Interface
		all = append(all, fd)
	}
	if len(good) > 0 {
		all = append(all, Finding{Code: "multicast_ok", Severity: fine, Text: "multicast from this machine comes back on " + strings.Join(good, ", ")})
	}
	return append(all, f.inbound()...)
}

func linkName(l discovery.LinkCheck) string {
	if l.V6 {
		return l.Interface + " IPv6"
	}
	return l.Interface + " IPv4"
}

// linkFinding says why the link called name is not sound. It names the first fault, which hides later ones.
func (f facts) linkFinding(l discovery.LinkCheck, name string) Finding {
	switch {
	case l.Join != nil:
		return Finding{
			Code: "multicast_join", Text: "cannot join the mDNS group on " + name + ": " + reason(l.Join),
			Cause: "another program uses UDP port 5353 and does not share it, or the interface has just disappeared", Do: f.portHolder(),
		}
	case l.Send != nil && f.os == "darwin" && neterr.HostUnreachable(l.Send):
		return Finding{
			Code: "local_network_privacy", Text: "macOS does not let this program send to the local network on " + name,
			Cause: "System Settings > Privacy & Security > Local Network: this program, or its terminal, is switched off there", Do: openLocalNetwork,
		}
	case l.Send != nil && refusedHere(l.Send):
		return Finding{
			Code: "multicast_send", Text: "cannot send multicast on " + name + ": " + reason(l.Send),
			Cause: "the firewall of this machine drops outgoing UDP to port 5353", Do: f.letOut("udp", 5353),
		}
	case l.Send != nil:
		return Finding{
			Code: "multicast_send", Text: "cannot send multicast on " + name + ": " + reason(l.Send),
			Cause: "the interface has no working link, or no address of this family", Do: f.bringUp(discovery.InterfaceCheck{Name: l.Interface, Why: discovery.NoLink}),
		}
	case !l.Returned:
		return Finding{
			Code: "multicast_lost", Text: "multicast from this machine does not come back on " + name + ": others cannot find this node",
			Cause: "the firewall of this machine drops incoming UDP to port 5353", Do: f.letIn("udp", 5353, false),
		}
	case !l.FromPort:
		return Finding{
			Code: "answers_dropped", Text: "answers do not arrive on " + name + ": this node cannot find others",
			Cause: "the firewall of this machine drops UDP from port 5353", Do: f.letIn("udp", 5353, true),
		}
	case !l.V6 && f.checkup.Multicast != nil:
		return Finding{
			Code: "multicast_route", Text: "there is no route for IPv4 multicast, so nothing is found on " + name,
			Cause: "this machine has neither a default route nor one for 224.0.0.251 (" + reason(f.checkup.Multicast) + ")", Do: f.addRoute(l.Interface),
		}
	}
	return Finding{
		Code: "multicast_query", Text: "mDNS queries fail on " + name + ": " + reason(l.Query),
		Cause: "the system refuses it", Do: "localchat rooms -v --log-file localchat.log   # and report the output",
	}
}

// inbound says that others cannot dial this machine, if that was tried on an interface and failed.
func (f facts) inbound() []Finding {
	for _, l := range f.checkup.Links {
		if !l.V6 && l.Returned && l.Tried && !l.Open {
			return []Finding{{
				Code: "inbound_blocked", Severity: warning, About: l.Interface, Text: "others cannot dial this machine on " + l.Interface + "; it can dial them",
				Cause: "the firewall of this machine allows incoming UDP to port 5353 but not to the port of a node", Do: f.openPorts(),
			}}
		}
	}
	return nil
}
