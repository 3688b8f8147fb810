package lan

import (
	"time"

	"localchat/protocol"
)

// The bounds of connections, with their units and reasons.
const (
	// DialTimeout is that of one attempt over all addresses of a peer.
	DialTimeout = 3 * time.Second
	// linkDelay is how much later the link-local addresses of a peer are dialled than its others: enough for the others to answer on
	// a LAN, and short compared with DialTimeout and the timeout of a hint.
	linkDelay = 250 * time.Millisecond

	// maxPlaces is the number of addresses that the gate lets pass on any network: of those that are typed, and of those at which
	// peers were reached over other networks or over loopback. Most are those of the largest room. The one that is the longest
	// out of use is dropped.
	maxPlaces = 8 * protocol.MaxMembers
	// NetworksFresh is the least time between two looks of a gate at the interfaces. An address on none of their networks causes one, and any
	// peer can name such an address.
	NetworksFresh = 250 * time.Millisecond

	// connLow and connHigh, in connections: above connHigh the manager closes some, down to connLow. On a LAN each member is
	// connected to every other, so the largest room is below connLow, and connections of other peers are closed.
	connLow, connHigh = protocol.MaxMembers + 128, protocol.MaxMembers + 512
	connGrace         = time.Minute
	// connCheck is how often the manager counts the connections. The resource manager bounds them in the meantime.
	connCheck = connGrace / 2
	// ConnsPerHost, in connections from one address, and with one peer: several nodes on one machine, and reconnects that overlap.
	ConnsPerHost = 64
	// connsPerLAN6, in connections from one IPv6 /64: the whole LAN. The library's default is 8.
	connsPerLAN6 = 1024
)
