package authority

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

var epochStart = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// people has the keys of the peers that tests name. Tests run in parallel, so mu guards it.
var people = struct {
	mu   sync.Mutex
	keys map[string]protocol.KeySigner
}{keys: make(map[string]protocol.KeySigner)}

func signerOf(name string) protocol.KeySigner {
	people.mu.Lock()
	defer people.mu.Unlock()
	if k, ok := people.keys[name]; ok {
		return k
	}
	seed := sha256.Sum256([]byte(name))
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		panic(err)
	}
	people.keys[name] = protocol.KeySigner{PrivKey: key}
	return people.keys[name]
}

func id(name string) peer.ID { return signerOf(name).Peer() }

// nonce returns the nonce of that name.
func nonce(name string) protocol.Nonce {
	h := sha256.Sum256([]byte(name))
	return protocol.Nonce(h[:16])
}

// A disk has what has been persisted.
type disk struct {
	records  []protocol.SignedRecord
	failures map[peer.ID]Failure
	invites  map[protocol.InviteID]Invite
	appeals  map[peer.ID]Appeal
	banShift map[uint64]time.Duration
	seat     *Seat
}

func (d *disk) write(b Batch) {
	d.records = append(d.records, b.Records...)
	for p, f := range b.Failures {
		if delete(d.failures, p); f != nil {
			d.failures[p] = *f
		}
	}
	for i, v := range b.Invites {
		if delete(d.invites, i); v != nil {
			d.invites[i] = *v
		}
	}
	for p, a := range b.Appeals {
		if delete(d.appeals, p); a != nil {
			d.appeals[p] = *a
		}
	}
	if b.BanShift != nil {
		d.banShift = b.BanShift
	}
	if b.Seat != nil {
		d.seat = b.Seat
	}
}

func (d *disk) durable() Durable {
	return Durable{
		Records:  slices.Clone(d.records),
		Failures: slices.Collect(maps.Values(d.failures)),
		Invites:  slices.Collect(maps.Values(d.invites)),
		Appeals:  slices.Collect(maps.Values(d.appeals)),
		BanShift: d.banShift,
	}
}

// A given names one removal of one peer.
type given struct {
	peer    peer.ID
	removal uint64
}

// A world is an authority with its disk and clock, and a watcher that checks the law at every step.
type world struct {
	t       testing.TB
	owner   string
	ledger  Ledger
	disk    disk
	now     time.Time
	rand    io.Reader
	fail    bool // the disk
	held    map[peer.ID]protocol.PollRequest
	heard   State
	answers map[given][]byte // the one answer to the one nonce
	nonces  map[given]protocol.Nonce
	resumed time.Time
}

func newWorld(t testing.TB, owner string) *world {
	return &world{
		t: t, owner: owner, now: epochStart,
		rand:    rand.NewChaCha8(sha256.Sum256([]byte(owner))),
		disk:    disk{failures: map[peer.ID]Failure{}, invites: map[protocol.InviteID]Invite{}, appeals: map[peer.ID]Appeal{}},
		answers: map[given][]byte{}, nonces: map[given]protocol.Nonce{},
	}
}

// newRoom returns a world with a room of the given access.
func newRoom(t testing.TB, owner string, access protocol.Access) *world {
	w := newWorld(t, owner)
	p := protocol.DefaultPolicy()
	p.Access = access
	w.must(CreateRoom{Name: "lab", Nick: owner, Policy: p})
	return w
}

func (w *world) env() Env {
	s := signerOf(w.owner)
	return Env{Now: w.now, Rand: w.rand, Signer: s, Self: s.Peer(), Held: func(p peer.ID) (protocol.PollRequest, bool) {
		q, ok := w.held[p]
		return q, ok
	}}
}

// step does what a driver does with an event, and runs the watcher's checks.
func (w *world) step(ev Event) ([]Effect, error) {
	w.t.Helper()
	before := w.ledger
	frozen := snapshotOf(before)
	next, effects, err := before.Step(w.env(), ev)
	if got := snapshotOf(before); !reflect.DeepEqual(got, frozen) {
		w.t.Fatalf("%T changed the Ledger before it", ev)
	}
	if err != nil {
		if effects != nil || !reflect.DeepEqual(next, before) {
			w.t.Fatalf("%T failed with %v and did something", ev, err)
		}
		return nil, err
	}
	for i, e := range effects {
		if p, ok := e.(Persist); ok {
			if i != 0 {
				w.t.Fatalf("%T: Persist is effect %d", ev, i)
			}
			if w.fail {
				w.fail = false
				return nil, io.ErrShortWrite
			}
			w.disk.write(p.Batch)
		}
		w.observe(e, before)
	}
	w.ledger = next
	if _, wrote := find[Persist](effects); wrote {
		w.check()
	}
	return effects, nil
}

// must steps and fails the test on an error.
func (w *world) must(ev Event) []Effect {
	w.t.Helper()
	effects, err := w.step(ev)
	if err != nil {
		w.t.Fatalf("%T: %v", ev, err)
	}
	return effects
}

// snapshotOf returns a copy of a Ledger's content, deep enough to notice a write through a shared map or slice.
func snapshotOf(l Ledger) any {
	s := l.state
	past := map[peer.ID][]Removal{}
	for p, r := range s.past {
		past[p] = slices.Clone(r)
	}
	return []any{
		maps.Clone(l.failures), maps.Clone(l.invites), maps.Clone(l.appeals), slices.Clone(l.knocks), maps.Clone(s.members), maps.Clone(s.nicks),
		maps.Clone(s.bans), past, maps.Clone(s.used), s.Head(), s.epoch, s.policy, s.closed, s.pastLen,
	}
}

// observe checks an answer that leaves the authority.
func (w *world) observe(e Effect, before Ledger) {
	w.t.Helper()
	switch e := e.(type) {
	case Commit:
		r, err := protocol.OpenRecord(e.Record.Bytes())
		if err != nil {
			w.t.Fatal(err)
		}
		if w.heard, _, err = w.heard.Apply(r); err != nil {
			w.t.Fatalf("a member cannot apply record %d: %v", r.Seq, err)
		}
	case AnswerPoll:
		if e.Outcome == PollReason {
			w.observeReason(e)
		} else if len(e.Reason) > 0 {
			w.t.Fatal("a reason in an answer that gives none")
		}
	}
}

// observeReason checks invariants 10 (once), 13 (ownership) and 16 (no stale reason) for every reason that is given.
func (w *world) observeReason(e AnswerPoll) {
	w.t.Helper()
	r, err := protocol.OpenReason(e.Reason)
	if err != nil {
		w.t.Fatal(err)
	}
	switch m, member := w.heard.Member(e.Peer); {
	case r.Peer != e.Peer:
		w.t.Fatalf("the reason of %s was given to %s", r.Peer, e.Peer)
	case r.Room != w.heard.Room() || r.Signer != w.heard.Authority():
		w.t.Fatal("a reason of another room, or by nobody entitled")
	case member && m.Admission > r.Removal:
		w.t.Fatal("a reason from before the admission")
	}
	k := given{e.Peer, r.Removal}
	if old, ok := w.answers[k]; ok && !sameReason(old, r) {
		w.t.Fatalf("removal %d was told twice", r.Removal)
	}
	if f, ok := w.disk.failures[e.Peer]; !ok || !f.Claimed || !bytes.Equal(f.Answer, e.Reason) {
		w.t.Fatal("the answer is visible and its claim is not on disk")
	}
	w.answers[k], w.nonces[k] = e.Reason, r.Nonce
}

// sameReason reports whether the answer old is r: the same bytes or, if the room has another owner since, the same content.
func sameReason(old []byte, r protocol.SignedReason) bool {
	o, err := protocol.OpenReason(old)
	return err == nil && o.Reason == r.Reason && (o.Signer != r.Signer || bytes.Equal(old, r.Bytes()))
}

// check checks what must be true after every step.
func (w *world) check() {
	w.t.Helper()
	l := w.ledger
	if !reflect.DeepEqual(l.state, w.heard) {
		w.t.Fatal("the authority and a member that heard all records differ")
	}
	restored, err := Load(w.disk.durable())
	switch {
	case err != nil:
		w.t.Fatal(err)
	case !reflect.DeepEqual(restored.State(), l.state),
		!maps.EqualFunc(restored.failures, l.failures, func(a, b Failure) bool { return reflect.DeepEqual(a, b) }),
		!maps.Equal(restored.invites, l.invites), !maps.Equal(restored.appeals, l.appeals):
		w.t.Fatal("the disk does not hold what is visible")
	}
	for p, f := range l.failures {
		if l.state.isMember(p) && !l.state.closed && !f.ofMember() {
			w.t.Fatalf("member %s has a failure", p)
		}
		if f.Admission == 0 || f.Admission >= f.Removal {
			w.t.Fatalf("failure of a peer that was no member: %+v", f)
		}
	}
	if len(l.failures) > MaxFailures || len(l.knocks) > MaxKnocks || len(l.invites) > MaxInvites || len(l.appeals) > MaxAppeals+MaxPardons || l.state.pastLen > MaxPast {
		w.t.Fatal("out of bounds")
	}
	keys := map[string]bool{}
	for _, m := range l.state.Members() {
		for _, key := range protocol.Skeletons(m.Nick) {
			if keys[key] {
				w.t.Fatalf("two members look like %q", m.Nick)
			}
			keys[key] = true
		}
	}
}

// restart crashes the authority and starts it again from its disk.
func (w *world) restart() []Effect {
	w.t.Helper()
	l, err := Load(w.disk.durable())
	if err != nil {
		w.t.Fatal(err)
	}
	w.ledger, w.resumed = l, w.now
	return w.must(Resumed{})
}

// join admits name in the way that the room's access needs, and returns its admission.
func (w *world) join(name string) uint64 {
	w.t.Helper()
	effects := w.must(Knock{Peer: id(name), Request: protocol.JoinRequest{Room: w.ledger.state.room, Nick: name}})
	if reply := joinReply(w.t, effects, name); reply.Code == protocol.JoinWaiting {
		effects = w.must(Accept{id(name)})
	}
	reply := joinReply(w.t, effects, name)
	if reply.Code != protocol.JoinAdmitted {
		w.t.Fatalf("%s is not admitted: code %d", name, reply.Code)
	}
	return reply.Admission
}

// knockAs asks for admission, and returns the first answer.
func (w *world) knockAs(name, nick string, token protocol.Token) protocol.JoinReply {
	w.t.Helper()
	return joinReply(w.t, w.must(Knock{Peer: id(name), Request: protocol.JoinRequest{Room: w.ledger.state.room, Nick: nick, Token: token}}), name)
}

// poll polls with the admission of a membership and the nonce of that name, and returns the answer: "hold", "news", "refused", or the
// kind and text of the reason.
func (w *world) poll(name string, admission uint64, n string) string {
	w.t.Helper()
	for _, e := range w.must(Poll{id(name), protocol.PollRequest{Room: w.ledger.state.room, Nonce: nonce(n), Admission: admission}}) {
		if a, ok := e.(AnswerPoll); ok {
			return showPoll(w.t, a)
		}
	}
	w.t.Fatalf("no answer to %s", name)
	return ""
}

func showPoll(t testing.TB, a AnswerPoll) string {
	t.Helper()
	switch a.Outcome {
	case PollHold:
		return "hold"
	case PollNews:
		return "news"
	case PollRefused:
		return "refused"
	case PollMoved:
		return "moved"
	}
	r, err := protocol.OpenReason(a.Reason)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %q", kindName(r.Kind), r.Text)
}

func joinReply(t testing.TB, effects []Effect, name string) protocol.JoinReply {
	t.Helper()
	for _, e := range effects {
		if a, ok := e.(AnswerJoin); ok && a.Peer == id(name) {
			return a.Reply
		}
	}
	t.Fatalf("no answer to %s", name)
	return protocol.JoinReply{}
}

func find[E Effect](effects []Effect) (E, bool) {
	for _, e := range effects {
		if e, ok := e.(E); ok {
			return e, true
		}
	}
	var zero E
	return zero, false
}

func kindName(k protocol.ReasonKind) string {
	return [...]string{"other", "kicked", "banned", "closed", "idle", "invite-revoked", "muted", "warned", "pardoned"}[k]
}
