//go:build !windows

package stream

import "os"

// ObeysEscapes reports whether a terminal that sets no TERM obeys escape sequences.
func ObeysEscapes(any) bool { return false }

// ObeyEscapes has a terminal obey escape sequences until restore. Here each does.
func ObeyEscapes(*os.File) (restore func()) { return func() {} }
