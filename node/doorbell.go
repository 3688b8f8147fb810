package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/node/internal/ratelimit"
)

// A doorbell bounds the announcements of knocks to the person at the owner's node. A few knocks from each address are announced,
// and of the others only the number. Only the loop uses it.
type doorbell struct {
	each *ratelimit.Keyed[string]
	all  *rate.Limiter
	// told holds the waiting peers that have been announced.
	told map[peer.ID]bool
	// more is the number of knocks that were not announced, by address: at most authority.MaxKnocks, and one entry for all others.
	more map[string]int
	// due is when the number of those in more is told.
	due time.Time
}

func newDoorbell() doorbell {
	return doorbell{
		each: keyed[string](budget{rate.Every(knocksToldEvery), knocksTold}), all: rate.NewLimiter(1, knocksToldAll),
		told: make(map[peer.ID]bool), more: make(map[string]int),
	}
}

// announces reports whether a knock of p, at the address from, is announced by itself. If not, it counts the knock.
func (b *doorbell) announces(p peer.ID, from string, now time.Time) bool {
	if b.each.Limiter(from).AllowN(now, 1) && b.all.AllowN(now, 1) {
		b.told[p] = true
		return true
	}
	b.count(from, now)
	return false
}

func (b *doorbell) count(from string, now time.Time) {
	if len(b.more) == 0 {
		b.due = maxTime(b.due, now.Add(moreKnocksAfter))
	}
	if _, ok := b.more[from]; !ok && len(b.more) >= authority.MaxKnocks {
		from = "other addresses"
	}
	b.more[from]++
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// summary returns one line about the knocks that were not announced, or "" if none is due.
func (b *doorbell) summary(now time.Time) string {
	b.each.Sweep(now)
	if len(b.more) == 0 || now.Before(b.due) {
		return ""
	}
	all := 0
	for _, n := range b.more {
		all += n
	}
	from := slices.SortedFunc(maps.Keys(b.more), func(x, y string) int { return b.more[y] - b.more[x] })
	named := from[:min(len(from), maxKnockAddrs)]
	text := fmt.Sprintf("%d more knock from %s", all, strings.Join(named, ", "))
	if others := len(from) - len(named); others > 0 {
		text += fmt.Sprintf(" and %d other addresses", others)
	}
	clear(b.more)
	b.due = now.Add(attemptEvery)
	return text
}
