//go:build darwin || freebsd

package attach

import "golang.org/x/sys/unix"

// userOf returns the user at the other end of a socket.
func userOf(fd int) (uint32, error) {
	const localPeerCred = 1 // LOCAL_PEERCRED, of level 0
	cred, err := unix.GetsockoptXucred(fd, 0, localPeerCred)
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}
