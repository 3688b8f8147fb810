package node

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/protocol"
)

// asksBySync asks each for everything, and for what it may have had a right to.
func asksBySync(s *siege) {
	m := s.mallory
	for name, n := range s.nodes {
		for _, q := range m.syncRequests() {
			var reply protocol.SyncReply
			err := m.ask(n.self, protocol.SyncID, &q, &reply)
			if err != nil || !bytes.Equal(frame(&reply), frame(&protocol.SyncReply{})) {
				s.t.Errorf("%s answers %+v, %v", name, reply, err)
			}
		}
	}
}

func (m *mallory) syncRequests() []protocol.SyncRequest {
	var epochs []uint64
	for e := range uint64(12) {
		epochs = append(epochs, e+1)
	}
	return []protocol.SyncRequest{
		{Room: m.room},
		{Room: m.room, Keys: epochs},
		{Room: m.room, HaveSeq: m.state.Seq(), Keys: epochs},
		{Room: protocol.RoomID(sha256.Sum256([]byte("no such room"))), Keys: epochs},
	}
}

func frame(f protocol.Frame) []byte {
	var b bytes.Buffer
	if err := protocol.WriteFrame(&b, f); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// opensStreams opens, as a member, the streams that it uses when it is none any more.
func opensStreams(s *siege) {
	m := s.mallory
	for _, n := range s.nodes {
		st := must(m.call(n.self, protocol.SyncID))
		must(struct{}{}, st.SetDeadline(time.Now().Add(time.Hour)))
		m.open = append(m.open, st)
	}
}

func asksOnOpenStreams(s *siege) {
	m := s.mallory
	for _, st := range m.open {
		var reply protocol.SyncReply
		q := m.syncRequests()[1]
		err := protocol.WriteFrame(st, &q)
		if err == nil {
			err = protocol.ReadFrame(st, &reply)
		}
		if err != nil {
			s.t.Error("the stream was to be answered:", err)
		}
		if len(reply.Records)+len(reply.Keys)+len(reply.Lines)+len(reply.Heads) != 0 {
			s.t.Errorf("an open stream gives %+v", reply)
		}
		st.Reset()
	}
}

// asksBob asks the one who still takes it for a member: it gets what it has, and no more.
func asksBob(s *siege) {
	m := s.mallory
	for _, q := range m.syncRequests() {
		var reply protocol.SyncReply
		if err := m.ask(s.nodes["bob"].self, protocol.SyncID, &q, &reply); err != nil {
			s.t.Error(err)
		}
		m.learn(reply.Records, reply.Keys)
		for _, raw := range reply.Lines {
			m.hear(raw)
		}
	}
	s.heal()
	s.says("carol", "said while bob comes back")
	s.shows("bob", "said while bob comes back")
	asksBySync(s)
}

func joinsAgain(s *siege) {
	if code := s.mallory.join("mallory", protocol.Token{}); code != protocol.JoinTooSoon {
		s.t.Error("the same key is answered", code)
	}
	if code := s.mallory.join("another", protocol.Token{}); code != protocol.JoinTooSoon {
		s.t.Error("the same key by another nick is answered", code)
	}
	for _, n := range defenders[1:] { // those who are not the authority
		var reply protocol.JoinReply
		err := s.mallory.ask(s.nodes[n].self, protocol.JoinID, &protocol.JoinRequest{Room: s.room, Nick: "mallory"}, &reply)
		if err != nil || reply.Code != protocol.JoinNoRoom {
			s.t.Error(n, "answers", reply.Code, err)
		}
	}
}

// takesInvites has mallory make one while it may, and see a used one; then the room is by invite only.
func takesInvites(s *siege) {
	m, alice := s.mallory, s.nodes["alice"]
	yes, byInvite := true, "invite"
	must(alice.Policy(s.ctx(), "lab", PolicyChange{MembersInvite: &yes, Access: &byInvite}))
	var reply protocol.AskReply
	q := protocol.AskRequest{Room: m.room, Invite: &protocol.AskInvite{Expires: time.Hour}}
	if err := m.ask(m.owner, protocol.AskID, &q, &reply); err != nil || !reply.OK {
		s.t.Fatal("invite:", reply, err)
	}
	m.tokens = append(m.tokens, must(protocol.ParseInvite(reply.Text)).Token)
	used := must(alice.Invite(s.ctx(), "lab", "", 0)).Text
	m.tokens = append(m.tokens, must(protocol.ParseInvite(used)).Token, protocol.Token{7})
	friend := s.infiltrate(len(defenders)+1, RoomInfo{ID: m.room, Owner: m.owner})
	if code := friend.join("friend", m.tokens[1]); code != protocol.JoinAdmitted {
		s.t.Fatal("the friend is answered", code)
	}
	var left protocol.AskReply
	if err := friend.ask(m.owner, protocol.AskID, &protocol.AskRequest{Room: m.room, Leave: true}, &left); err != nil || !left.OK {
		s.t.Fatal("leave:", left, err)
	}
}

func joinsByInvites(s *siege) {
	twin := s.infiltrate(len(defenders)+1, RoomInfo{ID: s.mallory.room, Owner: s.mallory.owner})
	for _, m := range []*mallory{s.mallory, twin} {
		for i, token := range s.mallory.tokens {
			if code := m.join("mallory", token); code != protocol.JoinInviteBad {
				s.t.Errorf("invite %d is answered %d", i, code)
			}
		}
		if code := m.join("mallory", protocol.Token{}); code != protocol.JoinNeedsInvite {
			s.t.Error("no invite is answered", code)
		}
		if len(m.keys) > 0 && m == twin {
			s.t.Error("the twin was given keys")
		}
	}
}

// joinsAsLookAlike tries the door under another key. An open room lets strangers in; it lets nobody look like a member.
func joinsAsLookAlike(s *siege) {
	twin := s.infiltrate(len(defenders)+1, RoomInfo{ID: s.mallory.room, Owner: s.mallory.owner})
	for nick, want := range map[string]protocol.JoinCode{
		"alice": protocol.JoinNickTaken, "ALICE": protocol.JoinNickTaken, "al1ce": protocol.JoinNickTaken,
		"аlice": protocol.JoinNickTaken, "b0b": protocol.JoinNickTaken, "SYSTEM": protocol.JoinNickBad,
		"bob\u200b": protocol.JoinNickBad, "": protocol.JoinNickBad,
	} {
		var reply protocol.JoinReply
		err := twin.ask(twin.owner, protocol.JoinID, &protocol.JoinRequest{Room: s.room, Nick: nick}, &reply)
		if err == nil && reply.Code != want && !(want == protocol.JoinNickBad && reply.Code == protocol.JoinNickTaken) {
			s.t.Errorf("%q is answered %d", nick, reply.Code)
		}
	}
}

// pollsOtherNonces: the reason is given to one nonce, the same bytes each time, until it is acknowledged.
func pollsOtherNonces(s *siege) {
	m := s.mallory
	refused := frame(&protocol.PollReply{})
	polled := func(nonce protocol.Nonce) []byte {
		reply := must(m.pollOnce(m.owner, nonce))
		return frame(&reply)
	}
	first := polled(m.nonce)
	if bytes.Equal(first, refused) || !bytes.Equal(first, polled(m.nonce)) {
		s.t.Error("the same nonce is to be given the same reason")
	}
	for i := range byte(20) {
		if !bytes.Equal(polled(protocol.Nonce{i, 2}), refused) {
			s.t.Error("another nonce is given something")
		}
	}
	q := protocol.PollRequest{Room: m.room, Nonce: m.nonce, HaveSeq: 1}
	for adm := range s.removal.Seq + 2 {
		if q.Admission = adm; adm == m.admission || adm == 0 {
			continue
		}
		if reply := must(m.question(m.owner, q)); !bytes.Equal(frame(&reply), refused) {
			s.t.Error("another admission is given something")
		}
	}
	q.Admission, q.Room = m.admission, protocol.RoomID{9}
	if reply := must(m.question(m.owner, q)); !bytes.Equal(frame(&reply), refused) {
		s.t.Error("another room is not refused in the same way")
	}
	for _, n := range defenders[1:] {
		if reply := must(m.pollOnce(s.nodes[n].self, m.nonce)); !bytes.Equal(frame(&reply), refused) {
			s.t.Error(n, "answers a poll")
		}
	}
	st := must(m.call(m.owner, protocol.PollID))
	defer st.Reset()
	ack := protocol.PollAsk{Ack: &protocol.PollAck{Room: m.room, Removal: s.removal.Seq, Nonce: m.nonce}}
	must(struct{}{}, protocol.WriteFrame(st, &ack))
	time.Sleep(time.Second) // simulated
	if !bytes.Equal(polled(m.nonce), refused) {
		s.t.Error("the reason is given after its acknowledgement")
	}
}

// removesCarolToo leaves a reason waiting that is not mallory's: carol cannot hear alice.
func removesCarolToo(s *siege) {
	s.peek("carol", func(r *room) { s.stolen = *r.seat })
	s.cut("alice", "carol")
	s.cut("bob", "carol")
	must(s.nodes["alice"].Kick(s.ctx(), "lab", "carol", "for carol alone"))
	s.remove()
	time.Sleep(time.Second) // simulated
}

// claimsCarolsReason knows carol's nonce and admission, and is not carol.
func claimsCarolsReason(s *siege) {
	m := s.mallory
	q := protocol.PollRequest{Room: m.room, Nonce: s.stolen.Nonce, Admission: s.stolen.Admission}
	reply := must(m.question(m.owner, q))
	if !bytes.Equal(frame(&reply), frame(&protocol.PollReply{})) {
		s.t.Errorf("mallory is told %q", reply.Reason)
	}
	st := must(m.call(m.owner, protocol.PollID))
	defer st.Reset()
	must(struct{}{}, protocol.WriteFrame(st, &protocol.PollAsk{Ack: &protocol.PollAck{Room: m.room, Removal: s.removal.Seq - 1, Nonce: s.stolen.Nonce}}))
	time.Sleep(time.Second) // simulated
	s.heal()
	time.Sleep(2 * pollBackoffMax) // simulated
	if r := allOf[Removed](s.subs["carol"]); len(r) != 1 || r[0].Text != "for carol alone" {
		s.t.Errorf("carol was told %+v", r)
	}
	s.stay = []string{"alice", "bob"}
}

func asksAndTells(s *siege) {
	m := s.mallory
	for name, n := range s.nodes {
		for _, q := range []protocol.AskRequest{
			{Room: m.room, Leave: true}, {Room: m.room, Invite: &protocol.AskInvite{Nick: "mallory", Expires: time.Hour}},
		} {
			var reply protocol.AskReply
			if err := m.ask(n.self, protocol.AskID, &q, &reply); err != nil || reply.OK || reply.Text != "" {
				s.t.Errorf("%s answers %+v, %v", name, reply, err)
			}
		}
		var reply protocol.TellReply
		q := protocol.TellRequest{Room: m.room, ID: [16]byte{1}, Text: evil + " in private", At: time.Now()}
		if err := m.ask(n.self, protocol.TellID, &q, &reply); err != nil || reply.OK {
			s.t.Errorf("%s takes it: %+v, %v", name, reply, err)
		}
	}
}

// floodsDoors keeps polls and joins coming, of this room and of rooms that are not there.
func floodsDoors(s *siege) {
	m := s.mallory
	for range 20 {
		st := must(m.call(m.owner, protocol.PollID))
		for i := range 2 * pollBurst {
			q := protocol.PollRequest{Room: m.room, Nonce: protocol.Nonce{byte(i), 3}, Admission: m.admission}
			if i%2 == 0 {
				q.Room = protocol.RoomID{byte(i), 1}
			}
			if err := protocol.WriteFrame(st, &protocol.PollAsk{Request: &q}); err != nil {
				break
			}
		}
		j := must(m.call(m.owner, protocol.JoinID))
		must(struct{}{}, protocol.WriteFrame(j, &protocol.JoinRequest{Room: m.room, Nick: "mallory"}))
	}
	time.Sleep(time.Second) // simulated
	s.peek("alice", func(r *room) {
		if len(r.owned.knocks) > 0 || len(r.owned.polls) > len(defenders)-1 {
			s.t.Errorf("%d wait at the door, %d polls are held", len(r.owned.knocks), len(r.owned.polls))
		}
	})
}

// floodsEpochs sends lines of epochs that nobody knows, to all, and to bob who still takes mallory for a member.
func floodsEpochs(s *siege) {
	m := s.mallory
	text := evil + string(bytes.Repeat([]byte("!"), 1<<10))
	for i := range uint64(maxEarly + 200) {
		raw := m.seal(text, s.removal.Epoch+1+i, protocol.Key{1}).Raw()
		_ = m.push(s.nodes["bob"].self, publication(protocol.LinesTopic, raw))
		if i < 50 {
			m.spread(m.lines, raw)
		}
	}
	time.Sleep(time.Second) // simulated
	kept := func(n string) (early int) {
		s.peek(n, func(r *room) { early = len(r.early) })
		return early
	}
	if got := kept("bob"); got > maxEarlyAuthor {
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

var allProtocols = []libprotocol.ID{
	protocol.PollID, protocol.JoinID, protocol.AskID, protocol.SyncID, protocol.TellID, protocol.RoomsID,
}

// sendsBadFrames announces too much, and then says too little: each stream ends in its time.
func sendsBadFrames(s *siege) {
	m := s.mallory
	var slow []network.Stream
	for _, n := range s.nodes {
		for _, id := range append(slices.Clone(allProtocols), protocol.GossipID(m.room)) {
			for _, b := range [][]byte{
				bytes.Repeat([]byte{0xff}, 20), {0xff, 0xff, 0xff, 0xff, 0x0f, 1}, {0x81, 0x80, 0x00}, {5, 1, 2, 3, 4, 5},
			} {
				if st, err := m.call(n.self, id); err == nil {
					_, _ = st.Write(b)
					_ = st.CloseWrite()
				}
			}
		}
		for _, id := range allProtocols {
			st := must(m.call(n.self, id))
			must(struct{}{}, st.SetDeadline(time.Now().Add(time.Hour)))
			must(st.Write([]byte{40, 1})) // 38 more are to come
			slow = append(slow, st)
		}
	}
	start := time.Now()
	for _, st := range slow {
		var b [1]byte
		if n, err := st.Read(b[:]); err == nil {
			s.t.Errorf("%s answers %d bytes to half a frame", st.Protocol(), n)
		}
	}
	if took := time.Since(start); took >= pollPatience+time.Second {
		s.t.Error("half a frame was waited for", took)
	}
}

// neverReads asks what has long answers and reads none, while a member.
func neverReads(s *siege) {
	m := s.mallory
	for _, n := range s.nodes {
		for range 50 {
			for i, id := range allProtocols {
				st, err := m.call(n.self, id)
				if err != nil {
					continue
				}
				_ = protocol.WriteFrame(st, []protocol.Frame{
					&protocol.PollAsk{Request: &protocol.PollRequest{Room: m.room, Nonce: m.nonce, Admission: m.admission}},
					&protocol.JoinRequest{Room: m.room, Nick: fmt.Sprintf("m%d", i)},
					&protocol.AskRequest{Room: m.room, Leave: true},
					&protocol.SyncRequest{Room: m.room},
					&protocol.TellRequest{Room: m.room, Text: evil, At: time.Now()},
					&protocol.RoomsRequest{},
				}[i])
			}
		}
	}
}

// A key can be here before the records that say who may have it: until they are, nobody is given it.
func TestNoKeyAheadOfTheLog(t *testing.T) {
	simulate(t, 3, func(l *lan) {
		s := &siege{lan: l}
		all := openRoom()
		history := "all"
		all.History = &history
		lab := must(l.start("alice").Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: all}))
		s.room = lab.ID
		must(l.start("bob").Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
		m := l.infiltrate(2, lab)
		m.join("mallory", protocol.Token{})
		time.Sleep(time.Second) // simulated
		var now uint64
		s.peek("bob", func(r *room) {
			now = r.current().Epoch()
			r.takeKeys([]protocol.EpochKey{{Epoch: now + 1, Key: protocol.Key{1}}})
		})
		var reply protocol.SyncReply
		q := protocol.SyncRequest{Room: lab.ID, Keys: []uint64{now, now + 1}}
		if err := m.ask(l.nodes["bob"].self, protocol.SyncID, &q, &reply); err != nil {
			t.Fatal(err)
		}
		if len(reply.Keys) != 1 || reply.Keys[0].Epoch != now {
			t.Errorf("of epoch %d and the next, %d keys are given", now, len(reply.Keys))
		}
	})
}
