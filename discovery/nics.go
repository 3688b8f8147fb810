package discovery

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"localchat/internal/onlink"
)

// A nic is a usable interface, as it was when it was listed.
type nic struct {
	iface    net.Interface
	prefixes onlink.Networks // the addresses of the interface, sorted
}

// key returns a text that changes with everything that a server on the interface depends on. An interface that was removed and made
// again has another index.
func (n nic) key() string {
	return fmt.Sprint(n.iface.Index, n.iface.Name, n.prefixes)
}

// listNICs returns the interfaces to serve: those that are up, support multicast, have an address and are no loopback interface. If
// there are names, only interfaces with these names; otherwise none of containers, on which no other machine is.
func listNICs(names []string) ([]nic, error) {
	ifaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var nics []nic
	for _, iface := range ifaces {
		const need = net.FlagUp | net.FlagRunning | net.FlagMulticast
		if iface.Flags&need != need || iface.Flags&net.FlagLoopback != 0 {
			continue
		}
		if len(names) > 0 && !slices.Contains(names, iface.Name) || len(names) == 0 && ofContainers(iface.Name) {
			continue
		}
		addrs, err := iface.Addrs()
		if err != nil { // the interface has just gone
			continue
		}
		if n := newNIC(iface, addrs); len(n.prefixes) > 0 {
			nics = append(nics, n)
		}
	}
	slices.SortFunc(nics, func(a, b nic) int { return cmp.Compare(a.iface.Index, b.iface.Index) })
	return nics[:min(len(nics), maxInterfaces)], nil
}

func newNIC(iface net.Interface, addrs []net.Addr) nic {
	return nic{iface: iface, prefixes: onlink.Of(addrs)}
}

// has reports whether the interface has an address of the family.
func (n nic) has(v6 bool) bool {
	return slices.ContainsFunc(n.prefixes, func(p netip.Prefix) bool { return p.Addr().Is6() == v6 })
}

// containerNames begin the names of the bridges of common container and virtual machine managers.
var containerNames = []string{"docker", "br-", "virbr", "podman", "cni", "lxcbr", "lxdbr", "incusbr", "cali", "flannel"}

// ofContainers reports whether only containers are on the interface: it is a bridge for them, or a port of a bridge, which has no
// network of its own.
func ofContainers(name string) bool {
	if slices.ContainsFunc(containerNames, func(p string) bool { return strings.HasPrefix(name, p) }) {
		return true
	}
	_, err := os.Stat(filepath.Join("/sys/class/net", name, "brport"))
	return err == nil
}

// networksOf returns the networks that nics are on.
func networksOf(nics []nic) onlink.Networks {
	var ns onlink.Networks
	for _, n := range nics {
		ns = append(ns, n.prefixes...)
	}
	return ns
}
