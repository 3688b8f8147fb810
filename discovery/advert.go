package discovery

import (
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"localchat/internal/onlink"
)

const (
	txtKey   = "dnsaddr="
	roomsKey = "rooms="
	p2pKey   = "/p2p/"
)

// txtOf returns the TXT strings that announce a peer at es, and what it says of its rooms; nil: nothing.
func txtOf(id peer.ID, es []endpoint, rooms *string) []string {
	tail := p2pKey + id.String()
	txt := make([]string, 0, len(es)+1)
	if rooms != nil {
		txt = append(txt, roomsKey+*rooms)
	}
	for _, e := range es {
		txt = append(txt, txtKey+e.String()+tail)
	}
	return txt
}

// roomsIn returns what the peer of an announcement says of its rooms; false if it says nothing, or what no node says.
func roomsIn(txt []string) (rooms string, said bool) {
	for i, s := range txt {
		if i > maxAddrs {
			break
		}
		if rooms, said = strings.CutPrefix(s, roomsKey); said {
			return rooms, isRooms(rooms)
		}
	}
	return "", false
}

// isRooms reports whether a text may be said of rooms: lower-case letters and digits, at most maxRooms.
func isRooms(s string) bool {
	return len(s) <= maxRooms && strings.IndexFunc(s, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }) < 0
}

// parseTXT returns the peer and the addresses in an announcement. It skips strings that are not addresses of this network, as the
// format requires. It returns false if no address is left, or if the strings name more than one peer, which no node does. zone is
// the name of the interface on which the announcement was heard.
func parseTXT(txt []string, l onlink.Networks, zone string) (peer.ID, []endpoint, bool) {
	return parseAddrs(txt, func(e endpoint) (endpoint, bool) {
		if e.ip.Is6() && e.ip.IsLinkLocalUnicast() {
			e.ip = e.ip.WithZone(zone)
		}
		return e, l.Hold(e.ip)
	})
}

// parseAddrs reads at most maxTXT bytes of dnsaddr strings. pass says whether an address is taken, and may change it.
func parseAddrs(txt []string, pass func(endpoint) (endpoint, bool)) (peer.ID, []endpoint, bool) {
	var (
		id   peer.ID
		es   []endpoint
		size int
	)
	for _, s := range txt {
		if size += len(s); size > maxTXT || len(es) == maxAddrs {
			break
		}
		addr, ok := strings.CutPrefix(s, txtKey)
		if !ok || len(s) > maxTXTString {
			continue
		}
		m, err := ma.NewMultiaddr(addr)
		if err != nil {
			continue
		}
		rest, p := peer.SplitAddr(m)
		if p == "" {
			continue
		}
		if id == "" {
			id = p
		}
		if p != id {
			return "", nil, false
		}
		e, ok := endpointOf(rest)
		if !ok {
			continue
		}
		if e, ok = pass(e); ok {
			es = appendNew(es, e)
		}
	}
	return id, es, len(es) > 0
}
