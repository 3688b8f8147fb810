package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeCommands holds the README's table against what /help lists.
func TestReadmeCommands(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "localchat")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(bin, "create", "lab", "--plain", "--ephemeral", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0")
	cmd.Stdin = strings.NewReader("/help\n/quit\n")
	help, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, help)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "In a room,")
	table, _, _ = strings.Cut(table, "\n## ")
	listed := names(regexp.MustCompile("`(/[a-z]+)[^`]*` *[,|]"), table)
	known := names(regexp.MustCompile(`(?m)^(/[a-z]+)`), string(help))
	if !slices.Equal(listed, known) {
		t.Errorf("README lists %v\n/help lists  %v", listed, known)
	}
}

// names are the first groups of what re finds, sorted and each once.
func names(re *regexp.Regexp, text string) []string {
	var found []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}
