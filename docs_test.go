package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the pages that a person reads.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "test/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

var (
	aLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	aHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the fragments by which the headings of a page are linked to.
func anchors(page string) []string {
	var all []string
	for _, m := range aHeading.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

// TestLinks: what the documents link to is there.
func TestLinks(t *testing.T) {
	checked := 0
	for _, name := range documents(t) {
		for _, m := range aLink.FindAllStringSubmatch(document(t, name), -1) {
			file, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(m[1], "://") {
				continue
			}
			checked++
			target := name
			if file != "" {
				target = filepath.Join(filepath.Dir(name), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if fragment != "" && !slices.Contains(anchors(document(t, target)), fragment) {
				t.Errorf("%s links to %s, and %s has no such heading", name, m[1], target)
			}
		}
	}
	if checked == 0 {
		t.Error("no document has a link")
	}
}

var aCitation = regexp.MustCompile(`docs/([a-z]+\.md)((?:,? (?:and )?"[^"\n]+")+)`)

// TestCitations: the headings that comments cite are there.
func TestCitations(t *testing.T) {
	checked := 0
	for _, name := range sources(t) {
		for _, m := range aCitation.FindAllStringSubmatch(document(t, name), -1) {
			headings := names(aHeading, document(t, "docs/"+m[1]))
			for _, cited := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(m[2], -1) {
				checked++
				if !slices.Contains(headings, cited[1]) {
					t.Errorf("%s cites %q of docs/%s, which has no such heading", name, cited[1], m[1])
				}
			}
		}
	}
	if checked == 0 {
		t.Error("no comment cites a document")
	}
}
