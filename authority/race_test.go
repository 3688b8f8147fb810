//go:build race

package authority

// raceEnabled: the race detector makes everything some ten times slower, and the pure code here has no goroutine.
const raceEnabled = true
