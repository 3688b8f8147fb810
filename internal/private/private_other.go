//go:build !unix

package private

import "io/fs"

// On these systems a file inherits its protection from the user's folders, and mode bits say nothing.
const (
	noFollow = 0
	hasModes = false
)

func owned(fs.FileInfo) bool { return true }
