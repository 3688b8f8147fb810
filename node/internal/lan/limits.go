package lan

import (
	"time"

	"localchat/protocol"
)

// The bounds of connections, with their units and reasons.
const (
	// DialTimeout of one attempt over all addresses of a peer.
	DialTimeout = 3 * time.Second
	// linkDelay is the head start that other addresses of a peer have before its link-local ones: enough for the other
	// ones to answer on a LAN, and little beside DialTimeout and the shorter timeout of a hint.
	linkDelay = 250 * time.Millisecond

	// maxPlaces, in addresses of each kind that the gate lets pass wherever they are: what is typed, where peers are reached
	// over other networks, and loopback addresses of this machine, of which the largest room makes up for most. The one that
	// was longest out of use goes.
	maxPlaces = 8 * protocol.MaxMembers
	// networksFresh: the interfaces are looked at again for an address that is on none of them, but no more often, as
	// anybody can make that happen.
	networksFresh = 250 * time.Millisecond

	// connections: the manager trims above the high mark. A LAN room connects everybody to everybody, so that the
	// largest room is below the low mark, and strangers beside it are what is trimmed.
	connLow, connHigh = protocol.MaxMembers + 128, protocol.MaxMembers + 512
	connGrace         = time.Minute
	// ConnsPerHost from one address, and with one peer: several nodes on one machine, and reconnects that overlap.
	ConnsPerHost = 64
	// connsPerLAN6 from one IPv6 /64: the whole LAN. The library's default is 8.
	connsPerLAN6 = 1024
)
