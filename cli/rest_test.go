package cli

import (
	"runtime"
	"testing"
)

// TestRestOnOne: a process that rests has one processor, and as many as before when it does not rest any more.
func TestRestOnOne(t *testing.T) {
	const all = 3
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(all))
	rest := restOnOne(all)
	if rest(true); runtime.GOMAXPROCS(0) != 1 {
		t.Errorf("at rest: %d processors", runtime.GOMAXPROCS(0))
	}
	if rest(false); runtime.GOMAXPROCS(0) != all {
		t.Errorf("after a rest: %d processors, and before it %d", runtime.GOMAXPROCS(0), all)
	}
}
