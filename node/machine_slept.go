//go:build linux || darwin

package node

import (
	"time"

	"golang.org/x/sys/unix"
)

// machineSlept is for how long this machine has slept since it was started. Here Go's monotonic clock stands still meanwhile, and
// another clock of the system goes on.
func machineSlept() time.Duration {
	var on, awake unix.Timespec
	if unix.ClockGettime(clockOn, &on) != nil || unix.ClockGettime(clockAwake, &awake) != nil {
		return 0
	}
	return time.Duration(on.Nano() - awake.Nano())
}
