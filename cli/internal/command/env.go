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
	// Terminal is how the terminal is told to call the user.
	Terminal notify.Terminal
	// Shares are the pages that are shared. They end before the node.
	Shares Shares
	// Visits are the commands that are in a room for a while.
	Visits Visits
	// Kept returns the settings that the next console begins with; nil: those of Show.
	Kept func() (Settings, error)
	// Doctor says what stops this machine from finding or reaching others.
	Doctor func(context.Context, Patient) Diagnosis
	// Process is this one, if the node is in it; nil: it is in another one.
	Process *Process
	// Restore restores the terminal while a line editor uses it; nil: none does.
	Restore func()
	// Exit ends the program from a goroutine that cannot return.
	Exit func(code int)
}

// A Patient is the running node that asks for the examination, if there is one.
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

// Greeting names our nick, and says where our identity is kept.
func (e *Env) Greeting(info node.Info) safe.Text {
	kept := "your identity and rooms are kept in " + safe.Phrase(e.DataDir) + ", messages are not"
	if e.DataDir == "" {
		kept = "nothing is kept on disk"
	}
	return render.NoticeMark + "you are " + safe.Name(info.Nick) + "; " + kept
}
