package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
		i := slices.IndexFunc(command.SettingTable, func(t command.Setting) bool { return t.Name == key })
		if i < 0 {
			return c.fault(s, "there is no such setting; /set lists them: "+command.SettingNames())
		}
		on, ok := value.(bool)
		if !ok {
			return c.fault(s, "expected true or false")
		}
		*command.SettingTable[i].Field(&c.show) = on
	}
	return nil
}

// keeper returns a function that saves the changes of /set in the configuration file, or nil if nothing must be written.
func (a *app) keeper() func(name string, on bool) error {
	if a.opts.ephemeral {
		return nil
	}
	var one sync.Mutex // faces change settings beside each other
	return func(name string, on bool) error {
		one.Lock()
		defer one.Unlock()
		return a.keepSetting(name, on)
	}
}

// keepSetting writes one setting of the console into the configuration file and changes nothing else in it.
func (a *app) keepSetting(name string, on bool) (err error) {
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
	text := withSetting(string(raw), name, on)
	if !changes(string(raw), text, name, on) {
		return cannot(errors.New("its table " + consoleTable + " does not begin with [" + consoleTable + "]"))
	}
	// A rename replaces the old file at once: with half a file, the program would not start.
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
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := private.Dir(filepath.Dir(path), private.NobodyWrites); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// changes reports whether after differs from before in that setting only, as TOML. withSetting does not know every form of a
// table.
func changes(before, after, name string, on bool) bool {
	var old, tree map[string]any
	if toml.Unmarshal([]byte(before), &old) != nil || toml.Unmarshal([]byte(after), &tree) != nil {
		return false
	}
	table, _ := tree[consoleTable].(map[string]any)
	had := old[consoleTable] != nil
	made := strings.Count(after, "\n["+consoleTable+"]\n") > strings.Count(before, "\n["+consoleTable+"]\n")
	return table != nil && table[name] == on && !(had && made)
}

// withSetting returns the text of a configuration file with one setting changed: in the line that has it, or in a new one.
func withSetting(text, name string, on bool) string {
	lines := strings.SplitAfter(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		lines[len(lines)-1] += "\n"
	}
	set := fmt.Sprintf("%s = %t\n", name, on)
	table := -1
	for i, l := range lines {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "["):
			if table >= 0 {
				return strings.Join(slices.Insert(lines, table+1, set), "")
			}
			if header, _, _ := strings.Cut(l, "#"); strings.TrimSpace(header) == "["+consoleTable+"]" {
				table = i
			}
		case table >= 0:
			if key, _, _ := strings.Cut(l, "="); strings.TrimSpace(key) == name {
				lines[i] = set
				return strings.Join(lines, "")
			}
		}
	}
	if table >= 0 {
		return strings.Join(slices.Insert(lines, table+1, set), "")
	}
	if text != "" {
		set = "\n[" + consoleTable + "]\n" + set
	} else {
		set = "[" + consoleTable + "]\n" + set
	}
	return strings.Join(lines, "") + set
}
