//go:build unix

package private

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	hasModes = true
)

// owned reports whether a file or folder belongs to this user.
func owned(st fs.FileInfo) bool {
	s, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}
