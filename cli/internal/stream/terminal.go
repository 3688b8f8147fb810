package stream

import (
	"io"
	"os"

	"golang.org/x/term"
)

// IsTerminal reports whether a stream is a terminal.
func IsTerminal(stream any) bool {
	f := File(stream)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// A widthTeller is a writer to a screen that knows how many columns it has.
type widthTeller interface{ Columns() int }

// Columns is how many columns the screen behind w has; 0: it is none, and rows are as long as their text.
func Columns(w io.Writer) int {
	if w, ok := w.(widthTeller); ok {
		return w.Columns()
	}
	if IsTerminal(w) {
		return TerminalColumns(File(w))
	}
	return 0
}

// TerminalColumns is the width that f tells, or the usual one where it tells none, as a serial line.
func TerminalColumns(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return UsualColumns
}

// Rows is how many rows the screen behind w has, or the usual number where it tells none.
func Rows(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if _, height, err := term.GetSize(int(f.Fd())); err == nil && height > 0 {
			return height
		}
	}
	return usualRows
}
