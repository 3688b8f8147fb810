package clitest

import (
	"bytes"
	"strings"
	"sync"
	"syscall"
)

// A Screen is an output that several goroutines may write to and a test reads.
type Screen struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	broken bool
}

// Break makes every later write fail, as a pipe does whose reader has gone.
func (s *Screen) Break() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return 0, syscall.EPIPE
	}
	return s.buf.Write(p)
}

// Take returns what was written since the last take.
func (s *Screen) Take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.buf.String()
	s.buf.Reset()
	return text
}

// WideScreen is an output that knows how wide it is.
type WideScreen struct {
	strings.Builder
	Width int
}

// Columns is how wide the screen is.
func (w *WideScreen) Columns() int { return w.Width }
