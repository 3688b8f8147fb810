//go:build !linux && !darwin && !freebsd

package attach

import "net"

// sameUser always succeeds here: the system does not name the user at the other end. The folder of the socket keeps others out.
func sameUser(*net.UnixConn) error { return nil }
