//go:build !linux && !darwin

package node

import "time"

// machineSlept is for how long this machine has slept. On Windows Go's monotonic clock goes on meanwhile; of the other systems
// nothing is known, and a sleep looks like a clock that was set.
func machineSlept() time.Duration { return 0 }
