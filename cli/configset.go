package cli

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/internal/private"
)

// consoleTable is the table of the configuration file for the settings that /set changes.
const consoleTable = "console"

// takeShow reads that table.
func (c *config) takeShow(table map[string]any) error {
	for key, value := range table {
		s := setting{key: consoleTable + "." + key}
		i := slices.IndexFunc(command.SettingTable, func(t command.Setting) bool { return !t.Flag && t.Key() == key })
		if i < 0 {
			return c.fault(s, "there is no such setting; /set lists them: "+command.SettingNames())
		}
		on, ok := value.(bool)
		if !ok {
			return c.fault(s, "expected true or false")
		}
		command.SettingTable[i].Set(&c.show, command.OnOff(on))
	}
	return nil
}

// keeper returns a function that saves the changes of /set in the configuration file, or nil if nothing may be written.
func (a *app) keeper() func(command.Setting, string) error {
	if a.opts.ephemeral {
		return nil
	}
	var one sync.Mutex // several faces can change settings at the same time
	return func(s command.Setting, value string) error {
		one.Lock()
		defer one.Unlock()
		return a.keepSetting(s, value)
	}
}

// keepSetting writes the value of a setting into the configuration file and changes nothing else in it.
func (a *app) keepSetting(s command.Setting, value string) (err error) {
	path := a.configPath()
	cannot := func(err error) error {
		return fail.Usage("make the directory writable, or set XDG_CONFIG_HOME to another", "cannot write %s: %v", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return cannot(err)
	}
	raw, err := openConfig(path)
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	if mode&0o200 == 0 { // a rename would replace a read-only file
		return fail.Usage("make it writable, or change it yourself", "%s is read-only", path)
	}
	line := s.Key() + " = " + s.TOML(value)
	table := consoleTable
	if s.Flag {
		table = ""
	}
	text := withSetting(string(raw), table, s.Key(), s.TOML(value))
	if !changes(string(raw), text, table, line) {
		where := "before its tables"
		if table != "" {
			where = "in its table " + table
		}
		return fail.Usage("write "+line+" "+where+" yourself", "%s is not written in a form that this program changes", path)
	}
	// A rename replaces the old file in one step. With half a file, the program would not start.
	f, err := os.CreateTemp(filepath.Dir(path), ".config-*")
	if err != nil {
		return cannot(err)
	}
	defer func() {
		if err != nil {
			err = cannot(errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.WriteString(text)
	if err = errors.Join(err, os.Chmod(f.Name(), mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := private.Dir(filepath.Dir(path), private.NobodyWrites); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// changes reports whether, as TOML, after differs from before only in that line of that table. It is needed because withSetting does
// not know all forms of a table.
func changes(before, after, table, line string) bool {
	var want, got, set map[string]any
	if toml.Unmarshal([]byte(before), &want) != nil || toml.Unmarshal([]byte(after), &got) != nil || toml.Unmarshal([]byte(line), &set) != nil {
		return false
	}
	if want == nil {
		want = map[string]any{}
	}
	at := want
	if table != "" {
		header := "[" + table + "]"
		made := strings.Count(after, header) > strings.Count(before, header)
		switch {
		case want[table] == nil:
			want[table] = map[string]any{}
		case made: // TOML does not allow a table twice, in two forms, but the library reads it
			return false
		}
		at, _ = want[table].(map[string]any)
		if at == nil {
			return false
		}
	}
	maps.Copy(at, set)
	return reflect.DeepEqual(got, want)
}

// withSetting returns the text of a configuration file with one setting changed. If no line sets it, a new line is put after the comment
// that shows the setting, or at the beginning of the table. Settings without a table stand before all tables.
func withSetting(text, table, key, value string) string {
	end := "\n"
	if strings.Contains(text, "\r\n") {
		end = "\r\n"
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += end
	}
	lines := slices.Collect(strings.Lines(text))
	set := key + " = " + value + end
	current, at := "", -1
	if table == "" {
		at = afterHead(lines)
	}
	for i, l := range lines {
		bare := strings.TrimSpace(l)
		comment, isComment := strings.CutPrefix(bare, "#")
		header, _, _ := strings.Cut(bare, "#")
		switch {
		case strings.HasPrefix(bare, "["):
			if current = strings.TrimSpace(strings.Trim(strings.TrimSpace(header), "[]")); current == table {
				at = i + 1
			}
		case current != table:
		case isComment && keyOf(comment) == key:
			at = i + 1
		case keyOf(bare) == key:
			lines[i] = withValue(l, value)
			return strings.Join(lines, "")
		}
	}
	if at >= 0 {
		return strings.Join(slices.Insert(lines, at, set), "")
	}
	if text != "" {
		text += end
	}
	return text + "[" + table + "]" + end + set
}

// afterHead returns the number of lines of the comment about the whole file. A blank line ends that comment.
func afterHead(lines []string) int {
	for i, l := range lines {
		switch bare := strings.TrimSpace(l); {
		case bare == "":
			return i + 1
		case !strings.HasPrefix(bare, "#"):
			return 0
		}
	}
	return len(lines)
}

// keyOf returns the key that a line sets, or "".
func keyOf(line string) string {
	key, _, _ := strings.Cut(line, "=")
	return strings.Trim(strings.TrimSpace(key), `"'`)
}

// withValue returns a line that sets a key, with another value. A comment on the line stays.
func withValue(line, value string) string {
	key, old, _ := strings.Cut(line, "=")
	rest := strings.TrimLeft(old, " \t")
	end := strings.IndexAny(rest, "# \t\r\n")
	if quote := rest[:min(1, len(rest))]; quote == `"` || quote == "'" {
		if i := strings.Index(rest[1:], quote); i >= 0 {
			end = i + 2
		}
	}
	return strings.TrimRight(key, " \t") + " = " + value + rest[max(end, 0):]
}
