package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/pe"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A project is a small one that is released as this one is: a program, of this module's name and with its commands, that needs one
// module of somebody else, and on Windows another.
type project struct {
	t      *testing.T
	dir    string // its checkout
	commit string
	time   time.Time
}

// root is that of this project.
var root = func() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return dir
}()

const theirLicence = "You may, if you say who made it.\r\n"

func newProject(t *testing.T) *project {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		text := t.Name() + " DID NOT RUN: it needs git"
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	p := &project{t: t, dir: t.TempDir(), time: time.Unix(1.7e9, 0).UTC()}
	for _, tool := range []string{"tools.mod", "tools.sum"} {
		text, err := os.ReadFile(filepath.Join(root, tool))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(p.dir, tool), string(text))
	}
	for name, text := range map[string]string{
		"go.mod":        "module localchat\n\ngo 1.26\n\nrequire (\n\texample.org/m v1.0.0\n\texample.org/w v1.0.0\n)\n\nreplace (\n\texample.org/m => ./m\n\texample.org/w => ./w\n)\n",
		"cli/cli.go":    "package cli\n\nvar Version string\n",
		"README.md":     "Read me.\n",
		"LICENSE":       "Our licence.\n",
		"m/go.mod":      "module example.org/m\n\ngo 1.26\n",
		"m/m.go":        "package m\n\nconst Hello = \"hello\"\n",
		"m/LICENCE.txt": theirLicence,
		"w/go.mod":      "module example.org/w\n\ngo 1.26\n",
		"w/w.go":        "package w\n",
		"w/COPYING":     "Copy it.\n",
		"in_windows.go": "package main\n\nimport _ \"example.org/w\"\n",
		"main.go":       projectSource,
	} {
		write(t, filepath.Join(p.dir, name), text)
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
		"GIT_COMMITTER_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": p.time.Format(time.RFC3339), "GIT_COMMITTER_DATE": p.time.Format(time.RFC3339),
	} {
		t.Setenv(name, value)
	}
	p.git("init", "-q")
	p.git("add", "-A")
	p.git("commit", "-qm", "all of it")
	p.commit = p.git("rev-parse", "HEAD")
	return p
}

const projectSource = `package main

import (
	"fmt"
	"os"
	"path/filepath"

	"example.org/m"
	"localchat/cli"
)

func main() {
	switch os.Args[1] {
	case "man":
		os.MkdirAll(os.Args[2], 0o755)
		for _, page := range []string{"localchat.1", "localchat-join.1"} {
			os.WriteFile(filepath.Join(os.Args[2], page), []byte(page+" of "+os.Getenv("SOURCE_DATE_EPOCH")), 0o600)
		}
	case "completion":
		fmt.Println("complete with", os.Args[2])
	default:
		fmt.Println(m.Hello, cli.Version)
	}
}
`

func (p *project) git(args ...string) string {
	p.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = p.dir
	text, err := output(cmd)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// release runs the command in the checkout, and returns the folder with what it has made.
func (p *project) release(version string, of ...target) (string, error) {
	p.t.Chdir(p.dir)
	r := release{dir: filepath.Join(p.t.TempDir(), "dist"), version: version, url: "https://example.org", targets: of}
	return r.dir, r.run()
}

// A packed file is one of an archive.
type packed struct {
	mode fs.FileMode
	time time.Time
	text string
}

func untar(t *testing.T, raw io.Reader) map[string]packed {
	t.Helper()
	z, err := gzip.NewReader(raw)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]packed{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		text, err2 := io.ReadAll(r)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s belongs to %d, %d", h.Name, h.Uid, h.Gid)
		}
		if h.Typeflag != tar.TypeDir {
			files[strings.TrimPrefix(h.Name, "./")] = packed{fs.FileMode(h.Mode), h.ModTime.UTC(), string(text)}
		}
	}
}

func unzip(t *testing.T, file string) map[string]packed {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string]packed{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = packed{f.Mode(), f.Modified.UTC(), string(text)}
	}
	return files
}

// undeb returns the parts of a package: an ar archive of three files.
func undeb(t *testing.T, file string) (control, data map[string]packed) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, ok := bytes.CutPrefix(raw, []byte("!<arch>\n"))
	parts := map[string][]byte{}
	for ok && len(raw) >= 60 {
		name := strings.TrimRight(string(raw[:16]), " /")
		size, err := strconv.Atoi(strings.TrimSpace(string(raw[48:58])))
		if err != nil {
			t.Fatal(err)
		}
		parts[name], raw = raw[60:60+size], raw[min(60+size+size%2, len(raw)):]
	}
	return untar(t, bytes.NewReader(parts["control.tar.gz"])), untar(t, bytes.NewReader(parts["data.tar.gz"]))
}

func sortedNames(files map[string]packed) []string {
	var all []string
	for name := range files {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// check looks at the files of an archive that is to hold these; the program is named program.
func (p *project) check(archive string, files map[string]packed, program string, want ...string) {
	t := p.t
	t.Helper()
	slices.Sort(want)
	if got := sortedNames(files); !slices.Equal(got, want) {
		t.Errorf("%s holds\n%q, want\n%q", archive, got, want)
	}
	for name, f := range files {
		mode := fs.FileMode(0o644)
		if name == program {
			mode = 0o755
		}
		if f.mode.Perm() != mode || !f.time.Equal(p.time) {
			t.Errorf("%s: %s has mode %v and is of %v", archive, name, f.mode, f.time)
		}
	}
	for name, text := range map[string]string{
		"LICENSES-OF-OTHERS.txt": "example.org/m v1.0.0: LICENCE.txt\n\n" + strings.TrimSpace(theirLicence),
		"localchat.1":            fmt.Sprint("localchat.1 of ", p.time.Unix()), "_localchat": "complete with zsh\n",
	} {
		for at, f := range files {
			if path.Base(at) == name && !strings.Contains(f.text, text) {
				t.Errorf("%s: %s says %q", archive, at, f.text)
			}
		}
	}
	p.checkProgram(archive, []byte(files[program].text))
}

// checkProgram looks at the program itself: stripped, of this commit, and with nothing of this machine in it.
func (p *project) checkProgram(archive string, program []byte) {
	t := p.t
	t.Helper()
	if bytes.Contains(program, []byte(p.dir)) {
		t.Errorf("%s: the program names %s", archive, p.dir)
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatalf("%s: %v", archive, err)
	}
	said := map[string]string{}
	for _, s := range info.Settings {
		said[s.Key] = s.Value
	}
	for key, want := range map[string]string{"-trimpath": "true", "CGO_ENABLED": "0", "vcs.revision": p.commit, "vcs.modified": "false"} {
		if said[key] != want {
			t.Errorf("%s: the program was built with %s=%q, want %q", archive, key, said[key], want)
		}
	}
	if f, err := elf.NewFile(bytes.NewReader(program)); err == nil {
		if f.Section(".symtab") != nil || f.Section(".debug_info") != nil || f.Section(".zdebug_info") != nil {
			t.Errorf("%s: the program is not stripped", archive)
		}
	} else if f, err := pe.NewFile(bytes.NewReader(program)); err != nil || len(f.Symbols) > 0 || slices.ContainsFunc(f.Sections, func(s *pe.Section) bool { return strings.Contains(s.Name, "debug") }) {
		t.Errorf("%s: the program is not stripped, or none: %v", archive, err)
	}
}

// TestRelease makes the release of a small project and checks everything in it: the files with their times and modes, the licences
// of others, the programs, and the sums. Another folder, and a release for one system, give the same bytes.
func TestRelease(t *testing.T) {
	p := newProject(t)
	of, err := chosen("linux/amd64,windows/amd64")
	if err != nil {
		t.Fatal(err)
	}
	dist, err := p.release("v1.2.3", of...)
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadDir(dist)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(dist, sumsName))
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		raw, err := os.ReadFile(filepath.Join(dist, name))
		if got := sha256.Sum256(raw); err != nil || hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: %v, its sum is not %s", name, err, sum)
		}
		listed++
	}
	if listed != 7 || listed != len(made)-1 {
		t.Errorf("%d of %d files have a sum", listed, len(made))
	}

	inArchive := func(folder, program string) []string {
		var all []string
		for _, name := range []string{program, "LICENSE", "LICENSES-OF-OTHERS.txt", "README.md", "man/localchat.1", "man/localchat-join.1", "completions/localchat", "completions/_localchat", "completions/localchat.fish"} {
			all = append(all, folder+"/"+name)
		}
		return all
	}
	file, err := os.Open(filepath.Join(dist, "localchat_1.2.3_linux_amd64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	files := untar(t, file)
	p.check("tar.gz", files, "localchat_1.2.3_linux_amd64/localchat", inArchive("localchat_1.2.3_linux_amd64", "localchat")...)
	p.check("zip", unzip(t, filepath.Join(dist, "localchat_1.2.3_windows_amd64.zip")), "localchat_1.2.3_windows_amd64/localchat.exe", inArchive("localchat_1.2.3_windows_amd64", "localchat.exe")...)
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		program := filepath.Join(t.TempDir(), "localchat")
		if err := os.WriteFile(program, []byte(files["localchat_1.2.3_linux_amd64/localchat"].text), 0o700); err != nil {
			t.Fatal(err)
		}
		if says, err := output(exec.Command(program, "version")); err != nil || says != "hello v1.2.3" {
			t.Errorf("the program says %q, %v", says, err)
		}
	}
	control, data := undeb(t, filepath.Join(dist, "localchat_1.2.3_linux_amd64.deb"))
	p.check("deb", data, "usr/bin/localchat", "usr/bin/localchat", "usr/share/bash-completion/completions/localchat", "usr/share/doc/localchat/LICENSES-OF-OTHERS.txt",
		"usr/share/doc/localchat/README.md", "usr/share/doc/localchat/copyright", "usr/share/fish/vendor_completions.d/localchat.fish", "usr/share/man/man1/localchat-join.1",
		"usr/share/man/man1/localchat.1", "usr/share/zsh/vendor-completions/_localchat")
	// A script could make or leave what dpkg does not know of; and a file of settings outlives its package.
	if got := sortedNames(control); !slices.Equal(got, []string{"control", "md5sums"}) {
		t.Errorf("the package has more than its files: %q", got)
	}
	for _, line := range []string{"Package: localchat\n", "Version: 1.2.3\n", "Architecture: amd64\n"} {
		if !strings.Contains(control["control"].text, line) {
			t.Errorf("the package does not say %q:\n%s", line, control["control"].text)
		}
	}
	if strings.Contains(control["control"].text, "Depends:") {
		t.Errorf("the package needs another:\n%s", control["control"].text)
	}

	elsewhere := filepath.Join(t.TempDir(), "a", "longer", "way")
	p.git("clone", "-q", p.dir, elsewhere)
	p.dir = elsewhere
	again, err := p.release("v1.2.3", of[:1]...)
	if err != nil {
		t.Fatal(err)
	}
	same, err := os.ReadFile(filepath.Join(again, sumsName))
	if err != nil || strings.Count(string(same), "\n") != 3 {
		t.Errorf("for one system: %v\n%s", err, same)
	}
	for line := range strings.Lines(string(same)) {
		if !strings.Contains(string(sums), line) {
			t.Errorf("from another folder, for one system, comes %sand before\n%s", line, sums)
		}
	}
}

// TestReleaseRefuses: what is not fit to be handed on is not made.
func TestReleaseRefuses(t *testing.T) {
	linux, err := chosen("linux/amd64")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]struct{ file, text, want string }{
		"a module without a licence": {"m/LICENCE.txt", "", "example.org/m v1.0.0 has no licence"},
		"no manual":                  {"main.go", strings.Replace(projectSource, `"man":`, `"manual":`, 1), "no pages"},
		"no completions":             {"main.go", strings.Replace(projectSource, `fmt.Println("complete with", os.Args[2])`, "os.Exit(1)", 1), "completion"},
		"it does not compile":        {"main.go", "package main\n", "go build"},
	} {
		p := newProject(t)
		if err := os.Remove(filepath.Join(p.dir, change.file)); err != nil {
			t.Fatal(err)
		}
		if change.text != "" {
			write(t, filepath.Join(p.dir, change.file), change.text)
		}
		if _, err := p.release("v1.2.3", linux...); err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// A file that is too large; and what was changed since the commit is in the version.
	r := release{dir: t.TempDir()}
	for size, want := range map[int64]bool{maxArchive: true, maxArchive + 1: false} {
		if err := os.Truncate(write(t, filepath.Join(r.dir, "large"), ""), size); err != nil {
			t.Fatal(err)
		}
		if err := r.bound("large"); (err == nil) != want {
			t.Errorf("a file of %d bytes: %v", size, err)
		}
	}
	p := newProject(t)
	write(t, filepath.Join(p.dir, "main.go"), projectSource+"\n// changed\n")
	t.Chdir(p.dir)
	if err := r.identify(); err != nil || r.version != "v0.0.0-20231114221320-"+p.commit[:12]+"+dirty" {
		t.Errorf("a checkout with changes: %v, %v", r.version, err)
	}
}
