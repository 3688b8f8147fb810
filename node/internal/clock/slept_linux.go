package clock

import "golang.org/x/sys/unix"

const clockOn, clockAwake = unix.CLOCK_BOOTTIME, unix.CLOCK_MONOTONIC
