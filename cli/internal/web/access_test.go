package web

import (
	"context"
	"testing"
	"time"
)

// A clock that a test moves.
type clock struct{ now time.Time }

func (c *clock) after(d time.Duration) time.Time {
	c.now = c.now.Add(d)
	return c.now
}

func newClock() *clock { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

// enters uses a link, after the time that the limit of attempts demands.
func enters(t *testing.T, a *access, token string, c *clock) browserKeys {
	t.Helper()
	cookie, key, result := a.enter(token, c.after(attemptEvery))
	if result != entered {
		t.Fatalf("the link is %q", result)
	}
	return browserKeys{cookie, key}
}

type browserKeys struct{ cookie, key string }

func (a *access) has(b browserKeys, now time.Time) bool { return a.find(b.cookie, b.key, now) != nil }

// TestLink: a link works once, within linkLife.
func TestLink(t *testing.T) {
	a, c := newAccess(t.Context()), newClock()
	token := a.link(c.now)
	enters(t, a, token, c)
	if _, _, result := a.enter(token, c.after(attemptEvery)); result != used {
		t.Errorf("a link that was used is %q", result)
	}
	late, in := a.link(c.now), a.link(c.now)
	c.after(linkLife - attemptEvery)
	enters(t, a, in, c)
	if _, _, result := a.enter(late, c.after(attemptEvery)); result != used {
		t.Errorf("a link that is too old is %q", result)
	}
	for _, token := range []string{"", " ", token[:len(token)-1], token + "A", "AAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if _, _, result := a.enter(token, c.after(attemptEvery)); result != wrong {
			t.Errorf("a token %q is %q", token, result)
		}
	}
}

// TestAttempts: after attemptBurst attempts, even the right token is refused for a while.
func TestAttempts(t *testing.T) {
	a, c := newAccess(t.Context()), newClock()
	token := a.link(c.now)
	for range attemptBurst {
		if _, _, result := a.enter("guess", c.now); result != wrong {
			t.Fatalf("a guess is %q", result)
		}
	}
	if _, _, result := a.enter(token, c.now); result != wait {
		t.Errorf("after %d guesses the link is %q", attemptBurst, result)
	}
	enters(t, a, token, c)
}

// TestManySessions: links and sessions are bounded. A new one takes the place of the oldest.
func TestManySessions(t *testing.T) {
	a, c := newAccess(t.Context()), newClock()
	oldest := a.link(c.now)
	for range maxLinks {
		a.link(c.now)
	}
	if _, _, result := a.enter(oldest, c.after(attemptEvery)); result != wrong {
		t.Errorf("the link before %d others is %q", maxLinks, result)
	}
	var all []browserKeys
	for range maxSessions {
		all = append(all, enters(t, a, a.link(c.now), c))
	}
	first := a.find(all[0].cookie, all[0].key, c.now)
	if first == nil || !a.open(first) {
		t.Fatal("the first browser has no session")
	}
	all = append(all, enters(t, a, a.link(c.now), c))
	if len(a.sessions) != maxSessions || len(a.links) != maxLinks {
		t.Errorf("%d sessions and %d links", len(a.sessions), len(a.links))
	}
	for i, b := range all {
		if a.has(b, c.now) != (i > 0) {
			t.Errorf("browser %d of %d has a session: %v", i, len(all), i == 0)
		}
	}
	if first.ctx.Err() == nil {
		t.Error("the pages of the browser whose place was taken go on")
	}
}

// TestSession: a session needs both its cookie and its key, and ends when no page has been open for sessionIdle.
func TestSession(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a, c := newAccess(ctx), newClock()
	one, two := enters(t, a, a.link(c.now), c), enters(t, a, a.link(c.now), c)
	for _, b := range []browserKeys{{one.cookie, two.key}, {two.cookie, one.key}, {one.cookie, ""}, {"", one.key}, {one.key, one.cookie}, {"", ""}, {one.cookie, one.cookie}} {
		if a.has(b, c.now) {
			t.Errorf("a session by %v; there are %v and %v", b, one, two)
		}
	}
	s := a.find(two.cookie, two.key, c.now)
	if !a.open(s) {
		t.Fatal("no page can be opened")
	}
	c.after(sessionIdle + time.Second)
	if a.has(one, c.now) || !a.has(two, c.now) {
		t.Errorf("after a day: without a page %v, with one %v", a.has(one, c.now), a.has(two, c.now))
	}
	a.leave(s, c.now)
	if !a.has(two, c.after(sessionIdle)) || a.has(two, c.after(time.Second)) {
		t.Error("a session does not end a day after its last page")
	}
	last := enters(t, a, a.link(c.now), c)
	s = a.find(last.cookie, last.key, c.now)
	if cancel(); s.ctx.Err() == nil {
		t.Error("a session outlives the server")
	}
}
