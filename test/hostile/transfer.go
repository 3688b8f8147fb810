package hostile

import (
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// ClaimsRoom claims that the room was given to m. It signs transfers from the owner, from another member and from itself, with an
// acceptance of its own; publishes them; lists the room with them; answers polls and joins with them; and asks the owner for the room.
func (m *Peer) ClaimsRoom() {
	seq, head := m.at()
	m.Mu.Lock()
	create, epoch := m.log[0].Bytes(), m.State.Epoch()
	m.Mu.Unlock()
	var forged [][]byte
	for _, from := range []peer.ID{m.Owner, m.Nodes[1]} {
		accepted := must(protocol.SignAcceptance(protocol.Acceptance{
			Room: m.Room, From: from, To: m.Host.ID(), Prev: head, Books: protocol.Hash{1}, Until: time.Now().Add(protocol.OfferLife),
		}, m.Key))
		r := m.recordOf(protocol.Transfer{Accepted: accepted}, seq+1, head, epoch+1)
		forged = append(forged, must(protocol.SignRecord(r, m.Key)).Bytes())
		r.Author = from
		if _, err := protocol.SignRecord(r, m.Key); err == nil {
			m.gained("the signature of another peer")
		}
		var reply protocol.TakeReply
		req := protocol.TakeRequest{Room: m.Room, Head: head, Accepted: accepted.Bytes()}
		if err := m.Ask(m.Owner, protocol.TakeID, &req, &reply); err == nil && reply.Code == protocol.TakeDone {
			m.gained("the room")
		}
	}
	var books protocol.TakeReply
	if err := m.Ask(m.Owner, protocol.TakeID, &protocol.TakeRequest{Room: m.Room, Head: head}, &books); err == nil && books.Code == protocol.TakePart {
		m.gained("the books of the room")
	}
	moved := &protocol.Moved{Transfers: forged}
	m.Host.SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
		defer s.Close()
		var q protocol.RoomsRequest
		if protocol.ReadFrame(s, &q) == nil {
			_ = protocol.WriteFrame(s, &protocol.RoomsReply{Rooms: []protocol.RoomAd{{Create: create, Moved: forged, OwnerNick: "mallory", Access: protocol.Open}}})
		}
	})
	m.Host.SetStreamHandler(protocol.PollID, func(s network.Stream) {
		defer s.Close()
		var q protocol.PollAsk
		if protocol.ReadFrame(s, &q) == nil && q.Request != nil {
			_ = protocol.WriteFrame(s, &protocol.PollReply{Moved: moved})
		}
	})
	m.Host.SetStreamHandler(protocol.JoinID, func(s network.Stream) {
		defer s.Close()
		var q protocol.JoinRequest
		if protocol.ReadFrame(s, &q) == nil {
			if q.Token != (protocol.Token{}) {
				m.gained("the token of an invite")
			}
			_ = protocol.WriteFrame(s, &protocol.JoinReply{Code: protocol.JoinMoved, Moved: moved})
		}
	})
	for _, raw := range forged {
		m.spread(m.records, raw)
	}
	m.AnswersSync(func(peer.ID, protocol.SyncRequest) *protocol.SyncReply {
		return &protocol.SyncReply{HaveSeq: seq + 1, Head: head, Records: forged}
	})
	m.Urges(m.Nodes...)
}
