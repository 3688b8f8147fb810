package cli

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/notify"
	"localchat/cli/internal/render"
	"localchat/internal/private"
	"localchat/node"
)

// options are the flags of every command.
type options struct {
	nick       string
	dataDir    string
	ephemeral  bool
	listen     []string
	peers      []string
	interfaces []string
	noMDNS     bool
	anywhere   bool
	noResume   bool
	remember   bool
	notify     notify.Settings
	plain      plainMode
	json       bool
	noColor    bool
	quiet      bool
	verbose    bool
	logFile    string
}

// addTo adds the flags to f.
func (o *options) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.nick, "nick", "", "the name to show in rooms (default: the login name)")
	f.StringVar(&o.dataDir, "data-dir", "", "where the identity and the rooms are kept (default: "+filepath.Join("$XDG_DATA_HOME", "localchat")+")")
	f.BoolVar(&o.ephemeral, "ephemeral", false, "write nothing to disk; use a new identity each time")
	f.StringArrayVar(&o.listen, "listen", nil, "port to listen on, TCP and UDP, or a multiaddr; repeatable (default: ports that the system chooses at each start)")
	f.StringArrayVar(&o.peers, "peer", nil, "multiaddr or HOST:PORT of a node to keep dialling; repeatable")
	f.StringArrayVar(&o.interfaces, "interface", nil, "use only this network interface; repeatable")
	f.BoolVar(&o.noMDNS, "no-mdns", false, "do not announce this node, or look for others, by mDNS")
	f.BoolVar(&o.anywhere, "from-anywhere", false, "accept connections from any network, including the internet; by default only from this machine's networks and --peer")
	f.BoolVar(&o.noResume, "no-resume", false, "do not enter the rooms of the last start again")
	f.BoolVar(&o.remember, "remember", false, "save the addresses of peers, to find them at the next start")
	o.notify = notify.Default
	f.Var(&o.notify.Level, "notify", "what calls you while you look elsewhere: off; calls, which are your nick, direct messages, knocks and your removal; or all, which adds every line")
	f.BoolVar(&o.notify.Text, "notify-text", o.notify.Text, "show names and what was said in a notification")
	f.Var(&o.plain, "plain", "print one event a line and redraw nothing; --plain=edit redraws only the line being typed")
	f.Lookup("plain").NoOptDefVal = plainYes
	f.BoolVar(&o.json, "json", false, "print results as JSON")
	f.BoolVar(&o.noColor, "no-color", false, "use no colours, as with NO_COLOR")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "write only errors to standard error")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log in detail")
	f.StringVar(&o.logFile, "log-file", "", "append the log to this file")
}

// A plainMode is the value of --plain: no, yes, or yes with line editing.
type plainMode string

const (
	plainYes  = "true"
	plainEdit = "edit"
)

// Type makes pflag show the flag without a value in the help.
func (m *plainMode) Type() string { return "bool" }

func (m *plainMode) String() string { return cmp.Or(string(*m), "false") }

func (m *plainMode) Set(text string) error {
	if text == plainEdit {
		*m = plainEdit
		return nil
	}
	yes, err := strconv.ParseBool(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not true, false or edit", text)
	case yes:
		*m = plainYes
	default:
		*m = ""
	}
	return nil
}

// dir returns the data directory, or "" to keep everything in memory.
func (o *options) dir() string {
	switch {
	case o.ephemeral:
		return ""
	case o.dataDir != "":
		return o.dataDir
	}
	return filepath.Join(xdg.DataHome, "localchat")
}

// maxNickRunes is the longest nick that rooms admit; a longer login name is cut.
const maxNickRunes = 32

// nick returns the nick of this node: that of --nick, one made of the login name, or a random one.
func (a *app) nick() string {
	if a.opts.nick != "" {
		return a.opts.nick
	}
	for _, name := range []string{a.variable("USER"), a.variable("USERNAME"), loginName()} {
		if nick := nickOf(name); nick != "" && node.CheckNick(nick) == nil {
			return nick
		}
	}
	if a.guest == "" {
		// It is chosen once, so that /whoami and the room show the same nick.
		a.guest = "guest-" + strings.ToLower(rand.Text()[:4])
	}
	return a.guest
}

func loginName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	// On Windows it is DOMAIN\name.
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
}

// nickOf makes a nick that every room admits out of a login name. It keeps letters, digits, and - _ . between them.
func nickOf(name string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(name, ""))
	runes := []rune(strings.Trim(kept, "-_."))
	return string(runes[:min(len(runes), maxNickRunes)])
}

// createFlags are the flags of create.
type createFlags struct {
	open       bool
	inviteOnly bool
	subject    string
	idle       command.Span
	retain     command.Span
	history    string
}

func (c *createFlags) addTo(f *pflag.FlagSet) {
	f.BoolVar(&c.open, "open", false, "let everybody in (default: people knock and you /accept them)")
	f.BoolVar(&c.inviteOnly, "invite-only", false, "let in only people with an invite")
	f.StringVar(&c.subject, "subject", "", "subject of the room")
	f.Var(&c.idle, "idle", "close the room after this time without a line, 0 for never (default 6h)")
	f.Var(&c.retain, "retain", "forget a line this long after it was said (default 1d)")
	f.StringVar(&c.history, "history", "", "lines that new members see: none, since-join or all (default since-join)")
}

// policy returns the policy that the flags set. A flag that was not given leaves the default.
func (c *createFlags) policy(f *pflag.FlagSet) (node.PolicyChange, error) {
	change := node.PolicyChange{IdleS: c.idle.Seconds(), RetainS: c.retain.Seconds()}
	var access node.Access
	switch {
	case c.open && c.inviteOnly:
		return change, fail.Usage("choose one of them", "--open and --invite-only exclude each other")
	case c.open:
		access = node.AccessOpen
	case c.inviteOnly:
		access = node.AccessInvite
	}
	if access != "" {
		change.Access = &access
	}
	if f.Changed("subject") {
		change.Subject = &c.subject
	}
	if c.history != "" {
		change.History = new(node.History(c.history))
	}
	return change, nil
}

// settle sets every flag that is not on the command line from the environment or else from the configuration file.
func (a *app) settle(cmd *cobra.Command) error {
	if err := a.judgeVariables(cmd.Root()); err != nil {
		return err
	}
	file, err := readConfig(a.configPath(), cmd.Root())
	if err != nil {
		return err
	}
	logNamed := cmd.Flags().Changed("log-file")
	cmd.Flags().Visit(func(f *pflag.Flag) { a.given = append(a.given, f.Name) })
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || failed != nil || f.Name == "help" {
			return
		}
		name := variableOf(f.Name)
		if text, ok := a.env(name); ok {
			if err := setFlag(cmd, f, splitList(f, text)); err != nil {
				failed = fail.Usage("see localchat "+cmd.Name()+" --help", "the environment sets %s=%s: %v", name, text, err)
			}
			return
		}
		if s, ok := file.setting(cmd.Name(), f.Name); ok {
			if err := setFlag(cmd, f, s.values); err != nil {
				failed = file.fault(s, err.Error())
			}
		}
	})
	// --ephemeral must leave nothing behind, so a log file from the environment or the configuration file is not written.
	if a.opts.ephemeral && !logNamed {
		a.opts.logFile = ""
	}
	if failed != nil {
		return failed
	}
	a.Show = file.show
	a.Show.Notify, a.Terminal = a.opts.notify, notify.TerminalOf(a.variable)
	render.ShowLinks(a.wantsLinks())
	a.Quiet, a.Colourless, a.DataDir, a.Keep, a.Doctor = a.opts.quiet, a.colourless(), a.opts.dir(), a.keeper(), a.diagnosis
	a.Kept = func() (command.Settings, error) { return keptSettings(a.configPath(), cmd.Root()) }
	return a.judge()
}

// wantsLinks reports whether web addresses become links. They do not on a terminal without styles, nor on a Linux console, which cannot
// open them.
func (a *app) wantsLinks() bool {
	term := a.variable("TERM")
	return !a.colourless() && term != "" && term != "dumb" && term != "linux"
}

// colourless reports whether the user wants no colours.
func (a *app) colourless() bool { return a.opts.noColor || a.variable("NO_COLOR") != "" }

// setFlag sets f once for each value. Only a repeatable flag may have more or fewer than one.
func setFlag(cmd *cobra.Command, f *pflag.Flag, values []string) error {
	if f.Value.Type() != "stringArray" && len(values) != 1 {
		return fmt.Errorf("%s takes one value", f.Name)
	}
	for _, v := range values {
		if err := cmd.Flags().Set(f.Name, v); err != nil {
			return err
		}
	}
	return nil
}

// splitList splits an environment variable at its commas if f is a repeatable flag.
func splitList(f *pflag.Flag, text string) []string {
	if f.Value.Type() != "stringArray" {
		return []string{text}
	}
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// variable returns the value of an environment variable, or "".
func (a *app) variable(name string) string {
	v, _ := a.env(name)
	return v
}

// configPath returns the path of the configuration file.
func (a *app) configPath() string {
	if dir := a.variable("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "localchat", "config.toml")
	}
	return filepath.Join(xdg.ConfigHome, "localchat", "config.toml")
}

// openConfig reads the file, or returns nil if there is none. It refuses a file that another user can write, since the file names files
// to write to and peers to dial.
func openConfig(path string) ([]byte, error) {
	err := private.Dir(filepath.Dir(path), private.NobodyWrites)
	var raw []byte
	if err == nil {
		raw, err = private.Read(path, maxConfig, private.NobodyWrites)
	}
	var unfit *private.Error
	switch {
	case os.IsNotExist(err):
		return nil, nil
	case errors.As(err, &unfit):
		return nil, fail.Usage(unfit.Mend, "the configuration file was not read: %v", unfit)
	case err != nil:
		return nil, fail.Usage("make it readable, or move it away", "cannot read %s: %v", path, err)
	}
	return raw, nil
}
