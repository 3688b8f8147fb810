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

// A widthTeller is a writer to a screen, and knows how many columns the screen has.
type widthTeller interface{ Columns() int }

// Columns returns how many columns the screen behind w has, or 0 if w is not a screen and rows have no width.
func Columns(w io.Writer) int {
	if w, ok := w.(widthTeller); ok {
		return w.Columns()
	}
	if IsTerminal(w) {
		return TerminalColumns(File(w))
	}
	return 0
}

// TerminalColumns returns the width of the terminal f, or the usual width if f does not report one, as a serial line does not.
func TerminalColumns(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return UsualColumns
}

// Rows returns how many rows the screen behind w has, or the usual number if it does not report one.
func Rows(w io.Writer) int {
	if f := File(w); f != nil {
		if _, height, err := term.GetSize(int(f.Fd())); err == nil && height > 0 {
			return height
		}
	}
	return usualRows
}
