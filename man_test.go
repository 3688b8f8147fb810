package main_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// manEntries returns the terms that a section of the first manual page explains.
func manEntries(t *testing.T, section string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(says(t, "", "man"), "\n.SH "+section+"\n")
	if !ok {
		t.Fatalf("the manual has no section %s", section)
	}
	rest, _, _ = strings.Cut(rest, "\n.SH ")
	var terms []string
	for _, m := range regexp.MustCompile(`(?m)^\.TP\n\\fB(.*)\\fP$`).FindAllStringSubmatch(rest, -1) {
		terms = append(terms, strings.Split(strings.ReplaceAll(m[1], `\-`, "-"), ", ")...)
	}
	slices.Sort(terms)
	return terms
}

var (
	readVariable = regexp.MustCompile(`(?:variable|env|LookupEnv)\("([A-Z_]+)"\)`)
	xdgDirectory = regexp.MustCompile(`xdg\.(Data|Config|State|Runtime)(Home|Dir)\b`)
	// ofDirectory matches the part of a name that depends on the data directory.
	ofDirectory = regexp.MustCompile(`up-[0-9a-f]+`)
	globalFlag  = regexp.MustCompile(`(?m)^ +(?:-[a-z], )?--([a-z-]+)`)
)

// TestManVariables: the manual names the variables that the program reads, and no other.
func TestManVariables(t *testing.T) {
	_, flags, _ := strings.Cut(says(t, "", "rooms", "--help"), "Global Flags:")
	var read []string
	for _, flag := range names(globalFlag, flags) {
		read = append(read, "LOCALCHAT_"+strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
	}
	if len(read) < 15 {
		t.Fatalf("flags are found in --help: %q", read)
	}
	for _, name := range sources(t) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "test/") {
			continue
		}
		text := document(t, name)
		read = append(read, names(readVariable, text)...)
		for _, m := range xdgDirectory.FindAllStringSubmatch(text, -1) {
			read = append(read, strings.ToUpper("XDG_"+m[1]+"_"+m[2]))
		}
	}
	slices.Sort(read)
	read = slices.DeleteFunc(slices.Compact(read), func(s string) bool { // variables that every program reads
		return slices.Contains([]string{"HOME", "USER", "USERNAME"}, s)
	})
	if told := manEntries(t, "ENVIRONMENT"); !slices.Equal(told, read) {
		t.Errorf("the manual names    %q\nthe program reads %q", told, read)
	}
}

// TestManFiles: the manual and docs/interface.md name the files that the program writes, where it writes them, and no other.
func TestManFiles(t *testing.T) {
	told := manEntries(t, "FILES")
	page := document(t, "docs/interface.md")
	for _, file := range told {
		if !strings.Contains(page, "`"+filepath.Base(file)+"`") && !strings.Contains(page, "/"+filepath.Base(file)+"`") {
			t.Errorf("docs/interface.md does not name %s", file)
		}
	}
	if runtime.GOOS != "linux" {
		t.Log("the places are those on Linux: which files are written was not looked at")
		return
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	run := func(input string, args ...string) {
		t.Helper()
		cmd := exec.Command(bin, args...)
		cmd.Dir, cmd.Stdin = home, strings.NewReader(input)
		cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "USER=alice"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("localchat %v: %v\n%s", args, err, out)
		}
	}
	run("", "config", "init")
	run("hello\n/invite\n/set times off\n/quit\n", "create", "lab", "--plain", "--remember", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0")
	run("", "up", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0")
	run("", "down")
	written := []string{"$XDG_RUNTIME_DIR/localchat"} // only with mDNS: see defaultDir in discovery
	err = filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			written = append(written, "~"+ofDirectory.ReplaceAllString(strings.TrimPrefix(path, home), "up-*"))
			if raw, err := os.ReadFile(path); err != nil || bytes.Contains(raw, []byte("hello")) {
				t.Errorf("a line is in %s (%v)", path, err)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(written)
	if !slices.Equal(told, written) {
		t.Errorf("the manual names     %q\nthe program writes %q", told, written)
	}
}
