package node

import (
	"context"
	"sync/atomic"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"google.golang.org/protobuf/encoding/protowire"

	"localchat/authority"
	"localchat/node/internal/roomtest"
	"localchat/node/internal/transcript"
	"localchat/protocol"
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
func snapshotOf(w *roomtest.Room, self string) *snapshot {
	return &snapshot{
		room: w.ID(), state: w.State(), keys: w.Keys, records: w.Records, self: personaID(self),
		floors: make(map[peer.ID]uint64),
	}
}

// A judge has a room's validators, the events that they have posted, and the lines and records that they have handed to
// the loop.
type judge struct {
	*gossip
	posted  []inboxEvent
	lines   []transcript.Opened
	records []protocol.SignedRecord
}

func newJudge(s *snapshot) *judge {
	j := &judge{}
	snap := new(atomic.Pointer[snapshot])
	snap.Store(s)
	j.gossip = &gossip{room: s.room, snap: snap, post: func(ev inboxEvent) bool {
		j.posted = append(j.posted, ev)
		return true
	}, deliver: func(ev inboxEvent) {
		switch ev := ev.(type) {
		case *lineArrived:
			j.lines = append(j.lines, ev.line)
		case recordArrived:
			j.records = append(j.records, ev.record)
		}
	}}
	return j
}

func data(raw []byte) *pubsub.Message { return &pubsub.Message{Message: &pb.Message{Data: raw}} }

// line judges one line, and returns it if it is handed to the loop.
func (j *judge) line(raw []byte) (pubsub.ValidationResult, *transcript.Opened) {
	j.lines = nil
	got := j.validateLine(context.Background(), "forwarder", data(raw))
	if len(j.lines) == 0 {
		return got, nil
	}
	return got, &j.lines[0]
}

// record judges one record, and returns it if it is handed to the loop.
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

// A domain is the signing domain of an envelope, with its payload type.
type domain struct{ name, kind string }

var recordDomain = domain{"localchat/record/v2", "localchat/record/v2"}

func messageDomain(room protocol.RoomID) domain {
	return domain{"localchat/message/v3" + string(room[:]), "msg/3"}
}

// A forged record signs any bytes under any domain, as an attacker with a key can.
type forged struct {
	domain domain
	body   []byte
}

func (f *forged) Domain() string                 { return f.domain.name }
func (f *forged) Codec() []byte                  { return []byte(f.domain.kind) }
func (f *forged) MarshalRecord() ([]byte, error) { return f.body, nil }
func (f *forged) UnmarshalRecord(b []byte) error { f.body = b; return nil }

func forge(name string, d domain, body []byte) []byte {
	return must(must(persona(name).Seal(&forged{d, body})).Marshal())
}

// signedBody is the payload of an envelope.
func signedBody(d domain, raw []byte) []byte {
	f := forged{domain: d}
	must(record.ConsumeTypedEnvelope(raw, &f))
	return f.body
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
