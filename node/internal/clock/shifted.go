//go:build shiftedclock

package clock

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// A build with this tag has a wall clock that tests can set from outside. The first SIGUSR2 moves it by the duration in shiftEnv, the
// next one moves it back, and so on.

const shiftEnv = "TEST_CLOCK_OF_LOCALCHAT"

func init() {
	by, err := time.ParseDuration(os.Getenv(shiftEnv))
	if err != nil {
		return
	}
	var set atomic.Bool
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	go func() {
		for range signals {
			set.Store(!set.Load())
		}
	}()
	wallClock = func() time.Time {
		if set.Load() {
			return time.Now().Add(by)
		}
		return time.Now()
	}
}
