package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
)

// A config is the content of the configuration file. Its keys are the names of the flags, with _ for -. The flags of create are in a
// table [create]. Only "config init" and /set write the file.
type config struct {
	path     string
	raw      []byte
	settings map[string]setting // by "flag" or "command.flag"
	show     command.Settings   // the table [console]
}

// A setting is one key of the file.
type setting struct {
	key    string // as in the file, with its table
	values []string
}

// tables lists the commands whose flags can be set in the file, each in a table with the name of the command.
var tables = []string{"create"}

// readConfig reads and checks the file at path. An unknown key is an error: a mistyped setting must not be silently ignored.
func readConfig(path string, root *cobra.Command) (*config, error) {
	raw, err := openConfig(path)
	if err != nil {
		return nil, err
	}
	c := &config{path: path, raw: raw, settings: map[string]setting{}, show: command.DefaultSettings}
	var tree map[string]any
	if err := toml.Unmarshal(raw, &tree); err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return nil, fail.Usage("correct that line", "%s, line %d, near %q: %s", path, parse.Position.Line, parse.LastKey, parse.Message)
		}
		return nil, fail.Usage("correct it", "%s: %v", path, err)
	}
	if err := c.take(tree, "", root.PersistentFlags()); err != nil {
		return nil, err
	}
	for _, name := range tables {
		sub, _, err := root.Find([]string{name})
		if err != nil {
			return nil, err
		}
		table, ok := tree[name].(map[string]any)
		if !ok {
			continue
		}
		if err := c.take(table, name, sub.LocalNonPersistentFlags()); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// keptSettings returns the settings of a console that are saved in the file at path.
func keptSettings(path string, root *cobra.Command) (command.Settings, error) {
	c, err := readConfig(path, root)
	if err != nil {
		return command.Settings{}, err
	}
	for _, flag := range command.SettingTable {
		s, ok := c.settings[flag.Name]
		if !flag.Flag || !ok {
			continue
		}
		value := strings.Join(s.values, " ")
		if on, err := strconv.ParseBool(value); err == nil {
			value = command.OnOff(on)
		}
		if !slices.Contains(flag.Values, value) {
			return command.Settings{}, c.fault(s, value+" is none of "+strings.Join(flag.Values, ", "))
		}
		flag.Set(&c.show, value)
	}
	return c.show, nil
}

// take adds the settings of one table, checked against the flags that exist.
func (c *config) take(table map[string]any, name string, known *pflag.FlagSet) error {
	for key, value := range table {
		full := strings.TrimPrefix(name+"."+key, ".")
		s := setting{key: full}
		sub, isTable := value.(map[string]any)
		if isTable && name == "" && slices.Contains(tables, key) {
			continue
		}
		if isTable && name == "" && key == consoleTable {
			if err := c.takeShow(sub); err != nil {
				return err
			}
			continue
		}
		flag := strings.ReplaceAll(key, "_", "-")
		if known.Lookup(flag) == nil || flag == "help" {
			return c.fault(s, "there is no such setting")
		}
		var err error
		if s.values, err = settingValues(value); err != nil {
			return c.fault(s, err.Error())
		}
		c.settings[strings.TrimPrefix(name+"."+flag, ".")] = s
	}
	return nil
}

// settingValues returns a value of the file in the form that the flag takes.
func settingValues(value any) ([]string, error) {
	switch v := value.(type) {
	case string:
		return []string{v}, nil
	case bool, int64:
		return []string{fmt.Sprint(v)}, nil
	case []any:
		values := make([]string, 0, len(v))
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil, errors.New("a list can hold only strings")
			}
			values = append(values, s)
		}
		return values, nil
	}
	return nil, errors.New("expected a string, true, false, a whole number or a list of strings")
}

// setting returns the setting of a flag of a command.
func (c *config) setting(command, flag string) (setting, bool) {
	if s, ok := c.settings[command+"."+flag]; ok {
		return s, true
	}
	s, ok := c.settings[flag]
	return s, ok
}

// fault returns an error about a setting, with its file, line and key.
func (c *config) fault(s setting, what string) error {
	return fail.Usage("correct it; localchat --help lists the settings: a flag without --, with _ for -",
		"%s, line %d, %s: %s", c.path, c.line(s.key), s.key, what)
}

// line returns the number of the line that sets key. It looks for the key in its table, because the TOML library gives positions only
// for syntax errors.
func (c *config) line(key string) int {
	table, name, inTable := strings.Cut(key, ".")
	if !inTable {
		table, name = "", key
	}
	current, n := "", 0
	for text := range strings.Lines(string(c.raw)) {
		n++
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "[") {
			current = strings.TrimSpace(strings.Trim(text, "[] "))
			if key == current {
				return n
			}
			continue
		}
		left, _, _ := strings.Cut(text, "=")
		left = strings.Trim(strings.TrimSpace(left), `"'`)
		if left == key && current == "" || left == name && current == table {
			return n
		}
	}
	return n
}
