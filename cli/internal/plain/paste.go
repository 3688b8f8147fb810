package plain

import (
	"bytes"
	"io"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/stream"
)

const ctrlC = 3

// A pasteReader reads keys and pastes for x/term. x/term would take the control characters in a paste for keys, and enter the line at
// each line break. So pasteReader replaces them by the stand-ins of package stream, as the input of the full-screen console does. The
// line being typed then holds the paste exactly, without the line breaks at its end. The goroutine that reads lines owns it.
type pasteReader struct {
	in io.Reader
	// interrupted is set after Ctrl-C. x/term reports Ctrl-C and Ctrl-D in the same way.
	interrupted bool
	// spoiled is set if a paste held a character that cannot be in a line.
	spoiled bool

	raw, ready []byte // bytes that have been read; bytes for x/term
	pasting    bool
	breaks     int // number of line breaks held back, because they may be the end of the paste
	afterCR    bool
	err        error
}

// Read returns keys, and pastes with stand-ins.
func (r *pasteReader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 && r.err == nil {
		var chunk [4 << 10]byte
		var n int
		n, r.err = r.in.Read(chunk[:])
		r.raw = append(r.raw, chunk[:n]...)
		for len(r.raw) > 0 && r.take() {
		}
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	if n == 0 {
		return 0, r.err
	}
	return n, nil
}

// take moves one key or character from raw to ready. It reports whether there was a whole one.
func (r *pasteReader) take() bool {
	mark := []byte(ansi.BracketedPasteStart)
	if r.pasting {
		mark = []byte(ansi.BracketedPasteEnd)
	}
	switch {
	case bytes.HasPrefix(r.raw, mark):
		r.raw = r.raw[len(mark):]
		r.pasting, r.breaks, r.afterCR = !r.pasting, 0, false
		return true
	case bytes.HasPrefix(mark, r.raw) && r.err == nil:
		return false // the rest of it may follow
	case r.pasting && !utf8.FullRune(r.raw) && r.err == nil:
		return false
	case !r.pasting:
		r.interrupted = r.interrupted || r.raw[0] == ctrlC
		r.ready, r.raw = append(r.ready, r.raw[0]), r.raw[1:]
		return true
	}
	c, n := utf8.DecodeRune(r.raw)
	r.raw = r.raw[n:]
	r.spoiled = r.spoiled || c == utf8.RuneError && n == 1 || stream.IsStandIn(c)
	if c == '\r' || c == '\n' {
		if c == '\r' || !r.afterCR {
			r.breaks++
		}
		r.afterCR = c == '\r'
		return true
	}
	r.afterCR = false
	for ; r.breaks > 0; r.breaks-- {
		r.ready = utf8.AppendRune(r.ready, stream.FirstStandIn+'\n')
	}
	r.ready = append(r.ready, stream.StandIns(string(c))...)
	return true
}
