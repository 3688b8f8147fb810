package lan

import (
	"slices"
	"testing"
)

// TestLANAdversary lets mallory in and removes it, and then has it make one attack after the other. [siege.holds] says
// what each must come to. Package node has the same attacks on the simulated network, with those that take long.
func TestLANAdversary(t *testing.T) {
	t.Parallel()
	s := besiege(t)
	for _, a := range []struct {
		name          string
		before, after func(*siege)
	}{
		{name: "obeys", after: obeys},
		{name: "goes on publishing", after: does("publish on")},
		{name: "replays", after: does("replay")},
		{name: "forges an author", after: does("forge an author")},
		{name: "forges an author to a member that has not heard", before: isolateBob, after: thenHeal("forge an author")},
		{name: "forges records", before: does("forge records"), after: does("forge records")},
		{name: "forges records to a member that has not heard", before: isolateBob, after: thenHeal("forge records")},
		{name: "gives orders as a deputy", before: givesOrders, after: does("give orders")},
		{name: "speaks through a member that has not heard", before: isolateBob, after: speaksThroughBob},
		{name: "chooses a key for each", before: does("choose keys"), after: obeys},
		{name: "fills numbers below the cut-off", before: leavesOutNumbers, after: fillsNumbers},
		{name: "takes the number of the cut-off again", before: isolateBob, after: saysTwice},
		{name: "grafts without subscribing", after: does("graft")},
		{name: "listens and speaks under another key", after: lurks},
		{name: "speaks floodsub", after: does("speak floodsub")},
		{name: "asks everybody by sync", after: does("ask by sync")},
		{name: "has its lines passed on", after: does("have lines passed on")},
		{name: "asks on streams opened before", before: does("open streams"), after: does("ask on open streams")},
		{name: "asks a member that has not heard", before: isolateBob, after: robsBob},
		{name: "knocks", before: does("make an invite"), after: knocks},
		{name: "comes as a look-alike", after: does("come as a look-alike")},
		{name: "polls with other nonces", after: does("poll with other nonces")},
		{name: "polls other rooms", after: does("poll other rooms")},
		{name: "claims another's reason", before: bringDave, after: claimsDavesReason},
		{name: "asks for orders and tells", after: does("ask for orders and tell")},
		{name: "floods polls and joins", after: floodsDoors},
		{name: "floods unknown epochs", before: isolateBob, after: floodsEpochs},
		{name: "floods unknown rooms", after: does("flood rooms")},
		{name: "sends oversized frames", after: does("send bad frames")},
		{name: "uses up what identify takes", after: pushesIdentify},
		{name: "opens streams and never reads", after: neverReads},
	} {
		if !t.Run(a.name, func(t *testing.T) { s.in(t).play(a.before, a.after) }) {
			break // the next attack would find the room as this one has left it
		}
	}
	s.in(t)
	s.mallory.attack("wait for bad frames", nil)
	keepsSmall(t, s.stay...)
}

// givesOrders has mallory give every order about every node, and itself, as a deputy of a room in which all are deputies. To remove it is
// one order all the same.
func givesOrders(s *siege) {
	deputies := []string{"mallory", "bob", "carol"}
	for _, who := range deputies {
		s.alice.do("room.deputy", obj{"room": "lab", "who": who})
	}
	s.bob.await("deputies", obj{"mine": true})
	s.mallory.attack("give orders", nil)
	for _, who := range deputies[1:] {
		s.alice.do("room.undeputy", obj{"room": "lab", "who": who})
	}
}

// does is an attack that mallory carries out alone.
func does(what string) func(*siege) {
	return func(s *siege) { s.mallory.attack(what, nil) }
}

// thenHeal lets bob hear the others again after an attack.
func thenHeal(what string) func(*siege) {
	return func(s *siege) {
		s.mallory.attack(what, nil)
		s.together()
	}
}

func obeys(s *siege) {
	if o := s.mallory.attack("be told", nil); o.Reason != "too loud" {
		s.t.Errorf("mallory was told %q", o.Reason)
	}
}

func speaksThroughBob(s *siege) {
	s.says(evil + " to a member that has not heard")
	s.bob.await("message", obj{"text": evil + " to a member that has not heard"}) // nothing can be done about that yet
	s.bob.say("lab", "bob, who has not heard")
	s.together()
	for _, n := range s.stay {
		n.hear(s.bob, "bob, who has not heard") // what he said is not lost
	}
	s.bob.await("hidden", obj{"nick": "mallory"})
}

// leavesOutNumbers says, while a member, a line far above the numbers in between.
func leavesOutNumbers(s *siege) {
	s.mallory.attack("leave out numbers", nil)
	s.says("far above")
	s.heard("far above")
	isolateBob(s)
}

// fillsNumbers says a line whose number is below the cut-off and free, through a member that has not heard.
func fillsNumbers(s *siege) {
	s.mallory.attack("go back below the cut-off", nil)
	s.says(evil + " below the cut-off")
	s.bob.await("message", obj{"text": evil + " below the cut-off"})
	s.together()
	s.bob.await("hidden", obj{"nick": "mallory"})
}

// saysTwice takes the number of the cut-off for another line.
func saysTwice(s *siege) {
	s.mallory.attack("go back to the cut-off", nil)
	s.says(evil + " at the cut-off")
	s.together()
}

// robsBob takes the answers of the member that still takes mallory for a member: they are those for a member, and no
// more.
func robsBob(s *siege) {
	s.mallory.attack("rob", obj{"Node": 1})
	s.together()
	converse("lab", "said while bob comes back", s.stay...)
	s.mallory.attack("ask by sync", nil)
}

// lurks runs the room's gossip on a host that was never admitted.
func lurks(s *siege) {
	s.mallory.attack("lurk", nil)
	converse("lab", "among ourselves", s.stay...)
	s.mallory.attack("speak by the lurker", nil)
}

// knocks tries every door with and without invites. The owner may see two peers at the door: mallory, and an unknown
// one.
func knocks(s *siege) {
	s.due["knock"] = 2
	s.mallory.attack("knock", obj{"Nick": "mallory"})
}

// bringDave lets in another member, which knows of all.
func bringDave(s *siege) {
	s.admit(s.newcomer())
}

// newcomer starts dave's node and waits until it knows of all.
func (s *siege) newcomer() *node {
	dave := s.host("dave").start()
	for _, n := range s.stay {
		id := n.peer()
		eventually(s.t, "dave meets "+n.name, func() bool { return dave.peers()[id] != nil })
	}
	return dave
}

// admit lets dave in.
func (s *siege) admit(dave *node) {
	dave.do("room.join", obj{"invite": s.alice.do("room.invite", obj{"room": "lab"})["invite"]})
	s.stay = append(slices.Clip(s.stay), dave)
	for _, n := range s.stay[:len(s.stay)-1] {
		n.await("member_joined", obj{"nick": "dave"})
	}
}

// claimsDavesReason makes mallory ask for the reason that waits for dave, while dave is cut off.
func claimsDavesReason(s *siege) {
	dave := s.stay[len(s.stay)-1]
	s.stay = s.stay[:len(s.stay)-1]
	for _, n := range s.stay {
		dave.apart(n.host)
	}
	s.alice.do("room.kick", obj{"room": "lab", "who": "dave", "reason": "for dave alone"})
	s.mallory.attack("claim another's reason", nil)
	s.together()
	dave.await("removed", obj{"text": "for dave alone"})
	once(s.t, dave)
}

// floodsDoors: the owner sees one knock, however often it comes again.
func floodsDoors(s *siege) {
	s.due["knock"] = 1
	s.mallory.attack("flood polls and joins", nil)
}

// neverReads makes every request with a long answer. One of the requests is a knock.
func neverReads(s *siege) {
	s.due["knock"] = 1
	s.mallory.attack("never read", nil)
}

// floodsEpochs sends lines of unknown epochs to all, most of them to bob, which still takes mallory for a member.
func floodsEpochs(s *siege) {
	s.mallory.attack("flood epochs", obj{"Node": 1})
	s.together()
}

// pushesIdentify lets in another member while identify announces no new protocols: it still gets the lines of the others at once.
func pushesIdentify(s *siege) {
	s.due["member_joined"] = 1
	dave := s.newcomer()
	s.mallory.attack("push identify", nil)
	s.admit(dave)
	converse("lab", "dave is here", s.stay...) // one of these may be fetched: a newcomer compares with a member at once
	before := dave.count("message", obj{"late": true})
	converse("lab", "dave stays", s.stay...)
	if late := dave.count("message", obj{"late": true}) - before; late > 0 {
		s.t.Errorf("dave hears %d lines late", late)
	}
	s.stay = s.stay[:len(s.stay)-1]
	dave.do("room.leave", obj{"room": "lab"})
	for _, n := range s.stay {
		n.await("member_left", obj{"nick": "dave"})
	}
	s.due["member_left"] = 1
}

// in makes a failure of the siege fail a subtest.
func (s *siege) in(t *testing.T) *siege {
	s.t = t
	s.In(t)
	return s
}
