package transcript

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/roomtest"
	"localchat/protocol"
)

var (
	lawStart  = roomtest.Start
	personaID = roomtest.PersonaID
	sealed    = roomtest.Sealed
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A lawRoom is a room without a network, with the transcripts of its members.
type lawRoom struct{ *roomtest.Room }

func newLawRoom(t testing.TB, name string) *lawRoom { return &lawRoom{roomtest.New(t, name)} }

// env is the world of a node that is connected to nobody, at the time of the last record.
func (w *lawRoom) env() Env {
	return Env{
		Now: w.Now, Wall: w.Now, State: w.State(), Keys: w.Keys, Space: 1000,
		Near: func() []peer.ID { return nil }, Allow: func(peer.ID, string) bool { return true }, Pick: func(int) int { return 0 },
	}
}

// transcript is name's, which is in.
func (w *lawRoom) transcript(name string) *Transcript {
	t := New(w.ID(), personaID(name), 0, w.Now)
	t.Enter(w.env(), true, false)
	return t
}

// lines are n lines of name's, each of which names the one before; nobody has signed them.
func (w *lawRoom) lines(name string, n int) []Opened {
	var lines []Opened
	for i := range uint64(n) {
		o := Opened{Content: protocol.Content{Kind: protocol.Say, Text: "hello"}}
		o.Msg.Author, o.Msg.Header = personaID(name), protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: i + 1, Lamport: i + 1}
		o.Msg.ID = protocol.Hash{1, byte(i), byte(i >> 8), byte(i >> 16)}
		if i > 0 {
			o.Msg.Prev = lines[i-1].Msg.ID
		}
		lines = append(lines, o)
	}
	return lines
}

// kickOf ends name's membership at its last line.
func kickOf(name string, last protocol.Message) authority.Kick {
	return authority.Kick{Peer: personaID(name), Cut: protocol.Cut{Ctr: last.Ctr, Hash: last.ID}}
}
