package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/multiformats/go-multiaddr"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
	"localchat/protocol"
)

// The functions in this file check what a person has typed before a node is started for it, so that an invalid argument has no
// effects.

// CheckTarget returns an error (invalid) if the room, address or invite of o is wrong, as far as that shows without a network.
func CheckTarget(o JoinOptions) error {
	if o.Invite != "" {
		if _, err := protocol.ParseInvite(o.Invite); err != nil {
			return &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadInvite}
		}
		return nil
	}
	if strings.TrimSpace(o.Room) == "" {
		return &Error{Code: CodeInvalid, Text: "which room?", Reason: fault.NoRoomNamed}
	}
	if !meansAddress(o.Room) {
		return nil
	}
	return CheckPeer(o.Room)
}

// CheckCreate returns an error (invalid) if a room with these options cannot be made, as far as that shows without the other
// rooms of this node.
func CheckCreate(o CreateOptions) error {
	if _, err := protocol.NormalizeRoomName(o.Name); err != nil {
		return badRoomName(err)
	}
	if o.Nick != "" {
		if err := CheckNick(o.Nick); err != nil {
			return err
		}
	}
	_, err := o.apply(protocol.DefaultPolicy())
	return err
}

func badRoomName(err error) error {
	return &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadRoomName, Limit: protocol.MaxRoomNameRunes}
}

// CheckNick returns an error (invalid) if no member of any room can have that nick.
func CheckNick(nick string) error {
	if _, err := authority.NormalizeNick(nick); err != nil {
		return badNick(nick, err)
	}
	return nil
}

func badNick(nick string, err error) error {
	why := strings.TrimPrefix(err.Error(), authority.ErrNickBad.Error()+": ")
	return &Error{Code: CodeInvalid, Text: fmt.Sprintf("the nick %q is not allowed: %s", nick, why), Reason: fault.NickChoice}
}

// CheckPeer returns an error (invalid) if s is no address to dial.
func CheckPeer(addr string) error {
	a, err := parseAddr(addr)
	if err != nil {
		return err
	}
	return checkCard(a)
}

// ListenAddrs returns the multiaddrs to listen on for multiaddrs and ports that a person gives. A port means every interface,
// with QUIC and TCP, at that port. The error is invalid.
func ListenAddrs(given []string) ([]string, error) {
	var seen []multiaddr.Multiaddr
	var addrs []string
	for _, s := range given {
		bad := func(why string) error {
			return &Error{Code: CodeInvalid, Text: fmt.Sprintf("cannot listen on %q: %s", s, why), Reason: fault.BadListen}
		}
		of := []string{s}
		if !strings.HasPrefix(s, "/") {
			port, err := strconv.ParseUint(s, 10, 16)
			if err != nil || port == 0 {
				return nil, bad(fmt.Sprintf("it is neither a port from 1 to %d nor a multiaddr", maxPort))
			}
			of = lan.EveryInterface(uint16(port))
		}
		for _, text := range of {
			a, err := multiaddr.NewMultiaddr(text)
			switch {
			case err != nil:
				return nil, bad(whyNoMultiaddr(err))
			case !isHostAndPort(a, false):
				return nil, bad("it is not an IP address with tcp or udp/quic-v1")
			}
			if err := checkCard(a); err != nil {
				return nil, bad(err.Error())
			}
			for _, other := range seen {
				if a.Equal(other) && portOf(a) != "0" {
					return nil, bad("it is given twice")
				}
			}
			seen, addrs = append(seen, a), append(addrs, text)
		}
	}
	return addrs, nil
}

// meansAddress reports whether a text is meant as an address and not as the name of a room, which may have a colon too: "10:30".
// It returns true for a wrong address that is unlikely as a name, so that the error names the address.
func meansAddress(s string) bool {
	if bareIP(s) != "" || strings.HasPrefix(s, "/") {
		return true
	}
	first, _, colon := strings.Cut(s, ":")
	if ip, err := netip.ParseAddr(strings.TrimSpace(first)); err == nil && ip.Is4() && colon {
		return true
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return strings.HasPrefix(s, "[") && strings.Contains(s, ":") && !strings.ContainsAny(s, " \t")
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" || port == "" {
		return !strings.ContainsAny(s, " \t")
	}
	n, err := strconv.Atoi(port)
	return errors.Is(err, strconv.ErrRange) || err == nil && (n <= 0 || n > maxPort) && strings.IndexFunc(host, isASCIILetter) >= 0
}

// bareIP returns s without its brackets if it is an IP address; "" if it is none or has a port.
func bareIP(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if _, err := netip.ParseAddr(s); err != nil || strings.Contains(s, "]") {
		return ""
	}
	return s
}

// maxPort is the largest port number.
const maxPort = 1<<16 - 1

func isASCIILetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// parseAddr reads a multiaddr, or HOST:PORT.
func parseAddr(s string) (multiaddr.Multiaddr, error) {
	if strings.HasPrefix(s, "/") {
		a, err := multiaddr.NewMultiaddr(s)
		switch {
		case err != nil:
			return nil, badAddr(s, whyNoMultiaddr(err))
		case !isHostAndPort(a, true):
			return nil, badAddr(s, "it is not a host with tcp or udp/quic-v1")
		case portOf(a) == "0":
			return nil, badAddr(s, "port 0 is not valid")
		}
		if ip, ok := lan.IP(a); ok {
			if lan.IsZoned(a) {
				ip = ip.WithZone(a[0].Value())
			}
			if err := checkHost(s, ip, portOf(a)); err != nil {
				return nil, err
			}
		}
		return a, nil
	}
	if bare := bareIP(s); bare != "" {
		return nil, &Error{Code: CodeInvalid, Text: s + " is an address without a port", Reason: fault.NoPort, At: net.JoinHostPort(bare, "4001")}
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return nil, badAddr(s, "it is not HOST:PORT") // net's error would repeat the raw text
	}
	if port == "" {
		return nil, badAddr(s, "there is no port after the colon")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, &Error{Code: CodeInvalid, Text: fmt.Sprintf("%s: the port %q is not a number from 1 to %d", s, port, maxPort), Reason: fault.BadPort}
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return nil, badAddr(s, "there is no host before the port")
	case err != nil:
		return nil, badAddr(s, "the host is not an IP address")
	}
	if err := checkHost(s, ip, port); err != nil {
		return nil, err
	}
	text := fmt.Sprintf("/ip6/%s/tcp/%s", ip.WithZone(""), port)
	if ip = ip.Unmap(); ip.Is4() {
		text = fmt.Sprintf("/ip4/%s/tcp/%s", ip, port)
	} else if ip.Zone() != "" {
		text = "/ip6zone/" + ip.Zone() + text
	}
	a, err := multiaddr.NewMultiaddr(text)
	if err != nil {
		return nil, badAddr(s, whyNoMultiaddr(err))
	}
	return a, nil
}

// checkHost returns an error if ip cannot be dialled. s is the typed text.
func checkHost(s string, ip netip.Addr, port string) error {
	switch {
	case ip.IsUnspecified(), ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return badAddr(s, "it is not the address of a single machine")
	case ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "":
		return &Error{Code: CodeInvalid, Text: s + ": an address that begins with fe80 needs the name of a network interface", Reason: fault.NoZone, At: "[" + ip.String() + "%eth0]:" + port}
	}
	return nil
}

// whyNoMultiaddr returns the library's reason without the text that it is about.
func whyNoMultiaddr(err error) string {
	text := err.Error()
	if i := strings.Index(text, "\": "); strings.HasPrefix(text, "failed to parse multiaddr \"") && i >= 0 {
		text = text[i+len("\": "):]
	}
	text, _, _ = strings.Cut(text, ": failed to parse") // and then the same once more
	return text
}

// isHostAndPort reports whether a is a host with a port of TCP or QUIC, and a peer ID or none after that. names: the host may be
// a name.
func isHostAndPort(a multiaddr.Multiaddr, names bool) bool {
	var codes []int
	for _, c := range a {
		codes = append(codes, c.Protocol().Code)
	}
	if len(codes) > 0 && codes[0] == multiaddr.P_IP6ZONE {
		codes = codes[1:]
	}
	if len(codes) > 0 && codes[len(codes)-1] == multiaddr.P_P2P {
		codes = codes[:len(codes)-1]
	}
	if len(codes) < 2 {
		return false
	}
	switch codes[0] {
	case multiaddr.P_IP4, multiaddr.P_IP6:
	case multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6:
		if !names {
			return false
		}
	default:
		return false
	}
	return len(codes) == 2 && codes[1] == multiaddr.P_TCP || len(codes) == 3 && codes[1] == multiaddr.P_UDP && codes[2] == multiaddr.P_QUIC_V1
}

// portOf returns the port of such an address.
func portOf(a multiaddr.Multiaddr) string {
	for _, code := range []int{multiaddr.P_TCP, multiaddr.P_UDP} {
		if port, err := a.ValueForProtocol(code); err == nil {
			return port
		}
	}
	return ""
}

func badAddr(s, why string) error {
	return &Error{Code: CodeInvalid, Text: fmt.Sprintf("%q is no address: %s", s, why), Reason: fault.BadAddress}
}
