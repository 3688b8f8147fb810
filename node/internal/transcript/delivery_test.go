package transcript

import (
	"slices"
	"testing"

	"localchat/protocol"
)

// The authority has no receipt for lines beyond a gap: what it has only a part of it does not have.
func TestNoReceiptBeyondAGap(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob")
	g, env := w.transcript("alice"), w.env()
	lines := w.lines("bob", 3)
	receipt := func(o Opened) (told bool) {
		due := false
		for _, e := range g.Hear(env, o) {
			if wake, ok := e.(Wake); ok && wake.For == Receipts {
				due = true
			}
		}
		if !due {
			return false
		}
		return slices.Contains(g.Due(env, Receipts), Effect(Receipt{personaID("bob")}))
	}
	if !receipt(lines[0]) {
		t.Error("there is no receipt for the first line")
	}
	far := lines[2]
	far.Msg.Prev = protocol.Hash{} // its author was started again, and nobody knows what lies before
	if receipt(far) {
		t.Error("there is a receipt beyond a gap")
	}
	if !receipt(lines[1]) {
		t.Error("there is no receipt for a line that follows")
	}
}
