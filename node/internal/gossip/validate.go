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

// A Snapshot has the state of a room that the validators use. It never changes; [Room.Update] replaces it.
type Snapshot struct {
	Room    protocol.RoomID
	State   authority.State
	Keys    authority.Keyring
	Records []protocol.SignedRecord
	Floors  map[peer.ID]uint64 // message numbers up to which an author's lines have expired
	Self    peer.ID
}

// member reports whether p is a member. Pubsub calls it often, for every peer, from its own goroutines.
func (s *Snapshot) member(p peer.ID) bool {
	_, ok := s.State.Member(p)
	return ok
}

// endsHere calls validate, and tells pubsub to ignore a received message that is valid: validate has handed it to the Handler,
// and no member forwards it. If pubsub accepted it, it would look for peers to send it to: with 32 nodes on two cores that was a
// third of the time until a line is shown.
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

// counted calls validate, and charges the sender for a message that does not count.
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

// taken marks a message of another node that pubsub is told to ignore although it is used.
var taken any = struct{ taken bool }{true}

// validateLine judges a line by the table of docs/design.md, "Which lines count". It runs in pubsub's validation goroutine, and
// for our own lines in the loop.
//
// The header of the line is judged before its signature. Verification is by far the most expensive step, and a peer could cause
// it at every node with lines that cannot count in any case. So such a line is ignored, not rejected, even if its signature is
// bad.
func (g *Room) validateLine(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	said, ours := m.ValidatorData.(protocol.UnverifiedMessage) // it does not come from the network
	if !ours {
		var err error
		if said, err = protocol.ScanMessage(g.room, m.GetData()); err != nil {
			return pubsub.ValidationReject
		}
	}
	s := g.snap.Load()
	signer := said.Signer()
	author, _ := s.State.Known(signer[:]) // empty for a stranger, for which the checks below are the same
	verdict := s.State.Check(author, said.Header)
	if verdict == authority.VerdictIgnore || verdict != authority.VerdictUnknown && said.Ctr <= s.Floors[author] {
		return pubsub.ValidationIgnore
	}
	if ours {
		return pubsub.ValidationAccept
	}
	msg, err := said.Verify()
	if err != nil {
		return pubsub.ValidationReject
	}
	if _, known := s.Keys.Get(msg.Epoch); !known || verdict == authority.VerdictUnknown {
		// Its record or its key has not come. It counts as unwanted too: lines of an honest member are early only for a moment, and
		// those of a flood always.
		g.handler.Early(msg)
		return pubsub.ValidationIgnore
	}
	line, ok := s.open(msg, verdict)
	if !ok {
		return pubsub.ValidationIgnore
	}
	g.handler.Line(from, line)
	return pubsub.ValidationAccept
}

// open decrypts a line. It returns false if the line does not count.
func (s *Snapshot) open(msg protocol.Message, v authority.Verdict) (transcript.Opened, bool) {
	return transcript.Open(msg, v, s.Keys, s.Floors[msg.Author])
}

// validateRecord accepts the records that the authority signed. Any other is ignored, and does not lower the score of its sender;
// the authority notes the author's attempt. As with lines, the signature is verified last.
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
