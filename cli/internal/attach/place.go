package attach

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"localchat/internal/private"
)

// The name of the socket's folder in a data directory, and of the socket in that folder.
const (
	folder = "attach"
	name   = "socket"
)

// places returns the paths at which the socket of a data directory may be, the preferred one first: in the directory itself, and,
// if that path is too long or the file system has no sockets, in [private.RuntimeDir].
func places(dataDir string) ([]string, error) {
	dir, err := filepath.Abs(dataDir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(dir))
	var fit []string
	for _, path := range []string{
		filepath.Join(dir, folder, name),
		filepath.Join(private.RuntimeDir(), hex.EncodeToString(sum[:8])+".attach", name),
	} {
		if len(path) <= maxPath {
			fit = append(fit, path)
		}
	}
	return fit, nil
}

// ready makes the folder of a socket, which only this user may enter, and removes a socket that a crashed process has left there.
func ready(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := private.Dir(filepath.Dir(dir), private.NobodyWrites); err != nil {
		return err
	}
	if err := private.Dir(dir, private.NobodyElse); err != nil {
		return err
	}
	switch st, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case st.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("%s is no socket; it has not been touched", path)
	}
	return os.Remove(path)
}

// fit returns an error unless there is a socket at path, in a folder that only this user can enter.
func fit(path string) error {
	if err := private.Dir(filepath.Dir(path), private.NobodyElse); err != nil {
		return err
	}
	st, err := os.Lstat(path)
	if err == nil && st.Mode()&fs.ModeSocket == 0 {
		err = fmt.Errorf("%s is no socket", path)
	}
	return err
}
