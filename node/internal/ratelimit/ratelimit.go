// Package ratelimit gives each peer, or each address, a rate limit of its own, in a bounded table.
package ratelimit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// MaxKeys is the number of keys with a limiter of their own: more peers than can be connected. The others share one.
const MaxKeys = 4096

// A Keyed limiter has a limiter for each key, all with the same rate and burst.
type Keyed[K comparable] struct {
	perSecond rate.Limit
	burst     int

	// mu guards own, which the stream handlers and the goroutine that sweeps use.
	mu  sync.Mutex
	own map[K]*rate.Limiter // at most MaxKeys
	// overflow is shared by all keys that come when the table is full.
	overflow *rate.Limiter
}

// New returns a limiter that allows each key perSecond actions a second, and burst at once.
func New[K comparable](perSecond rate.Limit, burst int) *Keyed[K] {
	return &Keyed[K]{perSecond: perSecond, burst: burst, own: make(map[K]*rate.Limiter), overflow: rate.NewLimiter(perSecond, burst)}
}

// Limiter returns the limiter of k.
func (t *Keyed[K]) Limiter(k K) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.own[k]
	switch {
	case ok:
		return l
	case len(t.own) >= MaxKeys:
		return t.overflow
	}
	l = rate.NewLimiter(t.perSecond, t.burst)
	t.own[k] = l
	return l
}

// Sweep forgets the limiters that are full again: a new key starts with a full one.
func (t *Keyed[K]) Sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, l := range t.own {
		if l.TokensAt(now) >= float64(t.burst) {
			delete(t.own, k)
		}
	}
}

// Len returns the number of keys that have a limiter of their own.
func (t *Keyed[K]) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.own)
}

// Take takes one token from l, or returns how long it is until there is one.
func Take(l *rate.Limiter, now time.Time) (wait time.Duration, ok bool) {
	r := l.ReserveN(now, 1)
	wait = r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait, wait == 0
}
