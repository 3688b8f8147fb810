package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents returns the pages that people read.
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

// anchors returns the fragments of links to the headings of a page.
func anchors(page string) []string {
	var all []string
	for _, m := range aHeading.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

// TestLinks: every target of a link in the documents exists.
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

// TestCitations: every heading that a comment cites exists.
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

var aStep = regexp.MustCompile("\\[`([A-Za-z.]+)`\\]\\(\\.\\./([^)]+\\.go)\\)")

// TestTour: everything that the tour names is in the file that it links to.
func TestTour(t *testing.T) {
	steps := aStep.FindAllStringSubmatch(document(t, "docs/tour.md"), -1)
	if len(steps) < 20 {
		t.Errorf("the tour names only %d functions and types", len(steps))
	}
	declared := make(map[string][]string) // by file
	for _, name := range sources(t) {
		if !strings.HasSuffix(name, "_test.go") {
			declared[name] = declarations(t, name)
		}
	}
	for _, m := range steps {
		if slices.Contains(declared[m[2]], m[1]) {
			continue
		}
		var elsewhere []string
		for file, names := range declared {
			if slices.Contains(names, m[1]) {
				elsewhere = append(elsewhere, file)
			}
		}
		slices.Sort(elsewhere)
		t.Errorf("docs/tour.md names %s of %s, which is not there; it is in %v", m[1], m[2], elsewhere)
	}
}

// declarations returns the functions, methods and types that a file declares: F and pkg.F, T and pkg.T, T.M.
func declarations(t *testing.T, file string) (all []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				all = append(all, d.Name.Name, f.Name.Name+"."+d.Name.Name)
				continue
			}
			all = append(all, receiver(d)+"."+d.Name.Name)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok {
					all = append(all, s.Name.Name, f.Name.Name+"."+s.Name.Name)
				}
			}
		}
	}
	return all
}

// TestDesignPackages: the page lists every folder that has a law, those for tests apart, and no other.
func TestDesignPackages(t *testing.T) {
	_, text, _ := strings.Cut(document(t, "docs/design.md"), "\n## The packages\n")
	text, _, _ = strings.Cut(text, "\n## ")
	listed := names(regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\|"), text)
	for dir := range laws {
		if dir == "." || under(dir, "test") || strings.HasSuffix(dir, "test") || slices.Contains(listed, dir) {
			continue
		}
		t.Errorf("docs/design.md, \"The packages\", lacks %s", dir)
	}
	for _, dir := range listed {
		if _, ok := laws[dir]; !ok && dir != "test" {
			t.Errorf("docs/design.md, \"The packages\", lists %s, which has no law", dir)
		}
	}
}
