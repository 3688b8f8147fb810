package hostile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"

	"localchat/protocol"
)

// The attacks in this file use the streams between nodes. They work on any network.

// AsksBySync asks each node for everything, and for the lines and records that it had a right to before its removal.
func (m *Peer) AsksBySync() {
	for _, p := range m.Nodes {
		for _, q := range m.syncRequests() {
			var reply protocol.SyncReply
			if err := m.Ask(p, protocol.SyncID, &q, &reply); err != nil {
				panic(err) // a node that refuses gives an answer
			}
			if !bytes.Equal(frame(&reply), frame(&protocol.SyncReply{})) {
				m.gained("of %s by sync: %+v", p, reply)
			}
		}
	}
}

// PassesOn gives each node everything that it has, including its own lines under every key, to keep and to pass on.
func (m *Peer) PassesOn() {
	lines, records := m.Loot()
	m.Mu.Lock()
	keys := maps.Clone(m.Keys)
	m.Mu.Unlock()
	for e, k := range keys {
		lines = append(lines, m.Seal(Evil+" handed over", e, k).Raw())
	}
	var all []protocol.PassRequest
	for _, raw := range lines {
		all = append(all, protocol.PassRequest{Room: m.Room, Line: raw}, protocol.PassRequest{Room: m.Room, Line: raw, To: m.Nodes})
	}
	for _, raw := range records {
		all = append(all, protocol.PassRequest{Room: m.Room, Record: raw, To: m.Nodes})
	}
	for _, p := range m.Nodes {
		for i, q := range all {
			var reply protocol.PassReply
			if err := m.Ask(p, protocol.PassID, &q, &reply); err != nil && i == 0 {
				panic(err) // a node that refuses gives an answer, until there are too many requests
			} else if err != nil {
				break
			}
			if reply.OK || len(reply.Missed) > 0 {
				m.gained("%s takes what it hands over: %+v", p, reply)
			}
		}
	}
}

func (m *Peer) syncRequests() []protocol.SyncRequest {
	var epochs []uint64
	for e := range uint64(12) {
		epochs = append(epochs, e+1)
	}
	seq, head := m.at()
	return []protocol.SyncRequest{
		{Room: m.Room},
		{Room: m.Room, Keys: epochs},
		{Room: m.Room, HaveSeq: seq, Head: head, Keys: epochs},
		{Room: m.Room, Keys: []uint64{m.Removal.Epoch, m.Removal.Epoch + 1}},
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

// OpensStreams opens, as a member, the streams that it uses after its removal.
func (m *Peer) OpensStreams() {
	for _, p := range m.Nodes {
		st := must(m.Call(p, protocol.SyncID))
		must(struct{}{}, st.SetDeadline(time.Now().Add(time.Hour)))
		m.open = append(m.open, st)
	}
}

func (m *Peer) AsksOnOpenStreams() {
	for _, st := range m.open {
		var reply protocol.SyncReply
		q := m.syncRequests()[1]
		must(struct{}{}, protocol.WriteFrame(st, &q))
		must(struct{}{}, protocol.ReadFrame(st, &reply))
		if len(reply.Records)+len(reply.Keys)+len(reply.Lines)+len(reply.Receipt) != 0 {
			m.gained("on a stream opened before: %+v", reply)
		}
		st.Reset()
	}
}

// Robs asks a node that may still take it for a member, and keeps the answers.
func (m *Peer) Robs(p peer.ID) {
	for _, q := range m.syncRequests() {
		var reply protocol.SyncReply
		must(struct{}{}, m.Ask(p, protocol.SyncID, &q, &reply))
		m.Learn(reply.Records, reply.Keys)
		for _, raw := range reply.Lines {
			m.hear(raw)
		}
	}
}

// Tries asks to be let in, and must not be.
func (m *Peer) Tries(p peer.ID, nick string, token protocol.Token) protocol.JoinCode {
	var reply protocol.JoinReply
	if err := m.Ask(p, protocol.JoinID, &protocol.JoinRequest{Room: m.Room, Nick: nick, Token: token}, &reply); err != nil {
		return 0
	}
	if reply.Code == protocol.JoinAdmitted || len(reply.Records)+len(reply.Keys) > 0 {
		m.gained("as %q: %+v", nick, reply)
	}
	return reply.Code
}

// AsksForInvite makes an invite, while mallory still may.
func (m *Peer) AsksForInvite() {
	var reply protocol.AskReply
	q := protocol.AskRequest{Room: m.Room, Invite: &protocol.AskInvite{Expires: time.Hour}}
	must(struct{}{}, m.Ask(m.Owner, protocol.AskID, &q, &reply))
	m.Tokens = append(m.Tokens, must(protocol.ParseInvite(reply.Text)).Token)
}

// LookAlikes are nicks that a newcomer must not get while alice and bob are members, each with the answer to it.
var LookAlikes = map[string]protocol.JoinCode{
	"alice": protocol.JoinNickTaken, "ALICE": protocol.JoinNickTaken, "al1ce": protocol.JoinNickTaken,
	"аlice": protocol.JoinNickBad, "ꓮꓡꓲꓚꓰ": protocol.JoinNickTaken, "b0b": protocol.JoinNickTaken, "SYSTEM": protocol.JoinNickBad,
	"bob\u200b": protocol.JoinNickBad, "": protocol.JoinNickBad,
}

// refused is the answer to every peer that has no right to one.
var refused = frame(&protocol.PollReply{})

// polls polls p until it answers, and must be refused.
func (m *Peer) polls(p peer.ID, q protocol.PollRequest) {
	m.insists(func() error { return m.pollsOnce(p, q) })
}

// pollsOnce polls p once, and must be refused or get no answer.
func (m *Peer) pollsOnce(p peer.ID, q protocol.PollRequest) error {
	reply, err := m.question(p, q)
	if err == nil && !bytes.Equal(frame(&reply), refused) {
		m.gained("of %s by the poll %+v: %+v", p, q, reply)
	}
	return err
}

// PollsOtherNonces checks that one nonce gets the reason, with the same bytes each time, until it is acknowledged, and that no
// other nonce does.
func (m *Peer) PollsOtherNonces() {
	own := protocol.PollRequest{Room: m.Room, Nonce: m.Nonce, Admission: m.admission, HaveSeq: 1, Head: protocol.Hash(m.Room)}
	first, second := must(m.question(m.Owner, own)), must(m.question(m.Owner, own))
	if first.Reason == nil || !bytes.Equal(first.Reason, second.Reason) {
		panic("the same nonce is to be given the same reason")
	}
	for i := range byte(10) {
		q := own
		q.Nonce = protocol.Nonce{i, 2}
		m.polls(m.Owner, q)
	}
	for adm := m.Removal.Seq + 1; adm > 0 && adm+20 > m.Removal.Seq; adm-- {
		q := own
		if q.Admission = adm; adm != m.admission {
			m.polls(m.Owner, q)
		}
	}
	q := own
	q.Room = protocol.RoomID{9}
	m.polls(m.Owner, q)
	for _, p := range m.Nodes[1:] {
		m.polls(p, own)
	}
	st := must(m.Call(m.Owner, protocol.PollID))
	defer st.Reset()
	// The next answer on the same stream comes after the acknowledgement.
	var after protocol.PollReply
	ack := protocol.PollAck{Room: m.Room, Removal: m.Removal.Seq, Nonce: m.Nonce}
	must(struct{}{}, protocol.WriteFrame(st, &protocol.PollAsk{Ack: &ack}))
	must(struct{}{}, protocol.WriteFrame(st, &protocol.PollAsk{Request: &own}))
	must(struct{}{}, protocol.ReadFrame(st, &after))
	if !bytes.Equal(frame(&after), refused) {
		m.gained("the reason after its acknowledgement")
	}
}

// PollsOtherRooms polls as a member in every room that a node lists.
func (m *Peer) PollsOtherRooms() {
	asked := 0
	for _, p := range m.Nodes {
		var shown protocol.RoomsReply
		must(struct{}{}, m.Ask(p, protocol.RoomsID, &protocol.RoomsRequest{}, &shown))
		for _, ad := range shown.Rooms {
			room := must(protocol.OpenRecord(ad.Create)).RoomID()
			if room == m.Room {
				continue
			}
			asked++
			m.polls(p, protocol.PollRequest{Room: room, Nonce: m.Nonce, Admission: m.admission})
			for seq := range uint64(8) {
				m.polls(p, protocol.PollRequest{Room: room, Nonce: m.Nonce, Admission: seq + 1})
			}
			var reply protocol.SyncReply
			must(struct{}{}, m.Ask(p, protocol.SyncID, &protocol.SyncRequest{Room: room, Keys: []uint64{1, 2, 3}}, &reply))
			if !bytes.Equal(frame(&reply), frame(&protocol.SyncReply{})) {
				m.gained("of %s by sync of another room: %+v", p, reply)
			}
		}
	}
	if asked == 0 {
		panic("no other room is shown")
	}
}

// Claims asks for the reason of another peer and acknowledges it, with a nonce and an admission that it knows or guesses.
func (m *Peer) Claims(nonce protocol.Nonce, admission, removal uint64) {
	q := protocol.PollRequest{Room: m.Room, Nonce: nonce, Admission: admission}
	m.polls(m.Owner, q)
	m.insists(func() error {
		st, err := m.Call(m.Owner, protocol.PollID)
		if err != nil {
			return err
		}
		defer st.Reset()
		var after protocol.PollReply
		return errors.Join(
			protocol.WriteFrame(st, &protocol.PollAsk{Ack: &protocol.PollAck{Room: m.Room, Removal: removal, Nonce: nonce}}),
			protocol.WriteFrame(st, &protocol.PollAsk{Request: &q}),
			protocol.ReadFrame(st, &after))
	})
}

// insists repeats a question until it is answered: earlier attacks have used up the budget of a stranger.
func (m *Peer) insists(ask func() error) {
	for begin := time.Now(); ; m.Pause(time.Second) {
		if err := ask(); err == nil {
			return
		} else if time.Since(begin) > patience {
			panic(err)
		}
	}
}

// claimsByGuess claims with every admission, which it knows, and with wrong nonces.
func (m *Peer) claimsByGuess() {
	_, records := m.Loot()
	for _, raw := range records {
		r := must(protocol.OpenRecord(raw))
		if b, ok := r.Body.(protocol.Admit); ok && b.Peer != m.Host.ID() {
			for next := range uint64(3) {
				m.Claims(m.Nonce, r.Seq, m.Removal.Seq+next)
			}
		}
	}
}

func (m *Peer) AsksAndTells() {
	for _, p := range m.Nodes {
		for _, q := range []protocol.AskRequest{
			{Room: m.Room, Leave: true},
			{Room: m.Room, Invite: &protocol.AskInvite{Nick: "mallory", Expires: time.Hour}},
			{Room: m.Room, Nick: "trusty"},
		} {
			var reply protocol.AskReply
			must(struct{}{}, m.Ask(p, protocol.AskID, &q, &reply))
			if reply.OK || reply.Text != "" {
				m.gained("of %s for %+v: %+v", p, q, reply)
			}
		}
		var reply protocol.TellReply
		q := protocol.TellRequest{Room: m.Room, ID: [16]byte{1}, Text: Evil + " in private", At: time.Now()}
		must(struct{}{}, m.Ask(p, protocol.TellID, &q, &reply))
		if reply.OK {
			m.gained("%s takes a direct message", p)
		}
	}
}

// GivesOrders orders every node to do what a deputy orders, about every node and mallory itself. It is done by a peer that may order
// nothing, or nothing about those.
func (m *Peer) GivesOrders() {
	for _, kind := range []protocol.OrderKind{
		protocol.OrderAccept, protocol.OrderDeny, protocol.OrderKick, protocol.OrderBan, protocol.OrderUnban, protocol.OrderMute, protocol.OrderUnmute,
		protocol.OrderWarn, protocol.OrderVoice, protocol.OrderUnvoice,
	} {
		for _, about := range append(slices.Clone(m.Nodes), m.Host.ID()) {
			m.orders(protocol.OrderRequest{Room: m.Room, Kind: kind, Peer: about})
		}
	}
}

// ChangesRules orders every node to change the subject and the access, which a deputy may do.
func (m *Peer) ChangesRules() {
	m.orders(protocol.OrderRequest{Room: m.Room, Kind: protocol.OrderSubject, Text: Evil})
	m.orders(protocol.OrderRequest{Room: m.Room, Kind: protocol.OrderAccess, Access: protocol.Open})
}

func (m *Peer) orders(q protocol.OrderRequest) {
	for _, p := range m.Nodes {
		var reply protocol.OrderReply
		if err := m.Ask(p, protocol.OrderID, &q, &reply); err == nil && reply.Code == protocol.OrderDone {
			m.gained("of %s for the order %+v: %+v", p, q, reply)
		}
	}
}

// FloodsDoors keeps sending polls and joins, for this room and for rooms that do not exist.
func (m *Peer) FloodsDoors() {
	for range 20 {
		st := must(m.Call(m.Owner, protocol.PollID))
		for i := range 2 * protocol.MaxMembers {
			q := protocol.PollRequest{Room: m.Room, Nonce: protocol.Nonce{byte(i), 3}, Admission: m.admission}
			if i%2 == 0 {
				q.Room = protocol.RoomID{byte(i), 1}
			}
			if err := protocol.WriteFrame(st, &protocol.PollAsk{Request: &q}); err != nil {
				break
			}
		}
		for i := range byte(2) {
			j := must(m.Call(m.Owner, protocol.JoinID))
			q := protocol.JoinRequest{Room: m.Room, Nick: "mallory"}
			q.Room[0] += i // a room that does not exist
			must(struct{}{}, protocol.WriteFrame(j, &q))
		}
	}
}

// floodsRooms asks every node, in every way, about rooms that do not exist.
func (m *Peer) floodsRooms() {
	for i := range byte(100) {
		room := protocol.RoomID{i, 0xfe}
		for _, p := range m.Nodes {
			_ = m.pollsOnce(p, protocol.PollRequest{Room: room, Nonce: m.Nonce, Admission: m.admission})
			var reply protocol.SyncReply
			err := m.Ask(p, protocol.SyncID, &protocol.SyncRequest{Room: room, Keys: []uint64{1}}, &reply)
			if err == nil && !bytes.Equal(frame(&reply), frame(&protocol.SyncReply{})) {
				m.gained("of %s by sync of no room: %+v", p, reply)
			}
			if st, err := m.Call(p, protocol.GossipID(room)); err == nil {
				st.Reset()
				m.gained("the gossip of no room with %s", p)
			}
		}
	}
}

var allProtocols = []libprotocol.ID{
	protocol.PollID, protocol.JoinID, protocol.AskID, protocol.OrderID, protocol.SyncID, protocol.PassID, protocol.TellID, protocol.RoomsID,
}

// SendsBadFrames announces frames that are too long, and begins frames that it never ends. It keeps the streams that wait for the
// rest.
func (m *Peer) SendsBadFrames() {
	for _, p := range m.Nodes {
		for _, id := range append(slices.Clone(allProtocols), protocol.GossipID(m.Room)) {
			for _, b := range [][]byte{
				bytes.Repeat([]byte{0xff}, 20), {0xff, 0xff, 0xff, 0xff, 0x0f, 1}, {0x81, 0x80, 0x00}, {5, 1, 2, 3, 4, 5},
			} {
				if st, err := m.Call(p, id); err == nil {
					_, _ = st.Write(b)
					_ = st.CloseWrite()
				}
			}
		}
		for _, id := range allProtocols {
			st := must(m.Call(p, id))
			must(struct{}{}, st.SetDeadline(time.Now().Add(time.Hour)))
			must(st.Write([]byte{40, 1})) // 38 bytes are missing
			m.open = append(m.open, st)
		}
	}
}

// WaitsForBadFrames checks that each stream that waits for the rest of a frame ends without an answer.
func (m *Peer) WaitsForBadFrames() {
	for _, st := range m.open {
		var b [1]byte
		if n, err := st.Read(b[:]); err == nil {
			m.gained("%d bytes for half a frame on %s", n, st.Protocol())
		}
	}
	m.open = nil
}

// PushesIdentify uses up the identify pushes that a node takes from this network.
func (m *Peer) PushesIdentify() {
	for _, p := range m.Nodes {
		for range 50 {
			if st, err := m.Call(p, identify.IDPush); err == nil {
				_, _ = st.Write([]byte{0}) // an empty message, because the other end does not see a stream without data
				_ = st.Close()
			}
		}
	}
}

// NeverReads sends questions with long answers and reads none of them.
func (m *Peer) NeverReads() {
	for _, p := range m.Nodes {
		for range 50 {
			for i, id := range allProtocols {
				st, err := m.Call(p, id)
				if err != nil {
					continue
				}
				_ = protocol.WriteFrame(st, []protocol.Frame{
					&protocol.PollAsk{Request: &protocol.PollRequest{Room: m.Room, Nonce: m.Nonce, Admission: m.admission}},
					&protocol.JoinRequest{Room: m.Room, Nick: fmt.Sprintf("m%d", i)},
					&protocol.AskRequest{Room: m.Room, Leave: true},
					&protocol.OrderRequest{Room: m.Room, Kind: protocol.OrderKick, Peer: m.Owner},
					&protocol.SyncRequest{Room: m.Room},
					&protocol.PassRequest{Room: m.Room, Line: []byte(Evil), To: m.Nodes},
					&protocol.TellRequest{Room: m.Room, Text: Evil, At: time.Now()},
					&protocol.RoomsRequest{},
				}[i])
			}
		}
	}
}
