package node

import (
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
)

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
