package node

import (
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/node/internal/ratelimit"
)

// shares bounds the work that members cause. Each member has a budget of its own. Work beyond that is charged to the budget of
// its address and to the common one.
type shares struct {
	own     *ratelimit.Keyed[peer.ID]
	address *ratelimit.Keyed[netip.Addr]
	all     *rate.Limiter
}

func newShares(own, address, all budget) shares {
	return shares{keyed[peer.ID](own), keyed[netip.Addr](address), all.limiter()}
}

func (s shares) allow(who visitor, cost int, now time.Time) bool {
	return s.own.Limiter(who.peer).AllowN(now, cost) || s.address.Limiter(who.from.addr).AllowN(now, cost) && s.all.AllowN(now, cost)
}

func (s shares) sweep(now time.Time) {
	s.own.Sweep(now)
	s.address.Sweep(now)
}
