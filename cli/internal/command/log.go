package command

import (
	"strings"
	"sync"
)

// A LogRing keeps the last lines of the log for /log. Its mutex is needed because any goroutine of the program logs, and the
// console reads.
type LogRing struct {
	mu    sync.Mutex
	lines []string // up to maxLogLines; the oldest at next once full
	next  int
}

// Write keeps p. A slog handler calls it once for each line.
func (r *LogRing) Write(p []byte) (int, error) {
	line := strings.TrimSuffix(string(p[:min(len(p), maxLogLine)]), "\n")
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) < maxLogLines {
		r.lines = append(r.lines, line)
		return len(p), nil
	}
	r.lines[r.next] = line
	r.next = (r.next + 1) % maxLogLines
	return len(p), nil
}

// last returns the last n lines, the oldest first, and how many lines are kept.
func (r *LogRing) last(n int) ([]string, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := append(append([]string(nil), r.lines[r.next:]...), r.lines[:r.next]...)
	return all[max(len(all)-n, 0):], len(all)
}
