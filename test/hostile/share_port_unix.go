//go:build unix

package hostile

import "golang.org/x/sys/unix"

// sharePort lets the node under attack, or another honest node, have the same port.
func sharePort(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}
