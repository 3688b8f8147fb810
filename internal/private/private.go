// Package private checks files and folders before they are used: they must belong to this user, and other users must not be able
// to change them. It never follows a link. It is a leaf, and does not look at contents.
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

// The permissions that other users must not have on a file or folder. The functions of this package take one of them as loose.
const (
	// NobodyElse: others may neither read nor write it.
	NobodyElse fs.FileMode = 0o077
	// NobodyWrites: others may read it, but not write it.
	NobodyWrites fs.FileMode = 0o022
)

// RuntimeDir returns the path of the folder in which the processes of one user find each other, for as long as the user is logged
// in. The folder may not exist, or another user may have made it: the caller has to make it and to check it with [Dir].
func RuntimeDir() string {
	if fi, err := os.Stat(xdg.RuntimeDir); err == nil && fi.IsDir() {
		return filepath.Join(xdg.RuntimeDir, "localchat")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("localchat-%d", os.Geteuid()))
}

// An Error says what is wrong with a file or folder, and how to mend it. A file that does not exist gives fs.ErrNotExist instead.
type Error struct {
	Path string
	// What names the fault, as the end of a sentence that begins with the path.
	What string
	// Mend is what a person can do.
	Mend string
	// Mode is the mode of the file, if only the mode is wrong; otherwise 0.
	Mode fs.FileMode
}

func (e *Error) Error() string { return e.Path + " " + e.What }

// Dir returns an [Error] if path is a link, is no folder, belongs to another user, or has a permission in loose.
func Dir(path string, loose fs.FileMode) error {
	path = filepath.Clean(path) // a slash at the end would make Lstat follow a link
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

// OpenRoot opens a folder that [Dir] accepts. It fails if the folder is replaced between the check and the opening.
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

// Open opens a file as os.OpenFile does, but only a regular file of this user without a permission in loose. It follows no link
// and does not wait for the other end of a pipe. flag must not contain os.O_TRUNC, which would empty a file before it is checked.
func Open(path string, flag int, perm, loose fs.FileMode) (*os.File, error) {
	path = filepath.Clean(path)
	// Some systems cannot refuse to open a link, and the others report one in different words. So look first.
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

// Read returns the content of a file that [Open] accepts. A file of more than limit bytes is an [Error].
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

// Mine reports whether st is a regular file of this user, which this program may remove.
func Mine(st fs.FileInfo) bool { return st.Mode().IsRegular() && owned(st) }

// check checks the owner and the permissions of a file or folder. mode is the right mode, for the advice.
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
