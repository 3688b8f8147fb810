package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
	"localchat/discovery"
	"localchat/node"
)

// An app is one run of the program: the environment of its face, its flags, and how it starts a node.
type app struct {
	command.Env
	env func(string) (string, bool)
	// environ is the whole environment.
	environ func() []string
	args    []string

	opts  options
	guest string // the nick of somebody without a name, made once

	// start starts a node; tests put another in its place.
	start func(node.Config) (command.Node, error)
	// check looks at the network for doctor; tests put another in its place.
	check func(context.Context, discovery.CheckConfig) discovery.Checkup
}

// gcPercent is how much garbage, in percent of what is in use, a node has at most before the garbage collector runs. Go's own 100
// doubles what a full room takes: under a flood of long lines that is 26 MiB.
const gcPercent = 50

// Main runs the program as the operating system started it and returns its exit code. The first interrupt ends it in
// order, the second at once.
func Main() int {
	debug.SetGCPercent(gcPercent)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	// A reader that goes away (head) must end us in order and not by a signal: the rooms are to hear that we left.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	_, kept := os.LookupEnv(keptBy)
	go func() {
		<-signals
		if !kept { // a hangup reaches both us and our keeper, which passes it on
			signal.Reset(os.Interrupt, syscall.SIGTERM)
		}
		cancel(fail.ErrInterrupted)
	}()
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv)
}

// Run runs the command that args name until it is done, its input ends or ctx is cancelled, and returns the exit code.
// env looks up environment variables. The reader of stdin may still be blocked in Read when Run returns: nothing can
// interrupt that, and the process is about to end.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	a := &app{env: env, check: discovery.Check, Env: command.Env{
		Stdin: stdin, Stdout: stream.Outlet(ctx, stdout), Stderr: stream.Outlet(ctx, stderr), Log: slog.New(slog.DiscardHandler), Ring: &command.LogRing{}, Exit: os.Exit,
	}}
	a.start, a.environ = a.startNode, os.Environ
	return a.run(ctx, args)
}

func (a *app) run(ctx context.Context, args []string) (code int) {
	defer func() {
		if fail.Crashed(a.Stderr, recover()) {
			code = fail.ExitInternal
		}
	}()
	a.args = args
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // nil would make cobra read os.Args
	root.SetIn(a.Stdin)
	out := &output{Writer: a.Stdout}
	root.SetOut(out)
	root.SetErr(a.Stderr)
	strict(root)
	err := root.ExecuteContext(ctx)
	if err == nil || out.failed != nil && errors.Is(err, out.failed) {
		err = fail.Output(out.failed)
	}
	return finish(ctx, a.Stderr, err)
}

// root is the command line.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "localchat",
		Short: "Chat with the people on your own network: no server, no account",
		Long: "Chat with the people on your own network: no server, no account.\n\n" +
			"Without a command: the lobby, which lists the rooms on this network and takes /join and /create.",
		Example:           "  localchat create lab        # create a room and enter it\n  localchat join lab          # on the next laptop; the owner types /accept\n  localchat rooms             # lists the rooms on this network",
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Version:           version(),
		RunE:              a.verb(a.lobby),
	}
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(cmd, args[0])
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fail.Usage(cmd.CommandPath()+" --help lists the flags", "%v", err)
	})
	root.SuggestionsMinimumDistance = 2 // letters: a slip and a swap
	root.SetVersionTemplate("localchat {{.Version}}\n")
	a.opts.addTo(root.PersistentFlags())
	root.AddCommand(a.createCommand(), a.joinCommand(), a.roomsCommand(), a.sendCommand(), a.tailCommand(), a.rpcCommand(),
		a.doctorCommand(), a.idCommand(), a.configCommand(), a.versionCommand(), a.manCommand())
	completesFlags(root)
	return root
}

// strict has help, and commands that are nothing without one of their own, refuse a word that is no command: cobra prints
// its help, as if all were well. Its completion commands write to the output that root has when they are made.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch {
		case cmd.Name() == "help":
			cmd.Run, cmd.RunE = nil, help
		case cmd.HasSubCommands():
			namesItsCommands(cmd)
		}
	}
}

func namesItsCommands(cmd *cobra.Command) {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	cmd.SuggestionsMinimumDistance = cmd.Root().SuggestionsMinimumDistance
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return fail.Usage(cmd.CommandPath()+" --help explains them", "%s takes %s", cmd.CommandPath(), strings.Join(names, "|"))
	}
	cmd.RunE = func(*cobra.Command, []string) error { return nil } // Args refuses whatever comes here
}

// unknownCommand is the error for a word that is no command of parent's.
func unknownCommand(parent *cobra.Command, word string) error {
	path := parent.CommandPath() + " "
	hint := path + "--help lists the commands"
	if err := typedInRoom(word); err != nil && !parent.HasParent() {
		return err
	}
	if near := parent.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean " + path + strings.Join(near, " or "+path) + "?"
	}
	return fail.Usage(hint, "unknown command %q", strings.TrimPrefix(path, "localchat ")+word)
}

// help is "localchat help COMMAND", also for the commands that are typed in a room.
func help(cmd *cobra.Command, args []string) error {
	about, rest, err := cmd.Root().Find(args)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		about.InitDefaultHelpFlag()
		about.InitDefaultVersionFlag()
		return about.Help()
	}
	inRoom, _ := command.LookUp(command.SplitHelp(strings.TrimPrefix(rest[0], "/"), command.Table()))
	if inRoom == nil || about.HasParent() {
		return unknownCommand(about, rest[0])
	}
	out := cmd.OutOrStdout()
	for _, line := range append([]safe.Text{"/" + safe.Name(inRoom.Name) + " is a command for a room, not for a shell"}, command.HelpLines(inRoom)...) {
		if err := render.Data(out, line); err != nil {
			return err
		}
	}
	return nil
}

// verb makes the RunE of a command: settings first, then the log, then the command itself.
func (a *app) verb(do func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := a.settle(cmd); err != nil {
			return err
		}
		stop, err := a.startLog()
		if err != nil {
			return err
		}
		defer stop()
		return do(cmd, args)
	}
}

// takes makes the Args of a command that wants the arguments named; a name that ends in "..." stands for one or more.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		rest := len(names) > 0 && strings.HasSuffix(names[len(names)-1], "...")
		if len(args) == len(names) || rest && len(args) > len(names) {
			return nil
		}
		what := "no arguments"
		if len(names) > 0 {
			what = strings.Join(names, " ")
		}
		return fail.Usage(cmd.CommandPath()+" --help has examples", "%s takes %s", cmd.CommandPath(), what)
	}
}

func (a *app) createCommand() *cobra.Command {
	var flags createFlags
	cmd := &cobra.Command{
		Use:     "create ROOM",
		Aliases: []string{"host"},
		Short:   "Create a room that you own and enter it",
		Example: "  localchat create lab\n  localchat create lab --open --subject 'today: the build'\n  localchat create lab --invite-only --idle 1d --retain 1h",
		Args:    takes("ROOM"),

		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			change, err := flags.policy(cmd.Flags())
			if err != nil {
				return err
			}
			o := node.CreateOptions{Name: args[0], PolicyChange: change}
			if err := node.CheckCreate(o); err != nil {
				return err
			}
			return a.create(cmd.Context(), o)
		}),
	}
	flags.addTo(cmd.Flags())
	return cmd
}

func (a *app) joinCommand() *cobra.Command {
	wait := command.Span{D: command.KnockWait, Given: true}
	cmd := &cobra.Command{
		Use:     "join ROOM|INVITE|HOST:PORT",
		Short:   "Join a room on this network by its name, by an invite, or by the address of a node in it",
		Example: "  localchat join lab\n  localchat join LOCALCHAT:AG6JUOIPNTAYX4AZ...   # the line from /invite\n  localchat join 192.168.1.20:4001   # shown by /net on a node in the room",
		Args:    takes("ROOM|INVITE|HOST:PORT"),

		ValidArgsFunction: a.completesRooms,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			o := command.JoinOptions(args[0])
			if err := node.CheckTarget(o); err != nil {
				return err
			}
			return a.join(cmd.Context(), o, wait.D)
		}),
	}
	cmd.Flags().Var(&wait, "timeout", "how long to wait for the owner's answer; the search for the room takes a minute at most")
	return cmd
}
