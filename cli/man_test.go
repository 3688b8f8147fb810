package cli

import (
	"bytes"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"localchat/cli/internal/background"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
)

// manText returns the text of the first manual page, with the markup removed.
func manText(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := Run(context.Background(), append([]string{"man"}, args...), strings.NewReader(""), &out, &errs, os.LookupEnv); code != fail.ExitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	return strings.NewReplacer(`\-`, "-", `\e`, `\`, `\fB`, "", `\fP`, "").Replace(out.String())
}

// TestManTellsAll: the manual page has every command of a room, every exit code and every variable.
func TestManTellsAll(t *testing.T) {
	page := manText(t)
	for _, cmd := range command.Table() {
		if !strings.Contains(page, cmd.Synopsis()+"\n") {
			t.Errorf("%s is not told", cmd.Synopsis())
		}
		for _, alias := range cmd.Aliases {
			if !strings.Contains(page, "/"+alias) {
				t.Errorf("/%s is not told", alias)
			}
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "internal/fail/fail.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Exit") {
			return true
		}
		if code, ok := spec.Values[0].(*ast.BasicLit); ok {
			codes++
			if !strings.Contains(page, ".TP\n"+code.Value+"\n") {
				t.Errorf("exit code %s is not told", code.Value)
			}
		}
		return true
	})
	if codes < 10 {
		t.Fatalf("%d exit codes are looked for", codes)
	}
	for _, want := range []string{"LOCALCHAT_DATA_DIR", "LOCALCHAT_NICK", "NO_COLOR", "config.toml", "identity.key", "Tab completes"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not told", want)
		}
	}
}

// TestServices: the command of each service exists, and has the flags that are used.
func TestServices(t *testing.T) {
	page := manText(t)
	for _, u := range background.Units {
		command := "up --foreground"
		if u.Manager == "launchd" {
			var args []string
			for _, m := range regexp.MustCompile(`(?s)<string>([^<]*)</string>`).FindAllStringSubmatch(u.Text, -1)[2:] {
				args = append(args, m[1])
			}
			command = strings.Join(args, " ")
		} else if !strings.Contains(u.Text, command) {
			t.Errorf("%s runs something else: %s", u.Manager, u.Text)
		}
		root := (&app{}).root()
		cmd, rest, err := root.Find(strings.Fields(command))
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err != nil || cmd.Name() != "up" || !cmd.Flags().Changed("foreground") {
			t.Errorf("%s runs %q: %v", u.Manager, command, err)
		}
		for line := range strings.Lines(u.Text) {
			if !strings.Contains(page, strings.TrimSpace(line)) {
				t.Errorf("the manual lacks, for %s: %s", u.Manager, line)
			}
		}
	}
}

// TestManPages: the page written to a directory is the page on standard output, and a formatter accepts it.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	manText(t, dir)
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("pages: %v, %v", pages, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "localchat.1"))
	if err != nil || !strings.Contains(string(raw), ".SH EXIT STATUS") {
		t.Errorf("localchat.1: %v", err)
	}
	for text, want := range map[string]string{".br is a word": `\&.br is a word`, "'tis": `\&'tis`, `C:\new`: `C:\enew`, "--plain": `\-\-plain`} {
		if got := roff(text); got != want {
			t.Errorf("%q is written %q", text, got)
		}
	}
	if _, err := exec.LookPath("groff"); err != nil {
		t.Log("there is no groff: what it would say of the page is not known")
		return
	}
	if out, err := exec.Command("groff", "-ww", "-z", "-man", filepath.Join(dir, "localchat.1")).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff: %v: %s", err, out)
	}
}
