package render

import (
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// A Holder delays the line about a removal, so that one line says who was removed, by whom and why. A printed line cannot be
// completed later. The line therefore waits for the reason until reasonWait is over or something else has to be printed.
type Holder struct {
	Line  *heldLine // the line that waits; nil if there is none
	until *time.Timer
}

// A heldLine is a line about a removal, and the lines to print after it.
type heldLine struct {
	Room    string
	removal uint64
	text    safe.Text
	After   []safe.Text
}

// Hold delays the line about a removal. The line before it must have been released.
func (h *Holder) Hold(ev node.Event, removal uint64, lines []safe.Text) {
	if len(lines) > 0 {
		h.Line = &heldLine{Room: ev.Room.String(), removal: removal, text: lines[0]}
		h.until = time.NewTimer(reasonWait)
	}
}

// Holds reports whether the line about that removal waits for its reason.
func (h *Holder) Holds(room string, removal uint64) bool {
	return h.Line != nil && h.Line.Room == room && h.Line.removal == removal
}

// Release returns the lines to print now: the line that waits, with its reason, and those after it.
func (h *Holder) Release(reason safe.Text) []safe.Text {
	l := h.Line
	if l == nil {
		return nil
	}
	h.Line = nil
	h.until.Stop()
	return append([]safe.Text{l.text + reason}, l.After...)
}

// Due returns a channel that fires when the wait for the reason is over.
func (h *Holder) Due() <-chan time.Time {
	if h.Line == nil {
		return nil
	}
	return h.until.C
}
