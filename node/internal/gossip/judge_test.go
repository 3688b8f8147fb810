package gossip

import (
	"context"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"google.golang.org/protobuf/encoding/protowire"

	"localchat/authority"
	"localchat/node/internal/roomtest"
	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

// The names of the test rooms.
var (
	lawStart   = roomtest.Start
	newLawRoom = roomtest.New
	persona    = roomtest.Persona
	personaID  = roomtest.PersonaID
	sealed     = roomtest.Sealed
)

// snapshotOf is the state that the validators of self's node have.
func snapshotOf(w *roomtest.Room, self string) *Snapshot {
	return &Snapshot{
		Room: w.ID(), State: w.State(), Keys: w.Keys, Records: w.Records, Self: personaID(self),
		Floors: make(map[peer.ID]uint64),
	}
}

// each is a budget that no test uses up by accident.
var each = Budget{1000, 6000}

// A judge has a room's validators, and what they have handed over.
type judge struct {
	*Room
	lines    []transcript.Opened
	records  []protocol.SignedRecord
	early    []protocol.Message
	attempts []peer.ID
}

func newJudge(s *Snapshot) *judge {
	j := &judge{}
	j.Room = &Room{room: s.Room, handler: j}
	j.Update(s)
	return j
}

func (j *judge) Line(_ peer.ID, l transcript.Opened)         { j.lines = append(j.lines, l) }
func (j *judge) Record(r protocol.SignedRecord)              { j.records = append(j.records, r) }
func (j *judge) Early(m protocol.Message)                    { j.early = append(j.early, m) }
func (j *judge) Attempt(by peer.ID, _ protocol.SignedRecord) { j.attempts = append(j.attempts, by) }
func (j *judge) Subscribed()                                 {}
func (j *judge) Flood(peer.ID)                               {}

func data(raw []byte) *pubsub.Message { return &pubsub.Message{Message: &pb.Message{Data: raw}} }

// line judges one line, and returns it if it is handed over.
func (j *judge) line(raw []byte) (pubsub.ValidationResult, *transcript.Opened) {
	j.lines = nil
	got := j.validateLine(context.Background(), "forwarder", data(raw))
	if len(j.lines) == 0 {
		return got, nil
	}
	return got, &j.lines[0]
}

// record judges one record, and returns it if it is handed over.
func (j *judge) record(raw []byte) (pubsub.ValidationResult, *protocol.SignedRecord) {
	j.records = nil
	got := j.validateRecord(context.Background(), "forwarder", data(raw))
	if len(j.records) == 0 {
		return got, nil
	}
	return got, &j.records[0]
}

var verdictNames = map[pubsub.ValidationResult]string{
	pubsub.ValidationAccept: "accept", pubsub.ValidationIgnore: "ignore", pubsub.ValidationReject: "reject",
}

func forge(name string, d hostile.Domain, body []byte) []byte {
	return hostile.Forge(persona(name), d, body)
}

// setField replaces the value of a field of an encoded message; v is []byte or uint64.
func setField(b []byte, field protowire.Number, v any) []byte {
	var out []byte
	done := false
	put := func() {
		done = true
		switch v := v.(type) {
		case []byte:
			out = protowire.AppendBytes(protowire.AppendTag(out, field, protowire.BytesType), v)
		case uint64:
			out = protowire.AppendVarint(protowire.AppendTag(out, field, protowire.VarintType), v)
		}
	}
	for len(b) > 0 {
		num, _, n := protowire.ConsumeField(b)
		if num >= field && !done {
			put()
		}
		if num != field {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	if !done {
		put()
	}
	return out
}

func getField(b []byte, field protowire.Number) []byte {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeField(b)
		if num == field && typ == protowire.BytesType {
			_, _, t := protowire.ConsumeTag(b)
			v, _ := protowire.ConsumeBytes(b[t:n])
			return v
		}
		b = b[n:]
	}
	return nil
}

// A removedRoom is a room in which bob and carol were admitted, bob was kicked, with his lines up to 5 counting, and
// dave was admitted since.
func removedRoom(t testing.TB) (w *roomtest.Room, before uint64) {
	w = newLawRoom(t, "lab")
	w.Admit("bob", "carol")
	before = w.Epoch()
	w.Do(authority.Kick{Peer: personaID("bob"), Cut: protocol.Cut{Ctr: 5, Hash: protocol.Hash{5}}})
	w.Admit("dave")
	return w, before
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
