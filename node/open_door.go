package node

import (
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/protocol"
)

// An openDoor decides who may come into an open room by itself. An identity costs a stranger nothing there, and each
// admission is a record that every member keeps. So an address has a share of the seats, as in [places], and of the
// admissions; and those that come by themselves cannot make the log longer than maxOpenRecords. Whom a person or an invite lets
// in is not counted. It is owned by the loop, and forgotten with it: after a restart nobody knows where the members came from.
type openDoor struct {
	all       *rate.Limiter
	ofAddress *turnstile[netip.Addr]
	from      map[peer.ID]origin // of members
}

func newOpenDoor() openDoor {
	return openDoor{
		all: budget{rate.Every(admitEvery), admitBurst}.limiter(), ofAddress: newTurnstile[netip.Addr](budget{rate.Every(admitEveryFrom), admitBurstFrom}),
		from: make(map[peer.ID]origin),
	}
}

// refuses takes what admitting who would take. If there is none it says so, and returns the answer. An answer other than yes
// takes it too, so that what is left does not tell a stranger why it was refused.
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
	if wait, ok := take(d.ofAddress.of(who.from.addr), now); !ok {
		return tooSoon(wait), true
	}
	if wait, ok := take(d.all, now); !ok {
		return tooSoon(wait), true
	}
	d.from[who.peer] = who.from
	return protocol.JoinReply{}, false
}
