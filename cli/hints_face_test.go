package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"localchat/cli/internal/command"
)

// TestNodeSpeaksNoConsole: no text in the source of node names a command of the console or the command line, or a flag, because
// node does not know which face shows it.
func TestNodeSpeaksNoConsole(t *testing.T) {
	names := []string{}
	for _, c := range command.Table() {
		names = append(names, append([]string{c.Name}, c.Aliases...)...)
	}
	ours := regexp.MustCompile(`(^|[\s("'])/(` + strings.Join(names, "|") + `)\b|(^|[\s("'])--[a-z]|\blocalchat [a-z]+\b`)
	// These are not commands but names of protocols, and sentences about the program.
	allowed := regexp.MustCompile(`^localchat (guest|whose)$|^(of|newer|older) localchat$`)
	texts := 0
	err := filepath.WalkDir("../node", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			texts++
			text, _ := strconv.Unquote(lit.Value)
			for _, bad := range ours.FindAllString(text, -1) {
				if !allowed.MatchString(strings.TrimSpace(bad)) {
					t.Errorf("%s: %q in %q", set.Position(lit.Pos()), bad, text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || texts < 1000 {
		t.Fatalf("%d texts were read: %v", texts, err)
	}
}
