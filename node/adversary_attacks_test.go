package node

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/protocol"
)

// What a removed peer tries, one attack a row; what each must come to is in [siege.holds] and in the attack itself.
// before runs while mallory is a member, and may order the removal itself.
func TestAdversary(t *testing.T) {
	for _, a := range []struct {
		name          string
		before, after func(*siege)
	}{
		{name: "obeys", after: obeys},
		{name: "goes on publishing", after: publishesOn},
		{name: "fills numbers below the cut-off", before: savesNumbers, after: fillsNumbers},
		{name: "takes the number of the cut-off again", before: isolateBob, after: saysTwice},
		{name: "replays lines and records", after: replays},
		{name: "replays after the seen window", before: replaysLate, after: replaysLate},
		{name: "forges an author", after: forgesAuthor},
		{name: "forges an author to one who has not heard", before: isolateBob, after: thenHeal(forgesAuthor)},
		{name: "forges records as a member", before: forgesRecordsAsMember, after: forgesRecords},
		{name: "forges records to one who has not heard", before: isolateBob, after: thenHeal(forgesRecords)},
		{name: "speaks through one who has not heard", before: isolateBob, after: speaksThroughBob},
		{name: "grafts without subscribing", after: graftsBare},
		{name: "listens and speaks under another key", after: comesAsStranger},
		{name: "speaks floodsub", after: speaksFloodsub},
		{name: "asks everybody by sync", after: asksBySync},
		{name: "asks on streams opened before", before: opensStreams, after: asksOnOpenStreams},
		{name: "asks one who has not heard", before: isolateBob, after: asksBob},
		{name: "joins again", after: joinsAgain},
		{name: "joins under another key by invites", before: takesInvites, after: joinsByInvites},
		{name: "joins as a look-alike", after: joinsAsLookAlike},
		{name: "polls with other nonces", after: pollsOtherNonces},
		{name: "polls as somebody else", before: removesCarolToo, after: claimsCarolsReason},
		{name: "asks for orders and talks privately", after: asksAndTells},
		{name: "floods polls and joins", after: floodsDoors},
		{name: "floods unknown epochs", before: isolateBob, after: floodsEpochs},
		{name: "sends oversized and slow frames", after: sendsBadFrames},
		{name: "opens streams and never reads", after: neverReads},
	} {
		t.Run(a.name, func(t *testing.T) { besiege(t, a.before, a.after) })
	}
}

func obeys(s *siege) {
	synctest.Wait()
	s.mallory.mu.Lock()
	defer s.mallory.mu.Unlock()
	r, err := protocol.OpenReason(s.mallory.reason)
	if err != nil || r.Text != "too loud" {
		s.t.Errorf("mallory was told %+v, %v", r.Reason, err)
	}
	for _, n := range defenders {
		s.peek(n, func(r *room) {
			if got := len(r.log.byAuthor[s.mallory.host.ID()]); got != 1 {
				s.t.Errorf("%s retains %d lines of mallory, and one was said before the removal", n, got)
			}
		})
	}
}

// publishesOn says lines under every key it has, in the epoch of each and in the one since the removal.
func publishesOn(s *siege) {
	m := s.mallory
	m.mu.Lock()
	keys := make(map[uint64]protocol.Key)
	for e, k := range m.keys {
		keys[e] = k
	}
	m.mu.Unlock()
	for e, k := range keys {
		m.spread(m.lines, m.seal(evil+" in an old epoch", e, k).Raw())
		m.spread(m.lines, m.seal(evil+" in the new epoch", s.removal.Epoch, k).Raw())
	}
}

// loot is all that mallory has seen: lines, records, its admission among them.
func (m *mallory) loot() (lines, records [][]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, raw := range m.heard {
		lines = append(lines, raw)
	}
	for _, r := range m.log {
		records = append(records, r.Bytes())
	}
	return lines, records
}

func replays(s *siege) {
	seen := make(map[string]int)
	for _, n := range defenders {
		seen[n] = count[Message](s.subs[n]) + count[MemberJoined](s.subs[n])
	}
	lines, records := s.mallory.loot()
	if len(lines) < len(defenders) || len(records) < 4 {
		s.t.Fatalf("mallory has %d lines and %d records", len(lines), len(records))
	}
	for _, raw := range lines {
		s.mallory.spread(s.mallory.lines, raw)
	}
	for _, raw := range records {
		s.mallory.spread(s.mallory.records, raw)
	}
	time.Sleep(time.Second) // simulated
	for _, n := range defenders {
		if now := count[Message](s.subs[n]) + count[MemberJoined](s.subs[n]); now != seen[n] {
			s.t.Errorf("%s was shown %d things again", n, now-seen[n])
		}
	}
}

func replaysLate(s *siege) {
	// Simulated: pubsub has forgotten, the room has not; and then the lines have expired.
	time.Sleep(seenFor + time.Minute)
	replays(s)
	time.Sleep(8 * time.Minute)
	replays(s)
}

// forgesAuthor puts others' names, headers and signatures together in the ways that there are.
func forgesAuthor(s *siege) {
	m := s.mallory
	lines, _ := m.loot()
	for _, raw := range lines {
		msg := must(protocol.OpenMessage(raw))
		if msg.Author == m.host.ID() {
			continue
		}
		body := signedBody(messageDomain, raw)
		mine := must(must(m.key.Seal(&forged{messageDomain, body})).Marshal())
		m.spread(m.lines, mine) // another's line, signed by mallory
		theirs := slices.Clone(raw)
		theirs[len(theirs)-1] ^= 1
		m.spread(m.lines, theirs) // another's line, damaged
		epoch, key := m.latest()
		own := m.seal(evil+" under another's key", epoch, key).Raw()
		swapped := slices.Clone(own)
		copy(swapped[:len("\x0a\x24\x08\x01\x12\x20")+32], raw)
		m.spread(m.lines, swapped) // mallory's line, under another's public key
		next := msg.Header
		next.Ctr, next.Prev = msg.Ctr+1, msg.ID
		continued := must(protocol.SealMessage(next, protocol.Content{Kind: protocol.Say, Text: evil + " in another's chain", At: time.Now()}, key, m.host.ID(), m.key, random))
		m.spread(m.lines, continued.Raw())
	}
}

// forgesRecords signs what only the authority may: its own admission, another's removal, the end.
func forgesRecords(s *siege) {
	m := s.mallory
	for seq := s.removal.Seq; seq <= s.removal.Seq+1; seq++ {
		for _, b := range []protocol.Body{
			protocol.Admit{Peer: m.host.ID(), Nick: "mallory"},
			protocol.Close{Kind: protocol.Closed},
			protocol.Remove{Peer: s.nodes["bob"].self, Kind: protocol.Kicked},
			protocol.Rekey{},
		} {
			r := protocol.Record{
				Room: s.room, Seq: seq, Prev: m.state.Head(), Term: 1, Epoch: s.removal.Epoch + 1, At: time.Now(),
				Author: m.host.ID(), Body: b,
			}
			m.spread(m.records, must(protocol.SignRecord(r, m.key)).Bytes())
			r.Author = m.owner // says so, and is not
			if _, err := protocol.SignRecord(r, m.key); err == nil {
				s.t.Error("mallory can sign for alice")
			}
		}
	}
}

// forgesRecordsAsMember: the owner's person is told, once.
func forgesRecordsAsMember(s *siege) {
	s.removal.Seq, s.removal.Epoch = s.mallory.state.Seq()+1, s.mallory.state.Epoch()
	forgesRecords(s)
	s.removal = Committed{}
	time.Sleep(time.Second) // simulated
	s.warnings["alice"] = 1
	if w := allOf[Warning](s.subs["alice"]); len(w) != 1 || w[0].Code != "attempt" || w[0].Peer != s.mallory.host.ID() {
		s.t.Errorf("alice is warned of %+v", w)
	}
}

// thenHeal lets bob hear the others again after an attack.
func thenHeal(attack func(*siege)) func(*siege) {
	return func(s *siege) {
		attack(s)
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

func speaksThroughBob(s *siege) {
	m, bob := s.mallory, s.nodes["bob"]
	epoch, key := m.latest()
	m.spread(m.lines, m.seal(evil+" to who has not heard", epoch, key).Raw())
	s.shows("bob", evil+" to who has not heard") // nothing can be done about that yet
	s.says("bob", "bob, who has not heard")
	must(bob.Say(s.ctx(), "lab", "bob again", false))
	s.shows("bob", "bob again")
	s.heal()
	for _, n := range defenders {
		s.shows(n, "bob, who has not heard") // what he said is not lost
		s.shows(n, "bob again")
	}
	if hidden := allOf[Hidden](s.subs["bob"]); len(hidden) != 1 || len(hidden[0].IDs) != 1 || hidden[0].Nick != "mallory" {
		s.t.Errorf("bob hides %+v", hidden)
	}
}

// graftsBare asks for the mesh and for what was said, without a word about topics.
func graftsBare(s *siege) {
	m := s.mallory
	topic := protocol.LinesTopic
	var ids []string
	s.says("carol", "not for mallory")
	s.shows("bob", "not for mallory")
	s.peek("bob", func(r *room) {
		for _, l := range r.log.arrival {
			ids = append(ids, string(l.msg.ID[:]))
		}
	})
	yes := true
	for _, n := range s.nodes {
		for _, rpc := range []*pb.RPC{
			{Control: &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}},
			{Subscriptions: []*pb.RPC_SubOpts{{Subscribe: &yes, Topicid: &topic}}},
			{Control: &pb.ControlMessage{Graft: []*pb.ControlGraft{{TopicID: &topic}}}},
			{Control: &pb.ControlMessage{Iwant: []*pb.ControlIWant{{MessageIDs: ids}}}},
			{Control: &pb.ControlMessage{Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: []string{"nothing"}}}}},
		} {
			if err := m.push(n.self, rpc); err != nil {
				s.t.Log("push:", err)
			}
		}
	}
	time.Sleep(5 * time.Second) // simulated: some heartbeats
}

// comesAsStranger runs the room's gossip on a host that was never admitted, with mallory's keys.
func comesAsStranger(s *siege) {
	twin := s.infiltrate(len(defenders)+1, RoomInfo{ID: s.room, Owner: s.mallory.owner})
	twin.enlist()
	time.Sleep(3 * time.Second) // simulated: no mesh forms
	for _, n := range defenders {
		s.says(n, n+" among ourselves")
	}
	epoch, key := s.mallory.latest()
	twin.spread(twin.lines, twin.seal(evil+" by a stranger", epoch, key).Raw())
	twin.spread(twin.lines, s.mallory.seal(evil+" passed on by a stranger", epoch, key).Raw())
	time.Sleep(3 * time.Second) // simulated
	lines, records := twin.loot()
	for _, raw := range lines {
		if a := must(protocol.OpenMessage(raw)).Author; a != twin.host.ID() && a != s.mallory.host.ID() {
			s.t.Error("a stranger is sent a line of", a)
		}
	}
	if len(records) > 0 {
		s.t.Errorf("a stranger is sent %d records", len(records))
	}
}

func speaksFloodsub(s *siege) {
	for _, n := range s.nodes {
		for _, id := range []libprotocol.ID{"/floodsub/1.0.0", "/meshsub/1.0.0", "/meshsub/1.1.0", "/meshsub/1.2.0", "/meshsub/1.3.0"} {
			if st, err := s.mallory.call(n.self, id); err == nil {
				st.Reset()
				s.t.Errorf("%s speaks %s", n.cfg.Nick, id)
			}
		}
	}
}

// savesNumbers says, while a member, a line far above the numbers in between.
func savesNumbers(s *siege) {
	m := s.mallory
	m.ctr = 50
	epoch, key := m.latest()
	m.spread(m.lines, m.seal("far above", epoch, key).Raw())
	for _, n := range defenders {
		s.shows(n, "far above")
	}
	isolateBob(s)
}

// fillsNumbers says lines of numbers below the cut-off that nobody has, through one who has not heard.
func fillsNumbers(s *siege) {
	m := s.mallory
	m.ctr = 9
	epoch, key := m.latest()
	m.spread(m.lines, m.seal(evil+" below the cut-off", epoch, key).Raw())
	s.shows("bob", evil+" below the cut-off")
	s.heal()
	time.Sleep(5 * time.Second) // simulated
}

// saysTwice takes the number of the cut-off for another line.
func saysTwice(s *siege) {
	m := s.mallory
	m.ctr--
	epoch, key := m.latest()
	m.spread(m.lines, m.seal(evil+" at the cut-off", epoch, key).Raw())
	s.heal()
	time.Sleep(5 * time.Second) // simulated
}
