package node

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"google.golang.org/protobuf/encoding/protowire"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// lawStart is when the rooms of these tests begin.
var lawStart = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// personae are peers with keys made from their names, so that a failure names the same peers every time. The mutex is
// for fuzz workers and tests that use the map at once.
var personae = struct {
	mu   sync.Mutex
	keys map[string]protocol.KeySigner
}{keys: make(map[string]protocol.KeySigner)}

func persona(name string) protocol.KeySigner {
	personae.mu.Lock()
	defer personae.mu.Unlock()
	if k, ok := personae.keys[name]; ok {
		return k
	}
	seed := sha256.Sum256([]byte(name))
	k := protocol.KeySigner{PrivKey: must(crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed[:])))}
	personae.keys[name] = k
	return k
}

func personaID(name string) peer.ID { return persona(name).Peer() }

// sealed is a line of a persona.
func sealed(name string, h protocol.Header, text string, key protocol.Key) protocol.Message {
	s := persona(name)
	c := protocol.Content{Kind: protocol.Say, Text: text, At: lawStart}
	return must(protocol.SealMessage(h, c, key, s.Peer(), s, random))
}

// A lawRoom is a room of alice's with real records and keys, and no network.
type lawRoom struct {
	t       testing.TB
	now     time.Time
	ledger  authority.Ledger
	records []protocol.SignedRecord
	keys    authority.Keyring
	rand    *rand.ChaCha8
}

func newLawRoom(t testing.TB, name string) *lawRoom {
	w := &lawRoom{t: t, now: lawStart, rand: rand.NewChaCha8(sha256.Sum256([]byte(name)))}
	p := protocol.DefaultPolicy()
	p.Access = protocol.Open
	w.do(authority.CreateRoom{Name: name, Nick: "alice", Policy: p})
	return w
}

func (w *lawRoom) do(ev authority.Event) {
	w.t.Helper()
	w.now = w.now.Add(2 * authority.ReturnAfter)
	env := authority.Env{Now: w.now, Rand: w.rand, Signer: persona("alice"), Self: personaID("alice")}
	next, effects, err := w.ledger.Step(env, ev)
	if err != nil {
		w.t.Fatalf("%T: %v", ev, err)
	}
	w.ledger = next
	for _, e := range effects {
		c, ok := e.(authority.Commit)
		if !ok {
			continue
		}
		w.records = append(w.records, c.Record)
		w.keys = w.keys.With(w.ledger.State(), []protocol.EpochKey{{Epoch: c.Change.Epoch, Key: c.Key}}, w.now)
	}
}

func (w *lawRoom) admit(names ...string) {
	w.t.Helper()
	for _, n := range names {
		w.do(authority.Knock{Peer: personaID(n), Request: protocol.JoinRequest{Room: w.id(), Nick: n}})
		if _, in := w.ledger.State().Member(personaID(n)); !in {
			w.t.Fatal(n, "was not let in")
		}
	}
}

func (w *lawRoom) id() protocol.RoomID { return w.ledger.State().Room() }
func (w *lawRoom) epoch() uint64       { return w.ledger.State().Epoch() }

func (w *lawRoom) key(epoch uint64) protocol.Key {
	k, ok := w.keys.Get(epoch)
	if !ok {
		w.t.Fatal("no key of epoch", epoch)
	}
	return k
}

// say is a line of name in an epoch that the room has had.
func (w *lawRoom) say(name string, epoch, ctr uint64) protocol.Message {
	return sealed(name, protocol.Header{Room: w.id(), Epoch: epoch, Ctr: ctr, Lamport: 1}, "hello", w.key(epoch))
}

// snapshot is the state that the validators of self's node have.
func (w *lawRoom) snapshot(self string) *snapshot {
	return &snapshot{
		room: w.id(), state: w.ledger.State(), keys: w.keys, records: w.records, self: personaID(self),
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
func removedRoom(t testing.TB) (w *lawRoom, before uint64) {
	w = newLawRoom(t, "lab")
	w.admit("bob", "carol")
	before = w.epoch()
	w.do(authority.Kick{Peer: personaID("bob"), Cut: protocol.Cut{Ctr: 5, Hash: protocol.Hash{5}}})
	w.admit("dave")
	return w, before
}
