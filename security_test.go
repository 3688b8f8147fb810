package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestSecurityDocument holds docs/security.md against what is there: each test and mutant that it names exists, and each fault
// has an attack, two forms of it that nobody has reported, and a mutant.
func TestSecurityDocument(t *testing.T) {
	raw, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsHere(t)
	named := regexp.MustCompile("`(Test[A-Za-z0-9_]+|[0-9]{2}-[a-z0-9-]+)`")
	exists := func(name string) bool {
		if strings.HasPrefix(name, "Test") {
			return tests[name]
		}
		_, err := os.Stat(filepath.Join("test", "mutants", name+".patch"))
		return err == nil
	}
	for _, m := range named.FindAllStringSubmatch(string(raw), -1) {
		if !exists(m[1]) {
			t.Errorf("docs/security.md names %s, which is not there", m[1])
		}
	}
	faults, attacks := 0, 0
	for line := range strings.Lines(string(raw)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		n, err := strconv.Atoi(strings.TrimSpace(cells[0]))
		if err != nil || len(cells) != 4 {
			continue
		}
		if !strings.Contains(line, "`Test") {
			if faults++; n != faults {
				t.Errorf("fault %d stands at %d", n, faults)
			}
			continue
		}
		if attacks++; n != attacks {
			t.Errorf("the attacks on fault %d stand at %d", n, attacks)
		}
		if strings.Count(cells[2], ";") == 0 || len(named.FindAllString(cells[3], -1)) == 0 {
			t.Errorf("fault %d has fewer than two more forms, or no mutant", n)
		}
	}
	if faults == 0 || faults != attacks {
		t.Errorf("%d faults, and %d have attacks", faults, attacks)
	}
}

// testsHere returns the names of all tests of the module.
func testsHere(t *testing.T) map[string]bool {
	t.Helper()
	tests := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(".", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(raw, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
