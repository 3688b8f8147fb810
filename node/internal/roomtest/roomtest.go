// Package roomtest makes rooms for tests: with real records, keys and lines, and without a network.
package roomtest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// OrderEvery is how much later than the one before each event is: the door of an open room is shut for less.
const OrderEvery = 2 * authority.ReturnAfter

// Start is when the rooms begin.
var Start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// personae are peers with keys made from their names, so that a failure names the same peers every time. The mutex is
// for fuzz workers and tests that use the map at once.
var personae = struct {
	mu   sync.Mutex
	keys map[string]protocol.KeySigner
}{keys: make(map[string]protocol.KeySigner)}

// Persona is the key of name.
func Persona(name string) protocol.KeySigner {
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

// PersonaID is the peer of that key.
func PersonaID(name string) peer.ID { return Persona(name).Peer() }

// Sealed is a line of name. The same arguments make the same line.
func Sealed(name string, h protocol.Header, text string, key protocol.Key) protocol.Message {
	return SealedAt(name, h, text, key, Start)
}

// SealedAt does so with the time that the author signs.
func SealedAt(name string, h protocol.Header, text string, key protocol.Key, at time.Time) protocol.Message {
	s := Persona(name)
	c := protocol.Content{Kind: protocol.Say, Text: text, At: at}
	nonces := rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, name, h, text, key)))
	return must(protocol.SealMessage(h, c, key, s.Peer(), s, nonces))
}

// A Room is an open room of alice's.
type Room struct {
	t       testing.TB
	Now     time.Time
	Ledger  authority.Ledger
	Records []protocol.SignedRecord
	Keys    authority.Keyring
	rand    *rand.ChaCha8
}

// New makes a room of that name, in which alice is alone.
func New(t testing.TB, name string) *Room {
	t.Helper()
	w := &Room{t: t, Now: Start, rand: rand.NewChaCha8(sha256.Sum256([]byte(name)))}
	p := protocol.DefaultPolicy()
	p.Access = protocol.Open
	w.Do(authority.CreateRoom{Name: name, Nick: "alice", Policy: p})
	return w
}

// Do has alice's ledger take ev, OrderEvery after what was done before.
func (w *Room) Do(ev authority.Event) {
	w.t.Helper()
	w.Now = w.Now.Add(OrderEvery)
	env := authority.Env{Now: w.Now, Rand: w.rand, Signer: Persona("alice"), Self: PersonaID("alice")}
	next, effects, err := w.Ledger.Step(env, ev)
	if err != nil {
		w.t.Fatalf("%T: %v", ev, err)
	}
	w.Ledger = next
	for _, e := range effects {
		c, ok := e.(authority.Commit)
		if !ok {
			continue
		}
		w.Records = append(w.Records, c.Record)
		w.Keys = w.Keys.With(w.State(), []protocol.EpochKey{{Epoch: c.Change.Epoch, Key: c.Key}}, w.Now)
	}
}

// Admit lets names in, one after the other.
func (w *Room) Admit(names ...string) {
	w.t.Helper()
	for _, n := range names {
		w.Do(authority.Knock{Peer: PersonaID(n), Request: protocol.JoinRequest{Room: w.ID(), Nick: n}})
		if _, in := w.State().Member(PersonaID(n)); !in {
			w.t.Fatal(n, "was not let in")
		}
	}
}

func (w *Room) State() authority.State { return w.Ledger.State() }
func (w *Room) ID() protocol.RoomID    { return w.State().Room() }
func (w *Room) Epoch() uint64          { return w.State().Epoch() }

// Key is the key of an epoch that the room has had.
func (w *Room) Key(epoch uint64) protocol.Key {
	w.t.Helper()
	k, ok := w.Keys.Get(epoch)
	if !ok {
		w.t.Fatal("no key of epoch", epoch)
	}
	return k
}

// Say is a line of name in an epoch that the room has had.
func (w *Room) Say(name string, epoch, ctr uint64) protocol.Message {
	w.t.Helper()
	return Sealed(name, protocol.Header{Room: w.ID(), Epoch: epoch, Ctr: ctr, Lamport: 1}, "hello", w.Key(epoch))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
