//go:build !unix

package discovery

import "io/fs"

// private takes a folder as it is: here the user's folders are protected by inheritance and not by mode bits.
func private(fi fs.FileInfo) bool { return fi.IsDir() }
