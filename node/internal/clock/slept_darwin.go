package clock

import "golang.org/x/sys/unix"

const clockOn, clockAwake = unix.CLOCK_MONOTONIC, unix.CLOCK_UPTIME_RAW
