package node

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"time"

	"localchat/authority"
	"localchat/protocol"
)

// offered waits until nick was offered the room.
func (s *street) offered(nick string) TransferOffered {
	s.t.Helper()
	return until(s.subs[nick], func(o TransferOffered) bool { return !o.Until.IsZero() })
}

// gives lets one node give the lab to another, and waits until all that run know.
func (s *street) gives(from, to string) {
	s.t.Helper()
	must(s.nodes[from].Transfer(s.ctx(), "lab", to))
	s.offered(to)
	must(s.nodes[to].Take(s.ctx(), "lab"))
	s.ownedBy(to)
}

func (s *street) ownedBy(owner string) {
	s.t.Helper()
	for nick := range s.nodes {
		until(s.subs[nick], func(o OwnerChanged) bool { return o.Nick == owner && o.Self == (nick == owner) })
	}
}

// toldOnce waits until nick is told that it was removed, and then a while to see that it is not told again.
func (s *street) toldOnce(nick, why, by string) {
	s.t.Helper()
	if r := until[Removed](s.subs[nick], nil); r.Text != why || r.ByNick != by {
		s.t.Errorf("%s is told %+v", nick, r)
	}
	time.Sleep(time.Minute) // simulated
	if n, m := count[Removed](s.subs[nick]), count[Refused](s.subs[nick]); n != 1 || m != 0 {
		s.t.Errorf("%s is told %d times, refused %d times: %s", nick, n, m, s.subs[nick].story())
	}
}

// TestTransfer: the member that is offered a room, and says so, is its owner at every node, with the owner's powers, and the owner before
// is a member. It stays so over the next lives of both.
func TestTransfer(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.threeInTheLab()
		alice, bob, carol := s.nodes["alice"], s.nodes["bob"], s.nodes["carol"]
		if _, err := bob.Take(s.ctx(), "lab"); codeOf(err) != CodeNotFound {
			t.Errorf("bob takes what is not offered: %v", err)
		}
		if _, err := bob.Transfer(s.ctx(), "lab", "carol"); codeOf(err) != CodeNotOwner {
			t.Errorf("bob gives away what is not its own: %v", err)
		}
		if _, err := alice.Transfer(s.ctx(), "lab", "alice"); codeOf(err) != CodeInvalid {
			t.Errorf("alice gives the room to herself: %v", err)
		}
		if _, err := alice.StopTransfer(s.ctx(), "lab"); codeOf(err) != CodeNotFound {
			t.Errorf("alice takes back what she has not offered: %v", err)
		}
		info := must(alice.Transfer(s.ctx(), "lab", "bob"))
		if o := s.offered("bob"); o.By != alice.self || o.Nick != "alice" || o.Until.Sub(info.Until).Abs() > time.Second {
			t.Errorf("bob is told %+v, alice %+v", o, info)
		}
		must(alice.StopTransfer(s.ctx(), "lab"))
		until(s.subs["bob"], func(o TransferOffered) bool { return o.Until.IsZero() })
		if _, err := bob.Take(s.ctx(), "lab"); codeOf(err) != CodeNotFound {
			t.Errorf("bob takes what was taken back: %v", err)
		}
		must(alice.Transfer(s.ctx(), "lab", "bob"))
		s.offered("bob")
		if _, err := carol.Take(s.ctx(), "lab"); codeOf(err) != CodeNotFound {
			t.Errorf("carol takes what bob is offered: %v", err)
		}
		must(bob.Take(s.ctx(), "lab"))
		s.ownedBy("bob")

		if _, err := alice.Kick(s.ctx(), "lab", "carol", "no"); codeOf(err) != CodeNotOwner {
			t.Errorf("alice kicks as before: %v", err)
		}
		must(bob.Policy(s.ctx(), "lab", PolicyChange{Subject: new("bob's")}))
		for _, nick := range []string{"alice", "carol"} {
			until(s.subs[nick], func(p PolicyChanged) bool { return p.Subject == "bob's" })
			must(s.nodes[nick].Say(s.ctx(), "lab", "hello from "+nick, false))
			until(s.subs["bob"], func(m Message) bool { return m.Text == "hello from "+nick })
		}
		must(bob.Kick(s.ctx(), "lab", "carol", "too loud"))
		s.toldOnce("carol", "too loud", "bob")

		for _, nick := range []string{"alice", "bob"} {
			s.stop(nick)
		}
		for _, nick := range []string{"alice", "bob"} {
			s.start(nick)
		}
		for _, nick := range []string{"alice", "bob"} {
			if j := until[Joined](s.subs[nick], nil); j.Owner != (nick == "bob") {
				t.Errorf("the next life of %s enters as %+v", nick, j)
			}
		}
		must(s.nodes["bob"].Kick(s.ctx(), "lab", "alice", "thanks"))
		s.toldOnce("alice", "thanks", "bob")
	})
}

// TestAnOfferEnds: an offer that nobody has taken is over after ten minutes, at both nodes.
func TestAnOfferEnds(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.lab()
		must(s.nodes["alice"].Transfer(s.ctx(), "lab", "bob"))
		s.offered("bob")
		time.Sleep(protocol.OfferLife + time.Minute) // simulated
		until(s.subs["bob"], func(o TransferOffered) bool { return o.Until.IsZero() })
		if _, err := s.nodes["bob"].Take(s.ctx(), "lab"); codeOf(err) != CodeNotFound {
			t.Errorf("bob takes it: %v", err)
		}
	})
}

// TestATransferIsFound: a member that was away, and a peer that was removed before and not told, ask the owner that they know. It sends
// them on to the new one: the member is in again, and the other is told once, by the new owner, what the one before has decided.
func TestATransferIsFound(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.threeInTheLab()
		must(s.start("dave").Join(s.ctx(), JoinOptions{Room: "lab"}))
		until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "dave" })
		s.stop("carol")
		s.cut("dave", "alice")
		s.cut("dave", "bob")
		must(s.nodes["alice"].Kick(s.ctx(), "lab", "dave", "too loud"))
		must(s.nodes["alice"].Transfer(s.ctx(), "lab", "bob"))
		s.offered("bob")
		must(s.nodes["bob"].Take(s.ctx(), "lab"))
		until(s.subs["alice"], func(o OwnerChanged) bool { return o.Nick == "bob" })
		s.heal()
		s.toldOnce("dave", "too loud", "alice")
		carol := s.start("carol")
		until[Joined](s.subs["carol"], nil)
		must(s.nodes["bob"].Policy(s.ctx(), "lab", PolicyChange{Subject: new("bob's")}))
		until(s.subs["carol"], func(p PolicyChanged) bool { return p.Subject == "bob's" })
		must(carol.Say(s.ctx(), "lab", "back", false))
		until(s.subs["bob"], func(m Message) bool { return m.Text == "back" })

		// The owner before remembers where the room went, also when it is no member any more.
		s.stop("carol")
		if err := s.nodes["alice"].Leave(s.ctx(), "lab"); err != nil {
			t.Fatal(err)
		}
		s.stop("alice")
		s.start("alice")
		reply := must(ask(s.ctx(), s.nodes["alice"], movedTo{s.nodes["bob"], carol}))
		if reply.Moved == nil || len(reply.Moved.Transfers) != 1 {
			t.Errorf("a member that comes to alice is answered %+v", reply)
		}
	})
}

// movedTo asks a node for a room of bob's as a member would that was away since it owned the room.
type movedTo struct{ bob, member *Node }

func (q movedTo) run(l *loop) (protocol.PollReply, error) {
	reply := make(chan protocol.PollReply, 1)
	for id := range l.moved {
		pollAsked{q.member.self, heldPoll{req: protocol.PollRequest{Room: id, Nonce: protocol.Nonce{1}, Admission: 3}, reply: reply}}.handle(l)
	}
	return <-reply, nil
}

// accepted lets nick do all of a Take but the last step: its books are on disk, and the owner has its acceptance. The answer is lost.
func (s *street) accepted(nick string) protocol.TakeCode {
	s.t.Helper()
	n := s.nodes[nick]
	target := must(ask(s.ctx(), n, taking{"lab"}))
	books, got, err := n.fetchBooks(s.ctx(), target)
	if err != nil {
		s.t.Fatal(err)
	}
	candidate := must(authority.NewCandidate(target.records, books.books, got))
	signed := must(ask(s.ctx(), n, accepting{target, candidate, books}))
	return must(n.take(s.ctx(), target, protocol.TakeRequest{Accepted: signed})).Code
}

// TestATransferOutlivesBoth: the answer to the acceptance is lost, and both nodes end before anybody has heard of the record. Whichever
// comes back first, and with only a member to ask, there is one owner in the end, and what was not told is told once.
func TestATransferOutlivesBoth(t *testing.T) {
	for name, back := range map[string][]string{"the owner before comes first": {"alice", "bob"}, "the next owner comes first": {"bob", "alice"}} {
		t.Run(name, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				s.threeInTheLab()
				s.stop("carol")
				must(s.nodes["alice"].Kick(s.ctx(), "lab", "carol", "too loud"))
				until(s.subs["bob"], func(m MemberRemoved) bool { return m.Nick == "carol" })
				must(s.nodes["alice"].Transfer(s.ctx(), "lab", "bob"))
				s.offered("bob")
				must(ask(context.Background(), s.nodes["bob"], deaf{}))
				if code := s.accepted("bob"); code != protocol.TakeDone {
					t.Fatalf("the owner answers %d", code)
				}
				s.stop("bob")
				s.stop("alice")
				for _, nick := range back {
					s.start(nick)
					time.Sleep(time.Minute) // simulated
				}
				if j := until[Joined](s.subs["alice"], nil); j.Owner {
					t.Errorf("alice enters as %+v", j)
				}
				s.start("carol")
				s.toldOnce("carol", "too loud", "alice")
				must(s.nodes["bob"].Policy(s.ctx(), "lab", PolicyChange{Subject: new("bob's")}))
				until(s.subs["alice"], func(p PolicyChanged) bool { return p.Subject == "bob's" })
			})
		})
	}
}

// deaf has the node take no record from others any more.
type deaf struct{}

func (deaf) run(l *loop) (none, error) {
	for _, r := range l.rooms {
		r.cancel() // its poll, and what it fetches
		r.gossip.Leave()
	}
	return none{}, nil
}

// TestOldDiskOfAnOwnerBefore: an owner that has given the room away comes back on a disk from before. It learns from the members that it
// is a member, signs nothing, and tells no reason that it has handed over.
func TestOldDiskOfAnOwnerBefore(t *testing.T) {
	for _, kicked := range []bool{false, true} {
		onAStreet(t, func(s *street) {
			s.threeInTheLab()
			s.stop("carol")
			must(s.nodes["alice"].Kick(s.ctx(), "lab", "carol", "too loud"))
			until(s.subs["bob"], func(m MemberRemoved) bool { return m.Nick == "carol" })
			s.stop("alice")
			s.keepDisk("alice")
			s.start("alice")
			s.allHave("alice")
			s.gives("alice", "bob")
			if kicked {
				must(s.nodes["bob"].Kick(s.ctx(), "lab", "alice", "thanks"))
				until[Removed](s.subs["alice"], nil)
			}
			s.stop("alice")
			s.putBack("alice")
			s.start("alice")
			until(s.subs["alice"], func(w Warning) bool { return w.Code == "old_disk" })
			if kicked {
				time.Sleep(time.Minute) // simulated
				if n := count[Refused](s.subs["alice"]); n != 1 {
					t.Errorf("alice, which was told, sees %s", s.subs["alice"].story())
				}
			} else if j := until[Joined](s.subs["alice"], nil); j.Owner {
				t.Errorf("alice enters as %+v", j)
			}
			s.start("carol")
			s.toldOnce("carol", "too loud", "alice")
			must(s.nodes["bob"].Policy(s.ctx(), "lab", PolicyChange{Subject: new("bob's")}))
			for _, nick := range []string{"alice", "bob"} {
				for _, ev := range s.subs[nick].drain() {
					if w, ok := ev.Body.(Warning); ok && w.Code == "frozen" {
						t.Errorf("%s: %s", nick, w.Text)
					}
				}
			}
		})
	}
}

// TestBooksComeInParts: the parts of books that are longer than one answer are all of them, in order.
func TestBooksComeInParts(t *testing.T) {
	h := handedBooks{books: slices.Concat(bytes.Repeat([]byte{1}, protocol.MaxBooksPart), bytes.Repeat([]byte{2}, protocol.MaxBooksPart), []byte{3})}
	var got []byte
	for n := 0; len(got) < len(h.books); n++ {
		part := h.part(uint64(len(got)))
		if part.Size != uint64(len(h.books)) || n > 2 {
			t.Fatalf("part %d of %d bytes", n, part.Size)
		}
		got = append(got, part.Part...)
	}
	if !bytes.Equal(got, h.books) {
		t.Error("the parts are not the books")
	}
}
