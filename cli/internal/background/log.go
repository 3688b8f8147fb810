package background

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"localchat/internal/private"
)

// A Log is a file that keeps the last lines written to it. Other processes may append to it meanwhile.
type Log struct {
	mu sync.Mutex // goroutines log at the same time
	f  *os.File
}

// OpenLog opens a log, and makes it and its folder where they are missing.
func OpenLog(path string) (*Log, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := private.Dir(filepath.Dir(path), private.NobodyWrites); err != nil {
		return nil, err
	}
	f, err := private.Open(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600, private.NobodyElse)
	if err != nil {
		return nil, err
	}
	return &Log{f: f}, nil
}

// Write appends p, which is whole lines.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	size, err := l.Size()
	if err != nil {
		return 0, err
	}
	if size+int64(len(p)) > maxLog {
		if err := l.halve(); err != nil {
			return 0, err
		}
	}
	return l.f.Write(p[max(len(p)-maxLog/2, 0):])
}

// halve drops the older half, and at least what is more than half of the most.
func (l *Log) halve() error {
	kept, err := l.from(-maxLog / 2)
	if err != nil {
		return err
	}
	// Not by the open file: on Windows one that appends cannot be cut.
	if err := os.Truncate(l.f.Name(), 0); err != nil {
		return err
	}
	_, err = l.f.Write(kept)
	return err
}

// from reads the whole lines from an offset on; a negative one counts from the end.
func (l *Log) from(offset int64) ([]byte, error) {
	size, err := l.Size()
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		offset = max(size+offset, 0)
	}
	raw := make([]byte, max(size-offset, 0))
	n, err := l.f.ReadAt(raw, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	raw = raw[:n]
	if offset > 0 {
		_, raw, _ = bytes.Cut(raw, []byte{'\n'})
	}
	return raw, nil
}

// Size is how long it is.
func (l *Log) Size() (int64, error) {
	st, err := l.f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// Since returns the last lines of those that came after the log was so long.
func (l *Log) Since(size int64) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, err := l.Size()
	if err != nil {
		return nil
	}
	if size > now { // it has been halved
		size = 0
	}
	// One byte more, so that the first line is whole.
	raw, err := l.from(max(size-1, now-maxTail, 0))
	if err != nil {
		return nil
	}
	return strings.FieldsFunc(string(raw), func(r rune) bool { return r == '\n' || r == '\r' })
}

// Close closes the file.
func (l *Log) Close() error { return l.f.Close() }
