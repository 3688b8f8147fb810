package transcript

import (
	"slices"
	"testing"

	"localchat/protocol"
)

// TestReceiptNamesWhatIsHere: the authority's receipt names the lines that it has, and no line that it lacks.
func TestReceiptNamesWhatIsHere(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob")
	g, env := w.transcript("alice"), w.env()
	lines := w.lines("bob", 3)
	lines[2].Msg.Prev = protocol.Hash{} // its author was started again, and nobody knows what lies before
	for _, c := range []struct {
		o    Opened
		want protocol.Runs
	}{{lines[0], protocol.Runs{1}}, {lines[2], protocol.Runs{3, 3, 1}}, {lines[1], protocol.Runs{3}}} {
		due := false
		for _, e := range g.Hear(env, c.o) {
			if wake, ok := e.(Wake); ok && wake.For == Receipts {
				due = true
			}
		}
		if !due || !slices.Contains(g.Due(env, Receipts), Effect(Receipt{personaID("bob")})) {
			t.Errorf("there is no receipt for line %d", c.o.Msg.Ctr)
		}
		if got := g.Receipt(personaID("bob")); !slices.Equal(got, c.want) {
			t.Errorf("after line %d the receipt is %v, not %v", c.o.Msg.Ctr, got, c.want)
		}
	}
}
