//go:build race

package cli

import "runtime"

// Under the race detector, these tests use one processor. The runtime keeps one race context for all timers of a synctest
// bubble. With several processors two threads use it at once, which breaks the detector's stack, and the process dies of SIGSEGV
// in StackDepot (Go 1.26.8; thirty goroutines with tickers in a bubble are enough). The detector goes by the order of events, not
// by timing, so one processor costs only time.
func init() { runtime.GOMAXPROCS(1) }
