// Package neterr tells why the system refused something on the network. Windows has numbers of its own for that: the constants of
// package syscall that have the names of Unix stand for nothing there. It is a leaf.
package neterr

import (
	"errors"
	"runtime"
	"syscall"
)

// InUse reports whether a port is taken.
func InUse(err error) bool {
	// Windows denies access to a port that another program has for itself alone.
	return is(err, syscall.EADDRINUSE, 10048) || is(err, syscall.EADDRINUSE, 10013)
}

// Refused reports whether the other machine answered that nothing listens there.
func Refused(err error) bool { return is(err, syscall.ECONNREFUSED, 10061) }

// HostUnreachable reports whether no machine answers at that address of a network of ours, or the system lets nobody send there.
func HostUnreachable(err error) bool { return is(err, syscall.EHOSTUNREACH, 10065) }

// NetworkUnreachable reports whether no network of ours leads there.
func NetworkUnreachable(err error) bool { return is(err, syscall.ENETUNREACH, 10051) }

// Forbidden reports whether a rule of this machine forbids it.
func Forbidden(err error) bool {
	return is(err, syscall.EPERM, 10013) || is(err, syscall.EACCES, 10013)
}

func is(err error, unix, windows syscall.Errno) bool {
	return errors.Is(err, unix) || runtime.GOOS == "windows" && errors.Is(err, windows)
}
