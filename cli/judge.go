package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// This file checks the settings before they are used.

// judge checks the settings that every command has. It turns the ports to listen on into multiaddrs.
func (a *app) judge() error {
	if a.opts.nick != "" {
		if err := node.CheckNick(a.opts.nick); err != nil {
			return err
		}
	}
	for _, addr := range a.opts.peers {
		if err := node.CheckPeer(addr); err != nil {
			return err
		}
	}
	var err error
	a.opts.listen, err = node.ListenAddrs(a.opts.listen)
	return err
}

// judgeInterfaces checks --interface. At least one of the interfaces must exist: another one may be plugged in later.
func (a *app) judgeInterfaces() error {
	all, err := net.Interfaces()
	if len(a.opts.interfaces) == 0 || err != nil {
		return nil
	}
	var there, missing []string
	for _, i := range all {
		there = append(there, i.Name)
	}
	for _, name := range a.opts.interfaces {
		if !slices.Contains(there, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) == len(a.opts.interfaces) {
		return &fail.Error{
			Code: fail.ExitNetwork, Text: "this machine has no network interface " + strings.Join(missing, ", "),
			Hint: "it has " + strings.Join(there, ", ") + "; without --interface all of them are used",
		}
	}
	if len(missing) > 0 && !a.judged {
		a.judged = true
		a.Say(render.FaultMark + "this machine has no network interface " + safe.Phrase(strings.Join(missing, ", ")) + " now")
	}
	return nil
}

// judgeVariables finds LOCALCHAT_ variables that set nothing: a mistyped setting must not be silently ignored.
func (a *app) judgeVariables(root *cobra.Command) error {
	if a.environ == nil {
		return nil
	}
	known := []string{keptBy, backgroundLog}
	add := func(f *pflag.Flag) { known = append(known, variableOf(f.Name)) }
	root.PersistentFlags().VisitAll(add)
	for _, cmd := range root.Commands() {
		cmd.LocalNonPersistentFlags().VisitAll(add)
	}
	for _, entry := range a.environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) {
			continue
		}
		hint := "localchat --help lists the settings: a flag in capitals, with _ for -"
		best := 3 // with so many slips it is another word
		for _, k := range known {
			if d := command.Slips(strings.TrimPrefix(name, variablePrefix), strings.TrimPrefix(k, variablePrefix)); d < best && k != keptBy && k != backgroundLog {
				hint, best = "did you mean "+k+"?", d
			}
		}
		return fail.Usage(hint, "the environment sets %s: there is no such setting", name)
	}
	return nil
}

// variablePrefix begins the name of every environment variable that is a setting.
const variablePrefix = "LOCALCHAT_"

// variableOf returns the environment variable for a flag.
func variableOf(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// judgePlace returns an error if there is no place for the identity and the rooms. Without a home directory, or with one that belongs to
// no person, they would be kept where nobody looks.
func (a *app) judgePlace() error {
	if a.opts.ephemeral || a.opts.dataDir != "" || runtime.GOOS == "windows" || filepath.IsAbs(a.variable("XDG_DATA_HOME")) {
		return nil
	}
	return a.judgeHome("--data-dir DIR keeps them elsewhere, --ephemeral keeps nothing", "there is no directory for the identity and the rooms")
}

// judgeHome returns an error if something is wrong with the home directory. problem says what cannot work without one.
func (a *app) judgeHome(hint, problem string) error {
	bad := func(why string) error {
		return fail.Usage("set HOME to your home directory; "+hint, "%s: %s", problem, why)
	}
	home := a.variable("HOME")
	st, err := os.Stat(home)
	switch {
	case home == "":
		return bad("$HOME is not set")
	case !filepath.IsAbs(home):
		return bad(fmt.Sprintf("$HOME is %q, which does not begin with /", home))
	case filepath.Clean(home) == "/":
		return bad("$HOME is /, which is not a home directory")
	case err != nil:
		return bad(fmt.Sprintf("$HOME is %s, which does not exist", home))
	case !st.IsDir():
		return bad(fmt.Sprintf("$HOME is %s, which is not a directory", home))
	}
	return nil
}

// typedInRoom returns the error for a command that is typed in a room, not in a shell, or nil for any other word.
func typedInRoom(name string) error {
	cmd, _ := command.LookUp(command.SplitHelp(strings.TrimPrefix(name, "/"), command.Table()))
	if cmd == nil {
		return nil
	}
	return fail.Usage("localchat create ROOM, or localchat join ROOM, then /"+cmd.Name, "%s is a command for a room, typed as %s", name, cmd.Synopsis())
}
