package stream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"localchat/cli/internal/fail"
)

// A Line is a line of input, or an error in place of a line that was too long.
type Line struct {
	Text string
	Err  error
}

// Lines reads stdin until its end, in lines of at most limit bytes, and skips empty lines. It reads up to queue lines ahead.
// Nothing can interrupt a read, so its goroutine may run until the process ends. The goroutine defers guard first.
func Lines(ctx context.Context, stdin io.Reader, limit, queue int, guard func()) <-chan Line {
	lines := make(chan Line, queue)
	go func() {
		defer guard()
		defer close(lines)
		in := bufio.NewReaderSize(stdin, 4<<10)
		for {
			text, long, err := readLine(in, limit)
			line := Line{Text: text}
			if long {
				line = Line{Err: fail.Usage("split it, or put it in a file", "a line of more than %d bytes was ignored", limit)}
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

// readLine reads one line of at most limit bytes, and returns it without the line break. It skips a longer line and reports long.
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
