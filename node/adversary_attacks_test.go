package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/node/internal/gossip"
	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

// TestAdversary: the attacks of a removed peer, one a row. [siege.holds] and the attack itself say what each must come to. before runs
// while mallory is a member, and may order the removal itself.
func TestAdversary(t *testing.T) {
	type attack struct {
		name          string
		before, after func(*siege)
	}
	for _, a := range some([]attack{
		{name: "obeys", after: obeys},
		{name: "goes on publishing", after: alone((*hostile.Peer).PublishesOn)},
		{name: "fills numbers below the cut-off", before: savesNumbers, after: fillsNumbers},
		{name: "takes the number of the cut-off again", before: isolateBob, after: saysTwice},
		{name: "replays lines and records", after: replays},
		{name: "replays after the seen window", before: replaysLate, after: replaysLate},
		{name: "forges an author", after: alone((*hostile.Peer).ForgesAuthor)},
		{name: "forges an author to a member that has not heard", before: isolateBob, after: thenHeal((*hostile.Peer).ForgesAuthor)},
		{name: "forges records as a member", before: forgesRecordsAsMember, after: alone((*hostile.Peer).ForgesRecords)},
		{name: "forges records to a member that has not heard", before: isolateBob, after: thenHeal((*hostile.Peer).ForgesRecords)},
		{name: "gives orders as a member", before: givesOrdersAsMember, after: alone((*hostile.Peer).GivesOrders)},
		{name: "gives orders as a deputy", before: givesOrdersAsDeputy, after: alone((*hostile.Peer).ChangesRules)},
		{name: "speaks through a member that has not heard", before: isolateBob, after: speaksThroughBob},
		{name: "grafts without subscribing", after: graftsBare},
		{name: "listens and speaks under another key", after: comesAsStranger},
		{name: "speaks floodsub", after: alone((*hostile.Peer).SpeaksFloodsub)},
		{name: "asks everybody by sync", after: alone((*hostile.Peer).AsksBySync)},
		{name: "has its lines passed on", after: alone((*hostile.Peer).PassesOn)},
		{name: "asks on streams opened before", before: alone((*hostile.Peer).OpensStreams), after: alone((*hostile.Peer).AsksOnOpenStreams)},
		{name: "asks a member that has not heard", before: isolateBob, after: asksBob},
		{name: "joins again", after: joinsAgain},
		{name: "joins under another key by invites", before: takesInvites, after: joinsByInvites},
		{name: "joins as a look-alike", after: joinsAsLookAlike},
		{name: "polls with other nonces", after: alone((*hostile.Peer).PollsOtherNonces)},
		{name: "polls as somebody else", before: removesCarolToo, after: claimsCarolsReason},
		{name: "polls other rooms", before: opensDen, after: alone((*hostile.Peer).PollsOtherRooms)},
		{name: "asks for orders and talks privately", after: alone((*hostile.Peer).AsksAndTells)},
		{name: "floods polls and joins", after: floodsDoors},
		{name: "floods unknown epochs", before: isolateBob, after: floodsEpochs},
		{name: "sends oversized and slow frames", after: sendsBadFrames},
		{name: "opens streams and never reads", after: alone((*hostile.Peer).NeverReads)},
	}, 6) {
		t.Run(a.name, func(t *testing.T) { besiege(t, a.before, a.after) })
	}
}

// alone is an attack that mallory carries out alone.
func alone(attack func(*hostile.Peer)) func(*siege) {
	return func(s *siege) { attack(s.mallory) }
}

// thenHeal lets bob hear the others again after an attack.
func thenHeal(attack func(*hostile.Peer)) func(*siege) {
	return func(s *siege) {
		attack(s.mallory)
		s.heal()
		time.Sleep(5 * time.Second) // simulated
	}
}

// isolateBob removes mallory while bob hears neither alice nor carol.
func isolateBob(s *siege) {
	s.cut("alice", "bob")
	s.cut("carol", "bob")
	s.remove()
	time.Sleep(time.Second) // simulated
}

func obeys(s *siege) {
	synctest.Wait()
	s.mallory.Mu.Lock()
	defer s.mallory.Mu.Unlock()
	r, err := protocol.OpenReason(s.mallory.Reason)
	if err != nil || r.Text != "too loud" {
		s.t.Errorf("mallory was told %+v, %v", r.Reason, err)
	}
	for _, n := range defenders {
		s.peek(n, func(r *room) {
			if got := len(r.talk.Of(s.mallory.Host.ID())); got != 1 {
				s.t.Errorf("%s retains %d lines of mallory, want the one said before the removal", n, got)
			}
		})
	}
}

func replays(s *siege) {
	seen := make(map[string]int)
	for _, n := range defenders {
		seen[n] = count[Message](s.subs[n]) + count[MemberJoined](s.subs[n])
	}
	lines, records := s.mallory.Loot()
	if len(lines) < len(defenders) || len(records) < 4 {
		s.t.Fatalf("mallory has %d lines and %d records", len(lines), len(records))
	}
	s.mallory.Replays()
	time.Sleep(time.Second) // simulated
	for _, n := range defenders {
		if now := count[Message](s.subs[n]) + count[MemberJoined](s.subs[n]); now != seen[n] {
			s.t.Errorf("%s was shown %d things again", n, now-seen[n])
		}
	}
}

func replaysLate(s *siege) {
	// In simulated time, pubsub has forgotten the lines and the room has not. Later the lines have expired.
	time.Sleep(gossip.SeenLife)
	replays(s)
	time.Sleep(time.Duration(siegeRetain) * time.Second)
	replays(s)
}

// forgesRecordsAsMember: the owner is warned once.
func forgesRecordsAsMember(s *siege) {
	m := s.mallory
	m.ForgesRecords()
	time.Sleep(time.Second) // simulated
	s.warnings["alice"] = 1
	if w := allOf[Warning](s.subs["alice"]); len(w) != 1 || w[0].Code != "attempt" || w[0].Peer != m.Host.ID() {
		s.t.Errorf("alice is warned of %+v", w)
	}
}

func givesOrdersAsMember(s *siege) {
	s.mallory.GivesOrders()
	s.mallory.ChangesRules()
	time.Sleep(time.Second) // simulated
	s.warnings["alice"] = 1
	if w := allOf[Warning](s.subs["alice"]); len(w) != 1 || w[0].Code != "attempt" || w[0].Peer != s.mallory.Host.ID() {
		s.t.Errorf("alice is warned of %+v", w)
	}
}

// givesOrdersAsDeputy: all nodes are the owner's or deputies', so that mallory may do nothing to any of them. Its records are refused as
// those of a member are.
func givesOrdersAsDeputy(s *siege) {
	for _, n := range append([]string{"mallory"}, defenders[1:]...) {
		must(s.nodes["alice"].Deputize(s.ctx(), "lab", n))
	}
	s.mallory.GivesOrders()
	forgesRecordsAsMember(s)
}

func speaksThroughBob(s *siege) {
	bob := s.nodes["bob"]
	s.mallory.Says(evil + " to a member that has not heard")
	s.shows("bob", evil+" to a member that has not heard") // nothing can be done about that yet
	s.says("bob", "bob, who has not heard")
	must(bob.Say(s.ctx(), "lab", "bob again", false))
	s.shows("bob", "bob again")
	s.heal()
	for _, n := range defenders {
		s.shows(n, "bob, who has not heard") // what he said is not lost
		s.shows(n, "bob again")
	}
	for deadline := time.Now().Add(patience); len(allOf[Hidden](s.subs["bob"])) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // simulated: until bob has heard of the removal
	}
	if hidden := allOf[Hidden](s.subs["bob"]); len(hidden) != 1 || len(hidden[0].IDs) != 1 || hidden[0].Nick != "mallory" {
		s.t.Errorf("bob hides %+v", hidden)
	}
	for _, ev := range s.subs["bob"].seen {
		if _, ok := ev.Body.(Hidden); ok && !ev.Time.Equal(s.removedAt("bob")) {
			s.t.Errorf("bob hears of the removal at %v, and hides at %v what it cuts off: it did not have to ask anybody", s.removedAt("bob"), ev.Time)
		}
	}
}

func graftsBare(s *siege) {
	var ids []string
	s.says("carol", "not for mallory")
	s.shows("bob", "not for mallory")
	s.peek("bob", func(r *room) {
		for _, l := range r.talk.Arrivals() {
			ids = append(ids, string(l.Msg.ID[:]))
		}
	})
	s.mallory.GraftsBare(ids)
	time.Sleep(5 * time.Second) // simulated: some heartbeats
}

func comesAsStranger(s *siege) {
	twin := s.mallory.Lurks()
	time.Sleep(3 * time.Second) // simulated: several heartbeats
	for _, n := range defenders {
		s.says(n, n+" among ourselves")
	}
	s.mallory.SpeaksBy(twin)
	time.Sleep(3 * time.Second) // simulated
	s.mallory.Overheard(twin)
}

// savesNumbers says, while a member, a line far above the numbers in between.
func savesNumbers(s *siege) {
	s.mallory.Ctr = 50
	s.mallory.Says("far above")
	for _, n := range defenders {
		s.shows(n, "far above")
	}
	isolateBob(s)
}

// fillsNumbers says a line whose number is below the cut-off and free, to a member that has not heard of the removal.
// That member hands it to the others once it can reach them.
func fillsNumbers(s *siege) {
	s.mallory.Ctr = 9
	s.mallory.Says(evil + " below the cut-off")
	s.shows("bob", evil+" below the cut-off")
	var raw []byte
	s.peek("bob", func(r *room) {
		for _, l := range r.talk.Arrivals() {
			if strings.Contains(l.Content.Text, evil) {
				raw = l.Msg.Raw()
			}
		}
	})
	s.heal()
	time.Sleep(5 * time.Second) // simulated
	for _, n := range []string{"alice", "carol"} {
		var reply protocol.PassReply
		s.ok(s.nodes["bob"].request(s.ctx(), s.nodes[n].self, protocol.PassID, &protocol.PassRequest{Room: s.room, Line: raw}, &reply))
	}
}

// saysTwice takes the number of the cut-off for another line.
func saysTwice(s *siege) {
	s.mallory.Ctr--
	thenHeal(func(m *hostile.Peer) { m.Says(evil + " at the cut-off") })(s)
}

// asksBob asks a member that still takes mallory for a member. Mallory gets the lines that member has, and no more.
func asksBob(s *siege) {
	s.mallory.Robs(s.nodes["bob"].self)
	s.heal()
	s.says("carol", "said while bob comes back")
	s.shows("bob", "said while bob comes back")
	s.mallory.AsksBySync()
}

func joinsAgain(s *siege) {
	m := s.mallory
	for _, nick := range []string{"mallory", "another"} {
		if code := m.Tries(m.Owner, nick, protocol.Token{}); code != protocol.JoinTooSoon {
			s.t.Error("the same key is answered", code)
		}
	}
	for _, n := range defenders[1:] { // those that are not the authority
		if code := m.Tries(s.nodes[n].self, "mallory", protocol.Token{}); code != protocol.JoinNoRoom {
			s.t.Error(n, "answers", code)
		}
	}
}

// takesInvites has mallory make an invite while it may, and see a used one. Then the room admits by invite only.
func takesInvites(s *siege) {
	m, alice := s.mallory, s.nodes["alice"]
	yes, byInvite := true, AccessInvite
	must(alice.Policy(s.ctx(), "lab", PolicyChange{MembersInvite: &yes, Access: &byInvite}))
	m.AsksForInvite()
	used := must(alice.Invite(s.ctx(), "lab", "", 0)).Text
	m.Tokens = append(m.Tokens, must(protocol.ParseInvite(used)).Token, protocol.Token{7})
	friend := m.Another()
	if code := friend.Join("friend", m.Tokens[1]); code != protocol.JoinAdmitted {
		s.t.Fatal("the friend is answered", code)
	}
	var left protocol.AskReply
	if err := friend.Ask(m.Owner, protocol.AskID, &protocol.AskRequest{Room: m.Room, Leave: true}, &left); err != nil || !left.OK {
		s.t.Fatal("leave:", left, err)
	}
}

func joinsByInvites(s *siege) {
	twin := s.mallory.Another()
	for _, m := range []*hostile.Peer{s.mallory, twin} {
		for i, token := range s.mallory.Tokens {
			if code := m.Tries(m.Owner, "mallory", token); code != protocol.JoinInviteBad {
				s.t.Errorf("invite %d is answered %d", i, code)
			}
		}
		if code := m.Tries(m.Owner, "mallory", protocol.Token{}); code != protocol.JoinNeedsInvite {
			s.t.Error("no invite is answered", code)
		}
		s.mallory.Gains = append(s.mallory.Gains, twin.Gains...)
	}
}

// joinsAsLookAlike knocks under another key. An open room lets strangers in, but not under a nick that looks like a
// member's.
func joinsAsLookAlike(s *siege) {
	twin := s.mallory.Another()
	for nick, want := range hostile.LookAlikes {
		code := twin.Tries(twin.Owner, nick, protocol.Token{})
		if code != 0 && code != want && !(want == protocol.JoinNickBad && code == protocol.JoinNickTaken) {
			s.t.Errorf("%q is answered %d", nick, code)
		}
	}
}

// removesCarolToo leaves a reason waiting for carol, not for mallory: carol cannot hear alice.
func removesCarolToo(s *siege) {
	s.peek("carol", func(r *room) { s.stolen = *r.membership.seat })
	s.cut("alice", "carol")
	s.cut("bob", "carol")
	must(s.nodes["alice"].Kick(s.ctx(), "lab", "carol", "for carol alone"))
	s.remove()
	time.Sleep(time.Second) // simulated
}

// claimsCarolsReason polls with carol's nonce and admission, under mallory's key.
func claimsCarolsReason(s *siege) {
	s.mallory.Claims(s.stolen.Nonce, s.stolen.Admission, s.removal.Seq-1)
	s.heal()
	time.Sleep(2 * pollBackoffMax) // simulated
	if r := allOf[Removed](s.subs["carol"]); len(r) != 1 || r[0].Text != "for carol alone" {
		s.t.Errorf("carol was told %+v", r)
	}
	s.stay = []string{"alice", "bob"}
}

func opensDen(s *siege) {
	must(s.nodes["alice"].Create(s.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
}

func floodsDoors(s *siege) {
	s.mallory.FloodsDoors()
	time.Sleep(time.Second) // simulated
	s.peek("alice", func(r *room) {
		if len(r.desk.door.knocks) > 0 || len(r.desk.polls.held) > len(defenders)-1 {
			s.t.Errorf("%d wait at the door, %d polls are held", len(r.desk.door.knocks), len(r.desk.polls.held))
		}
	})
}

// floodsEpochs sends lines of unknown epochs to all, most of them to bob, which still takes mallory for a member.
func floodsEpochs(s *siege) {
	s.mallory.FloodsEpochs(s.nodes["bob"].self)
	time.Sleep(time.Second) // simulated
	kept := func(n string) (early int) {
		s.peek(n, func(r *room) { early = r.talk.Early() })
		return early
	}
	if got := kept("bob"); got > transcript.MaxEarlyAuthor {
		s.t.Errorf("bob keeps %d lines of one author", got)
	}
	s.heal()
	s.shows("alice", "hello from bob")
	time.Sleep(5 * time.Second) // simulated
	for _, n := range defenders {
		if got := kept(n); got != 0 {
			s.t.Errorf("%s still keeps %d lines of mallory", n, got)
		}
	}
}

func sendsBadFrames(s *siege) {
	s.mallory.SendsBadFrames()
	start := time.Now()
	s.mallory.WaitsForBadFrames()
	if took := time.Since(start); took >= pollPatience+time.Second {
		s.t.Error("half a frame was waited for", took)
	}
}
