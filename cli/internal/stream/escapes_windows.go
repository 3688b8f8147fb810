package stream

import (
	"os"

	"golang.org/x/sys/windows"
)

// ObeysEscapes reports whether a stream is a console of Windows that obeys escape sequences. Such a console does not set TERM.
func ObeysEscapes(stream any) bool {
	var mode uint32
	f := File(stream)
	return f != nil && windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil && mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0
}

// ObeyEscapes makes a console obey escape sequences until restore is called. A console of Windows prints them as characters
// until a program asks it to obey.
func ObeyEscapes(f *os.File) (restore func()) {
	var mode uint32
	console := windows.Handle(f.Fd())
	if windows.GetConsoleMode(console, &mode) != nil || windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
		return func() {} // it is no console, or one of before Windows 10
	}
	return func() { _ = windows.SetConsoleMode(console, mode) }
}
