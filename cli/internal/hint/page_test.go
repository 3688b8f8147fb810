package hint

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"localchat/node"
)

// TestPageHasWords: a person at the page in a browser reads no names of methods: the page has words of its own for each reason whose
// hint for programs has them. It has none for a reason that does not exist.
func TestPageHasWords(t *testing.T) {
	raw, err := os.ReadFile("../web/page/hints.js")
	if err != nil {
		t.Fatal(err)
	}
	page := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^  '([^']+)': '`).FindAllStringSubmatch(string(raw), -1) {
		page[m[1]] = true
	}
	for reason, text := range program {
		if (strings.Contains(text, "room.") || strings.Contains(text, "node.")) && !page[string(reason)] {
			t.Errorf("the page has no words for %q: %s", reason, text)
		}
	}
	for reason := range page {
		if program[node.Reason(reason)] == "" && anyFace[node.Reason(reason)] == "" {
			t.Errorf("the page has words for %q, which is no reason", reason)
		}
	}
}
