package main_test

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// These tests compare docs/interface.md with the program: everything that exists is listed, and everything listed exists.

const interfacePage = "docs/interface.md"

// section returns the text of the interface page under a heading.
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

// firstCells returns the names in backticks in the first cells of the tables in text.
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

// agree reports the names that only one of the lists has.
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
	for _, args := range append([][]string{{"--help"}, {"audit", "export", "--help"}, {"audit", "verify", "--help"}}, each(commands, "--help")...) {
		flags = append(flags, names(aFlag, says(t, "", args...))...)
	}
	slices.Sort(flags)
	agree(t, "flag", names(regexp.MustCompile("`(--[a-z-]+)[^`]*`"), text), slices.Compact(flags))
}

// each returns a command line for each command.
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

// TestInterfaceMethods: the table lists every method, with its parameters and the fields of its result.
func TestInterfaceMethods(t *testing.T) {
	src := readTypes(t, "node", "cli")
	there := src.methods()
	listed := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z.]+)` \\|([^|]*)\\|([^|]*)\\|$").FindAllStringSubmatch(section(t, "## JSON-RPC"), -1) {
		listed[m[1]] = true
		of, ok := there[m[1]]
		if !ok {
			t.Errorf("%s names method %s, which is not there", interfacePage, m[1])
			continue
		}
		params := names(regexp.MustCompile(`\b([a-z_]+\??)`), quoted(m[2]))
		if want := src.params(of.params); !slices.Equal(params, want) {
			t.Errorf("%s takes %v\n%s lists %v", m[1], want, interfacePage, params)
		}
		result := names(aField, quoted(m[3]))
		for _, field := range src.results(of.result, m[3]) {
			if !slices.Contains(result, field) {
				t.Errorf("%s lacks %s in the result of %s", interfacePage, field, m[1])
			}
		}
		if fields, is := strings.CutPrefix(strings.TrimSpace(m[3]), "`"); is { // the cell begins with them
			fields, _, _ = strings.Cut(fields, "`")
			for _, field := range names(aField, fields) {
				if !slices.Contains(src.results(of.result, ""), field) {
					t.Errorf("%s names %s in the result of %s, which is not there", interfacePage, field, m[1])
				}
			}
		}
	}
	for name := range there {
		if !listed[name] {
			t.Errorf("%s lacks method %s", interfacePage, name)
		}
	}
	if len(there) < 20 {
		t.Errorf("found only %d methods in the program", len(there))
	}
}

// aField is a name in a list of fields.
var aField = regexp.MustCompile(`\b([a-z_][a-z0-9_]*)\b`)

// quoted returns the names in backticks in a cell.
func quoted(cell string) string {
	var all []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, " ")
}

// TestInterfaceEvents: the table lists every event with all its fields.
func TestInterfaceEvents(t *testing.T) {
	listed := make(map[string][]string)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|([^|]*)\\| .* \\|$").FindAllStringSubmatch(section(t, "### Events"), -1) {
		fields := names(regexp.MustCompile(`\b([a-z_]+)\b`), m[2])
		listed[m[1]] = append([]string{}, fields...)
	}
	delete(listed, "code")
	there := readTypes(t, "node").events()
	// JSON-RPC adds the hint to a warning; see withHint in cli/internal/rpc.
	there["warning"] = slices.Sorted(slices.Values(append(there["warning"], "hint")))
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

// TestInterfaceErrorFields: the page lists the fields of an error, and those of the notification that is no event.
func TestInterfaceErrorFields(t *testing.T) {
	src := readTypes(t, "cli", "node")
	for _, c := range []struct{ heading, begins, of string }{
		{"### Errors", "`data: {", "errorData"}, {"## JSON-RPC", "`{\"request\":", "askedNote"},
	} {
		_, text, found := strings.Cut(section(t, c.heading), c.begins)
		text, _, closed := strings.Cut(text, "}`")
		if !found || !closed {
			t.Errorf("%s does not list the fields of %s", interfacePage, c.of)
			continue
		}
		listed := names(regexp.MustCompile(`\b([a-z_]+)\b`), c.begins+text)
		listed = slices.DeleteFunc(listed, func(s string) bool { return s == "data" })
		var there []string
		for _, f := range src.fields("rpc", src.types["rpc."+c.of]) {
			there = append(there, f.name)
		}
		agree(t, "field of "+c.of, listed, there)
	}
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
	agree(t, "warning code", firstCells(table), append(warnings, "knocks")) // its code is in a variable
}
