package clock

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// WatchWaking returns a function that calls told whenever this machine has woken from sleep, or its wall clock was set, until ctx ends;
// nil if the system does not tell.
func WatchWaking() func(ctx context.Context, told func()) {
	// A timer for a date far ahead, which the system cancels when the clock jumps. It does that after a sleep too.
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil
	}
	arm := func() error {
		at := unix.ItimerSpec{Value: unix.NsecToTimespec(time.Now().AddDate(100, 0, 0).UnixNano())}
		return unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &at, nil)
	}
	if err := arm(); err != nil {
		unix.Close(fd)
		return nil
	}
	f := os.NewFile(uintptr(fd), "waking")
	return func(ctx context.Context, told func()) {
		defer context.AfterFunc(ctx, func() { f.Close() })()
		defer f.Close()
		var b [8]byte
		for {
			if _, err := f.Read(b[:]); err != nil && !errors.Is(err, unix.ECANCELED) {
				return
			}
			told()
			if arm() != nil {
				return
			}
		}
	}
}
