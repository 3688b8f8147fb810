package transcript

import (
	"crypto/ed25519"
	"crypto/sha256"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// lawStart is when the rooms of these tests begin.
var lawStart = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// personae are peers with keys made from their names, so that a failure names the same peers every time.
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
	return must(protocol.SealMessage(h, c, key, s.Peer(), s, rand.NewChaCha8(h.Prev)))
}

// A lawRoom is a room of alice's with real records and keys.
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

// say is a line of name in an epoch that the room has had.
func (w *lawRoom) say(name string, epoch, ctr uint64) protocol.Message {
	key, ok := w.keys.Get(epoch)
	if !ok {
		w.t.Fatal("no key of epoch", epoch)
	}
	return sealed(name, protocol.Header{Room: w.id(), Epoch: epoch, Ctr: ctr, Lamport: 1}, "hello", key)
}

// env is the world of a node that is connected to nobody, at the time of the last record.
func (w *lawRoom) env() Env {
	return Env{
		Now: w.now, Wall: w.now, State: w.ledger.State(), Keys: w.keys, Space: 1000,
		Near: func() []peer.ID { return nil }, Allow: func(peer.ID, string) bool { return true }, Pick: func(int) int { return 0 },
	}
}

// transcript is name's, which is in.
func (w *lawRoom) transcript(name string) *Transcript {
	t := New(w.id(), personaID(name), 0, w.now)
	t.Enter(w.env(), true)
	return t
}

// lines are n lines of name's, each of which names the one before; nobody has signed them.
func (w *lawRoom) lines(name string, n int) []Opened {
	var lines []Opened
	for i := range uint64(n) {
		o := Opened{Content: protocol.Content{Kind: protocol.Say, Text: "hello"}}
		o.Msg.Author, o.Msg.Header = personaID(name), protocol.Header{Room: w.id(), Epoch: w.epoch(), Ctr: i + 1, Lamport: i + 1}
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
