//go:build linux || darwin || freebsd

package attach

import (
	"errors"
	"fmt"
	"net"
	"os"
)

var errOtherUser = errors.New("the other end belongs to another user")

// sameUser returns an error unless the process at the other end is known to belong to this user.
func sameUser(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var user uint32
	var failed error
	if err := raw.Control(func(fd uintptr) { user, failed = userOf(int(fd)) }); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("the user at the other end is not known: %w", failed)
	}
	if int(user) != os.Geteuid() {
		return errOtherUser
	}
	return nil
}
