package node

import "time"

// between returns at or, if at is outside the two bounds, the nearer one. It returns a time as JSON-RPC writes it: in UTC, to the
// millisecond.
func between(at, from, to time.Time) time.Time {
	switch {
	case at.Before(from):
		at = from
	case at.After(to):
		at = to
	}
	return at.UTC().Truncate(time.Millisecond)
}

// earlier returns the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
