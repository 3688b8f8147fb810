package node

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"localchat/authority"

	"localchat/node/internal/transcript"
)

// A node that was restarted has no lines. It fetches the lines of a peer that was removed meanwhile like all others,
// and so does the owner, for which no authority vouches.
func TestLinesOfRemovedPeerComeBack(t *testing.T) {
	for _, who := range []string{"alice", "carol"} {
		t.Run("to "+who, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				must(s.start("alice").Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				for _, nick := range []string{"bob", "carol"} {
					must(s.start(nick).Join(s.ctx(), JoinOptions{Room: "lab"}))
				}
				until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
				var said []string
				for i := range 100 {
					if i == 50 { // and so in two epochs
						must(s.start("dave").Join(s.ctx(), JoinOptions{Room: "lab"}))
						until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "dave" })
					}
					said = append(said, "line "+strconv.Itoa(i))
					must(s.nodes["bob"].Say(s.ctx(), "lab", said[i], false))
				}
				for _, nick := range []string{"alice", "carol", "dave"} {
					until(s.subs[nick], func(m Message) bool { return m.Text == said[99] })
				}
				must(s.nodes["alice"].Kick(s.ctx(), "lab", "bob", ""))
				for _, nick := range []string{"carol", "dave"} {
					until(s.subs[nick], func(m MemberRemoved) bool { return m.Nick == "bob" })
				}
				s.stop(who)
				n, began := s.start(who), time.Now()
				until(s.subs[who], func(m Message) bool { return m.Text == said[0] })
				// dave came in between, and has neither the first lines nor their key. The members that have them are asked at
				// once.
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("%s has the lines after %v", who, took)
				}
				time.Sleep(time.Second) // simulated
				var has []string
				for _, m := range must(n.History(s.ctx(), "lab")).Messages {
					has = append(has, m.Text)
				}
				if !slices.Equal(has, said) {
					t.Errorf("%s has %q", who, has)
				}
			})
		})
	}
}

// The cost of a removal grows with the number of the removed peer's lines, not with its square: each line is walked
// over once, in whatever order the lines come and however often they are asked for. A line that has been walked over
// counts without being here.
func TestRemovalWalksEachLineOnce(t *testing.T) {
	ends := map[string]func(author string, last transcript.Opened) authority.Event{
		"a kick": func(author string, last transcript.Opened) authority.Event { return kickOf(author, last.Msg) },
		"a ban": func(author string, last transcript.Opened) authority.Event {
			k := kickOf(author, last.Msg)
			return authority.Ban{Peer: k.Peer, Cut: k.Cut}
		},
		"a leave": func(author string, last transcript.Opened) authority.Event {
			k := kickOf(author, last.Msg)
			return authority.Leave{Peer: k.Peer, Cut: k.Cut}
		},
	}
	for end, of := range ends {
		for _, order := range []string{"all are here", "the last comes first", "one after the other, from the last"} {
			t.Run(fmt.Sprint(end, ", ", order), func(t *testing.T) {
				w, r, lines := benchLines(t)
				lines = lines[len(lines)-1000:]
				w.do(of("carol", lines[len(lines)-1]))
				ended, _ := r.current().Removed(personaID("carol"))
				take := func(a transcript.Opened) { r.log.Add(&transcript.Line{Opened: a, Got: lawStart}) }
				asked := func(a transcript.Opened) {
					if !r.onChain(ended, a.Msg.ID) {
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
				r.log.Hide(personaID("carol"), func(*transcript.Line) bool { return false })
				for _, a := range lines {
					asked(a)
				}
			})
		}
	}
}
