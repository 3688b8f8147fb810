package node

import (
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/node/internal/ratelimit"
	"localchat/protocol"
)

// An openDoor decides which strangers enter an open room, where nobody accepts them. A new identity costs a stranger nothing, and each
// admission is a record that every member keeps. So an address gets only a share of the seats, as in [places], and of the admissions,
// and such admissions cannot make the log longer than maxOpenRecords. A peer that the owner or an invite admits is not counted. The
// loop owns it. It is not saved, so after a restart the addresses of the members are unknown.
type openDoor struct {
	all       *rate.Limiter
	ofAddress *ratelimit.Keyed[netip.Addr]
	from      map[peer.ID]origin // where members have connected from
}

func newOpenDoor() openDoor {
	return openDoor{
		all: budget{rate.Every(admitEvery), admitBurst}.limiter(), ofAddress: keyed[netip.Addr](budget{rate.Every(admitEveryFrom), admitBurstFrom}),
		from: make(map[peer.ID]origin),
	}
}

// refuses charges one admission to the visitor. If a budget is used up, it reports true and returns the answer. It also charges a request
// that is then refused for another reason. Otherwise the budget would tell a stranger why it was refused.
func (d *openDoor) refuses(who visitor, members []authority.Member, records uint64, now time.Time) (reply protocol.JoinReply, refused bool) {
	if records >= maxOpenRecords {
		return protocol.JoinReply{Code: protocol.JoinFull}, true
	}
	seats, from := newPlaces(protocol.MaxMembers), make(map[peer.ID]origin)
	for _, m := range members {
		o, known := d.from[m.Peer]
		if seats.add(o); known {
			from[m.Peer] = o
		}
	}
	d.from = from
	if !seats.take(who.from) {
		return protocol.JoinReply{Code: protocol.JoinFull}, true
	}
	if wait, ok := ratelimit.Take(d.ofAddress.Limiter(who.from.addr), now); !ok {
		return tooSoon(wait), true
	}
	if wait, ok := ratelimit.Take(d.all, now); !ok {
		return tooSoon(wait), true
	}
	d.from[who.peer] = who.from
	return protocol.JoinReply{}, false
}
