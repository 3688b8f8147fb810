package command

import (
	"context"
	"sync/atomic"
	"time"

	"localchat/node"
)

// A Process is the process that runs the node.
type Process struct {
	// Face is the command that was typed, as in an [Attachment].
	Face    string
	Version string
	Since   time.Time // when the node was started
	// Log is the file that a process in the background writes, or "".
	Log string
	// Attached returns the faces in other processes.
	Attached func() []Attachment
	// Focused counts the faces that a person looks at now.
	Focused atomic.Int32
	// Unnotified returns why the desktop cannot notify the person, who wants it to; nil: it can, or need not.
	Unnotified func(context.Context) error
	// End ends the process in order, as /quit does.
	End func()
}

// Background is the face of a node that runs in the background, where nobody sees it.
const Background = "up"

// An Attachment is a face in another process.
type Attachment struct {
	Face    string    `json:"face"`
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
}

// A Status says what runs on a data directory.
type Status struct {
	PID     int       `json:"pid"`
	Face    string    `json:"face"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	Log     string    `json:"log,omitempty"`
	// NoDesktop is why the desktop does not call the person, or "".
	NoDesktop string       `json:"no_desktop,omitempty"`
	Rooms     []Seat       `json:"rooms"`
	Faces     []Attachment `json:"faces"`
}

// A Seat is a room that the node is in.
type Seat struct {
	ID      node.RoomID `json:"id"`
	Name    string      `json:"name"`
	Nick    string      `json:"nick"`
	Role    node.Role   `json:"role"`
	Members int         `json:"members"`
}

// Others returns the attached faces, without those of the process with this ID.
func (p *Process) Others(pid int) []Attachment {
	var all []Attachment
	for _, f := range p.Attached() {
		if f.PID != pid {
			all = append(all, f)
		}
	}
	return all
}
