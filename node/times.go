package node

import "time"

// shownAt is when a line that came at got, and was so old then, is said to have been said: the time that its author wrote, as far as
// that can be true. A clock may be wrong by timeSlack. None was said later than it came.
func shownAt(at, got time.Time, age time.Duration) time.Time {
	said := got.Add(-age)
	return between(at, said.Add(-timeSlack), earlier(got, said.Add(timeSlack)))
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
