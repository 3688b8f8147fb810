package node

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"

	"localchat/protocol"
)

// The attacks of this file go by the streams between nodes, and like those by gossip need nothing but a network.

// asksBySync asks each for everything, and for what it may have had a right to.
func (m *mallory) asksBySync() {
	for _, p := range m.nodes {
		for _, q := range m.syncRequests() {
			var reply protocol.SyncReply
			if err := m.ask(p, protocol.SyncID, &q, &reply); err != nil {
				panic(err) // who gives nothing says so
			}
			if !bytes.Equal(frame(&reply), frame(&protocol.SyncReply{})) {
				m.gained("of %s by sync: %+v", p, reply)
			}
		}
	}
}

// passesOn hands each all that it has, its own lines under every key among them, for itself and for everybody.
func (m *mallory) passesOn() {
	lines, records := m.loot()
	m.mu.Lock()
	keys := maps.Clone(m.keys)
	m.mu.Unlock()
	for e, k := range keys {
		lines = append(lines, m.seal(evil+" handed over", e, k).Raw())
	}
	var all []protocol.PassRequest
	for _, raw := range lines {
		all = append(all, protocol.PassRequest{Room: m.room, Line: raw}, protocol.PassRequest{Room: m.room, Line: raw, To: m.nodes})
	}
	for _, raw := range records {
		all = append(all, protocol.PassRequest{Room: m.room, Record: raw, To: m.nodes})
	}
	for _, p := range m.nodes {
		for _, q := range all {
			var reply protocol.PassReply
			if err := m.ask(p, protocol.PassID, &q, &reply); err != nil {
				panic(err) // who takes nothing says so
			}
			if reply.OK || len(reply.Missed) > 0 {
				m.gained("%s takes what it hands over: %+v", p, reply)
			}
		}
	}
}

func (m *mallory) syncRequests() []protocol.SyncRequest {
	var epochs []uint64
	for e := range uint64(12) {
		epochs = append(epochs, e+1)
	}
	m.mu.Lock()
	seq, head := m.state.Seq(), m.state.Head()
	m.mu.Unlock()
	return []protocol.SyncRequest{
		{Room: m.room},
		{Room: m.room, Keys: epochs},
		{Room: m.room, HaveSeq: seq, Head: head, Keys: epochs},
		{Room: m.room, Keys: []uint64{m.removal.Epoch, m.removal.Epoch + 1}},
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
func (m *mallory) opensStreams() {
	for _, p := range m.nodes {
		st := must(m.call(p, protocol.SyncID))
		must(struct{}{}, st.SetDeadline(time.Now().Add(time.Hour)))
		m.open = append(m.open, st)
	}
}

func (m *mallory) asksOnOpenStreams() {
	for _, st := range m.open {
		var reply protocol.SyncReply
		q := m.syncRequests()[1]
		must(struct{}{}, protocol.WriteFrame(st, &q))
		must(struct{}{}, protocol.ReadFrame(st, &reply))
		if len(reply.Records)+len(reply.Keys)+len(reply.Lines)+len(reply.Heads) != 0 {
			m.gained("on a stream opened before: %+v", reply)
		}
		st.Reset()
	}
}

// robs takes what one gives who may still take it for a member.
func (m *mallory) robs(p peer.ID) {
	for _, q := range m.syncRequests() {
		var reply protocol.SyncReply
		must(struct{}{}, m.ask(p, protocol.SyncID, &q, &reply))
		m.learn(reply.Records, reply.Keys)
		for _, raw := range reply.Lines {
			m.hear(raw)
		}
	}
}

// tries is a question at the door that must not open it.
func (m *mallory) tries(p peer.ID, nick string, token protocol.Token) protocol.JoinCode {
	var reply protocol.JoinReply
	if err := m.ask(p, protocol.JoinID, &protocol.JoinRequest{Room: m.room, Nick: nick, Token: token}, &reply); err != nil {
		return 0
	}
	if reply.Code == protocol.JoinAdmitted || len(reply.Records)+len(reply.Keys) > 0 {
		m.gained("as %q: %+v", nick, reply)
	}
	return reply.Code
}

// asksForInvite has mallory make one while it may.
func (m *mallory) asksForInvite() {
	var reply protocol.AskReply
	q := protocol.AskRequest{Room: m.room, Invite: &protocol.AskInvite{Expires: time.Hour}}
	must(struct{}{}, m.ask(m.owner, protocol.AskID, &q, &reply))
	m.tokens = append(m.tokens, must(protocol.ParseInvite(reply.Text)).Token)
}

// nicks are those that a newcomer must not get while alice and bob are there, and what they are answered.
var nicks = map[string]protocol.JoinCode{
	"alice": protocol.JoinNickTaken, "ALICE": protocol.JoinNickTaken, "al1ce": protocol.JoinNickTaken,
	"аlice": protocol.JoinNickBad, "ꓮꓡꓲꓚꓰ": protocol.JoinNickTaken, "b0b": protocol.JoinNickTaken, "SYSTEM": protocol.JoinNickBad,
	"bob\u200b": protocol.JoinNickBad, "": protocol.JoinNickBad,
}

// refused is the one answer to whoever may not know.
var refused = frame(&protocol.PollReply{})

// polls asks p, and is refused, or not even answered.
func (m *mallory) polls(p peer.ID, q protocol.PollRequest) {
	if reply, err := m.question(p, q); err == nil && !bytes.Equal(frame(&reply), refused) {
		m.gained("of %s by the poll %+v: %+v", p, q, reply)
	}
}

// pollsOtherNonces: the reason is given to one nonce, the same bytes each time, until it is acknowledged.
func (m *mallory) pollsOtherNonces() {
	own := protocol.PollRequest{Room: m.room, Nonce: m.nonce, Admission: m.admission, HaveSeq: 1, Head: protocol.Hash(m.room)}
	first, second := must(m.question(m.owner, own)), must(m.question(m.owner, own))
	if first.Reason == nil || !bytes.Equal(first.Reason, second.Reason) {
		panic("the same nonce is to be given the same reason")
	}
	for i := range byte(20) {
		q := own
		q.Nonce = protocol.Nonce{i, 2}
		m.polls(m.owner, q)
	}
	for adm := range m.removal.Seq + 2 {
		q := own
		if q.Admission = adm; adm != m.admission && adm != 0 {
			m.polls(m.owner, q)
		}
	}
	q := own
	q.Room = protocol.RoomID{9}
	m.polls(m.owner, q)
	for _, p := range m.nodes[1:] {
		m.polls(p, own)
	}
	st := must(m.call(m.owner, protocol.PollID))
	defer st.Reset()
	// The answer after the acknowledgement comes on its stream, and so behind it.
	var after protocol.PollReply
	ack := protocol.PollAck{Room: m.room, Removal: m.removal.Seq, Nonce: m.nonce}
	must(struct{}{}, protocol.WriteFrame(st, &protocol.PollAsk{Ack: &ack}))
	must(struct{}{}, protocol.WriteFrame(st, &protocol.PollAsk{Request: &own}))
	must(struct{}{}, protocol.ReadFrame(st, &after))
	if !bytes.Equal(frame(&after), refused) {
		m.gained("the reason after its acknowledgement")
	}
}

// pollsOtherRooms asks in every room that anybody shows for what a member there would get.
func (m *mallory) pollsOtherRooms() {
	asked := 0
	for _, p := range m.nodes {
		var shown protocol.RoomsReply
		must(struct{}{}, m.ask(p, protocol.RoomsID, &protocol.RoomsRequest{}, &shown))
		for _, ad := range shown.Rooms {
			room := must(protocol.OpenRecord(ad.Create)).RoomID()
			if room == m.room {
				continue
			}
			asked++
			m.polls(p, protocol.PollRequest{Room: room, Nonce: m.nonce, Admission: m.admission})
			for seq := range uint64(8) {
				m.polls(p, protocol.PollRequest{Room: room, Nonce: m.nonce, Admission: seq + 1})
			}
			var reply protocol.SyncReply
			must(struct{}{}, m.ask(p, protocol.SyncID, &protocol.SyncRequest{Room: room, Keys: []uint64{1, 2, 3}}, &reply))
			if !bytes.Equal(frame(&reply), frame(&protocol.SyncReply{})) {
				m.gained("of %s by sync of another room: %+v", p, reply)
			}
		}
	}
	if asked == 0 {
		panic("no other room is shown")
	}
}

// claims asks for the reason of another, and says that it was told: a nonce and admission that it knows or guesses.
func (m *mallory) claims(nonce protocol.Nonce, admission, removal uint64) {
	m.polls(m.owner, protocol.PollRequest{Room: m.room, Nonce: nonce, Admission: admission})
	st := must(m.call(m.owner, protocol.PollID))
	defer st.Reset()
	var after protocol.PollReply
	must(struct{}{}, protocol.WriteFrame(st, &protocol.PollAsk{Ack: &protocol.PollAck{Room: m.room, Removal: removal, Nonce: nonce}}))
	must(struct{}{}, protocol.WriteFrame(st, &protocol.PollAsk{Request: &protocol.PollRequest{Room: m.room, Nonce: nonce, Admission: admission}}))
	must(struct{}{}, protocol.ReadFrame(st, &after))
}

// claimsByGuess knows who was admitted when, but no nonce except its own.
func (m *mallory) claimsByGuess() {
	_, records := m.loot()
	for _, raw := range records {
		r := must(protocol.OpenRecord(raw))
		if b, ok := r.Body.(protocol.Admit); ok && b.Peer != m.host.ID() {
			for next := range uint64(3) {
				m.claims(m.nonce, r.Seq, m.removal.Seq+next)
			}
		}
	}
}

func (m *mallory) asksAndTells() {
	for _, p := range m.nodes {
		for _, q := range []protocol.AskRequest{
			{Room: m.room, Leave: true}, {Room: m.room, Invite: &protocol.AskInvite{Nick: "mallory", Expires: time.Hour}},
		} {
			var reply protocol.AskReply
			must(struct{}{}, m.ask(p, protocol.AskID, &q, &reply))
			if reply.OK || reply.Text != "" {
				m.gained("of %s for %+v: %+v", p, q, reply)
			}
		}
		var reply protocol.TellReply
		q := protocol.TellRequest{Room: m.room, ID: [16]byte{1}, Text: evil + " in private", At: time.Now()}
		must(struct{}{}, m.ask(p, protocol.TellID, &q, &reply))
		if reply.OK {
			m.gained("%s takes a direct message", p)
		}
	}
}

// floodsDoors keeps polls and joins coming, of this room and of rooms that are not there.
func (m *mallory) floodsDoors() {
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
		for i := range byte(2) {
			j := must(m.call(m.owner, protocol.JoinID))
			q := protocol.JoinRequest{Room: m.room, Nick: "mallory"}
			q.Room[0] += i // of no room there is
			must(struct{}{}, protocol.WriteFrame(j, &q))
		}
	}
}

// floodsRooms asks everybody, in every way that there is, about rooms that are not there.
func (m *mallory) floodsRooms() {
	for i := range byte(100) {
		room := protocol.RoomID{i, 0xfe}
		for _, p := range m.nodes {
			m.polls(p, protocol.PollRequest{Room: room, Nonce: m.nonce, Admission: m.admission})
			var reply protocol.SyncReply
			err := m.ask(p, protocol.SyncID, &protocol.SyncRequest{Room: room, Keys: []uint64{1}}, &reply)
			if err == nil && !bytes.Equal(frame(&reply), frame(&protocol.SyncReply{})) {
				m.gained("of %s by sync of no room: %+v", p, reply)
			}
			if st, err := m.call(p, protocol.GossipID(room)); err == nil {
				st.Reset()
				m.gained("the gossip of no room with %s", p)
			}
		}
	}
}

var allProtocols = []libprotocol.ID{
	protocol.PollID, protocol.JoinID, protocol.AskID, protocol.SyncID, protocol.PassID, protocol.TellID, protocol.RoomsID,
}

// sendsBadFrames announces too much, and begins frames that it never ends: the streams that wait for the rest are kept.
func (m *mallory) sendsBadFrames() {
	for _, p := range m.nodes {
		for _, id := range append(slices.Clone(allProtocols), protocol.GossipID(m.room)) {
			for _, b := range [][]byte{
				bytes.Repeat([]byte{0xff}, 20), {0xff, 0xff, 0xff, 0xff, 0x0f, 1}, {0x81, 0x80, 0x00}, {5, 1, 2, 3, 4, 5},
			} {
				if st, err := m.call(p, id); err == nil {
					_, _ = st.Write(b)
					_ = st.CloseWrite()
				}
			}
		}
		for _, id := range allProtocols {
			st := must(m.call(p, id))
			must(struct{}{}, st.SetDeadline(time.Now().Add(time.Hour)))
			must(st.Write([]byte{40, 1})) // 38 more are to come
			m.open = append(m.open, st)
		}
	}
}

// waitsForBadFrames: each stream that waits for the rest of a frame ends without an answer.
func (m *mallory) waitsForBadFrames() {
	for _, st := range m.open {
		var b [1]byte
		if n, err := st.Read(b[:]); err == nil {
			m.gained("%d bytes for half a frame on %s", n, st.Protocol())
		}
	}
	m.open = nil
}

// pushesIdentify uses up the identify pushes that everybody takes from this network.
func (m *mallory) pushesIdentify() {
	for _, p := range m.nodes {
		for range 50 {
			if st, err := m.call(p, identify.IDPush); err == nil {
				_, _ = st.Write([]byte{0}) // an empty message; a stream alone is not seen yet at the other end
				_ = st.Close()
			}
		}
	}
}

// neverReads asks what has long answers and reads none.
func (m *mallory) neverReads() {
	for _, p := range m.nodes {
		for range 50 {
			for i, id := range allProtocols {
				st, err := m.call(p, id)
				if err != nil {
					continue
				}
				_ = protocol.WriteFrame(st, []protocol.Frame{
					&protocol.PollAsk{Request: &protocol.PollRequest{Room: m.room, Nonce: m.nonce, Admission: m.admission}},
					&protocol.JoinRequest{Room: m.room, Nick: fmt.Sprintf("m%d", i)},
					&protocol.AskRequest{Room: m.room, Leave: true},
					&protocol.SyncRequest{Room: m.room},
					&protocol.PassRequest{Room: m.room, Line: []byte(evil), To: m.nodes},
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
			r.takeKeys(r.authority(), []protocol.EpochKey{{Epoch: now + 1, Key: protocol.Key{1}}})
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
