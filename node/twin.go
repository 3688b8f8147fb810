package node

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/lan"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// If a data directory was copied, or a home directory is on two machines, two nodes have one identity. Other nodes take the two for one
// and reach either by chance, so that lines of both are lost. If both owned a room and signed records, the room would split. So a node
// that knows of a twin signs nothing as long as the twin runs, an owner that starts looks for one before it signs, and a node that has
// met a twin refuses nobody because it does not know a room. mDNS shows another node that announces our own peer ID; a handshake proves
// that it has the key.

// A twin has what is known of another node with our identity.
type twin struct {
	// checking is set while a node that may be a twin is dialled.
	checking bool
	checked  time.Time // when the last such dial began
	told     time.Time // when the user was last told
	// looked is the time from which on this node has looked long enough for a twin that was there before it.
	looked time.Time
	at     multiaddr.Multiaddr   // where a twin last proved its identity; nil: none has been met
	heard  []multiaddr.Multiaddr // where a twin was last announced
	proven time.Time             // when a twin last proved its identity
	gone   bool                  // that twin has ended since, as far as this node can tell
	// asking is set while a peer is asked for records that a twin, or this node before its disk was put back, has signed.
	asking bool
}

// live reports whether a twin runs, as far as this node can tell.
func (t *twin) live() bool { return t.at != nil && !t.gone }

// met reports whether there has been a twin since this node started. It may have records, rooms and members that this
// node has not heard of.
func (t *twin) met() bool { return t.at != nil }

// mayBe reports whether this node must not sign now, because a twin runs or may run.
func (t *twin) mayBe(now time.Time) bool {
	return t.live() || now.Before(t.looked) || t.checking && now.Before(t.looked.Add(lan.DialTimeout))
}

type (
	// twinFound: somebody announces our own peer ID.
	twinFound struct{ info peer.AddrInfo }
	// twinChecked: the announcer of our peer ID has been dialled. at is the address that has proven it, nil for none. ended: no
	// program listens any more where the twin was.
	twinChecked struct {
		at    multiaddr.Multiaddr
		ended bool
	}
)

func (e twinFound) handle(l *loop) {
	l.twin.heard = e.info.Addrs
	if !l.twin.live() && (l.twin.checked.IsZero() || l.now().Sub(l.twin.checked) >= twinCheckEvery) {
		l.checkTwin()
	}
}

// checkTwin dials the node that announces our own peer ID, to see whether it has our key. The announcement may be from before a restart,
// or false. It dials TCP first, which says at once whether the program has ended.
func (l *loop) checkTwin() {
	if l.twin.checking {
		return
	}
	l.twin.checking, l.twin.checked = true, l.now()
	at, addrs := l.twin.at, slices.Clone(l.twin.heard)
	slices.SortStableFunc(addrs, func(a, b multiaddr.Multiaddr) int { return cmp.Compare(overUDP(a), overUDP(b)) })
	moved := at != nil && !slices.ContainsFunc(addrs, at.Equal) // since it was announced last it has been at other addresses
	if at != nil {
		addrs = append([]multiaddr.Multiaddr{at}, addrs...)
	}
	l.n.spawn(func(ctx context.Context) {
		var e twinChecked
		for _, a := range addrs {
			a, _ := peer.SplitAddr(a)
			if _, ok := lan.IP(a); !ok || l.n.listensAt(a) {
				continue
			}
			err := l.n.provesTwin(ctx, a)
			if err == nil {
				l.n.post(twinChecked{at: a})
				return
			}
			if at != nil && a.Equal(at) && errors.Is(err, syscall.ECONNREFUSED) {
				if e.ended = true; !moved {
					break // a twin that is started again is announced again, and finds this node before it signs
				}
			}
			l.n.log.Debug("look for a twin", "at", a, "err", err)
		}
		l.n.post(e)
	})
}

// overUDP is 1 for an address of UDP, and 0 for others.
func overUDP(a multiaddr.Multiaddr) int {
	if _, err := a.ValueForProtocol(multiaddr.P_UDP); err == nil {
		return 1
	}
	return 0
}

// errOurself says that the address leads to this node itself.
var errOurself = errors.New("it is this node")

// provesTwin dials addr, and returns nil if another node with our identity answers. A stranger can announce our peer ID and forward
// packets to us. Then this node itself answers, and recognises its own call.
func (n *Node) provesTwin(ctx context.Context, addr multiaddr.Multiaddr) error {
	p, err := n.probePeerID(ctx, addr)
	if err != nil {
		return err
	}
	if p != n.self {
		return errors.New("it has another identity")
	}
	ctx, cancel := context.WithTimeout(ctx, lan.DialTimeout)
	defer cancel()
	caller, err := n.cfg.newCaller(n.gate)
	if err != nil {
		return err
	}
	defer caller.Close()
	if err := caller.Connect(ctx, peer.AddrInfo{ID: n.self, Addrs: []multiaddr.Multiaddr{addr}}); err != nil {
		return err
	}
	s, err := caller.NewStream(ctx, n.self, pingID)
	if err != nil {
		return err
	}
	defer func() { _ = s.Reset() }()
	if _, err := lan.Ping(s, time.Now().Add(lan.DialTimeout)); err != nil {
		return err
	}
	if len(n.host.Network().ConnsToPeer(caller.ID())) > 0 {
		return errOurself
	}
	return nil
}

func (e twinChecked) handle(l *loop) {
	l.twin.checking = false
	now := l.now()
	switch {
	case e.at != nil:
		found := !l.twin.live()
		l.twin.at, l.twin.proven, l.twin.gone = e.at, now, false
		if found {
			l.refuseParked()
		}
		l.tellTwin()
	case l.twin.live() && (e.ended || now.Sub(l.twin.proven) >= twinGone) && !now.Before(l.twin.looked) && len(l.n.gate.Networks()) > 0:
		l.twinEnded()
	}
	l.checkRecoveries()
}

// tellTwin tells the user of a twin, once in twinEvery.
func (l *loop) tellTwin() {
	now := l.now()
	if !l.twin.told.IsZero() && now.Sub(l.twin.told) < twinEvery {
		return
	}
	l.twin.told = now
	at := l.twin.host()
	l.n.log.Warn("another node has this identity", "at", at)
	text := "another node, at " + at + ", has the identity of this one, since its data directory is a copy: others cannot tell the two apart, and lines of both are lost. "
	if l.owns() {
		text += "In the rooms that you own nothing is decided while both run. "
	}
	l.emit(nil, Warning{Code: "twin", Peer: l.n.self, Text: text + "Stop one of them (the data directory here is " + l.n.cfg.DataDir + ")"})
}

// host returns the address of the twin's machine.
func (t *twin) host() string {
	ip, _ := lan.IP(t.at)
	return ip.String()
}

// owns reports whether a room here is ours.
func (l *loop) owns() bool {
	for _, r := range l.rooms {
		if r.owner() {
			return true
		}
	}
	return false
}

// tickTwin looks whether a twin still runs.
func (l *loop) tickTwin(now time.Time) {
	if l.twin.live() && now.Sub(l.twin.checked) >= twinCheckEvery {
		l.checkTwin()
	}
	l.checkRecoveries()
}

// twinEnded resumes this node's rooms after a twin has ended. The twin may have signed records, so, as after a start, the members are asked
// first.
func (l *loop) twinEnded() {
	l.twin.gone, l.twin.told = true, time.Time{}
	l.emit(nil, Warning{Code: "twin_gone", Peer: l.n.self, Text: "the other node with this identity, at " + l.twin.host() + ", has ended or is out of reach: this one goes on"})
	for _, r := range l.rooms {
		if r.owner() && !r.over() {
			r.desk.recoverAgain()
		}
	}
}

// doubtTwin makes a twin that was met count as running until this node has looked for it, because this machine has slept.
func (l *loop) doubtTwin() {
	if l.twin.met() {
		l.twin.gone, l.twin.proven, l.twin.checked = false, l.now(), time.Time{}
		l.twin.looked = l.now().Add(twinLook)
	}
}

// twinError returns the error of an order while a twin runs.
func (l *loop) twinError() error {
	return &Error{Code: CodeUnavailable, Text: "another node, at " + l.twin.host() + ", has this identity: nothing is decided in your rooms while both run", Reason: fault.Twin, RetryAfter: twinGone}
}

// signsBesideTwin reports whether an event would make this node sign or write something that a twin may write differently. Recovered
// records are signed already, and an acknowledgement only ends a failure.
func signsBesideTwin(ev authority.Event, effects []authority.Effect) bool {
	switch ev.(type) {
	case authority.Recovered, authority.Ack:
		return false
	}
	return slices.ContainsFunc(effects, func(e authority.Effect) bool {
		_, writes := e.(authority.Persist)
		return writes
	})
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
