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

// An access holds the links and the sessions. It keeps only hashes of their secrets.
type access struct {
	ctx context.Context // the parent of the context of every session

	mu       sync.Mutex // guards the fields below, which requests and the terminal use
	links    []*link    // the oldest first
	sessions []*session // the oldest first
	attempts *rate.Limiter
}

type secret [sha256.Size]byte

// draw returns a random secret of 130 bits, and its hash.
func draw() (string, secret) {
	text := rand.Text()
	return text, sha256.Sum256([]byte(text))
}

// is reports whether text is the secret. The time that it takes does not depend on how much of text is right.
func (s secret) is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(s[:], sum[:]) == 1
}

type link struct {
	token secret
	made  time.Time
	used  bool
}

// A session is what a browser holds that has opened a link.
type session struct {
	cookie, key secret
	ctx         context.Context // of the pages of the browser
	end         context.CancelFunc
	pages       int       // how many pages are open
	last        time.Time // when a page was open last
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

// An entry is the result of exchanging a token.
type entry string

const (
	entered entry = ""
	used    entry = "used" // the token was used before, or is too old
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

// open counts a page of s, and reports whether it may be opened: not if maxPages are open.
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

// leave records that a page of s is closed.
func (a *access) leave(s *session, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.pages--
	s.last = now
}
