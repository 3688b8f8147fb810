//go:build !linux && !darwin && !freebsd

package attach

import "net"

// sameUser: the system does not say who is at the other end. The folder of the socket keeps others out.
func sameUser(*net.UnixConn) error { return nil }
