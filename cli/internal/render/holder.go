package render

import (
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// A Holder holds the line about a removal back. What is printed cannot be completed, so the line waits for the reason, no
// longer than reasonWait and not while anything else is printed: who, by whom and why are one line.
type Holder struct {
	Line  *heldLine // nil: none
	until *time.Timer
}

// A heldLine is a line about a removal, and what is to be printed after it.
type heldLine struct {
	Room    string
	removal uint64
	text    safe.Text
	After   []safe.Text
}

// Hold keeps the line about a removal back, once release has printed the one before.
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

// Release are the lines that are to be printed now: the one that waits, with its reason, and those after it.
func (h *Holder) Release(reason safe.Text) []safe.Text {
	l := h.Line
	if l == nil {
		return nil
	}
	h.Line = nil
	h.until.Stop()
	return append([]safe.Text{l.text + reason}, l.After...)
}

// Due runs when no reason is waited for any longer.
func (h *Holder) Due() <-chan time.Time {
	if h.Line == nil {
		return nil
	}
	return h.until.C
}
