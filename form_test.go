package main_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFormat keeps gofmt's form; .ci/run asks gofumpt, which is stricter, where tools can be fetched.
func TestFormat(t *testing.T) {
	for _, name := range sources(t) {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(src, formatted) {
			t.Errorf("%s: not gofmt-ed: run gofmt -w %s", name, name)
		}
	}
}

// TestSizes lists long files and functions. Length is a reason to look and not an error, so the test only logs.
func TestSizes(t *testing.T) {
	const maxFile, maxFunc = 500, 80 // lines
	fset := token.NewFileSet()
	for _, name := range sources(t) {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil || ast.IsGenerated(f) {
			continue
		}
		if n := fset.File(f.Pos()).LineCount(); n > maxFile {
			t.Logf("%s: %d lines", name, n)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; n > maxFunc {
				t.Logf("%s: func %s: %d lines", fset.Position(fn.Pos()), fn.Name, n)
			}
		}
	}
}

// sources lists our Go files, slash-separated and relative to the root of the module.
func sources(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go"):
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
