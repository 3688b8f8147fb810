//go:build race

package node

import "runtime"

// Under the race detector one processor runs these tests. The runtime keeps one race context for all timers of a
// synctest bubble, and with several processors two threads use it at once: the detector's stack breaks, and the process
// dies of SIGSEGV in StackDepot (Go 1.26.8; thirty goroutines on tickers in a bubble are enough). The detector goes by
// the order of events and not by chance of timing, so only time is lost.
func init() { runtime.GOMAXPROCS(1) }
