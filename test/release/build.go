package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A target is a system that the program is made for.
type target struct {
	os, arch string // as GOOS and GOARCH
	level    string // the oldest processor that will do, as GOAMD64=v1
}

var targets = []target{
	{"linux", "amd64", "GOAMD64=v1"},
	{"linux", "arm64", "GOARM64=v8.0"},
	{"linux", "arm", "GOARM=7"},
	{"darwin", "arm64", "GOARM64=v8.0"},
	{"darwin", "amd64", "GOAMD64=v1"},
	{"windows", "amd64", "GOAMD64=v1"},
	{"freebsd", "amd64", "GOAMD64=v1"},
}

func (t target) String() string { return t.os + "/" + t.arch }

// name is the target in the name of a file.
func (t target) name() string {
	if t.arch == "arm" {
		return t.os + "_armv7"
	}
	return t.os + "_" + t.arch
}

func (t target) program() string {
	if t.os == "windows" {
		return "localchat.exe"
	}
	return "localchat"
}

func (t target) archive() string {
	if t.os == "windows" {
		return ".zip"
	}
	return ".tar.gz"
}

// environ is how Go is told to build for it. Nothing of this machine enters: no C compiler, no flags, no network.
func (t target) environ() []string {
	return append(os.Environ(), "GOOS="+t.os, "GOARCH="+t.arch, t.level, "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOPROXY=off", "GOTOOLCHAIN=local")
}

// chosen are the targets that a list names; all of them if it is empty.
func chosen(list string) ([]target, error) {
	if list == "" {
		return targets, nil
	}
	var some []target
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(targets, func(t target) bool { return t.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no release for %q, only for %v", name, targets)
		}
		some = append(some, targets[i])
	}
	return some, nil
}

// identify finds the checkout, its commit's time, and the version where none was given.
func (r *release) identify() (err error) {
	if r.source, err = output(exec.Command("git", "rev-parse", "--show-toplevel")); err != nil {
		return err
	}
	of := func(args ...string) string {
		var text string
		if err == nil {
			text, err = output(exec.Command("git", append([]string{"-C", r.source}, args...)...))
		}
		return text
	}
	commit, seconds, changed := of("rev-parse", "HEAD"), of("log", "-1", "--format=%ct"), of("status", "--porcelain")
	if err != nil {
		return err
	}
	since, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("the time of the commit: %w", err)
	}
	r.time = time.Unix(since, 0).UTC()
	if r.version != "" {
		return checkVersion(r.version)
	}
	tag, notTagged := output(exec.Command("git", "-C", r.source, "describe", "--tags", "--exact-match", "--match", "v[0-9]*"))
	if r.version = tag; notTagged != nil {
		r.version = "v0.0.0-" + r.time.Format("20060102150405") + "-" + commit[:12] // as Go itself calls a commit
	}
	if changed != "" {
		r.version += "+dirty"
	}
	return checkVersion(r.version)
}

// build makes the program. The commit is in it, as go version -m shows.
func (r *release) build(t target, program string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w -X localchat/cli.Version="+r.version, "-o", program, ".")
	cmd.Dir, cmd.Env = r.source, t.environ()
	_, err := output(cmd)
	return err
}

// common makes what every archive has: licences, manual pages and completions. The program itself writes the last two, so it is
// built for this machine first.
func (r *release) common() error {
	licences, err := r.licences()
	if err != nil {
		return err
	}
	if err := r.keep("LICENSES-OF-OTHERS.txt", licences); err != nil {
		return err
	}
	r.extras = append(r.extras, entry{name: "LICENSE", file: filepath.Join(r.source, "LICENSE")}, entry{name: "README.md", file: filepath.Join(r.source, "README.md")})
	here := r.here()
	program := filepath.Join(r.work, "here", here.program())
	if err := r.build(here, program); err != nil {
		return err
	}
	run := func(args ...string) (string, error) {
		cmd := exec.Command(program, args...)
		cmd.Dir = r.work
		cmd.Env = []string{"HOME=" + r.work, fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.time.Unix())} // the date of the manual pages
		return output(cmd)
	}
	if _, err := run("man", filepath.Join(r.work, "man")); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(r.work, "man", "*.1"))
	if err != nil || len(pages) == 0 {
		return fmt.Errorf("localchat man has written no pages: %w", err)
	}
	for _, page := range pages {
		r.extras = append(r.extras, entry{name: "man/" + filepath.Base(page), file: page})
	}
	for shell, file := range completions {
		script, err := run("completion", shell)
		if err != nil {
			return err
		}
		if err := r.keep("completions/"+file, []byte(script+"\n")); err != nil {
			return err
		}
	}
	slices.SortFunc(r.extras, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return nil
}

// completions are the names by which shells find a script.
var completions = map[string]string{"bash": "localchat", "zsh": "_localchat", "fish": "localchat.fish"}

// here is the target that this machine can run.
func (r *release) here() target {
	for _, t := range targets {
		if t.os == runtime.GOOS && t.arch == runtime.GOARCH {
			return t
		}
	}
	return target{os: runtime.GOOS, arch: runtime.GOARCH, level: "GOWORK=off"}
}

// keep writes a file that goes into every archive.
func (r *release) keep(name string, content []byte) error {
	file := filepath.Join(r.work, filepath.FromSlash(name))
	r.extras = append(r.extras, entry{name: name, file: file})
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}

// output is what a command prints, without the line break at its end.
func output(cmd *exec.Cmd) (string, error) {
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, words.String())
	}
	return strings.TrimRight(out.String(), "\n"), nil
}
