package node

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// roundTable is a room with that many members, alice its owner and bob the first of the others.
func roundTable(l *simLAN, others int) (names []string) {
	must(l.start("alice").Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	names = []string{"bob"}
	for i := range others - 1 {
		names = append(names, "carol"+strconv.Itoa(i+1))
	}
	for _, name := range names {
		must(l.start(name).Join(l.ctx(), JoinOptions{Room: "lab"}))
	}
	for _, name := range names[:len(names)-1] {
		until(l.subs[name], func(m MemberJoined) bool { return m.Nick == names[len(names)-1] })
	}
	return append(names, "alice")
}

// catchUp is within how long of being together again all have what one of them has said meanwhile: the connections, and
// two seconds or three at each who passes it on. One comparison in SyncEvery with a random member would take minutes.
const catchUp = 7 * time.Second

// connects bounds the time until members that were apart are connected again.
const connects = dialBackoffMax + dialBackoffMax/2 + lan.DialTimeout

// TestReturningMemberIsAskedAtOnce: a line that a member said while it was away reaches all as soon as the member is back, whichever
// members compare.
func TestReturningMemberIsAskedAtOnce(t *testing.T) {
	simulate(t, 9, func(l *simLAN) {
		names := roundTable(l, 8)
		for _, name := range names[1:] {
			l.cut("bob", name)
		}
		time.Sleep(10 * time.Second) // simulated
		must(l.nodes["bob"].Say(l.ctx(), "lab", "while I was away", false))
		time.Sleep(10 * time.Second) // simulated
		l.heal()
		l.allHear(names[1:], "while I was away")
	})
}

// TestFetchedLineGoesOn: a line that one member alone can fetch, since it alone reaches the author, goes on to all.
func TestFetchedLineGoesOn(t *testing.T) {
	long(t)
	for _, by := range []string{"alice", "carol1"} {
		t.Run("by "+by, func(t *testing.T) {
			simulate(t, 9, func(l *simLAN) {
				names := roundTable(l, 8)
				apart := func() {
					for _, name := range names[1:] {
						if name != by {
							l.cut("bob", name)
						}
					}
				}
				apart()
				l.cut("bob", by)
				time.Sleep(10 * time.Second) // simulated
				must(l.nodes["bob"].Say(l.ctx(), "lab", "while I was away", false))
				time.Sleep(10 * time.Second) // simulated
				l.heal()
				apart()
				l.allHear(names[1:], "while I was away")
			})
		})
	}
}

// TestLinesComeInSeveralAnswers: lines that do not fit into one answer come in several, also when the first line of a chain that is
// here is not the first that its author said.
func TestLinesComeInSeveralAnswers(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice := l.start("alice")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(alice.Say(l.ctx(), "lab", "before bob came", false))
		must(l.start("bob").Join(l.ctx(), JoinOptions{Room: "lab"}))
		l.cut("alice", "bob")
		time.Sleep(10 * time.Second) // simulated
		const lines = 2 * protocol.MaxBatch / protocol.MaxText
		for i := range lines {
			text := strconv.Itoa(i) + " "
			must(alice.Say(l.ctx(), "lab", text+strings.Repeat("x", protocol.MaxText-len(text)), false))
		}
		l.heal()
		for i := range lines {
			until(l.subs["bob"], func(m Message) bool { return strings.HasPrefix(m.Text, strconv.Itoa(i)+" ") })
		}
	})
}

// allHear waits until all have a line, and fails if the last has it later than it should after the first.
func (l *simLAN) allHear(names []string, text string) {
	l.t.Helper()
	healed := time.Now()
	var heard []time.Duration
	for _, name := range names {
		w := l.subs[name]
		until(w, func(m Message) bool { return m.Text == text })
		heard = append(heard, w.seen[len(w.seen)-1].Time.Sub(healed))
	}
	slices.Sort(heard)
	if heard[0] > connects || heard[len(heard)-1]-heard[0] > catchUp {
		l.t.Errorf("%q is heard after %v", text, heard)
	}
}
