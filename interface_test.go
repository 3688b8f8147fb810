package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// These tests hold docs/interface.md against the program: what is there is listed, and what is listed is there.

const interfacePage = "docs/interface.md"

// section is what stands in the interface page under a heading, up to the next one.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(document(t, interfacePage), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", interfacePage, heading)
	}
	if next := regexp.MustCompile(`(?m)^#+ `).FindStringIndex(text); next != nil {
		text = text[:next[0]]
	}
	return text
}

// firstCells are the names in backticks of the first cells of the tables in text.
func firstCells(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |"); strings.HasPrefix(line, "| ") {
			all = append(all, names(regexp.MustCompile("`([^`]+)`"), cell)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// agree reports what one list has and the other has not.
func agree(t *testing.T, what string, listed, there []string) {
	t.Helper()
	if len(there) < 3 {
		t.Errorf("%s: found only %q in the program", what, there)
	}
	for _, name := range there {
		if !slices.Contains(listed, name) {
			t.Errorf("%s lacks %s %s", interfacePage, what, name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(there, name) {
			t.Errorf("%s names %s %s, which is not there", interfacePage, what, name)
		}
	}
}

func TestInterfaceCommandsAndFlags(t *testing.T) {
	text := section(t, "## Command line")
	_, list, _ := strings.Cut(says(t, "", "--help"), "Available Commands:")
	list, _, _ = strings.Cut(list, "\nFlags:")
	commands := slices.DeleteFunc(names(commandLine, list), func(s string) bool { return s == "help" })
	agree(t, "command", names(regexp.MustCompile("(?m)^\\| `localchat ([a-z]+)"), text), commands)

	aFlag := regexp.MustCompile(`(?m)^ +(?:-[a-z], )?(--[a-z-]+)`)
	var flags []string
	for _, args := range append([][]string{{"--help"}}, each(commands, "--help")...) {
		flags = append(flags, names(aFlag, says(t, "", args...))...)
	}
	slices.Sort(flags)
	agree(t, "flag", names(regexp.MustCompile("`(--[a-z-]+)[^`]*`"), text), slices.Compact(flags))
}

// each makes a command line of each command.
func each(commands []string, args ...string) (lines [][]string) {
	for _, c := range commands {
		lines = append(lines, append([]string{c}, args...))
	}
	return lines
}

func TestInterfaceExitCodes(t *testing.T) {
	_, manual, _ := strings.Cut(says(t, "", "man"), ".SH EXIT STATUS")
	manual, _, _ = strings.Cut(manual, ".SH ")
	known := names(regexp.MustCompile(`\\fB(\d+)\\fP`), manual)
	agree(t, "exit code", names(regexp.MustCompile(`(?m)^\| (\d+) \|`), section(t, "### Exit codes")), known)
}

func TestInterfaceRoomCommands(t *testing.T) {
	listed := names(regexp.MustCompile("(?m)^\\| `(/[a-z]+)"), section(t, "## Commands in a room"))
	agree(t, "command", listed, names(consoleCommand, consoleHelp(t)))
}

// sourceOf is the Go source under a folder without its tests, parsed.
func sourceOf(t *testing.T, folder string) map[string]*ast.File {
	t.Helper()
	files := make(map[string]*ast.File)
	for _, name := range sources(t) {
		if !strings.HasPrefix(name, folder+"/") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = f
	}
	return files
}

// literals are the strings that pick finds in the source under a folder, sorted and each once.
func literals(t *testing.T, folder string, pick func(ast.Node) ast.Expr) []string {
	t.Helper()
	var all []string
	for _, f := range sourceOf(t, folder) {
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := pick(n).(*ast.BasicLit); ok && lit.Kind == token.STRING {
				s, _ := strconv.Unquote(lit.Value)
				all = append(all, s)
			}
			return true
		})
	}
	slices.Sort(all)
	return slices.Compact(all)
}

var aMethod = regexp.MustCompile(`^(node|room)\.[a-z_]+$`)

// TestInterfaceMethods: the table lists every method, and each takes the params that stand there.
func TestInterfaceMethods(t *testing.T) {
	text := section(t, "## JSON-RPC")
	there := slices.DeleteFunc(literals(t, "cli", func(n ast.Node) ast.Expr {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			if _, call := kv.Value.(*ast.CallExpr); call {
				return kv.Key
			}
		}
		return nil
	}), func(s string) bool { return !aMethod.MatchString(s) })
	agree(t, "method", firstCells(text), there)

	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, "rpc", "--ephemeral", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0")
	in, out := pipes(t, cmd)
	row := regexp.MustCompile("(?m)^\\| `([a-z.]+)` \\|([^|]*)\\|")
	params := make(map[string][]string)
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		for _, name := range names(regexp.MustCompile(`\b([a-z_]+)\b`), strings.Join(names(regexp.MustCompile("`([a-z_?, ]+)`"), m[2]), " ")) {
			params[m[1]] = append(params[m[1]], name)
		}
	}
	for method, of := range params {
		given := make(map[string]any)
		for _, p := range of {
			given[p] = map[string]any{} // which no parameter is: nothing is done, and an unknown name is said first
		}
		request, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": method, "method": method, "params": given})
		fmt.Fprintf(in, "%s\n", request)
	}
	in.Close()
	answered := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var reply struct {
			ID    string
			Error *struct {
				Code    int
				Message string
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &reply); err != nil {
			t.Fatal(err)
		}
		if reply.ID == "" {
			continue
		}
		answered++
		if reply.Error == nil || reply.Error.Code != -32602 || !strings.Contains(reply.Error.Message, "is to be") {
			t.Errorf("%s: the params that %s lists are not those of the method: %+v", reply.ID, interfacePage, reply.Error)
		}
	}
	if answered != len(params) || answered < 10 {
		t.Errorf("%d of %d methods answered", answered, len(params))
	}
}

// pipes starts cmd, which has to end well by itself before the test does.
func pipes(t *testing.T, cmd *exec.Cmd) (io.WriteCloser, io.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return in, out
}

// TestInterfaceEvents: the table lists every event with all its fields.
func TestInterfaceEvents(t *testing.T) {
	listed := make(map[string][]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|([^|]*)\\| .* \\|$").FindAllStringSubmatch(section(t, "### Events"), -1) {
		fields := names(regexp.MustCompile(`\b([a-z_]+)\b`), m[2])
		listed[m[1]] = append([]string{}, fields...)
	}
	delete(listed, "code")
	there := eventFields(t)
	for name, fields := range there {
		if got, ok := listed[name]; !ok {
			t.Errorf("%s lacks event %s", interfacePage, name)
		} else if !slices.Equal(got, fields) {
			t.Errorf("event %s has the fields %v\n%s lists %v", name, fields, interfacePage, got)
		}
	}
	for name := range listed {
		if _, ok := there[name]; !ok {
			t.Errorf("%s names event %s, which is not there", interfacePage, name)
		}
	}
	if len(there) < 10 {
		t.Errorf("found only %d events in the program", len(there))
	}
}

// eventFields are the events of package node by their types, each with the names of its fields in JSON.
func eventFields(t *testing.T) map[string][]string {
	t.Helper()
	types := make(map[string]ast.Expr)
	events := make(map[string]string) // the type of an event → its Go type
	for name, f := range sourceOf(t, "node") {
		if filepath.Dir(name) != "node" {
			continue
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok {
						types[s.Name.Name] = s.Type
					}
				}
			case *ast.FuncDecl:
				if d.Name.Name != "Type" || d.Recv == nil || len(d.Body.List) != 1 {
					continue
				}
				if ret, ok := d.Body.List[0].(*ast.ReturnStmt); ok {
					if lit, ok := ret.Results[0].(*ast.BasicLit); ok {
						s, _ := strconv.Unquote(lit.Value)
						events[s] = d.Recv.List[0].Type.(*ast.Ident).Name
					}
				}
			}
		}
	}
	all := make(map[string][]string)
	for event, goType := range events {
		fields := jsonFields(types, types[goType])
		slices.Sort(fields)
		all[event] = append([]string{}, fields...)
	}
	return all
}

// jsonFields are the names in JSON of the fields of a type.
func jsonFields(types map[string]ast.Expr, of ast.Expr) (all []string) {
	switch of := of.(type) {
	case *ast.Ident:
		return jsonFields(types, types[of.Name])
	case *ast.StructType:
		for _, f := range of.Fields.List {
			if f.Tag == nil {
				if len(f.Names) == 0 {
					all = append(all, jsonFields(types, f.Type)...)
				}
				continue
			}
			raw, _ := strconv.Unquote(f.Tag.Value)
			if name, _, _ := strings.Cut(reflect.StructTag(raw).Get("json"), ","); name != "-" {
				all = append(all, name)
			}
		}
	}
	return all
}

// TestInterfaceCodes: the tables list every code of an error and of a warning.
func TestInterfaceCodes(t *testing.T) {
	errors := literals(t, "node", func(n ast.Node) ast.Expr {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return nil
		}
		if of, ok := spec.Type.(*ast.Ident); ok && (of.Name == "Code" || of.Name == "ErrorCode") {
			return spec.Values[0]
		}
		return nil
	})
	agree(t, "error code", firstCells(strings.Replace(section(t, "### Errors"), "| error `code`", "| error", 1)), errors)

	warnings := literals(t, "node", func(n ast.Node) ast.Expr {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return nil
		}
		if of, ok := lit.Type.(*ast.Ident); ok && of.Name == "Warning" {
			for _, e := range lit.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Code" {
					return kv.Value
				}
			}
		}
		return nil
	})
	_, table, _ := strings.Cut(section(t, "### Events"), "| warning `code`")
	agree(t, "warning code", firstCells(table), append(warnings, "knocks")) // which a variable holds
}
