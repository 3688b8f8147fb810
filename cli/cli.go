package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
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

// An app is one run of the program: the environment of its face, its flags, and the function that starts a node.
type app struct {
	command.Env
	env func(string) (string, bool)
	// environ is the whole environment.
	environ func() []string
	args    []string

	opts   options
	given  []string // the flags of the command line
	judged bool     // judgeInterfaces has warned
	guest  string   // the nick if none can be made of the login name; chosen once
	// unattachable says why no other process can attach to the node of this one, or is nil.
	unattachable error

	// start starts a node; tests replace it.
	start func(node.Config) (command.OwnNode, error)
	// check examines the network for doctor; tests replace it.
	check func(context.Context, discovery.CheckConfig) discovery.Checkup
}

// gcPercent is the setting of the garbage collector (GOGC) for a node. With Go's default of 100, a full room takes twice the memory
// that it needs. Under a flood of long lines, this value saves 26 MiB.
const gcPercent = 50

// atRest is what the node of this process calls when it comes to rest, and when its rest ends; nil: nothing. Main sets it, since its
// process has no other node.
var atRest func(rests bool)

// restOnOne makes a process use one processor while it rests, and all that it has otherwise. With more than one, Go's runtime wakes further
// threads at each event, which look for work and find none: a quarter to a half of all context switches of a node at rest. A change of
// the number takes some 20 µs.
func restOnOne(all int) func(rests bool) {
	return func(rests bool) {
		if rests {
			runtime.GOMAXPROCS(1)
		} else {
			runtime.GOMAXPROCS(all)
		}
	}
}

// Main runs the program with the arguments and streams of the process and returns the exit code. After the first interrupt, the
// program leaves its rooms and ends. The second interrupt ends it at once.
func Main() int {
	debug.SetGCPercent(gcPercent)
	atRest = restOnOne(runtime.GOMAXPROCS(0))
	defer stream.ObeyEscapes(os.Stdout)()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	// If the reader of our output ends, as head(1) does, no signal must kill us, because we still have to leave our rooms. The write
	// fails instead.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	_, kept := os.LookupEnv(keptBy)
	go func() {
		<-signals
		if !kept { // with a keeper, we get a hangup twice: from the terminal and from the keeper
			signal.Reset(os.Interrupt, syscall.SIGTERM)
		}
		cancel(fail.ErrInterrupted)
	}()
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv)
}

// Run runs the command in args until it is finished, its input ends or ctx is cancelled, and returns the exit code. env looks up
// environment variables. When Run returns, a goroutine may still be blocked in a Read of stdin, which nothing can interrupt. That does
// no harm, since the process is about to end.
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

// root returns the command line.
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
	root.SuggestionsMinimumDistance = 2 // in slips
	root.SetVersionTemplate("localchat {{.Version}}\n")
	a.opts.addTo(root.PersistentFlags())
	root.AddCommand(a.createCommand(), a.joinCommand(), a.roomsCommand(), a.shareCommand(), a.webCommand(), a.sendCommand(), a.tailCommand(), a.auditCommand(), a.appealCommand(), a.rpcCommand(),
		a.upCommand(), a.downCommand(), a.statusCommand(),
		a.doctorCommand(), a.idCommand(), a.configCommand(), a.versionCommand(), a.manCommand())
	completesFlags(root)
	return root
}

// strict makes an unknown word an error for help, and for commands that only have subcommands. Otherwise cobra would print the help and
// succeed. Call it after SetOut, because it makes the completion commands, which write to the output that is set then.
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
	cmd.RunE = func(*cobra.Command, []string) error { return nil } // never reached: Args returns an error
}

// unknownCommand returns the error for a word that is no command of parent.
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

// help implements "localchat help COMMAND". It also explains the commands that are typed in a room.
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

// verb returns the RunE of a command. It reads the settings, starts the log, and runs do.
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

// takes returns the Args of a command with the named arguments. A name that ends in "..." stands for one or more.
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
