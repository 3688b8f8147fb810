package cli

import (
	"errors"
	"log/slog"
	"os"

	"github.com/libp2p/go-libp2p/gologshim"

	"localchat/cli/internal/background"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/discovery"
	"localchat/internal/private"
	"localchat/node"
)

// startNode starts the node that cfg describes, with discovery as the options say. No other place connects node and discovery.
func (a *app) startNode(cfg node.Config) (command.OwnNode, error) {
	cfg.Nick = a.nick()
	cfg.Listen = a.opts.listen
	cfg.Peers = a.opts.peers
	cfg.FromAnywhere = a.opts.anywhere
	cfg.NoResume = cfg.NoResume || a.opts.noResume
	cfg.Remember = a.opts.remember
	cfg.Version = version()
	cfg.Log = a.Log
	cfg.AtRest = atRest
	if !a.opts.noMDNS {
		if err := a.judgeInterfaces(); err != nil {
			return nil, err
		}
		cfg.Discovery = discovery.New(discovery.Config{
			Interfaces: a.opts.interfaces, Log: a.Log,
			// A node without a directory ends soon or must leave nothing behind, so other nodes on this machine get no file to find it by.
			Ephemeral: cfg.DataDir == "",
		})
	}
	n, err := node.New(cfg)
	if err != nil {
		return nil, err
	}
	return command.Live{Node: n}, nil
}

// startLog opens the log of the program: a ring in memory, and the file of --log-file. libp2p and the standard logger are made to write
// to it too, so that no library writes to the terminal.
func (a *app) startLog() (stop func(), err error) {
	level := slog.LevelInfo
	if a.opts.verbose {
		level = slog.LevelDebug
	}
	opts := &slog.HandlerOptions{Level: level}
	handlers := []slog.Handler{slog.NewTextHandler(a.Ring, opts)}
	stop = func() {}
	if path := a.variable(backgroundLog); path != "" {
		log, err := background.OpenLog(path)
		if err != nil {
			return nil, err
		}
		a.Stderr = log // until the process ends, so that the last lines there say how it ended
		handlers = append(handlers, slog.NewTextHandler(log, opts))
	}
	if a.opts.logFile != "" {
		f, err := private.Open(a.opts.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600, private.NobodyElse)
		if unfit := new(private.Error); errors.As(err, &unfit) {
			return nil, fail.Usage(unfit.Mend+", or name another", "the log is not written: %v", unfit)
		}
		if err != nil {
			return nil, fail.Usage("name a file that can be written to", "cannot write the log: %v", err)
		}
		stop = func() { _ = f.Close() }
		handlers = append(handlers, slog.NewTextHandler(f, opts))
	}
	handler := slog.NewMultiHandler(handlers...)
	a.Log = slog.New(handler)
	slog.SetDefault(a.Log)
	gologshim.SetDefaultHandler(handler)
	return stop, nil
}
