package node

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"localchat/node/internal/lan"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// A data directory that was copied, a home directory on two machines, is one identity of two nodes. Others take the two for
// one and reach either by chance: lines of both are lost, and nobody can tell why. mDNS tells of another node that announces
// our own peer ID; the handshake proves it.

// A twin is what is known of another node of our identity.
type twin struct {
	// checking: a node is being dialled that may be a twin.
	checking bool
	checked  time.Time // when that began last
	told     time.Time // when the user was last told
}

const (
	// twinCheckEvery: a machine that announces our peer ID is dialled at most once in this time.
	twinCheckEvery = 5 * time.Second
	// twinEvery: the user is told of it once in this time, as long as it goes on.
	twinEvery = 10 * time.Minute
)

type (
	// twinFound: somebody announces our own peer ID.
	twinFound struct{ info peer.AddrInfo }
	// twinChecked: the announcer of our peer ID has been dialled. at is the host that has proven it, "" for none.
	twinChecked struct{ at string }
)

func (e twinFound) handle(l *loop) { l.checkTwin(e.info.Addrs) }

// checkTwin dials the announcer of our own peer ID at addrs, to see whether it has our key. The announcement may be left from
// before a restart, or a lie.
func (l *loop) checkTwin(addrs []multiaddr.Multiaddr) {
	now := l.now()
	if l.twin.checking || !l.twin.checked.IsZero() && now.Sub(l.twin.checked) < twinCheckEvery || !l.twin.told.IsZero() && now.Sub(l.twin.told) < twinEvery {
		return
	}
	l.twin.checking, l.twin.checked = true, now
	l.n.spawn(func(ctx context.Context) {
		for _, a := range addrs {
			a, _ := peer.SplitAddr(a)
			if ip, ok := lan.IP(a); ok && !l.n.listensAt(a) {
				if p, err := l.n.whoAnswers(ctx, a); err == nil && p == l.n.self {
					l.n.post(twinChecked{ip.String()})
					return
				}
			}
		}
		l.n.post(twinChecked{})
	})
}

func (e twinChecked) handle(l *loop) {
	l.twin.checking = false
	if e.at == "" {
		return
	}
	l.twin.told = l.now()
	dir := l.n.cfg.DataDir
	l.n.log.Warn("another node has this identity", "at", e.at)
	l.emit(nil, Warning{Code: "twin", Peer: l.n.self, Text: "another node, at " + e.at + ", has the identity of this one, since its data directory is a copy: " +
		"others cannot tell the two apart, and lines of both are lost. Stop one of them (the data directory here is " + dir + ")"})
}

// listensAt reports whether addr is where this node itself listens.
func (n *Node) listensAt(addr multiaddr.Multiaddr) bool {
	ip, _ := lan.IP(addr)
	if !isOwnIP(ip) {
		return false
	}
	return slices.ContainsFunc(n.host.Network().ListenAddresses(), func(own multiaddr.Multiaddr) bool {
		return len(own) > 1 && len(addr) > 1 && own[len(own)-1].Code() == addr[len(addr)-1].Code() && portOf(own) == portOf(addr)
	})
}

// isOwnIP reports whether ip is an address of this machine.
func isOwnIP(ip netip.Addr) bool {
	if ip.IsLoopback() {
		return true
	}
	own, err := net.InterfaceAddrs()
	return err != nil || slices.ContainsFunc(own, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap() == ip.WithZone("").Unmap()
	})
}
