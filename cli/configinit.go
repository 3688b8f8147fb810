package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/internal/private"
)

// configCommand returns "config", which prints the path of the configuration file or writes a first one.
func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Print the path of the configuration file, or write a first one",
		Example: "  localchat config init\n  \"$EDITOR\" \"$(localchat config path)\"",
		Args:    takes("init|path"),
	}
	cmd.AddCommand(&cobra.Command{
		Use:     "init",
		Short:   "Write a configuration file with every setting commented out",
		Example: "  localchat config init",
		Args:    takes(),
		// verb is not used, because it reads the file: this command must work even if the file is broken.
		RunE: func(cmd *cobra.Command, _ []string) error { return a.initConfig(cmd.Root()) },
	}, &cobra.Command{
		Use:     "path",
		Short:   "Print the path of the configuration file",
		Example: "  localchat config path\n  localchat config path --json",
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			if a.opts.json { // from the flag only, because the file may be broken
				return a.printJSON(map[string]string{"path": a.configPath()})
			}
			return render.Data(a.Stdout, safe.Phrase(a.configPath()))
		},
	})
	return cmd
}

// initConfig writes the file if there is none. It never overwrites a file.
func (a *app) initConfig(root *cobra.Command) (err error) {
	if !filepath.IsAbs(a.variable("XDG_CONFIG_HOME")) && runtime.GOOS != "windows" {
		if err := a.judgeHome("or set XDG_CONFIG_HOME to a directory", "there is no directory for the configuration file"); err != nil {
			return err
		}
	}
	path := a.configPath()
	cannot := func(err error) error {
		return fail.Usage("make the directory writable, or set XDG_CONFIG_HOME to another", "cannot write %s: %v", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return cannot(err)
	}
	if err := private.Dir(filepath.Dir(path), private.NobodyWrites); err != nil {
		return cannot(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return fail.Usage("edit it, or move it away first", "%s already exists", path)
	case err != nil:
		return cannot(err)
	}
	defer func() {
		// An incomplete file is removed: it would make the next attempt fail.
		if closeErr := f.Close(); err != nil || closeErr != nil {
			err = cannot(errors.Join(err, closeErr, os.Remove(path)))
		}
	}()
	if _, err := io.WriteString(f, configTemplate(root)); err != nil {
		return err
	}
	a.Say("wrote " + safe.Phrase(path))
	return nil
}

// configTemplate returns the configuration file that "config init" writes: every setting as a comment, with its help, and an example or
// its default.
func configTemplate(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Settings of localchat, as TOML. Each has the name of a flag, with _ for -.\n" +
		"# A flag or an environment variable (LOCALCHAT_NICK for nick) takes precedence over this file.\n")
	settings := func(flags *pflag.FlagSet) {
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				fmt.Fprintf(&b, "\n# %s\n# %s = %s\n", f.Usage, strings.ReplaceAll(f.Name, "-", "_"), settingExample(f))
			}
		})
	}
	settings(root.PersistentFlags())
	for _, name := range tables {
		if sub, _, err := root.Find([]string{name}); err == nil {
			fmt.Fprintf(&b, "\n[%s]\n", name)
			settings(sub.LocalNonPersistentFlags())
		}
	}
	fmt.Fprintf(&b, "\n[%s]\n", consoleTable)
	for _, s := range command.SettingTable {
		if !s.Flag {
			usual := command.DefaultSettings
			fmt.Fprintf(&b, "\n# %s; /set %s writes it here\n# %s = %s\n", s.Help, s.Name, s.Key(), s.TOML(s.Get(&usual)))
		}
	}
	return b.String()
}

// settingExamples has values for flags without a default.
var settingExamples = map[string]string{
	"nick": `"bob"`, "data-dir": `"/home/bob/localchat"`, "log-file": `"/home/bob/localchat/log"`, "subject": `"today: the build"`,
	"listen": `["4001"]`, "peer": `["192.168.1.20:4001"]`, "interface": `["eth0"]`,
	"idle": `"6h"`, "retain": `"1d"`, "history": `"since-join"`, "notify": `"calls"`,
}

func settingExample(f *pflag.Flag) string {
	if text, ok := settingExamples[f.Name]; ok {
		return text
	}
	return f.DefValue
}
