package driver

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// AsUser runs a copy of the running program, a test, as another user of the machine, with variables that are added to its environment,
// and returns its output. The copy is in dir, which it opens to everybody. Only root can do that.
func AsUser(user uint32, dir string, variables ...string) (string, error) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "other")
	if err := os.WriteFile(program, self, 0o755); err != nil {
		return "", err
	}
	if err := Open(program, 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), variables...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Open gives a mode to a file or folder and to all folders above it, up to the folder for temporary files.
func Open(path string, mode fs.FileMode) error {
	for ; path != "/" && path != os.TempDir(); path = filepath.Dir(path) {
		if err := os.Chmod(path, mode); err != nil {
			return err
		}
	}
	return nil
}
