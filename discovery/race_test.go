//go:build race

package discovery

import "runtime"

// With the race detector these tests run on one processor. The runtime has one race context for all timers of a synctest bubble. With
// several processors two threads use it at once, and the process dies of SIGSEGV in StackDepot (Go 1.26.8; thirty goroutines with tickers
// in a bubble are enough). The detector finds a race by the order of events and not by timing, so one processor only costs time.
func init() { runtime.GOMAXPROCS(1) }
