//go:build linux || darwin

package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// machineSlept returns how long this machine has slept since it was started. During a sleep Go's monotonic clock stands still on
// these systems, and another clock of the system goes on.
func machineSlept() time.Duration {
	var on, awake unix.Timespec
	if unix.ClockGettime(clockOn, &on) != nil || unix.ClockGettime(clockAwake, &awake) != nil {
		return 0
	}
	return time.Duration(on.Nano() - awake.Nano())
}
