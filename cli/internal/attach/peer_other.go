//go:build !linux && !darwin && !freebsd

package attach

import "net"

// sameUser always succeeds: these systems do not name the user at the other end. The folder of the socket keeps other users out.
func sameUser(*net.UnixConn) error { return nil }
