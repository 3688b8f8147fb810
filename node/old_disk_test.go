package node

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// keepDisk copies nick's data directory. putBack puts the copy in its place. The node must not run.
func (s *street) keepDisk(nick string) {
	s.t.Helper()
	s.copyDir(filepath.Join(s.dir, nick), filepath.Join(s.dir, nick+".kept"))
}

// copyDir copies a data directory, with its modes: a node refuses a store of another mode.
func (s *street) copyDir(from, to string) {
	s.t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		s.t.Fatal(err)
	}
	err := filepath.WalkDir(from, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		return os.Chmod(filepath.Join(to, strings.TrimPrefix(path, from)), info.Mode().Perm())
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *street) putBack(nick string) {
	s.t.Helper()
	dir := filepath.Join(s.dir, nick)
	if err := os.RemoveAll(dir); err != nil {
		s.t.Fatal(err)
	}
	s.copyDir(dir+".kept", dir)
}

// threeInTheLab is alice's room with bob and carol in it.
func (s *street) threeInTheLab() RoomInfo {
	s.t.Helper()
	room := s.lab()
	must(s.start("carol").Join(s.ctx(), JoinOptions{Room: "lab"}))
	until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "carol" })
	return room
}

// restartOnOldDisk gives alice a life in which she makes decisions, and then one on the earlier disk.
func (s *street) restartOnOldDisk(decide func(*Node)) {
	s.t.Helper()
	s.stop("alice")
	s.keepDisk("alice")
	alice := s.start("alice")
	s.allHave("alice")
	decide(alice)
	s.stop("alice")
	s.putBack("alice")
}

// allHave waits until every member of owner's room has the present key.
func (s *street) allHave(owner string) {
	s.t.Helper()
	until(s.subs[owner], func(e Epoch) bool { return len(e.Have) > 1 && len(e.Missing) == 0 })
}

// TestOldDiskUndoesNothing: a backup of the owner's disk undoes nothing: the owner fetches the later decisions from the members before
// it signs anything new.
func TestOldDiskUndoesNothing(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.threeInTheLab()
		subject := "after the backup"
		s.restartOnOldDisk(func(alice *Node) {
			must(alice.Ban(s.ctx(), "lab", "carol", "no", 0))
			must(alice.Policy(s.ctx(), "lab", PolicyChange{Subject: &subject}))
			until(s.subs["bob"], func(p PolicyChanged) bool { return p.Subject == subject })
			until[Removed](s.subs["carol"], nil)
		})
		alice := s.start("alice")
		until(s.subs["alice"], func(w Warning) bool { return w.Code == "old_disk" })
		until(s.subs["alice"], func(j Joined) bool { return j.Resumed })
		if bans := must(alice.Bans(s.ctx(), "lab")); len(bans) != 1 || bans[0].Nick != "carol" {
			t.Errorf("the bans are %+v", bans)
		}
		if p := must(alice.Policy(s.ctx(), "lab", PolicyChange{})); p.Subject != subject {
			t.Errorf("the subject is %q", p.Subject)
		}
		if _, err := s.nodes["carol"].Join(s.ctx(), JoinOptions{Room: "lab"}); codeOf(err) != CodeRefused {
			t.Errorf("carol asks to come in: %v", err)
		}
		must(s.nodes["bob"].Say(s.ctx(), "lab", "all as before", false))
		until(s.subs["alice"], func(m Message) bool { return m.Text == "all as before" })
		time.Sleep(time.Minute) // simulated
		for _, nick := range []string{"alice", "bob"} {
			for _, ev := range s.subs[nick].drain() {
				if w, ok := ev.Body.(Warning); ok && w.Code == "frozen" {
					t.Errorf("%s: %s", nick, w.Text)
				}
			}
		}
		if n := count[Removed](s.subs["carol"]); n != 1 {
			t.Errorf("carol is told %d times", n)
		}
	})
}

// TestOldDiskTellsAndCloses: a kick that was not told before the old disk was put back is told from the log, without its text. A room
// that was closed stays closed.
func TestOldDiskTellsAndCloses(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.threeInTheLab()
		s.restartOnOldDisk(func(alice *Node) {
			s.cut("alice", "carol")
			must(alice.Kick(s.ctx(), "lab", "carol", "too loud"))
			until(s.subs["bob"], func(m MemberRemoved) bool { return m.Nick == "carol" })
		})
		alice := s.start("alice")
		s.heal()
		if r := until[Removed](s.subs["carol"], nil); r.Kind != "kicked" || r.ByNick != "alice" {
			t.Errorf("carol is told %+v", r)
		}
		s.allHave("alice")
		if err := alice.CloseRoom(s.ctx(), "lab", "the end"); err != nil {
			t.Fatal(err)
		}
		if r := until[Removed](s.subs["bob"], nil); r.Kind != "closed" {
			t.Errorf("bob is told %+v", r)
		}
	})
}

// forked is a room of alice, bob, carol and dave, whose owner lives on an old disk, with nobody in reach, and makes a
// decision there. Then they all meet.
func (s *street) forked(meanwhile, onOldDisk func(alice *Node)) {
	s.t.Helper()
	s.threeInTheLab()
	must(s.start("dave").Join(s.ctx(), JoinOptions{Room: "lab"}))
	until(s.subs["bob"], func(m MemberJoined) bool { return m.Nick == "dave" })
	s.restartOnOldDisk(meanwhile)
	s.mu.Lock()
	alive := s.alive
	s.alive = map[string]peer.AddrInfo{}
	s.mu.Unlock()
	alice := s.start("alice")
	s.mu.Lock()
	for nick, ai := range alive {
		s.alive[nick] = ai
	}
	s.mu.Unlock()
	for nick := range alive {
		s.cut("alice", nick)
	}
	until(s.subs["alice"], func(j Joined) bool { return j.Resumed })
	onOldDisk(alice)
	s.heal()
}

// TestOldDiskWithNobodyInReach: with nobody in reach the owner goes on. If that forks the room, every member is told the same and the
// owner is told what to do. From then on nothing is decided or believed.
func TestOldDiskWithNobodyInReach(t *testing.T) {
	subject := "of two logs"
	onAStreet(t, func(s *street) {
		s.forked(func(alice *Node) {
			must(alice.Ban(s.ctx(), "lab", "carol", "no", 0))
			until(s.subs["bob"], func(m MemberRemoved) bool { return m.Nick == "carol" })
			until(s.subs["dave"], func(m MemberRemoved) bool { return m.Nick == "carol" })
		}, func(alice *Node) {
			must(alice.Policy(s.ctx(), "lab", PolicyChange{Subject: &subject}))
		})
		var words string
		for _, nick := range []string{"alice", "bob", "dave"} {
			w := until(s.subs[nick], func(w Warning) bool { return w.Code == "frozen" })
			if words == "" {
				words = w.Text
			}
			if w.Text != words {
				t.Errorf("%s is told %q, alice %q", nick, w.Text, words)
			}
			if _, err := s.nodes[nick].Say(s.ctx(), "lab", "still here?", false); codeOf(err) != CodeUnavailable {
				t.Errorf("%s says a line: %v", nick, err)
			}
		}
		until(s.subs["alice"], func(w Warning) bool { return w.Code == "renew" })
		if _, err := s.nodes["alice"].Kick(s.ctx(), "lab", "dave", ""); err == nil {
			t.Error("the owner decides something in a frozen room")
		}
		time.Sleep(2 * time.Minute) // simulated
		for _, nick := range []string{"alice", "bob", "dave"} {
			frozen := 0
			for _, ev := range s.subs[nick].drain() {
				if w, ok := ev.Body.(Warning); ok && w.Code == "frozen" {
					frozen++
				}
			}
			if frozen != 1 {
				t.Errorf("%s is told %d times that the room is frozen", nick, frozen)
			}
		}
		s.renewed(subject)
	})
}

// renewed creates alice's room anew. The ban that her own log does not know is there, and the others get back in.
func (s *street) renewed(subject string) {
	s.t.Helper()
	alice := s.nodes["alice"]
	made := must(alice.Renew(s.ctx(), "lab"))
	if len(made.Invites) != 0 || !slices.Equal(made.Sent, []string{"bob", "dave"}) {
		s.t.Errorf("renewed: %+v", made)
	}
	if bans := must(alice.Bans(s.ctx(), "lab")); len(bans) != 1 || bans[0].Peer != s.nodes["carol"].self {
		s.t.Errorf("the bans are %+v", bans)
	}
	if p := must(alice.Policy(s.ctx(), "lab", PolicyChange{})); p.Subject != subject || p.Access != "open" {
		s.t.Errorf("the policy is %+v", p)
	}
	for _, nick := range []string{"bob", "dave"} {
		d := until[Direct](s.subs[nick], nil)
		_, invite, _ := strings.Cut(d.Text, "with the invite ")
		if in := must(s.nodes[nick].Join(s.ctx(), JoinOptions{Invite: invite})); in.ID != made.ID || in.Nick != nick {
			s.t.Errorf("%s is in %+v", nick, in)
		}
	}
	must(s.nodes["bob"].Say(s.ctx(), made.ID.String(), "here again", false))
	until(s.subs["alice"], func(m Message) bool { return m.Text == "here again" })
	if _, err := s.nodes["carol"].Join(s.ctx(), JoinOptions{Room: made.ID.String()}); codeOf(err) != CodeRefused {
		s.t.Errorf("carol comes in: %v", err)
	}
	if _, err := alice.Renew(s.ctx(), made.ID.String()); codeOf(err) != CodeInvalid {
		s.t.Errorf("an unforked room is renewed: %v", err)
	}
	s.stop("alice")
	alice = s.start("alice")
	until(s.subs["alice"], func(j Joined) bool { return j.Resumed })
	if rooms := must(alice.Rooms(s.ctx())); len(rooms) != 1 || rooms[0].ID != made.ID {
		s.t.Errorf("after a restart the rooms are %+v", rooms)
	}
}

// TestRemovedPeersProveOldDisk: peers whose place the other log does not know, or ends, still bring the proof to the owner.
func TestRemovedPeersProveOldDisk(t *testing.T) {
	for name, onOldDisk := range map[string]func(*street, *Node){
		"kicked": func(s *street, alice *Node) {
			for _, nick := range []string{"bob", "carol", "dave"} {
				must(alice.Kick(s.ctx(), "lab", nick, "on the old disk"))
			}
		},
		"closed": func(s *street, alice *Node) { must(struct{}{}, alice.CloseRoom(s.ctx(), "lab", "on the old disk")) },
	} {
		t.Run(name, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				subject := "decided and lost"
				s.forked(func(alice *Node) {
					for range 4 {
						subject += "!"
						must(alice.Policy(s.ctx(), "lab", PolicyChange{Subject: &subject}))
					}
					until(s.subs["bob"], func(p PolicyChanged) bool { return p.Subject == subject })
				}, func(alice *Node) { onOldDisk(s, alice) })
				until(s.subs["alice"], func(w Warning) bool { return w.Code == "frozen" })
			})
		})
	}
}

// TestOldDiskOfMember: a member's old disk is put back: its lines are numbered after those of its earlier life, and arrive, whether
// others still keep those lines or know only their numbers.
func TestOldDiskOfMember(t *testing.T) {
	long(t)
	for name, c := range map[string]struct {
		lines int
		pause time.Duration
	}{
		"many lines, kept":    {lines: 3 * ctrBlock},
		"some lines, kept":    {lines: ctrBlock / 2},
		"many lines, expired": {lines: 3 * ctrBlock, pause: 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				s.lab()
				s.stop("bob")
				s.keepDisk("bob")
				bob := s.start("bob")
				until(s.subs["bob"], func(j Joined) bool { return j.Resumed })
				var last string
				for range c.lines {
					last = must(bob.Say(s.ctx(), "lab", "before", false))
					s.subs["bob"].drain()
				}
				time.Sleep(time.Minute) // simulated
				s.subs["alice"].drain()
				s.stop("bob")
				s.putBack("bob")
				time.Sleep(c.pause) // simulated
				bob = s.start("bob")
				until(s.subs["bob"], func(j Joined) bool { return j.Resumed })
				id := must(bob.Say(s.ctx(), "lab", "after", false))
				if id == last {
					t.Fatal("the same line twice")
				}
				until(s.subs["alice"], func(m Message) bool { return m.Text == "after" })
				until(s.subs["bob"], func(d Delivered) bool { return d.ID == id })
			})
		})
	}
}

// TestLineWithUsedNumberIsNotDelivered: a line with a number that an earlier life has used is never reported as delivered: its author
// is told.
func TestLineWithUsedNumberIsNotDelivered(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		s := &siege{simLAN: l}
		alice, bob := l.start("alice"), l.start("bob")
		s.room = must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
		must(bob.Join(l.ctx(), JoinOptions{Room: s.room.String()}))
		until(l.subs["alice"], func(m MemberJoined) bool { return m.Nick == "bob" })
		l.cut("alice", "bob")
		must(bob.Say(l.ctx(), "lab", "whose number is used", false))
		s.peek("bob", func(r *room) {
			ctr := r.talk.Used()
			for _, c := range []protocol.Cut{
				{Ctr: ctr, Hash: protocol.Hash{1}},
				{Ctr: ctr + 7, Hash: protocol.Hash{1}},
				{Ctr: protocol.MaxCounter, Hash: protocol.Hash{1}},
				{Ctr: ctr + 7, Hash: protocol.Hash{1}},
			} {
				r.talk.carry(r.talk.LastKnown(r.talk.world(), r.authority(), c))
			}
			if r.talk.Used() != ctr+7 {
				t.Errorf("the next number follows %d, not %d", r.talk.Used(), ctr+7)
			}
		})
		until(l.subs["bob"], func(w Warning) bool { return w.Code == "not_delivered" })
		if n := count[Delivered](l.subs["bob"]); n != 0 {
			t.Errorf("%d lines are reported as delivered", n)
		}
	})
}
