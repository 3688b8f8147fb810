// Package private looks at files and folders before they are used: that nobody but this user can have put them there or
// can change them. A link is never followed. It is a leaf, and knows nothing of what is in them.
package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
)

// The permissions of others on a file or folder that is accepted.
const (
	// NobodyElse: others may neither read nor write it.
	NobodyElse fs.FileMode = 0o077
	// NobodyWrites: others may read it.
	NobodyWrites fs.FileMode = 0o022
)

// RuntimeDir is the folder in which the processes of one user meet, for as long as the user is logged in. It may not be there yet,
// and somebody else's folder may: whoever uses it makes it and asks [Dir].
func RuntimeDir() string {
	if fi, err := os.Stat(xdg.RuntimeDir); err == nil && fi.IsDir() {
		return filepath.Join(xdg.RuntimeDir, "localchat")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("localchat-%d", os.Geteuid()))
}

// An Error says what is wrong with a file or folder, and how to mend it. It is not made for what is missing.
type Error struct {
	Path string
	// What is the fault, as the end of a sentence that begins with the path.
	What string
	// Mend is what a person can do.
	Mend string
	// Mode is set where nothing but the mode is wrong.
	Mode fs.FileMode
}

func (e *Error) Error() string { return e.Path + " " + e.What }

// Dir reports what is wrong with a folder: it is a link, is no folder, is somebody else's, or others may do with it what
// loose names.
func Dir(path string, loose fs.FileMode) error {
	path = filepath.Clean(path) // behind a link, a slash would follow it
	st, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return checkDir(path, st, loose)
}

func checkDir(path string, st fs.FileInfo, loose fs.FileMode) error {
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		return &Error{Path: path, What: "is a link", Mend: "name the folder that it points to"}
	case !st.IsDir():
		return &Error{Path: path, What: "is no folder", Mend: "move it away"}
	}
	return check(path, st, loose, "700")
}

// OpenRoot opens a folder that [Dir] accepts, and makes sure that it is the one that was looked at.
func OpenRoot(path string, loose fs.FileMode) (*os.Root, error) {
	path = filepath.Clean(path)
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := checkDir(path, before, loose); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	now, err := root.Stat(".")
	if err == nil && !os.SameFile(before, now) {
		err = fmt.Errorf("%s was replaced by another folder", path)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// Open opens a file as os.OpenFile does, but follows no link, waits for no other end of a pipe, and gives nothing but a
// regular file of this user with which others may not do what loose names. An existing file is not cut before it has
// been looked at: flag must not hold os.O_TRUNC.
func Open(path string, flag int, perm, loose fs.FileMode) (*os.File, error) {
	path = filepath.Clean(path)
	// Where the system has no way to refuse a link, or says so in words of its own.
	if st, err := os.Lstat(path); err == nil {
		if err := checkFile(path, st, loose); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, flag|noFollow, perm)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil {
		err = checkFile(path, st, loose)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Read returns what is in a file that [Open] accepts, if that is no more than limit bytes.
func Read(path string, limit int64, loose fs.FileMode) ([]byte, error) {
	f, err := Open(path, os.O_RDONLY, 0, loose)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = &Error{Path: path, What: fmt.Sprintf("is longer than %d bytes", limit), Mend: "move it away"}
	}
	return raw, err
}

func checkFile(path string, st fs.FileInfo, loose fs.FileMode) error {
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		return &Error{Path: path, What: "is a link", Mend: "put the file itself there"}
	case !st.Mode().IsRegular():
		return &Error{Path: path, What: "is no regular file", Mend: "move it away"}
	}
	return check(path, st, loose, "600")
}

// Mine reports whether a folder's entry is a regular file of this user, and so one that may be removed.
func Mine(st fs.FileInfo) bool { return st.Mode().IsRegular() && owned(st) }

// check is for what is a file or folder already.
func check(path string, st fs.FileInfo, loose fs.FileMode, mode string) error {
	if !owned(st) {
		return &Error{Path: path, What: "belongs to another user", Mend: "use one of your own"}
	}
	if open := st.Mode().Perm() & loose; open != 0 && hasModes {
		deed := "read"
		if open&NobodyWrites != 0 {
			deed = "changed"
		}
		what := fmt.Sprintf("can be %s by others: its mode is %04o", deed, st.Mode().Perm())
		return &Error{Path: path, What: what, Mend: "chmod " + mode + " " + path, Mode: st.Mode().Perm()}
	}
	return nil
}
