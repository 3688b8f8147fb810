//go:build unix

package private

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// unfits returns the kinds of files or folders that must not be accepted. Each function makes one at path.
func unfits(t *testing.T, dir bool) map[string]func(path string) {
	t.Helper()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(path string, mode fs.FileMode) {
		if dir {
			do(os.Mkdir(path, 0o700))
		} else {
			do(os.WriteFile(path, []byte("mine"), 0o600))
		}
		do(os.Chmod(path, mode))
	}
	ways := map[string]func(path string){
		"a link":          func(path string) { put(path+"2", 0o700); do(os.Symlink(path+"2", path)) },
		"a relative link": func(path string) { put(path+"2", 0o700); do(os.Symlink(filepath.Base(path+"2"), path)) },
		"a dangling link": func(path string) { do(os.Symlink(path+"2", path)) },
		"a loop":          func(path string) { do(os.Symlink(path, path)) },
		"a pipe":          func(path string) { do(syscall.Mkfifo(path, 0o600)) },
		"the group's":     func(path string) { put(path, 0o720) },
		"everybody's":     func(path string) { put(path, 0o702) },
		"of mode 0777":    func(path string) { put(path, 0o777) },
		"of mode 01777":   func(path string) { put(path, 0o777|fs.ModeSticky) },
	}
	if os.Geteuid() == 0 {
		ways["another user's"] = func(path string) { put(path, 0o700); do(os.Chown(path, 12345, 12345)) }
	}
	return ways
}

func TestDir(t *testing.T) {
	for what, put := range unfits(t, true) {
		path := filepath.Join(t.TempDir(), "x")
		put(path)
		var e *Error
		for _, name := range []string{path, path + "/", path + "/."} {
			if err := Dir(name, NobodyWrites); !errors.As(err, &e) || e.Mend == "" {
				t.Errorf("%s: %s is accepted: %v", what, name, err)
			}
			if root, err := OpenRoot(name, NobodyWrites); err == nil {
				t.Errorf("%s is opened", what)
				root.Close()
			}
		}
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := Dir(path, NobodyWrites); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Dir(path, NobodyWrites); err != nil {
		t.Error(err)
	}
	if err := Dir(path, NobodyElse); err == nil {
		t.Error("a folder that others can read is accepted as private")
	}
	if err := os.WriteFile(path+"/f", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Dir(path+"/f", NobodyWrites); err == nil {
		t.Error("a file is accepted as a folder")
	}
}

func TestOpen(t *testing.T) {
	flags := map[string]int{"read": os.O_RDONLY, "append": os.O_WRONLY | os.O_APPEND | os.O_CREATE, "change": os.O_RDWR | os.O_CREATE}
	for what, put := range unfits(t, false) {
		for how, flag := range flags {
			path := filepath.Join(t.TempDir(), "x")
			put(path)
			var e *Error
			f, err := Open(path, flag, 0o600, NobodyElse)
			if err == nil {
				f.Close()
			}
			if !errors.As(err, &e) || e.Mend == "" {
				t.Errorf("%s is opened to %s: %v", what, how, err)
			}
			if _, err := os.Lstat(path + "2"); what == "a dangling link" && err == nil {
				t.Errorf("the file that %s points to was made", what)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "x")
	if _, err := Read(path, 10, NobodyElse); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("0123456789"), 0o644); err != nil {
		t.Fatal(err)
	}
	if raw, err := Read(path, 10, NobodyWrites); err != nil || string(raw) != "0123456789" {
		t.Errorf("read %q, %v", raw, err)
	}
	if _, err := Read(path, 9, NobodyWrites); err == nil {
		t.Error("a file longer than the bound is read")
	}
	var e *Error
	if _, err := Read(path, 10, NobodyElse); !errors.As(err, &e) || e.Mode != 0o644 {
		t.Errorf("a file that others can read: %v", err)
	}
	if _, err := Open(filepath.Dir(path), os.O_RDONLY, 0, NobodyWrites); err == nil {
		t.Error("a folder is accepted as a file")
	}
}
