package node

import "time"

// between is at, or the nearer of the two bounds, as the JSON face writes a time.
func between(at, from, to time.Time) time.Time {
	switch {
	case at.Before(from):
		at = from
	case at.After(to):
		at = to
	}
	return at.UTC().Truncate(time.Millisecond)
}

// earlier is the first of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
