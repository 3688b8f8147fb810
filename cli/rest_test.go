package cli

import (
	"runtime"
	"testing"
)

// TestRestOnOne: a process that rests has one processor, and as many as before when it does not rest any more.
func TestRestOnOne(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	runtime.SetDefaultGOMAXPROCS()
	all := runtime.GOMAXPROCS(0)
	if restOnOne(true); runtime.GOMAXPROCS(0) != 1 {
		t.Errorf("at rest: %d processors", runtime.GOMAXPROCS(0))
	}
	if restOnOne(false); runtime.GOMAXPROCS(0) != all {
		t.Errorf("after a rest: %d processors, and before it %d", runtime.GOMAXPROCS(0), all)
	}
}
