package gossip

import (
	"context"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// A Snapshot is what the validators of a room know. It never changes; [Room.Update] replaces it.
type Snapshot struct {
	Room    protocol.RoomID
	State   authority.State
	Keys    authority.Keyring
	Records []protocol.SignedRecord
	Floors  map[peer.ID]uint64 // message numbers up to which an author's lines have expired
	Self    peer.ID
}

// member is the gate of the room's gossip: what pubsub asks of every peer, often, from its own goroutines.
func (s *Snapshot) member(p peer.ID) bool {
	_, ok := s.State.Member(p)
	return ok
}

// endsHere is validate for a room in which nobody forwards: validate has handed a received message over, and pubsub
// has nothing more to do with it. So pubsub is told to ignore it. If it accepted the message, it would first look for peers
// to send it to, before the handler's turn: with 32 nodes on two cores that was a third of the time until a line is shown.
func (g *Room) endsHere(validate pubsub.ValidatorEx) pubsub.ValidatorEx {
	return func(ctx context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		v := validate(ctx, from, m)
		if v == pubsub.ValidationAccept && from != g.snap.Load().Self {
			m.ValidatorData = taken
			return pubsub.ValidationIgnore
		}
		return v
	}
}

// counted is validate, and counts what does not count for the guard.
func (g *Room) counted(validate pubsub.ValidatorEx) pubsub.ValidatorEx {
	return func(ctx context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		v := validate(ctx, from, m)
		if v == pubsub.ValidationAccept || m.ValidatorData == taken || from == g.snap.Load().Self {
			return v
		}
		cost := 1
		if v == pubsub.ValidationReject {
			cost = InvalidCost
		}
		if g.guard.unwantedBy(from, cost, time.Now()) {
			g.shutOut(from)
		}
		return v
	}
}

// taken marks a message of another node that pubsub is told to ignore, and that is of use all the same.
var taken any = struct{ taken bool }{true}

// validateLine is the table of docs/design.md, "Which lines count". It runs in pubsub's validation
// goroutine, and for our own lines in the loop.
//
// The line's own claims are judged before its signature: verifying is by far the most expensive step, and a peer that sends
// lines that could not count in any case could make every node do it. So such a line is ignored, not rejected, even if its
// signature is bad.
func (g *Room) validateLine(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	said, err := protocol.ScanMessage(g.room, m.GetData())
	if err != nil {
		return pubsub.ValidationReject
	}
	s := g.snap.Load()
	signer := said.Signer()
	author, _ := s.State.Known(signer[:]) // a stranger's is empty, and judged alike
	verdict := s.State.Check(author, said.Header)
	if verdict == authority.VerdictIgnore || verdict != authority.VerdictUnknown && said.Ctr <= s.Floors[author] {
		return pubsub.ValidationIgnore
	}
	msg, err := said.Verify()
	if err != nil {
		return pubsub.ValidationReject
	}
	if _, known := s.Keys.Get(msg.Epoch); !known || verdict == authority.VerdictUnknown {
		// Its record has not come, or its key has not. It counts as unwanted all the same: an honest member is heard early for
		// a moment, and only a flood goes on.
		g.handler.Early(msg)
		return pubsub.ValidationIgnore
	}
	line, ok := s.open(msg, verdict)
	if !ok {
		return pubsub.ValidationIgnore
	}
	if from != s.Self { // the loop itself publishes
		g.handler.Line(from, line)
	}
	return pubsub.ValidationAccept
}

// open decrypts a line that may count.
func (s *Snapshot) open(msg protocol.Message, v authority.Verdict) (transcript.Opened, bool) {
	return transcript.Open(msg, v, s.Keys, s.Floors[msg.Author])
}

// validateRecord lets through the records that the authority signed. Any other is ignored without blame for its sender; the
// authority's own node notes the author's attempt. As with lines, the signature comes last.
func (g *Room) validateRecord(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	said, err := protocol.ScanRecord(m.GetData())
	if err != nil || said.RoomID() != g.room {
		return pubsub.ValidationReject
	}
	s := g.snap.Load()
	signer := said.Signer()
	author, known := s.State.Known(signer[:])
	entitled := known && author == s.State.Authority()
	switch {
	case !entitled && (s.State.Authority() != s.Self || !s.member(author)):
		return pubsub.ValidationIgnore
	case entitled && said.Seq < s.State.Seq() && s.Records[said.Seq-1].Hash() == said.Hash():
		return pubsub.ValidationIgnore
	}
	r, err := protocol.OpenRecord(m.GetData())
	if err != nil {
		return pubsub.ValidationReject
	}
	if !entitled {
		g.handler.Attempt(author, r)
		return pubsub.ValidationIgnore
	}
	if from != s.Self { // the loop itself publishes
		g.handler.Record(r)
	}
	return pubsub.ValidationAccept
}
