package lan

import (
	"fmt"
	"strings"
	"testing"
)

// TestLANSilenced: a member whose program is of its own making, and which is muted, has no voice, does not wait in a slow room, or was
// warned. None of its forged lines is taken by anybody; it is heard again as soon as it may talk. A person with an honest program is
// refused before anything is sent: the hostile member, which hears whatever is sent in the room, hears nothing of it.
func TestLANSilenced(t *testing.T) {
	t.Parallel()
	s := &siege{lan: newLAN(t), begin: map[*node]int{}}
	s.stay = s.people("alice", "bob", "dave")
	s.alice, s.bob = s.stay[0], s.stay[1]
	dave := s.stay[2]
	s.alice.do("room.create", obj{"name": "lab", "access": "open"})
	for _, n := range s.stay[1:] {
		n.do("room.join", obj{"room": "lab"})
	}
	s.mallory = s.host("mallory").mallory(s.stay...)
	invite := s.alice.do("room.invite", obj{"room": "lab"})["invite"]
	s.mallory.attack("join", obj{"Invite": invite, "Nick": "mallory", "Nodes": s.mallory.nodes})
	for _, n := range s.stay {
		n.await("member_joined", obj{"nick": "mallory"})
		s.speaks(n, "hello from "+n.name)
	}
	s.says("hello")
	s.heard("hello")

	daves := s.alice.do("room.mute", obj{"room": "lab", "who": "dave", "reason": "you too"})
	dave.await("muted", obj{"text": "you too", "by_nick": "alice"})
	s.refused(dave, "muted", daves)
	mute := s.alice.do("room.mute", obj{"room": "lab", "who": "mallory", "reason": "too loud", "for_s": 3600})
	s.silent("muted", mute, "too loud")
	s.alice.do("room.unmute", obj{"room": "lab", "who": "dave"})
	dave.await("unmuted", obj{"self": true})
	s.again("unmuted", s.alice.do("room.unmute", obj{"room": "lab", "who": "mallory"}))

	dave.say("lab", "dave may talk")
	s.alice.hear(dave, "dave may talk")
	s.alice.do("room.voice", obj{"room": "lab", "who": "bob"})
	s.alice.do("room.policy", obj{"room": "lab", "speak": "voiced"})
	dave.await("policy", obj{"speak": "voiced"})
	voiced := s.place()
	s.refused(dave, "without a voice", voiced)
	s.silent("without a voice", voiced, "")
	s.again("with the floor", s.alice.do("room.voice", obj{"room": "lab", "who": "mallory", "for_s": 600}))
	s.silent("without the floor", s.alice.do("room.unvoice", obj{"room": "lab", "who": "mallory"}), "")
	s.alice.do("room.policy", obj{"room": "lab", "speak": "all"})
	s.again("without a policy", s.place())

	dave.say("lab", "dave talks on")
	s.alice.hear(dave, "dave talks on")
	s.alice.do("room.policy", obj{"room": "lab", "slow_s": 600})
	dave.await("policy", obj{"slow_s": 600})
	slow := s.place()
	if r := dave.begin("room.say", obj{"room": "lab", "text": "at once"}).wait(); r.Error == nil || r.Error.Data.Code != "unavailable" || r.Error.Data.RetryAfterS < 500 {
		t.Errorf("dave, who has just talked, says another line in a slow room: %+v", r.Error)
	}
	s.speaks(s.alice, "the owner does not wait")
	if n := s.linesOf(dave, slow); n != 0 {
		t.Errorf("dave sends %d lines in a slow room, and was refused", n)
	}
	// The first line of a member counts, as soon as the pace allows, and no other one of these.
	s.mallory.attack("know", obj{"Removal": slow})
	for i := range 5 {
		s.mallory.attack("say again", obj{"Text": fmt.Sprint("at once ", i)})
	}
	s.alice.do("room.policy", obj{"room": "lab", "slow_s": 0})
	s.again("in a fast room", s.place())

	warning := s.alice.do("room.warn", obj{"room": "lab", "who": "mallory", "text": "mind your words"})
	s.mallory.attack("be noticed", obj{"Text": "mind your words"})
	s.alice.await("warning_told", obj{"nick": "mallory", "warning": warning["seq"]})
	s.mallory.attack("forge records", nil)
	s.again("warned", s.place())

	converse("lab", "after all", s.stay...)
	hasty := 0
	for _, l := range agree("lab", s.stay...) {
		if strings.Contains(l, evil) {
			t.Errorf("the history has %q", l)
		}
		if strings.Contains(l, "at once") {
			hasty++
		}
	}
	if hasty > 1 {
		t.Errorf("in a slow room %d lines count of those that mallory has said at once", hasty)
	}
	for _, n := range s.stay {
		for _, kind := range []string{"message", "direct", "policy", "room_closed"} {
			events, _ := n.Events(0)
			for _, e := range events {
				if e.Obj["type"] == kind && strings.Contains(fmt.Sprint(e.Obj), evil) {
					t.Errorf("%s was shown %v", n.name, e)
				}
			}
		}
		if n != s.alice && n.count("member_warned", nil) > 0 {
			t.Errorf("%s hears of a warning of another", n.name)
		}
	}
	if n := dave.count("muted", nil); n != 1 {
		t.Errorf("dave was told %d times that it is muted", n)
	}
}

// place is the end of the log, as the owner has it.
func (s *siege) place() obj {
	s.t.Helper()
	members := s.alice.do("room.members", obj{"room": "lab"})
	entries, _ := s.alice.do("room.audit", obj{"room": "lab"})["entries"].([]any)
	last, _ := entries[len(entries)-1].(map[string]any)
	return obj{"seq": last["seq"], "epoch": members["epoch"]}
}

// silent: from a record on mallory may say nothing, and tries in every way. If there is a reason, mallory is told it.
func (s *siege) silent(what string, since obj, reason string) {
	s.t.Helper()
	if reason != "" {
		s.mallory.attack("be noticed", obj{"Text": reason})
	}
	s.mallory.attack("know", obj{"Removal": since})
	s.mallory.attack("say all ways", obj{"Text": evil + " " + what})
	s.mallory.attack("lift the silence", nil)
	s.mallory.attack("say all ways", obj{"Text": evil + " " + what + ", again"})
	s.alice.say("lab", "heard while mallory is "+what)
	for _, n := range s.stay {
		n.hear(s.alice, "heard while mallory is "+what)
	}
}

// again: from a record on mallory may talk, and is heard by all.
func (s *siege) again(what string, since obj) {
	s.t.Helper()
	s.mallory.attack("know", obj{"Removal": since})
	s.says("mallory is " + what)
	s.heard("mallory is " + what)
}

// refused: n, which mallory has heard, is refused what it says, and has sent nothing since a record.
func (s *siege) refused(n *node, why string, since obj) {
	s.t.Helper()
	n.fails("refused", "room.say", obj{"room": "lab", "text": "nobody is to hear this"})
	s.speaks(s.alice, n.name+" was refused, since it is "+why)
	if sent := s.linesOf(n, since); sent != 0 {
		s.t.Errorf("%s, %s, sends %d lines that it was refused", n.name, why, sent)
	}
}

// speaks has n say a line that mallory hears.
func (s *siege) speaks(n *node, text string) {
	s.t.Helper()
	n.say("lab", text)
	s.reaches(n, text)
}

// linesOf is how many lines of n mallory has heard since a record.
func (s *siege) linesOf(n *node, since obj) int {
	s.t.Helper()
	for i, o := range s.stay {
		if o == n {
			return s.mallory.attack("lines of", obj{"Node": i, "Removal": since}).Counts["lines"]
		}
	}
	return 0
}

// TestLANMuteToldOnce: the reason of a mute and a warning reach a member that hears nothing, whose node is killed, or whose owner is
// killed, once in all its lives.
func TestLANMuteToldOnce(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.inLab("alice", "bob", "dave")
	alice, bob, dave := people[0], people[1], people[2]
	lives := []*node{dave}

	t.Log("the reply is lost, and the owner is killed")
	dave.deafen()
	alice.do("room.mute", obj{"room": "lab", "who": "dave", "reason": "too loud"})
	bob.await("member_muted", obj{"nick": "dave"})
	dave.await("owner_unreachable", nil)
	alice.kill()
	alice = alice.start()
	dave.host.hear()
	dave.await("muted", obj{"text": "too loud", "by_nick": "alice"})
	alice.kill() // with the acknowledgement, or without it
	alice = alice.start()
	alice.await("joined", obj{"name": "lab"})
	bob.await("owner_back", nil)
	dave.await("owner_back", nil)

	t.Log("the member is killed, and started with the disk on which it was told")
	if code := dave.quit(); code != 0 {
		t.Errorf("end of input: exit %d", code)
	}
	dave = dave.start()
	lives = append(lives, dave)
	dave.await("joined", obj{"name": "lab", "muted": true})
	dave.fails("refused", "room.say", obj{"room": "lab", "text": "a ghost"})
	alice.do("room.unmute", obj{"room": "lab", "who": "dave"})
	dave.await("unmuted", obj{"self": true})
	converse("lab", "dave may talk", alice, bob, dave)

	t.Log("the member is killed before, and the owner after")
	dave.kill()
	alice.do("room.mute", obj{"room": "lab", "who": "dave", "reason": "again"})
	alice.do("room.warn", obj{"room": "lab", "who": "dave", "text": "the last time"})
	alice.kill()
	alice = alice.start()
	dave = dave.start()
	lives = append(lives, dave)
	dave.await("joined", obj{"muted": true})
	dave.await("muted", obj{"text": "again"})
	dave.await("warned", obj{"text": "the last time"})
	alice.await("warning_told", obj{"nick": "dave"})
	alice.do("room.unmute", obj{"room": "lab", "who": "dave"})
	dave.await("unmuted", obj{"self": true})
	converse("lab", "dave may talk again", alice, bob, dave)
	for text, kind := range map[string]string{"too loud": "muted", "again": "muted", "the last time": "warned"} {
		told := 0
		for _, life := range lives {
			told += life.count(kind, obj{"text": text})
		}
		if told != 1 {
			t.Errorf("dave was told %q %d times", text, told)
		}
	}
	if n := bob.count("warned", nil) + bob.count("member_warned", nil) + bob.count("muted", nil); n != 0 {
		t.Errorf("bob was told %d times what is not for it", n)
	}
}
