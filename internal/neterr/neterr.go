// Package neterr says what an error of the network means, on every system. On Windows the system returns numbers of its own
// (WSAECONNREFUSED is 10061), and the constants of package syscall that are named as on Unix match none of them. It is a leaf.
package neterr

import (
	"errors"
	"runtime"
	"syscall"
)

// InUse reports whether the port is in use by another program.
func InUse(err error) bool {
	// 10048 is WSAEADDRINUSE. Windows answers 10013, access denied, for a port that another program uses exclusively.
	return is(err, syscall.EADDRINUSE, 10048) || is(err, syscall.EADDRINUSE, 10013)
}

// Refused reports whether the other machine answered that nothing listens there.
func Refused(err error) bool { return is(err, syscall.ECONNREFUSED, 10061) }

// HostUnreachable reports whether no machine has that address on one of our networks, or the system forbids sending to it (macOS).
func HostUnreachable(err error) bool { return is(err, syscall.EHOSTUNREACH, 10065) }

// NetworkUnreachable reports whether this machine has no route to the address.
func NetworkUnreachable(err error) bool { return is(err, syscall.ENETUNREACH, 10051) }

// Forbidden reports whether this machine forbids it, as its packet filter does.
func Forbidden(err error) bool {
	return is(err, syscall.EPERM, 10013) || is(err, syscall.EACCES, 10013)
}

func is(err error, unix, windows syscall.Errno) bool {
	return errors.Is(err, unix) || runtime.GOOS == "windows" && errors.Is(err, windows)
}
