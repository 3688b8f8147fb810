package transcript

import (
	"fmt"
	"slices"
	"testing"

	"localchat/authority"
)

// TestRemovalWalksEachLineOnce: the cost of a removal grows with the number of the removed member's lines, and not with its square:
// each line is walked over once, in whatever order they come and however often they are asked for. A line that has been walked over
// counts without being here.
func TestRemovalWalksEachLineOnce(t *testing.T) {
	ends := map[string]func(author string, last Opened) authority.Event{
		"a kick": func(author string, last Opened) authority.Event { return kickOf(author, last.Msg) },
		"a ban": func(author string, last Opened) authority.Event {
			k := kickOf(author, last.Msg)
			return authority.Ban{Peer: k.Peer, Cut: k.Cut}
		},
		"a leave": func(author string, last Opened) authority.Event {
			k := kickOf(author, last.Msg)
			return authority.Leave{Peer: k.Peer, Cut: k.Cut}
		},
	}
	for end, of := range ends {
		for _, order := range []string{"all are here", "the last comes first", "one after the other, from the last"} {
			t.Run(fmt.Sprint(end, ", ", order), func(t *testing.T) {
				w := newLawRoom(t, "lab")
				w.Admit("carol")
				g, lines := w.transcript("alice"), w.lines("carol", 1000)
				w.Do(of("carol", lines[len(lines)-1]))
				ended, _ := w.State().Removed(personaID("carol"))
				take := func(a Opened) { g.add(&Line{Opened: a, Got: lawStart}) }
				asked := func(a Opened) {
					if !g.onChain(ended, a.Msg.ID) {
						t.Fatalf("line %d does not count", a.Msg.Ctr)
					}
				}
				switch order {
				case "all are here":
					for _, a := range lines {
						take(a)
					}
					asked(lines[0])
				case "the last comes first":
					for _, a := range slices.Backward(lines) {
						take(a)
					}
					asked(lines[len(lines)/2])
					asked(lines[0])
				default:
					for _, a := range slices.Backward(lines) {
						asked(a)
						take(a)
						asked(a)
					}
				}
				g.hide(personaID("carol"), func(*Line) bool { return false })
				for _, a := range lines {
					asked(a)
				}
			})
		}
	}
}
