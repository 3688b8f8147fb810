package cli

import (
	"bufio"
	"context"
	"errors"
	"strings"
)

// A typed is a line of input, or why it is none.
type typed struct {
	text string
	err  error
}

// readLines reads standard input until it ends, in lines of at most limit bytes; empty ones are left out. Nothing can interrupt the read itself; the goroutine ends
// with its input, or with the process.
func (a *app) readLines(ctx context.Context, limit int) <-chan typed {
	lines := make(chan typed, maxInputQueue)
	go func() {
		defer a.guard()
		defer close(lines)
		in := bufio.NewReaderSize(a.stdin, 4<<10)
		for {
			text, long, err := readLine(in, limit)
			line := typed{text: text}
			if long {
				line = typed{err: usage("split it, or put it in a file", "a line of more than %d bytes was not taken", limit)}
			}
			if text != "" || long {
				select {
				case lines <- line:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// readLine reads one line of at most limit bytes, without its end. What is longer is skipped, and long says so.
func readLine(in *bufio.Reader, limit int) (line string, long bool, err error) {
	var b strings.Builder
	for {
		chunk, err := in.ReadSlice('\n')
		if b.Len()+len(chunk) > limit {
			long = true
		} else {
			b.Write(chunk)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return strings.TrimRight(b.String(), "\r\n"), long, err
	}
}
