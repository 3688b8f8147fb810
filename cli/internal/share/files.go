package share

import (
	"bufio"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A File is a file that is handed out. It stays open until the share ends.
type File struct {
	Name string `json:"name"`
	// OS and Arch name the system as Go does, but for armv7.
	OS   string `json:"os"`
	Arch string `json:"arch"`
	Size int64  `json:"size"`
	// SHA256 is in hexadecimal.
	SHA256 string `json:"sha256"`
	// Linked is set for a program that needs the C library of the system on which it was built.
	Linked bool `json:"linked,omitempty"`

	kind    kind
	content *os.File
	changed time.Time
}

// A kind says what a file is, and so which line fetches and runs it. For each system the page gives the line for the file of the
// first kind.
type kind int

const (
	archive kind = iota // .tar.gz or .zip: smaller, and with the licences. Its folder has the name of the archive
	program             // the program itself
	deb
	rpm
)

// errChanged is the error for a file that has changed since its sum was computed.
var errChanged = errors.New("the file has changed since the share began")

// open returns the content of f for one transfer. It fails with errChanged if the file has changed since its sum was computed.
func (f *File) open() (io.ReadSeeker, error) {
	st, err := f.content.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() != f.Size || !st.ModTime().Equal(f.changed) {
		return nil, errChanged
	}
	return io.NewSectionReader(f.content, 0, f.Size), nil
}

// Own returns the running program as a file.
func Own() (*File, error) {
	path := "/proc/self/exe" // the running program, even if its file has been replaced by another one
	if runtime.GOOS != "linux" {
		var err error
		if path, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	f := &File{OS: runtime.GOOS, Arch: runtime.GOARCH, kind: program}
	if f.Arch == "arm" {
		f.Arch = "armv7"
	}
	f.Name = "localchat_" + f.OS + "_" + f.Arch
	if f.OS == "windows" {
		f.Name += ".exe"
	}
	f.Linked = isLinked(path)
	return f, f.sum(path)
}

// isLinked reports whether a program needs the dynamic linker of its system. A program of a release does not.
func isLinked(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false // a program of another system than Linux or FreeBSD
	}
	defer f.Close()
	return slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// released matches the names of the files that test/release makes for a system.
var released = regexp.MustCompile(`^localchat_[0-9A-Za-z.+~-]{1,64}_(linux|darwin|windows|freebsd)_(amd64|arm64|armv7)(\.tar\.gz|\.zip|\.deb|\.rpm)$`)

// Folder returns the archives and packages of a release in the folder dir. It fails if one of them does not have the sum that
// SHA256SUMS gives.
func Folder(dir string) (files []*File, err error) {
	defer func() {
		if err != nil {
			Close(files)
			files = nil
		}
	}()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	sums, err := readSums(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		parts := released.FindStringSubmatch(e.Name())
		if parts == nil || !e.Type().IsRegular() {
			continue
		}
		if len(files) == maxFiles {
			return files, fmt.Errorf("%s has more than %d files to hand out", dir, maxFiles)
		}
		f := &File{Name: e.Name(), OS: parts[1], Arch: parts[2], kind: map[string]kind{".tar.gz": archive, ".zip": archive, ".deb": deb, ".rpm": rpm}[parts[3]]}
		if err := f.sum(filepath.Join(dir, e.Name())); err != nil {
			return files, err
		}
		files = append(files, f)
		if f.SHA256 != sums[f.Name] {
			return files, fmt.Errorf("%s does not have the sum that SHA256SUMS gives", f.Name)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no files of a release", dir)
	}
	return files, nil
}

// readSums returns the sums of a release by the names of the files.
func readSums(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sums := make(map[string]string)
	lines := bufio.NewScanner(io.LimitReader(f, maxSums))
	for lines.Scan() {
		if sum, name, ok := strings.Cut(lines.Text(), "  "); ok {
			sums[name] = sum
		}
	}
	return sums, lines.Err()
}

// sum opens the file at path as f, and computes its sum.
func (f *File) sum(path string) error {
	content, err := os.Open(path)
	if err != nil {
		return err
	}
	err = func() error {
		st, err := content.Stat()
		switch {
		case err != nil:
			return err
		case !st.Mode().IsRegular():
			return fmt.Errorf("%s is no regular file", path)
		case st.Size() > maxFile:
			return fmt.Errorf("%s has %d bytes; at most %d are handed out", path, st.Size(), maxFile)
		}
		h := sha256.New()
		n, err := io.Copy(h, io.LimitReader(content, maxFile+1))
		if err == nil && n != st.Size() {
			err = errChanged
		}
		f.Size, f.changed, f.SHA256, f.content = n, st.ModTime(), hex.EncodeToString(h.Sum(nil)), content
		return err
	}()
	if err != nil {
		content.Close()
	}
	return err
}

// Close closes files that no server has been given.
func Close(files []*File) {
	for _, f := range files {
		if f.content != nil {
			f.content.Close()
		}
	}
}

// System returns the name of f's system, for people.
func (f *File) System() string {
	switch f.OS + "/" + f.Arch {
	case "darwin/arm64":
		return "macOS, Apple silicon (M1 and later)"
	case "darwin/amd64":
		return "macOS, Intel"
	}
	return systems[f.OS] + ", " + processors[f.Arch]
}

var systems = map[string]string{"linux": "Linux", "windows": "Windows", "freebsd": "FreeBSD"}

var processors = map[string]string{"amd64": "Intel or AMD, 64 bits", "arm64": "ARM, 64 bits", "armv7": "ARM, 32 bits"}

// order has the systems in the order of the page.
var order = []string{"linux", "darwin", "windows", "freebsd"}

// compare orders files as on the page: by system, then by kind.
func compare(a, b *File) int {
	if a.OS != b.OS {
		return slices.Index(order, a.OS) - slices.Index(order, b.OS)
	}
	if a.Arch != b.Arch {
		return strings.Compare(a.Arch, b.Arch)
	}
	return int(a.kind) - int(b.kind)
}

// line returns the line that fetches f from the server at url, runs it on its system, and enters the room. target is the argument
// of join: one word that no shell changes.
func (f *File) line(url, target string) string {
	url += filePath + f.Name
	folder := strings.TrimSuffix(strings.TrimSuffix(f.Name, ".tar.gz"), ".zip")
	get, then := "curl -fO "+url, " && "
	if f.OS == "freebsd" {
		get = "fetch " + url
	}
	switch {
	case f.kind == deb:
		return get + then + "sudo dpkg -i " + f.Name + then + "localchat join " + target
	case f.kind == rpm:
		return get + then + "sudo rpm -i " + f.Name + then + "localchat join " + target
	case f.OS == "windows" && f.kind == archive:
		return "curl.exe -fO " + url + "; if ($?) { tar.exe -xf " + f.Name + "; .\\" + folder + "\\localchat.exe join " + target + " }"
	case f.OS == "windows":
		return "curl.exe -fO " + url + "; if ($?) { .\\" + f.Name + " join " + target + " }"
	case f.kind == archive:
		return get + then + "tar -xzf " + f.Name + then + "./" + folder + "/localchat join " + target
	}
	return get + then + "chmod +x " + f.Name + then + "./" + f.Name + " join " + target
}

// check returns the line that prints the sum of the fetched file.
func (f *File) check() string {
	switch f.OS {
	case "darwin":
		return "shasum -a 256 " + f.Name
	case "windows":
		return "certutil -hashfile " + f.Name + " SHA256"
	case "freebsd":
		return "sha256 " + f.Name
	}
	return "sha256sum " + f.Name
}
