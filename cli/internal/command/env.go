package command

import (
	"context"
	"io"
	"log/slog"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// An Env is what a face has of the program that runs it.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Log            *slog.Logger
	Ring           *LogRing
	// Quiet: no words on standard error but errors.
	Quiet bool
	// Colourless: the person wants no colours.
	Colourless bool
	// DataDir is where the identity and the rooms are kept; "": nowhere.
	DataDir string
	// Show are the settings that a console begins with.
	Show Settings
	// Keep writes one of them down for the next time; nil: nothing is kept.
	Keep func(name string, on bool) error
	// Doctor says in lines what stops this machine from finding or reaching others.
	Doctor func(context.Context, Patient) []safe.Text
	// Restore gives the terminal back, while a line editor has it; nil: it has not.
	Restore func()
	// Exit ends the program from a goroutine that cannot return.
	Exit func(code int)
}

// A Patient is the running node that asks, where there is one.
type Patient struct {
	Self  node.PeerID
	Peers []node.PeerInfo
	Nicks map[node.PeerID]safe.Text // of those who are in a room with it
}

// Say writes a line of words to standard error, unless the person wants none.
func (e *Env) Say(line safe.Text) {
	if !e.Quiet {
		_ = render.Line(e.Stderr, line)
	}
}

// Guard is deferred first in every goroutine of a face: a panic there ends the program as one in the main goroutine would.
func (e *Env) Guard() {
	cause := recover()
	if cause != nil && e.Restore != nil {
		e.Restore()
	}
	if fail.Crashed(e.Stderr, cause) {
		e.Exit(fail.ExitInternal)
	}
}

// Greeting says who we are, and what of it stays.
func (e *Env) Greeting(info node.Info) safe.Text {
	kept := "your identity and rooms are kept in " + safe.Phrase(e.DataDir) + ", messages are not"
	if e.DataDir == "" {
		kept = "nothing is kept on disk"
	}
	return render.NoticeMark + "you are " + safe.Name(info.Nick) + "; " + kept
}
