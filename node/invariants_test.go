package node

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"

	"localchat/authority"
	"localchat/protocol"
)

// Tests of the invariants that test/mutants/README.md lists, by their numbers there, as far as the other tests of this
// package leave them open.

// TestMemberGetsOnlyItsEpochs: invariant 6: a peer that joins, or joins again, is given keys and lines of the epochs in which it is a
// member, whichever member it asks.
func TestMemberGetsOnlyItsEpochs(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		s := &siege{simLAN: l}
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		s.room = lab.ID
		must(bob.Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
		s.says("bob", "before mallory")
		s.shows("alice", "before mallory")
		m := l.infiltrate(2, lab)
		s.mallory = m
		m.Join("mallory", protocol.Token{})
		s.remove()
		s.says("bob", "while mallory is out")
		s.shows("alice", "while mallory is out")
		time.Sleep(authority.ReturnAfter) // simulated
		m.Join("mallory", protocol.Token{})
		// Before bob knows of the admission, he would say the line in an epoch that is not mallory's.
		deadline := time.Now().Add(patience)
		for back := false; !back; time.Sleep(10 * time.Millisecond) { // simulated
			s.peek("bob", func(r *room) { _, back = r.state().Member(m.Host.ID()) })
			if !back && time.Now().After(deadline) {
				t.Fatal("bob never hears that mallory is back")
			}
		}
		s.says("bob", "mallory is back")
		s.shows("alice", "mallory is back")

		own := func(epoch uint64) bool { return m.State.MemberAt(m.Host.ID(), epoch) }
		for e := range m.Keys {
			if !own(e) {
				t.Error("with its admission mallory is given the key of epoch", e)
			}
		}
		for name, n := range s.nodes {
			q := protocol.SyncRequest{Room: lab.ID}
			for e := uint64(1); e <= m.State.Epoch(); e++ {
				q.Keys = append(q.Keys, e)
			}
			var reply protocol.SyncReply
			if err := m.Ask(n.self, protocol.SyncID, &q, &reply); err != nil || len(reply.Lines) == 0 || len(reply.Keys) == 0 {
				t.Errorf("%s hands over %d lines and %d keys, %v", name, len(reply.Lines), len(reply.Keys), err)
			}
			for _, k := range reply.Keys {
				if !own(k.Epoch) {
					t.Errorf("%s hands over the key of epoch %d", name, k.Epoch)
				}
			}
			for _, raw := range reply.Lines {
				if e := must(protocol.OpenMessage(lab.ID, raw)).Epoch; !own(e) {
					t.Errorf("%s hands over a line of epoch %d", name, e)
				}
			}
		}
	})
}

// TestOnlyMembersMayAskForInvites: invariant 7: a removed peer's wishes for invites are refused, also in a room where every member may
// invite.
func TestOnlyMembersMayAskForInvites(t *testing.T) {
	s := assail(t)
	bob := s.host("bob")
	yes := true
	must(s.alice.Policy(s.ctx, "lab", PolicyChange{MembersInvite: &yes}))
	s.join(bob, "bob")
	wish := func() (reply protocol.AskReply) {
		s.ask(bob, protocol.AskID, &protocol.AskRequest{Room: s.room, Invite: &protocol.AskInvite{Expires: time.Hour}}, &reply)
		return reply
	}
	if !wish().OK {
		t.Fatal("a member cannot invite")
	}
	must(s.alice.Kick(s.ctx, "lab", "bob", ""))
	if reply := wish(); reply.OK || reply.Text != "" {
		t.Errorf("a removed peer is given %q", reply.Text)
	}
	if open := must(s.alice.Invites(s.ctx, "lab")); len(open) != 0 {
		t.Errorf("%d invites are open", len(open))
	}
}

// TestNicksAreBounded: a member with a program of its own making asks for nicks without a pause, and for those of others. One in a
// minute is a record, and a stranger gets no answer that a member would get.
func TestNicksAreBounded(t *testing.T) {
	s := assail(t)
	bob, eve := s.host("bob"), s.host("eve")
	s.join(bob, "bob")
	wish := func(h host.Host, nick string) (reply protocol.AskReply) {
		s.ask(h, protocol.AskID, &protocol.AskRequest{Room: s.room, Nick: nick}, &reply)
		return reply
	}
	if got := wish(bob, "ALICE"); !reflect.DeepEqual(got, protocol.AskReply{Code: protocol.JoinNickTaken, Text: "ALICE2"}) {
		t.Errorf("for the nick of another: %+v", got)
	}
	if got := wish(bob, "system"); !reflect.DeepEqual(got, protocol.AskReply{Code: protocol.JoinNickBad}) {
		t.Errorf("for a reserved nick: %+v", got)
	}
	if got := wish(bob, "trusty"); !got.OK {
		t.Fatalf("for a free nick: %+v", got)
	}
	var records int
	s.inLoop(s.alice, func(l *loop) { records = len(l.rooms[s.room].records) })
	for i := range 20 {
		if got := wish(bob, fmt.Sprint("trusty", i)); got.OK || got.Code != protocol.JoinTooSoon || got.Wait <= 0 || got.Wait > time.Minute {
			t.Errorf("again: %+v", got)
		}
	}
	if got := wish(eve, "alice"); !reflect.DeepEqual(got, protocol.AskReply{}) {
		t.Errorf("a stranger is answered %+v", got)
	}
	must(s.alice.Kick(s.ctx, "lab", "trusty", ""))
	if got := wish(bob, "trusty2"); !reflect.DeepEqual(got, protocol.AskReply{}) {
		t.Errorf("a removed peer is answered %+v", got)
	}
	s.inLoop(s.alice, func(l *loop) {
		if n := len(l.rooms[s.room].records); n != records+1 {
			t.Errorf("%d records more, of one kick", n-records)
		}
	})
}

// TestOnlyAuthorityGivesReasons: invariant 7: only the authority tells the room why a member was removed. Another member's claim about
// it is shown to nobody.
func TestOnlyAuthorityGivesReasons(t *testing.T) {
	s := assail(t)
	bob, carol := s.host("bob"), s.host("carol")
	s.join(carol, "carol")
	removal := must(s.alice.Kick(s.ctx, "lab", "carol", ""))
	in := s.join(bob, "bob")
	lines, _ := s.outlaw(bob)
	w := watch(t, "alice", s.alice)
	defer w.sub.Close()
	key := in.Keys[len(in.Keys)-1]
	for i, c := range []protocol.Content{
		{Kind: protocol.ReasonNote, Text: "alice is a tyrant", At: lawStart, Removal: removal.Seq},
		{Kind: protocol.Say, Text: "done", At: lawStart},
	} {
		h := protocol.Header{Room: s.room, Epoch: key.Epoch, Ctr: uint64(i + 1), Lamport: uint64(i + 1)}
		line := must(protocol.SealMessage(h, c, key.Key, personaID("bob"), persona("bob"), random))
		if err := lines.Publish(s.ctx, line.Raw()); err != nil {
			t.Fatal(err)
		}
	}
	until(w, func(m Message) bool { return m.Text == "done" })
	for _, ev := range w.seen {
		if r, ok := ev.Body.(RemovalReason); ok {
			t.Errorf("the room is told %q", r.Text)
		}
	}
}

// TestLineOfComingEpochCounts: invariant 8: a line that comes before its epoch counts as soon as the epoch is here, with nobody to
// fetch it from.
func TestLineOfComingEpochCounts(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		s := &siege{simLAN: l}
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		s.room = lab.ID
		must(bob.Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
		key := protocol.EpochKey{Key: protocol.Key{7}}
		s.peek("bob", func(r *room) {
			st := r.state()
			key.Epoch = st.Epoch() + 1
			h := protocol.Header{Room: s.room, Epoch: key.Epoch, Ctr: 1, Lamport: 1}
			c := protocol.Content{Kind: protocol.Say, Text: "early", At: time.Now()}
			keepEarly(r, must(protocol.SealMessage(h, c, key.Key, alice.self, alice.signer, random)))
			r.takeRecord(must(protocol.SignRecord(protocol.Record{
				Room: s.room, Seq: st.Seq() + 1, Prev: st.Head(), Term: 1, Epoch: key.Epoch, At: time.Now(),
				Author: alice.self, Body: protocol.Rekey{}, KeyHash: protocol.CommitKey(s.room, key.Epoch, key.Key),
			}, alice.signer)))
			if r.talk.Early() != 1 {
				t.Error("it was dropped while its key was missing")
			}
			r.keys.take(personaID("carol"), []protocol.EpochKey{key})
		})
		s.shows("bob", "early")
	})
}

// TestKeysAreKeptAsLongAsLines: invariant 9: the key of an earlier epoch is kept as long as the lines that it opens, and no longer.
func TestKeysAreKeptAsLongAsLines(t *testing.T) {
	const retain = time.Minute
	simulate(t, 3, func(l *simLAN) {
		s := &siege{simLAN: l}
		short := openRoom()
		seconds := int64(retain / time.Second)
		short.RetainS = &seconds
		alice, bob := l.start("alice"), l.start("bob")
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: short}))
		s.room = lab.ID
		must(bob.Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
		s.mallory = l.infiltrate(2, lab)
		s.mallory.Join("mallory", protocol.Token{})
		s.remove()
		removed := time.Now()
		opens := func(node string) (ok bool) {
			s.peek(node, func(r *room) { ok = slices.Contains(r.keys.Epochs(), s.removal.Epoch-1) })
			return ok
		}
		for _, c := range []struct {
			after time.Duration
			want  bool
		}{{retain - 2*time.Second, true}, {retain + 2*time.Second, false}} {
			time.Sleep(time.Until(removed.Add(c.after))) // simulated
			for n := range s.nodes {
				if opens(n) != c.want {
					t.Errorf("after %v the key of the epoch before the removal is at %s: %v", c.after, n, !c.want)
				}
			}
		}
	})
}

// TestOneInviteAdmitsOne: invariant 18: of all peers that show one invite at the same moment, one is admitted.
func TestOneInviteAdmitsOne(t *testing.T) {
	const strangers = 12
	simulate(t, 1+strangers, func(l *simLAN) {
		alice := l.start("alice")
		byInvite := AccessInvite
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &byInvite}}))
		token := must(protocol.ParseInvite(must(alice.Invite(l.ctx(), "lab", "", 0)).Text)).Token
		var codes [strangers]protocol.JoinCode
		var all sync.WaitGroup
		for i := range strangers {
			m := l.infiltrate(1+i, lab)
			all.Go(func() {
				var reply protocol.JoinReply
				q := protocol.JoinRequest{Room: lab.ID, Nick: string(rune('a'+i)) + "nna", Token: token}
				if err := m.Ask(m.Owner, protocol.JoinID, &q, &reply); err != nil {
					t.Error(err)
				}
				codes[i] = reply.Code
			})
		}
		all.Wait()
		admitted := 0
		for i, code := range codes {
			switch code {
			case protocol.JoinAdmitted:
				admitted++
			case protocol.JoinInviteBad:
			default:
				t.Errorf("stranger %d is answered %d", i, code)
			}
		}
		if ms := must(alice.Members(l.ctx(), "lab")); admitted != 1 || len(ms.Members) != 2 {
			t.Errorf("%d peers are admitted, and there are %d members", admitted, len(ms.Members))
		}
	})
}

// TestRemovalLeavesOtherRoomsLive: invariant 19: a peer that is removed from one room still says and hears lines of another room live,
// and not only when two members of both rooms compare heads.
func TestRemovalLeavesOtherRoomsLive(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		var stays RoomID
		for _, room := range []string{"lab", "lab-2"} {
			stays = must(alice.Create(l.ctx(), CreateOptions{Name: room, PolicyChange: openRoom()})).ID
			must(bob.Join(l.ctx(), JoinOptions{Room: room}))
			must(carol.Join(l.ctx(), JoinOptions{Room: room}))
		}
		time.Sleep(3 * time.Second) // simulated: the gossip forms
		must(alice.Kick(l.ctx(), "lab", "bob", "too loud"))
		for _, n := range []string{"alice", "carol"} {
			until(l.subs[n], func(m MemberRemoved) bool { return m.Nick == "bob" })
		}
		for _, say := range []struct{ from, to string }{{"bob", "carol"}, {"bob", "alice"}, {"carol", "bob"}, {"alice", "bob"}} {
			live := 0
			for i := range 3 { // one of them may coincide with a comparison
				text := fmt.Sprintf("%s to %s, %d", say.from, say.to, i)
				must(l.nodes[say.from].Say(l.ctx(), "lab-2", text, false))
				if m := until(l.subs[say.to], func(m Message) bool { return m.Text == text }); !m.Late {
					live++
				}
				time.Sleep(time.Second) // simulated
			}
			if live == 0 {
				t.Errorf("%s hears %s only by comparison", say.to, say.from)
			}
			// A line that does not go by gossip is passed on, and is live too.
			if linked := must(ask(l.ctx(), l.nodes[say.from], linkedIn(stays))); !linked[l.nodes[say.to].self] {
				t.Errorf("%s gossips no longer with %s", say.from, say.to)
			}
		}
	})
}

// TestRoomTakesOnlyItsOwnLog: invariant 19: a room whose log is not here yet takes its own log only, whichever peer hands over
// another.
func TestRoomTakesOnlyItsOwnLog(t *testing.T) {
	s := assail(t)
	mine, other := newLawRoom(t, "lab"), newLawRoom(t, "another")
	s.inLoop(s.alice, func(l *loop) {
		r := newRoom(l, mine.ID())
		defer r.cancel()
		r.takeRecord(other.Records[0])
		if r.state().Seq() != 0 {
			t.Error("it has taken the beginning of another room")
		}
		r.takeRecord(mine.Records[0])
		if r.state().Room() != mine.ID() {
			t.Error("it has not taken its own")
		}
	})
}

// TestOneLineCannotUseUpTheClock: invariant 20: one line with the highest possible Lamport number leaves numbers for the next lines of
// every member.
func TestOneLineCannotUseUpTheClock(t *testing.T) {
	long(t)
	s := assail(t)
	bob := s.host("bob")
	in := s.join(bob, "bob")
	lines, _ := s.outlaw(bob)
	w := watch(t, "alice", s.alice)
	defer w.sub.Close()
	key := in.Keys[len(in.Keys)-1]
	h := protocol.Header{Room: s.room, Epoch: key.Epoch, Ctr: 1, Lamport: protocol.MaxCounter}
	if err := lines.Publish(s.ctx, sealed("bob", h, "far ahead", key.Key).Raw()); err != nil {
		t.Fatal(err)
	}
	until(w, func(m Message) bool { return m.Text == "far ahead" })
	if _, err := s.alice.Say(s.ctx, "lab", "and on", false); err != nil {
		t.Errorf("nothing can be said any more: %v", err)
	}
}
