//go:build unix

package discovery

import (
	"io/fs"
	"os"
	"syscall"
)

// private says whether only this user can read and change the folder.
func private(fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && fi.IsDir() && fi.Mode().Perm()&0o077 == 0 && int(st.Uid) == os.Geteuid()
}
