package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
)

// NoNetwork reports whether this machine has no network that others could be on: every interface with an address is loopback,
// a tunnel, or down.
func NoNetwork() bool {
	all, err := net.Interfaces()
	if err != nil {
		return false // not known
	}
	const up, alone = net.FlagUp | net.FlagRunning, net.FlagLoopback | net.FlagPointToPoint
	for _, i := range all {
		if addrs, err := i.Addrs(); i.Flags&up == up && i.Flags&alone == 0 && err == nil && len(addrs) > 0 {
			return false
		}
	}
	return true
}

// looksAround reports whether this node finds others by discovery, so that a missing network is to be reported. A simulated
// network (Config.Host) has no interfaces.
func (n *Node) looksAround() bool { return n.cfg.Discovery != nil && n.cfg.Host == nil }

const noNetworkText = "this machine has no network: only nodes on this machine can be found"

func errNoNetwork() error {
	return &Error{Code: CodeUnavailable, Network: true, Text: noNetworkText, Reason: fault.NoNetwork}
}

// tellNetwork tells a new reader why others cannot be found, if so.
func (l *loop) tellNetwork(s *Subscription) {
	if l.n.looksAround() && NoNetwork() {
		s.push(Event{Seq: l.seq, Time: l.now(), Body: Warning{Code: "network", Text: noNetworkText}})
	}
	if l.trouble != "" {
		s.push(Event{Seq: l.seq, Time: l.now(), Body: Warning{Code: "mdns", Text: l.trouble}})
	}
}

// mdnsTrouble is the event that others cannot find this node by mDNS, with the reason, or with "" that they can again.
type mdnsTrouble struct{ text string }

func (e mdnsTrouble) handle(l *loop) {
	l.trouble = e.text
	if e.text != "" {
		l.emit(nil, Warning{Code: "mdns", Text: e.text})
	}
}

// mayListen reports why a node cannot listen on all of addrs. libp2p shares a port with other processes, so that a peer that
// dials it reaches one or the other; and it continues if it can listen on one of several addresses.
func mayListen(addrs []string) error {
	for _, s := range addrs {
		a, err := multiaddr.NewMultiaddr(s)
		if err != nil {
			return cannotListen(s, err)
		}
		protocol, addr, err := manet.DialArgs(a)
		if err != nil {
			return cannotListen(s, err)
		}
		if err := tryListen(protocol, addr); err != nil && !isMissingFamily(protocol, addr) {
			return cannotListen(s, err)
		}
	}
	return nil
}

// tryListen listens for a moment.
func tryListen(protocol, addr string) error {
	if strings.HasPrefix(protocol, "tcp") {
		l, err := net.Listen(protocol, addr)
		if err != nil {
			return err
		}
		return l.Close()
	}
	c, err := net.ListenPacket(protocol, addr)
	if err != nil {
		return err
	}
	return c.Close()
}

// isMissingFamily reports whether addr is every address of a family that this machine does not have, as IPv6 where it is
// switched off: then no port of it can be had, and no peer can come in there.
func isMissingFamily(protocol, addr string) bool {
	at, err := netip.ParseAddrPort(addr)
	return err == nil && at.Addr().IsUnspecified() && tryListen(protocol, net.JoinHostPort(at.Addr().String(), "0")) != nil
}

func cannotListen(addr string, err error) error {
	text := err.Error()
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		text = errno.Error()
	}
	return &Error{
		Code: CodeUnavailable, Network: true, Text: fmt.Sprintf("cannot listen at %s: %s", addr, text),
		Reason: fault.AddressInUse,
	}
}

// ownAddrs returns the addresses at which this node can be dialled. It includes link-local addresses only if all others are loopback
// addresses.
func (n *Node) ownAddrs() []multiaddr.Multiaddr {
	addrs := n.host.Addrs()
	if slices.ContainsFunc(addrs, func(a multiaddr.Multiaddr) bool { return !manet.IsIPLoopback(a) }) || n.cfg.Host != nil {
		return addrs
	}
	cards, err := net.Interfaces()
	if err != nil {
		return addrs
	}
	listen := n.host.Network().ListenAddresses()
	for _, card := range cards {
		if card.Flags&net.FlagLoopback != 0 {
			continue
		}
		if on, err := card.Addrs(); err == nil {
			addrs = append(addrs, lan.LinkLocalAt(card.Name, on, listen)...)
		}
	}
	return addrs
}

// checkCard returns an error if addr names a network interface that this machine does not have.
func checkCard(addr multiaddr.Multiaddr) error {
	if len(addr) == 0 || addr[0].Code() != multiaddr.P_IP6ZONE {
		return nil
	}
	card := addr[0].Value()
	_, err := net.InterfaceByName(card)
	if number, bad := strconv.Atoi(card); err != nil && bad == nil {
		_, err = net.InterfaceByIndex(number)
	}
	if err == nil {
		return nil
	}
	return &Error{
		Code: CodeInvalid, Text: fmt.Sprintf("this machine has no network interface %q", card),
		Reason: fault.NoSuchCard,
	}
}
