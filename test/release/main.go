// Command release makes what is handed to people: the program for each system, archived with its manual pages, completions and
// licences; packages for Debian and Fedora; a Homebrew formula and a winget manifest; and the SHA-256 sums of all of them.
//
// It is run in a checkout, as go run ./test/release, and needs no network: only Go, git and the modules that go mod download has
// fetched. From the same commit, with the same Go, it makes the same bytes.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maxArchive is how large an archive or a package may be, in bytes: what takes a minute over a poor Wi-Fi at 2 Mbit/s.
const maxArchive = 15_000_000

func main() {
	var r release
	flag.StringVar(&r.dir, "o", "dist", "the directory to make; it must not be there, or be one that was made by this command")
	flag.StringVar(&r.version, "version", "", "version of the release, as v1.2.3 (default: the tag of the commit, or a version made of its time and name)")
	flag.StringVar(&r.url, "url", "https://localchat.invalid/releases", "where the files will be, for the formula and the manifest: URL/VERSION/FILE")
	only := flag.String("only", "", "make only these, as linux/amd64,windows/amd64; without the formula and the manifest if theirs are not among them")
	flag.Parse()
	var err error
	if r.targets, err = chosen(*only); err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("what is %q? see go run ./test/release -help", flag.Arg(0))
	}
	if err == nil {
		err = r.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// A release is one run.
type release struct {
	dir     string // of what is made
	version string // as v1.2.3
	url     string
	targets []target

	source string    // the root of the checkout
	work   string    // files that go into several archives
	time   time.Time // of the commit; every file bears it
	extras []entry   // licences, manual pages and completions, as they are in every archive
	made   []string  // names of the files in dir
}

func (r *release) run() error {
	if err := r.prepare(); err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	for _, t := range r.targets {
		begin := time.Now()
		if err := r.make(t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		fmt.Fprintf(os.Stderr, "%-14s %3.0f s\n", t, time.Since(begin).Seconds())
	}
	if err := r.manifests(); err != nil {
		return err
	}
	return r.sums()
}

// prepare finds out what is released, and makes the files that every archive has.
func (r *release) prepare() (err error) {
	if err := r.identify(); err != nil {
		return err
	}
	if err := clear(r.dir); err != nil {
		return err
	}
	if r.dir, err = filepath.Abs(r.dir); err != nil {
		return err
	}
	if r.work, err = os.MkdirTemp("", "localchat-release-"); err != nil {
		return err
	}
	return r.common()
}

// clear makes dir anew. It removes nothing but what this command has made, which is known by its sums.
func clear(dir string) error {
	left, err := os.ReadDir(dir)
	if err == nil && len(left) > 0 {
		if _, err := os.Stat(filepath.Join(dir, sumsName)); err != nil {
			return fmt.Errorf("%s is not empty, and not from this command: name another directory with -o", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return os.MkdirAll(dir, 0o755)
}

// make makes the files of one target.
func (r *release) make(t target) error {
	program := filepath.Join(r.work, t.name(), t.program())
	if err := r.build(t, program); err != nil {
		return err
	}
	name := fmt.Sprintf("localchat_%s_%s", r.number(), t.name())
	entries := append([]entry{{name: t.program(), file: program, mode: 0o755}}, r.extras...)
	archive := name + t.archive()
	if err := writeArchive(filepath.Join(r.dir, archive), name, entries, r.time); err != nil {
		return err
	}
	r.made = append(r.made, archive)
	if t.os != "linux" {
		return r.bound(archive)
	}
	for _, format := range []string{"deb", "rpm"} {
		file, err := r.pack(t, program, format)
		if err != nil {
			return err
		}
		r.made = append(r.made, file)
		if err := r.bound(file); err != nil {
			return err
		}
	}
	return r.bound(archive)
}

// bound refuses a file that is too large to be handed on.
func (r *release) bound(name string) error {
	st, err := os.Stat(filepath.Join(r.dir, name))
	if err == nil && st.Size() > maxArchive {
		err = fmt.Errorf("%s has %d bytes; at most %d are allowed", name, st.Size(), maxArchive)
	}
	return err
}

// number is the version without its v.
func (r *release) number() string { return strings.TrimPrefix(r.version, "v") }

const sumsName = "SHA256SUMS"

// sums writes the sums as sha256sum -c reads them.
func (r *release) sums() error {
	slices.Sort(r.made)
	var b strings.Builder
	for _, name := range r.made {
		sum, err := r.sum(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", sum, name)
	}
	fmt.Print(b.String())
	return os.WriteFile(filepath.Join(r.dir, sumsName), []byte(b.String()), 0o644)
}

func (r *release) sum(name string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(r.dir, name))
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}
