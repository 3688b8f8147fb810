package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// program builds the command, once for all tests of this package, into a folder that TestMain removes.
var program = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(programDir, "localchat")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
})

var programDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programDir, err = os.MkdirTemp("", "localchat-test-"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(programDir)
		return m.Run()
	}())
}

// says runs the program and returns its output.
func says(t *testing.T, input string, args ...string) string {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("localchat %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// consoleHelp returns the output of /help in a room.
func consoleHelp(t *testing.T) string {
	t.Helper()
	return says(t, "/help\n/quit\n", "create", "lab", "--plain", "--ephemeral", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0")
}

var (
	consoleCommand = regexp.MustCompile(`(?m)^(/[a-z]+)`)
	commandLine    = regexp.MustCompile(`(?m)^  ([a-z]+) {2,}\S`)
)

// TestReadmeCommands compares the README's tables with the output of --help and /help.
func TestReadmeCommands(t *testing.T) {
	readme := document(t, "README.md")
	_, tables, _ := strings.Cut(readme, "On the command line")
	tables, _, _ = strings.Cut(tables, "\n## ")
	top, room, _ := strings.Cut(tables, "In a room,")

	_, commands, _ := strings.Cut(says(t, "", "--help"), "Available Commands:")
	commands, _, _ = strings.Cut(commands, "\nFlags:")
	known := slices.DeleteFunc(names(commandLine, commands), func(s string) bool { return s == "help" })
	if listed := names(regexp.MustCompile("(?m)(?:^\\| `localchat |, `)([a-z]+)"), top); !slices.Equal(listed, known) {
		t.Errorf("README lists       %v\nlocalchat --help lists %v", listed, known)
	}
	listed := names(regexp.MustCompile("`(/[a-z]+)[^`]*` *[,|]"), room)
	if known := names(consoleCommand, consoleHelp(t)); !slices.Equal(listed, known) {
		t.Errorf("README lists %v\n/help lists  %v", listed, known)
	}
}

// TestReadmeIsShort: the README is for people who want to chat. Everything else has its place in docs.
func TestReadmeIsShort(t *testing.T) {
	const most = 150 // lines
	if n := strings.Count(document(t, "README.md"), "\n"); n > most {
		t.Errorf("README.md has %d lines, and %d are the most", n, most)
	}
}

func document(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// names returns the first groups of all matches of re, sorted and each once.
func names(re *regexp.Regexp, text string) []string {
	var found []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}
