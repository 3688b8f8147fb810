package doctor

import (
	"net/netip"
	"slices"

	"localchat/discovery"
)

// whyNotText says why an interface is not used.
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
	if i := nearest(f.checkup.Interfaces); i != nil {
		none.About, none.Cause, none.Do = i.Name, i.Name+": "+whyNotText[i.Why], f.bringUp(*i)
	}
	return append(all, none)
}

// nearest returns the unused interface that needs the least to become usable, or nil.
func nearest(all []discovery.InterfaceCheck) *discovery.InterfaceCheck {
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
