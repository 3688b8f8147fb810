package clitest

import (
	"bytes"
	"strings"
	"sync"
	"syscall"
)

// A Screen is an output for a test to read. Several goroutines may write to it.
type Screen struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	broken bool
}

// Break makes every later write fail, as if the reader of a pipe had gone.
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

// Take returns the text written since the last Take.
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

// Columns returns the width of the screen.
func (w *WideScreen) Columns() int { return w.Width }
