//go:build darwin || freebsd

package onlink

import "golang.org/x/sys/unix"

// changesSocket returns a socket that can be read when an interface, an address or a route has come, gone or changed.
func changesSocket() (fd int, err error) {
	fd, err = unix.Socket(unix.AF_ROUTE, unix.SOCK_RAW, unix.AF_UNSPEC)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
