package background

import "testing"

// apartFrom has nothing to look at here.
func apartFrom(*testing.T, *Process) {}
