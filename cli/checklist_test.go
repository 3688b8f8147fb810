package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestChecklist: every test that CHECKLIST.md names exists.
func TestChecklist(t *testing.T) {
	list, err := os.ReadFile("CHECKLIST.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, pattern := range []string{"*_test.go", "internal/*/*_test.go", "../test/lan/*_test.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
		}
	}
	named := regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Za-z]+)`").FindAllStringSubmatch(string(list), -1)
	for _, n := range named {
		if !strings.Contains(sources.String(), "\nfunc "+n[1]+"(") {
			t.Errorf("CHECKLIST.md names %s, which is not there", n[1])
		}
	}
	if len(named) < 30 {
		t.Errorf("CHECKLIST.md names %d tests; was it read?", len(named))
	}
}
