package transcript

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// An Effect is something for the driver to do. Effects are carried out in order; what an effect makes happen here comes
// after those that are under way. The set is closed.
type Effect interface{ effect() }

// A Task is what a [Wake] is for.
type Task uint8

const (
	// Compare: to compare heads with a member.
	Compare Task = iota
	// Release: to show lines that have waited long enough for the one before them.
	Release
	// Tell: to go on telling subscribers whose queues were full.
	Tell
	// Receipts: to tell authors that their lines have come.
	Receipts
)

type (
	// Wake: call [Transcript.Due] for For, after In.
	Wake struct {
		In  time.Duration
		For Task
	}
	// Ask: compare heads with Peer. The driver adds the part of the request about the room's log, and gives the answer to
	// [Transcript.Handed], a piece at a time, and to [Transcript.Compared] or, where there is none, to [Transcript.Failed].
	Ask struct {
		Peer    peer.ID
		Request protocol.SyncRequest
		// Doubted are authors whose lines the authority is asked for, and from which number on.
		Doubted map[peer.ID]uint64
	}
	// Show: tell the readers of a line. Next is the line below it that they have been told of, or nil.
	Show struct{ Line, Next *Line }
	// ShowBacklog: the next N lines are backlog and stand together above Next, or last where that is nil.
	ShowBacklog struct {
		N    int
		Next *Line
	}
	// BacklogShown: those lines have been shown.
	BacklogShown struct{}
	// Expired: these lines are here no more, and numbers of their authors are refused that were not; see [Transcript.Floors].
	Expired struct{ IDs []string }
	// Shed: Lines were forgotten before their time, because there are too many. Tell: the room has not heard so for long.
	Shed struct {
		Lines []*Line
		Tell  bool
	}
	// Hidden: these lines of Peer do not count any more.
	Hidden struct {
		Peer peer.ID
		IDs  []string
	}
	// RemovalReason: the authority says why it has removed somebody.
	RemovalReason struct {
		Removal uint64
		Text    string
	}
	// Delivered: another node has this line of this node's.
	Delivered struct{ Line *Line }
	// Undelivered: no other node is known to have this line of this node's, or, with Line.Taken, none ever will: its number was
	// used before this node's disk was put back.
	Undelivered struct {
		Line  *Line
		Taken bool
	}
	// Receipt: Peer is to be told which of its lines have come; see [Transcript.Receipt].
	Receipt struct{ Peer peer.ID }
)

func (Wake) effect()          {}
func (Ask) effect()           {}
func (Show) effect()          {}
func (ShowBacklog) effect()   {}
func (BacklogShown) effect()  {}
func (Expired) effect()       {}
func (Shed) effect()          {}
func (Hidden) effect()        {}
func (RemovalReason) effect() {}
func (Delivered) effect()     {}
func (Undelivered) effect()   {}
func (Receipt) effect()       {}
