package stream

import (
	"os"

	"golang.org/x/sys/windows"
)

// ObeysEscapes reports whether a terminal that sets no TERM, as no console of Windows does, obeys escape sequences.
func ObeysEscapes(stream any) bool {
	var mode uint32
	f := File(stream)
	return f != nil && windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil && mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0
}

// ObeyEscapes has a terminal obey escape sequences until restore. A console of Windows shows them as signs until it is asked to.
func ObeyEscapes(f *os.File) (restore func()) {
	var mode uint32
	console := windows.Handle(f.Fd())
	if windows.GetConsoleMode(console, &mode) != nil || windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
		return func() {} // it is no console, or one of the old kind
	}
	return func() { _ = windows.SetConsoleMode(console, mode) }
}
