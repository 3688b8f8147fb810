package node

import "time"

// shownAt is when a line is said to have been said: the time that its author wrote, as far as that can be true. A line that
// comes live was said within the retention, and one that is fetched was kept for the retention by the node that gives it,
// once more where that node had it from another. None was said later than it came.
func shownAt(at, got time.Time, retain time.Duration, fetched bool) time.Time {
	oldest := retain
	if fetched {
		oldest *= fetchedRetains
	}
	return between(at, got.Add(-oldest), got)
}

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
