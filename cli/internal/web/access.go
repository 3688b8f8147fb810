package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// An access holds the links and the sessions. Only hashes of their secrets are kept.
type access struct {
	ctx context.Context // of every session

	mu       sync.Mutex // requests and the terminal meet at what follows
	links    []*link    // the oldest first
	sessions []*session // the oldest first
	attempts *rate.Limiter
}

type secret [sha256.Size]byte

// draw returns a secret of 130 bits, and its hash.
func draw() (string, secret) {
	text := rand.Text()
	return text, sha256.Sum256([]byte(text))
}

// is reports whether text is the secret, in a time that does not depend on how much of it is right.
func (s secret) is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(s[:], sum[:]) == 1
}

type link struct {
	token secret
	made  time.Time
	used  bool
}

// A session is a browser.
type session struct {
	cookie, key secret
	ctx         context.Context // of its pages
	end         context.CancelFunc
	pages       int       // that are open
	last        time.Time // when one was open
}

func newAccess(ctx context.Context) *access {
	return &access{ctx: ctx, attempts: rate.NewLimiter(rate.Every(attemptEvery), attemptBurst)}
}

// link returns the token of a new link.
func (a *access) link(now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	token, hash := draw()
	if len(a.links) == maxLinks {
		a.links = slices.Delete(a.links, 0, 1)
	}
	a.links = append(a.links, &link{token: hash, made: now})
	return token
}

// An entry is what came of a token.
type entry string

const (
	entered entry = ""
	used    entry = "used" // or too old
	wrong   entry = "wrong"
	wait    entry = "wait" // too many tokens were tried
)

// enter exchanges a token for a new session.
func (a *access) enter(token string, now time.Time) (cookie, key string, result entry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.attempts.AllowN(now, 1) {
		return "", "", wait
	}
	var of *link
	for _, l := range a.links {
		if l.token.is(token) {
			of = l
		}
	}
	switch {
	case of == nil:
		return "", "", wrong
	case of.used || now.Sub(of.made) > linkLife:
		return "", "", used
	}
	of.used = true
	a.forget(now)
	if len(a.sessions) == maxSessions {
		a.sessions[0].end()
		a.sessions = slices.Delete(a.sessions, 0, 1)
	}
	s := &session{last: now}
	cookie, s.cookie = draw()
	key, s.key = draw()
	s.ctx, s.end = context.WithCancel(a.ctx)
	a.sessions = append(a.sessions, s)
	return cookie, key, entered
}

// forget removes the sessions that are over.
func (a *access) forget(now time.Time) {
	a.sessions = slices.DeleteFunc(a.sessions, func(s *session) bool {
		over := s.pages == 0 && now.Sub(s.last) > sessionIdle
		if over {
			s.end()
		}
		return over
	})
}

// find returns the session of a cookie and a key, or nil.
func (a *access) find(cookie, key string, now time.Time) *session {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(now)
	var found *session
	for _, s := range a.sessions {
		if s.cookie.is(cookie) && s.key.is(key) {
			found = s
		}
	}
	return found
}

// open counts a page of s, unless as many are open as may be.
func (a *access) open(s *session) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	open := 0
	for _, other := range a.sessions {
		open += other.pages
	}
	if open >= maxPages {
		return false
	}
	s.pages++
	return true
}

// leave counts a page of s that has gone.
func (a *access) leave(s *session, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.pages--
	s.last = now
}
