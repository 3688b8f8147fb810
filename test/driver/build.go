package driver

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Build builds the command of a package of the module into dir, and returns the program's name. root is the folder of the
// module; flags are for go build.
func Build(root, dir, pkg string, flags ...string) (bin string, err error) {
	return build(root, filepath.Join(dir, filepath.Base(pkg)), pkg, nil, flags)
}

// BuildWindows does the same for a PC with Windows.
func BuildWindows(root, dir, pkg string, flags ...string) (bin string, err error) {
	return build(root, filepath.Join(dir, filepath.Base(pkg)+".exe"), pkg, []string{"GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0"}, flags)
}

func build(root, bin, pkg string, env, flags []string) (string, error) {
	if err := openSources(root); err != nil {
		return "", err
	}
	cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", bin, pkg)...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
}

// openSources opens every folder of the module, so that go test does not reuse a result from before a change in one of
// them: go test does not see that a package depends on the built program.
func openSources(root string) error {
	return filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" {
			return fs.SkipDir
		}
		return err
	})
}
