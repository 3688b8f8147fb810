package discovery

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkInterfaces says for each interface whether it is used, and why not. used is the result of listNICs.
func checkInterfaces(ifaces []net.Interface, used []nic, named []string) []InterfaceCheck {
	var checks []InterfaceCheck
	for _, iface := range ifaces {
		addrs, _ := iface.Addrs() // none if the interface has just gone
		c := InterfaceCheck{
			Name: iface.Name, Prefixes: newNIC(iface, addrs).prefixes,
			Tunnel: isTunnel(iface), Virtual: isVirtual(iface.Name),
			Used: slices.ContainsFunc(used, func(n nic) bool { return n.iface.Index == iface.Index }),
		}
		if c.Used {
			c.Captured = capturedBy(c)
		} else {
			c.Why = whyNot(iface, len(c.Prefixes), named)
		}
		checks = append(checks, c)
	}
	return checks
}

// whyNot returns the first condition of listNICs that an unused interface does not meet.
func whyNot(iface net.Interface, addrs int, named []string) WhyNot {
	switch {
	case iface.Flags&net.FlagLoopback != 0:
		return Loopback
	case len(named) > 0 && !slices.Contains(named, iface.Name):
		return NotNamed
	case len(named) == 0 && ofContainers(iface.Name):
		return Containers
	case iface.Flags&net.FlagUp == 0:
		return SwitchedOff
	case iface.Flags&net.FlagRunning == 0:
		return NoLink
	case iface.Flags&net.FlagMulticast == 0:
		return NoMulticast
	case addrs == 0:
		return NoAddress
	}
	return TooMany
}

// tunnelNames begin the names of the interfaces of common VPNs, for systems that do not mark them otherwise.
var tunnelNames = []string{"tun", "wg", "utun", "ppp", "ipsec", "tailscale", "zt", "nordlynx", "proton", "cscotun", "gpd"}

// isTunnel reports whether an interface leads to a VPN, or to one other machine.
func isTunnel(iface net.Interface) bool {
	if iface.Flags&net.FlagPointToPoint != 0 || hasPrefix(tunnelNames, iface.Name) {
		return true
	}
	_, err := os.Stat(filepath.Join("/sys/class/net", iface.Name, "tun_flags"))
	return err == nil
}

// virtualNames begin the names of interfaces of virtual machine managers that listNICs uses nevertheless, since they sometimes have
// neighbours.
var virtualNames = []string{"vmnet", "vboxnet", "vEthernet", "VMware", "VirtualBox", "bridge"}

func isVirtual(name string) bool { return ofContainers(name) || hasPrefix(virtualNames, name) }

func hasPrefix(prefixes []string, s string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// capturedBy returns the interface that packets to the neighbours of c take, or "" if it is c.
func capturedBy(c InterfaceCheck) string {
	for _, p := range c.Prefixes {
		if !p.Addr().Is4() || p.Bits() > 30 {
			continue
		}
		neighbour := p.Masked().Addr().Next()
		if neighbour == p.Addr() {
			neighbour = neighbour.Next()
		}
		// If two interfaces are on one network, either is right.
		if name, err := wayTo(neighbour); err == nil && name != c.Name && name != "" && !sharesNetwork(name, p) {
			return name
		}
	}
	return ""
}

func sharesNetwork(name string, p netip.Prefix) bool {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return false
	}
	addrs, _ := iface.Addrs()
	return slices.ContainsFunc(newNIC(*iface, addrs).prefixes, func(q netip.Prefix) bool { return q.Masked() == p.Masked() })
}

// routes returns the interface of the default route, and why there is no route for IPv4 multicast.
func routes() (byDefault string, multicast error) {
	// An address for documentation is on no network, so that only the default route leads there. Nothing is sent.
	byDefault, _ = wayTo(netip.MustParseAddr("203.0.113.1"))
	_, multicast = wayTo(group4)
	return byDefault, multicast
}

// wayTo returns the interface that packets to ip take. It connects a UDP socket, for which the system chooses a route and sends
// nothing.
func wayTo(ip netip.Addr) (string, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, mdnsPort)))
	if err != nil {
		return "", err
	}
	defer c.Close()
	from := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	ifaces, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, iface := range ifaces {
		addrs, _ := iface.Addrs()
		if slices.ContainsFunc(newNIC(iface, addrs).prefixes, func(p netip.Prefix) bool { return p.Addr() == from }) {
			return iface.Name, nil
		}
	}
	return "", nil
}

// hostPrefixes returns the addresses of all interfaces.
func hostPrefixes(ifaces []net.Interface) []netip.Prefix {
	var ps []netip.Prefix
	for _, iface := range ifaces {
		addrs, _ := iface.Addrs()
		ps = append(ps, newNIC(iface, addrs).prefixes...)
	}
	return ps
}
