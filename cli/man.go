package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"localchat/cli/internal/background"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/tui"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man [DIRECTORY]",
		Short:   "Write the manual pages to a directory, or the first one to standard output",
		Example: "  localchat man | man -l -\n  localchat man /usr/local/share/man/man1",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return takes("DIRECTORY")(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := firstPage(cmd.Root())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				_, err := a.Stdout.Write(page)
				return fail.Output(err)
			}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fail.Usage("name a directory that can be written to", "%v", err)
			}
			err = doc.GenManTree(cmd.Root(), manHeader(), args[0])
			if err == nil {
				err = os.WriteFile(filepath.Join(args[0], "localchat.1"), page, 0o644)
			}
			if err != nil {
				return fail.Usage("name a directory that can be written to", "%v", err)
			}
			return nil
		},
	}
}

func manHeader() *doc.GenManHeader {
	return &doc.GenManHeader{Title: "LOCALCHAT", Section: "1", Source: "localchat " + version(), Manual: "localchat"}
}

// firstPage returns localchat(1). It has sections beside those of the flags: commands in a room, keys, exit codes, files and
// variables.
func firstPage(root *cobra.Command) ([]byte, error) {
	var page bytes.Buffer
	if err := doc.GenMan(root, manHeader(), &page); err != nil {
		return nil, err
	}
	const last = ".SH SEE ALSO"
	before, after, ok := strings.Cut(page.String(), last)
	if !ok {
		return nil, fmt.Errorf("the manual page has no %q", last)
	}
	var b bytes.Buffer
	b.WriteString(before)
	manCommands(&b)
	manKeys(&b)
	manExits(&b)
	manFiles(&b)
	manServices(&b)
	manVariables(&b, root)
	b.WriteString(last + after)
	return b.Bytes(), nil
}

func manCommands(w io.Writer) {
	manSection(w, "COMMANDS IN A ROOM", "A line that begins with a slash is a command; every other line is said in the room. A line that begins with two slashes is said with one.")
	for _, cmd := range command.Table() {
		text := cmd.Help
		if cmd.Role != command.Everybody {
			text += "; for " + cmd.Role.String()
		}
		if len(cmd.Aliases) > 0 {
			text += "; also /" + strings.Join(cmd.Aliases, ", /")
		}
		manEntry(w, cmd.Synopsis(), text)
	}
}

func manKeys(w io.Writer) {
	manSection(w, "KEYS", "On the full screen:")
	for _, line := range tui.KeyHelp {
		manEntry(w, "\u2022", strings.TrimSpace(string(line)))
	}
}

func manExits(w io.Writer) {
	manSection(w, "EXIT STATUS", "")
	for _, e := range fail.Meanings {
		manEntry(w, fmt.Sprint(e.Code), e.Meaning)
	}
}

func manFiles(w io.Writer) {
	manSection(w, "FILES", "The places on Linux. On Windows all of them are in %LOCALAPPDATA%\\localchat, and on macOS in ~/Library/Application Support/localchat.")
	manEntry(w, "~/.config/localchat/config.toml", "settings: flags without the dashes, with _ for -; localchat config init writes one with explanations")
	manEntry(w, "~/.local/share/localchat/identity.key", "the private key of this identity. A copy is the same identity: never run both")
	manEntry(w, "~/.local/share/localchat/localchat.db", "rooms that you own or are in, with their members, bans and open invites; people you verified or ignore. It holds no lines")
	manEntry(w, "~/.local/share/localchat/known.json", "addresses of peers, with --remember")
	manEntry(w, "~/.local/state/localchat/up-*.log", "the last lines of the log of a node in the background, one file for each data directory; localchat status names it")
	manEntry(w, "$XDG_RUNTIME_DIR/localchat", "a directory by which the nodes of one user on one machine find each other")
}

func manServices(w io.Writer) {
	manSection(w, "SERVICES", "localchat up --foreground is the node of a data directory, for a service manager: it ends in order, with 0, when it is told to. "+
		"If another localchat uses the data directory, it ends with 7, and the manager tries again until the other one has ended.")
	for _, u := range background.Units {
		where := "as administrator, in PowerShell, which asks for your name and password"
		if u.File != "" {
			where = "in " + u.File
		}
		manEntry(w, u.Manager, where+":")
		fmt.Fprintf(w, ".nf\n")
		for line := range strings.Lines(u.Text) {
			fmt.Fprintln(w, roff(strings.TrimSuffix(line, "\n")))
		}
		fmt.Fprintf(w, ".fi\n%s\n", roff("Then: "+u.Enter))
	}
}

func manVariables(w io.Writer, root *cobra.Command) {
	manSection(w, "ENVIRONMENT", "A flag takes precedence over a variable, and a variable over the configuration file.")
	var names []string
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { names = append(names, variableOf(f.Name)) })
	manEntry(w, strings.Join(names, ", "), "set the flags of these names; the flags of a command have variables too")
	manEntry(w, "XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "where the files above are, instead of ~/.config, ~/.local/share, ~/.local/state and /run/user/UID")
	manEntry(w, "NOTIFY_SOCKET", "set by systemd: localchat up --foreground says there that it is ready")
	manEntry(w, "NO_COLOR", "no colours, if it is not empty")
	manEntry(w, "DISPLAY, WAYLAND_DISPLAY", "localchat web opens a browser where one of them is set (not on Windows or macOS)")
	manEntry(w, "TERM", "dumb: one event a line, as with --plain")
	manEntry(w, "TERM_PROGRAM, LC_TERMINAL, TMUX", "which terminal this is, and so how it shows a notification")
}

func manSection(w io.Writer, title, text string) {
	fmt.Fprintf(w, ".SH %s\n", title)
	if text != "" {
		fmt.Fprintf(w, "%s\n", roff(text))
	}
}

// manEntry writes a term and its meaning.
func manEntry(w io.Writer, term, meaning string) {
	fmt.Fprintf(w, ".TP\n\\fB%s\\fP\n%s\n", roff(term), roff(meaning))
}

// roff escapes text for a manual page.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\u2022", `\(bu`, "\u2026", "...").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}
