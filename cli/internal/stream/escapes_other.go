//go:build !windows

package stream

import "os"

// ObeysEscapes reports whether a stream is a terminal that obeys escape sequences although TERM is not set: on these systems,
// none is.
func ObeysEscapes(any) bool { return false }

// ObeyEscapes does nothing: on these systems, every terminal obeys escape sequences.
func ObeyEscapes(*os.File) (restore func()) { return func() {} }
