package command

import (
	"context"
	"io"
	"log/slog"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/notify"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// An Env is the part of the program that a face uses.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Log            *slog.Logger
	Ring           *LogRing
	// Quiet is set if standard error gets nothing but errors.
	Quiet bool
	// Colourless is set if the user wants no colours.
	Colourless bool
	// DataDir is where the identity and the rooms are kept; "": nowhere.
	DataDir string
	// Show are the settings that a console begins with.
	Show Settings
	// Keep saves the value of a setting for the next start; nil: nothing is saved.
	Keep func(s Setting, value string) error
	// Terminal says how this terminal shows a notification.
	Terminal notify.Terminal
	// Shares are the web pages that are served for rooms. They end before the node.
	Shares Shares
	// Visits counts the commands and programs that stay in a room for a while only.
	Visits Visits
	// Kept returns the settings that the next console begins with; nil: those of Show.
	Kept func() (Settings, error)
	// Doctor says what stops this machine from finding or reaching others.
	Doctor func(context.Context, Patient) Diagnosis
	// Process describes this process, if the node runs in it. It is nil if the node runs in another process.
	Process *Process
	// Restore undoes what a line editor has changed in the terminal. It is nil while no line editor runs.
	Restore func()
	// Exit ends the program from a goroutine that cannot return.
	Exit func(code int)
}

// A Patient is the running node that doctor is asked about, if there is one.
type Patient struct {
	Self  node.PeerID
	Peers []node.PeerInfo
	Nicks map[node.PeerID]safe.Text // of the members of its rooms
}

// Host returns the process that runs n.
func (e *Env) Host(n Node) Host {
	if h, ok := n.(Host); ok {
		return h
	}
	own, _ := n.(OwnNode)
	return Own{e, own}
}

// Say writes a line to standard error, unless Quiet is set.
func (e *Env) Say(line safe.Text) {
	if !e.Quiet {
		_ = render.Line(e.Stderr, line)
	}
}

// Guard must be the first deferred call of every goroutine of a face. A panic there then ends the program in the same way as one
// in the main goroutine.
func (e *Env) Guard() {
	cause := recover()
	if cause != nil && e.Restore != nil {
		e.Restore()
	}
	if fail.Crashed(e.Stderr, cause) {
		e.Exit(fail.ExitInternal)
	}
}

// Greeting says what our nick is, and where our identity is kept.
func (e *Env) Greeting(info node.Info) safe.Text {
	kept := "your identity and rooms are kept in " + safe.Phrase(e.DataDir) + ", messages are not"
	if e.DataDir == "" {
		kept = "nothing is kept on disk"
	}
	return render.NoticeMark + "you are " + safe.Name(info.Nick) + "; " + kept
}
