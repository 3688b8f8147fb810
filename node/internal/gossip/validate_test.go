package gossip

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"google.golang.org/protobuf/encoding/protowire"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

// TestLineVerdicts: the table of docs/design.md, "Which lines count", row by row.
func TestLineVerdicts(t *testing.T) {
	w, before := removedRoom(t)
	other := newLawRoom(t, "another")
	now := w.Epoch()
	fresh := w.Say("carol", now, 1).Raw()
	flipped := slices.Clone(fresh)
	flipped[len(flipped)-1] ^= 1
	unknownKey := snapshotOf(w, "carol")
	unknownKey.Keys = authority.Keyring{}.With(w.State(), []protocol.EpochKey{{Epoch: before, Key: w.Key(before)}}, w.Now)
	floored := snapshotOf(w, "carol")
	floored.Floors[personaID("carol")] = 7
	at := func(name string, epoch, ctr uint64) []byte { return w.Say(name, epoch, ctr).Raw() }
	under := func(name string, epoch, ctr uint64, k protocol.Key) []byte {
		return sealed(name, protocol.Header{Room: w.ID(), Epoch: epoch, Ctr: ctr, Lamport: 1}, "hello", k).Raw()
	}
	rows := []struct {
		name string
		snap *Snapshot // nil: carol's
		raw  []byte
		want pubsub.ValidationResult
		late bool
		kept bool // as early
	}{
		{name: "empty", raw: nil, want: pubsub.ValidationReject},
		{name: "noise", raw: bytes.Repeat([]byte{0xff}, 300), want: pubsub.ValidationReject},
		{name: "too large", raw: append(slices.Clone(fresh), make([]byte, protocol.MaxMessage)...), want: pubsub.ValidationReject},
		{name: "bytes after the end", raw: append(slices.Clone(fresh), 0), want: pubsub.ValidationReject},
		{name: "truncated", raw: fresh[:len(fresh)-1], want: pubsub.ValidationReject},
		{name: "bad signature", raw: flipped, want: pubsub.ValidationReject},
		{name: "a record among the lines", raw: w.Records[1].Bytes(), want: pubsub.ValidationReject},
		{name: "another room", raw: other.Say("alice", 1, 1).Raw(), want: pubsub.ValidationReject},
		{name: "of this epoch by a member", raw: fresh, want: pubsub.ValidationAccept},
		{name: "of this epoch by the owner", raw: at("alice", now, 1), want: pubsub.ValidationAccept},
		{name: "of an earlier epoch by a member of it", raw: at("carol", before, 1), want: pubsub.ValidationAccept, late: true},
		{name: "of an earlier epoch by a removed peer, before the cut", raw: at("bob", before, 4), want: pubsub.ValidationAccept, late: true},
		{name: "of an earlier epoch by a removed peer, at the cut", raw: at("bob", before, 5), want: pubsub.ValidationAccept, late: true},
		{name: "of an earlier epoch by a removed peer, past the cut", raw: at("bob", before, 6), want: pubsub.ValidationIgnore},
		{name: "of this epoch by a removed peer that has the key", raw: at("bob", now, 4), want: pubsub.ValidationIgnore},
		{name: "of an epoch before the author came", raw: at("dave", before, 1), want: pubsub.ValidationIgnore},
		{name: "of an epoch before the author came, early enough", raw: at("carol", 1, 1), want: pubsub.ValidationIgnore},
		{name: "by a stranger with the key", raw: at("mallory", now, 1), want: pubsub.ValidationIgnore},
		{name: "by a member, under a wrong key", raw: under("carol", now, 1, protocol.Key{9}), want: pubsub.ValidationIgnore},
		{name: "by a member, under the key before", raw: under("carol", now, 1, w.Key(before)), want: pubsub.ValidationIgnore},
		{name: "of the next epoch", raw: under("carol", now+1, 1, protocol.Key{9}), want: pubsub.ValidationIgnore, kept: true},
		{name: "of the last epoch there can be", raw: under("carol", protocol.MaxCounter, 1, protocol.Key{9}), want: pubsub.ValidationIgnore, kept: true},
		{name: "of this epoch, whose key has not come", snap: unknownKey, raw: fresh, want: pubsub.ValidationIgnore, kept: true},
		{name: "by a stranger, and the key has not come", snap: unknownKey, raw: at("mallory", now, 1), want: pubsub.ValidationIgnore},
		{name: "expired, at the floor", snap: floored, raw: at("carol", now, 7), want: pubsub.ValidationIgnore},
		{name: "above the floor", snap: floored, raw: at("carol", now, 8), want: pubsub.ValidationAccept},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			s := r.snap
			if s == nil {
				s = snapshotOf(w, "carol")
			}
			j := newJudge(s)
			got, line := j.line(r.raw)
			if got != r.want {
				t.Fatalf("the verdict is %s, not %s", verdictNames[got], verdictNames[r.want])
			}
			if opened := line != nil; opened != (got == pubsub.ValidationAccept) || opened && (line.Late != r.late || line.Content.Text != "hello") {
				t.Errorf("the line comes as %+v", line)
			}
			if early := len(j.early) == 1; early != r.kept || len(j.early) > 1 {
				t.Errorf("kept as early: %v", j.early)
			} else if early && !bytes.Equal(j.early[0].Raw(), r.raw) {
				t.Errorf("kept as early: %+v", j.early[0])
			}
		})
	}
}

// TestNoLineInAnEndedRoom: a room that has ended or is forked accepts nothing.
func TestNoLineInAnEndedRoom(t *testing.T) {
	closed := newLawRoom(t, "closed")
	closed.Admit("bob")
	closed.Do(authority.Close{Kind: protocol.Closed})
	if got, _ := newJudge(snapshotOf(closed, "bob")).line(closed.Say("bob", closed.Epoch(), 1).Raw()); got != pubsub.ValidationIgnore {
		t.Errorf("closed: %s", verdictNames[got])
	}
	forked := newLawRoom(t, "forked")
	forked.Admit("bob")
	twin := forked.Records[1].Record
	twin.At = twin.At.Add(time.Second)
	s := snapshotOf(forked, "bob")
	frozen, _, err := s.State.Apply(must(protocol.SignRecord(twin, persona("alice"))))
	if err == nil || !frozen.Frozen() {
		t.Fatal("two records of one number do not freeze:", err)
	}
	s.State = frozen
	if got, _ := newJudge(s).line(forked.Say("bob", forked.Epoch(), 1).Raw()); got != pubsub.ValidationIgnore {
		t.Errorf("frozen: %s", verdictNames[got])
	}
}

// TestSwappedFieldsNeverCount: no field of a line can be swapped for another: not under the old signature, not signed again by its
// author without the key, not signed by another member.
func TestSwappedFieldsNeverCount(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob", "carol")
	now := w.Epoch()
	h := protocol.Header{Room: w.ID(), Epoch: now, Ctr: 3, Prev: protocol.Hash{1}, Lamport: 9}
	good, second := sealed("bob", h, "hello", w.Key(now)), sealed("bob", h, "goodbye", w.Key(now))
	body, body2 := hostile.SignedBody(hostile.MessageDomain(w.ID()), good.Raw()), hostile.SignedBody(hostile.MessageDomain(w.ID()), second.Raw())
	header := getField(body, 1)
	inHeader := func(f protowire.Number, v any) []byte { return setField(body, 1, setField(header, f, v)) }
	swaps := map[string][]byte{
		"epoch down": inHeader(2, now-1), "epoch up": inHeader(2, now+1),
		"ctr down": inHeader(3, uint64(2)), "ctr up": inHeader(3, uint64(4)), "prev": inHeader(4, bytes.Repeat([]byte{2}, 32)),
		"lamport": inHeader(5, uint64(10)), "nonce": setField(body, 2, getField(body2, 2)), "sealed": setField(body, 3, getField(body2, 3)),
		"nonce and sealed of another header": setField(setField(inHeader(3, uint64(4)), 2, getField(body2, 2)), 3, getField(body2, 3)),
		"sealed flipped":                     setField(body, 3, flip(getField(body, 3), 0)),
		"sealed cut":                         setField(body, 3, getField(body, 3)[:20]),
		"nonce flipped":                      setField(body, 2, flip(getField(body, 2), 5)),
	}
	envelope := func(body []byte) []byte { // the old signature around a new body
		out := setField(good.Raw(), 3, body)
		return out
	}
	for name, swapped := range swaps {
		for how, raw := range map[string][]byte{
			"under the old signature":  envelope(swapped),
			"signed again":             forge("bob", hostile.MessageDomain(w.ID()), swapped),
			"signed by another member": forge("carol", hostile.MessageDomain(w.ID()), swapped),
			"signed by a stranger":     forge("mallory", hostile.MessageDomain(w.ID()), swapped),
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				got, line := newJudge(snapshotOf(w, "carol")).line(raw)
				if got == pubsub.ValidationAccept || line != nil {
					t.Error("the line counts")
				}
				if how == "under the old signature" && got != pubsub.ValidationReject {
					t.Errorf("the verdict is %s", verdictNames[got])
				}
			})
		}
	}
	for how, raw := range map[string][]byte{
		"as another member's own": forge("carol", hostile.MessageDomain(w.ID()), body), "in another domain": forge("bob", hostile.RecordDomain, body),
		"in another room":    forge("bob", hostile.MessageDomain(newLawRoom(t, "another").ID()), body),
		"with another's key": setField(good.Raw(), 1, must(crypto.MarshalPublicKey(persona("carol").GetPublic()))),
	} {
		if got, _ := newJudge(snapshotOf(w, "carol")).line(raw); got == pubsub.ValidationAccept {
			t.Errorf("the same bytes count %s", how)
		}
	}
	if got, _ := newJudge(snapshotOf(w, "carol")).line(envelope(body)); got != pubsub.ValidationAccept {
		t.Errorf("the line itself is not accepted (%s): this test checks nothing", verdictNames[got])
	}
}

func flip(b []byte, i int) []byte {
	c := slices.Clone(b)
	c[i] ^= 1
	return c
}

// TestReplayAfterExpiry: the validator keeps the author's floor of an expired line: a replay is not news, and higher numbers count.
func TestReplayAfterExpiry(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob")
	s := snapshotOf(w, "alice")
	raw := w.Say("bob", w.Epoch(), 3).Raw()
	_, l := newJudge(s).line(raw)
	talk := transcript.New(w.ID(), personaID("alice"), 0, w.Now)
	env := transcript.Env{Now: w.Now, Wall: w.Now, State: w.State(), Keys: w.Keys, Allow: func(peer.ID, string) bool { return true }}
	talk.Hear(env, *l)
	env.Now = w.Now.Add(env.State.Policy().Retain + time.Second)
	talk.Tick(env)
	s.Floors = talk.Floors()
	if got, _ := newJudge(s).line(raw); got != pubsub.ValidationIgnore {
		t.Errorf("a replay after expiry: %s", verdictNames[got])
	}
	if got, _ := newJudge(s).line(w.Say("bob", w.Epoch(), 4).Raw()); got != pubsub.ValidationAccept {
		t.Errorf("the next line: %s", verdictNames[got])
	}
}

// TestRecordVerdicts: only the authority's records count. If another peer signs one, the authority's user is told.
func TestRecordVerdicts(t *testing.T) {
	w, _ := removedRoom(t)
	other := newLawRoom(t, "another")
	next := func(by string, change func(*protocol.Record)) []byte {
		r := protocol.Record{
			Room: w.ID(), Seq: w.State().Seq() + 1, Prev: w.State().Head(), Term: 1, Epoch: w.Epoch() + 1,
			At: w.Now, Author: personaID(by), Body: protocol.Remove{Peer: personaID("carol"), Kind: protocol.Kicked},
			KeyHash: protocol.Hash{1},
		}
		if change != nil {
			change(&r)
		}
		return must(protocol.SignRecord(r, persona(by))).Bytes()
	}
	last := w.Records[len(w.Records)-1].Bytes()
	byMember := next("carol", nil)
	rows := []struct {
		name, self string
		raw        []byte
		want       pubsub.ValidationResult
		attempt    string // by whom
	}{
		{name: "empty", raw: nil, want: pubsub.ValidationReject},
		{name: "noise", raw: bytes.Repeat([]byte{7}, 100), want: pubsub.ValidationReject},
		{name: "a line among the records", raw: w.Say("alice", w.Epoch(), 1).Raw(), want: pubsub.ValidationReject},
		{name: "another room's", raw: other.Records[0].Bytes(), want: pubsub.ValidationReject},
		{name: "too large", raw: append(slices.Clone(last), make([]byte, protocol.MaxRecord)...), want: pubsub.ValidationReject},
		{name: "bad signature", raw: flip(last, len(last)-1), want: pubsub.ValidationReject},
		{name: "forged author", raw: forge("carol", hostile.RecordDomain, hostile.SignedBody(hostile.RecordDomain, last)), want: pubsub.ValidationIgnore},
		{name: "forged author, at the authority's", self: "alice", raw: forge("carol", hostile.RecordDomain, hostile.SignedBody(hostile.RecordDomain, last)), want: pubsub.ValidationReject},
		{name: "the authority's next", raw: next("alice", nil), want: pubsub.ValidationAccept},
		{name: "the authority's after a gap", raw: next("alice", func(r *protocol.Record) { r.Seq += 3 }), want: pubsub.ValidationAccept},
		{name: "the authority's of old", raw: w.Records[1].Bytes(), want: pubsub.ValidationIgnore},
		{name: "the authority's first", raw: w.Records[0].Bytes(), want: pubsub.ValidationIgnore},
		{name: "a fork of old", raw: next("alice", func(r *protocol.Record) { r.Seq, r.Prev = 2, w.Records[0].Hash() }), want: pubsub.ValidationAccept},
		{name: "a fork of the last", raw: next("alice", func(r *protocol.Record) { r.Seq-- }), want: pubsub.ValidationAccept},
		{name: "a member's, at a member's", self: "dave", raw: byMember, want: pubsub.ValidationIgnore},
		{name: "a member's, at the authority's", self: "alice", raw: byMember, want: pubsub.ValidationIgnore, attempt: "carol"},
		{name: "the removed peer's, at the authority's", self: "alice", raw: next("bob", nil), want: pubsub.ValidationIgnore},
		{name: "a stranger's, at the authority's", self: "alice", raw: next("mallory", nil), want: pubsub.ValidationIgnore},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			self := r.self
			if self == "" {
				self = "carol"
			}
			j := newJudge(snapshotOf(w, self))
			got, record := j.record(r.raw)
			if got != r.want {
				t.Fatalf("the verdict is %s, not %s", verdictNames[got], verdictNames[r.want])
			}
			if (record != nil) != (got == pubsub.ValidationAccept) {
				t.Errorf("the handler gets %v", record)
			}
			var attempts []peer.ID
			if r.attempt != "" {
				attempts = append(attempts, personaID(r.attempt))
			}
			if !slices.Equal(j.attempts, attempts) || len(j.early) > 0 {
				t.Errorf("attempts of %v", j.attempts)
			}
		})
	}
}

// TestNothingIsForwarded: pubsub does not forward a message of another peer. It sends our own.
func TestNothingIsForwarded(t *testing.T) {
	w, _ := removedRoom(t)
	raw := w.Say("carol", w.Epoch(), 1).Raw()
	rows := []struct {
		name string
		from peer.ID
		raw  []byte
		want pubsub.ValidationResult
	}{
		{"another's", personaID("carol"), raw, pubsub.ValidationIgnore},
		{"ours", personaID("dave"), raw, pubsub.ValidationAccept},
		{"noise", personaID("carol"), []byte("noise"), pubsub.ValidationReject},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			j := newJudge(snapshotOf(w, "dave"))
			m := data(r.raw)
			if r.name == "ours" {
				m.ValidatorData = must(protocol.ScanMessage(w.ID(), r.raw))
			}
			if got := j.endsHere(j.validateLine)(t.Context(), r.from, m); got != r.want {
				t.Errorf("the verdict is %s, not %s", verdictNames[got], verdictNames[r.want])
			}
			if others := r.from != personaID("dave") && r.want != pubsub.ValidationReject; (len(j.lines) == 1) != others {
				t.Errorf("the handler gets %d lines", len(j.lines))
			}
		})
	}
}

// FuzzValidateLine: whatever bytes come, a line counts only if a member has sealed it. A line that does not open does not count.
func FuzzValidateLine(f *testing.F) {
	w, before := removedRoom(f)
	snap := snapshotOf(w, "carol")
	for _, m := range []protocol.Message{
		w.Say("carol", w.Epoch(), 1), w.Say("bob", before, 4), w.Say("bob", before, 6), w.Say("mallory", w.Epoch(), 1),
		sealed("carol", protocol.Header{Room: w.ID(), Epoch: w.Epoch() + 1, Ctr: 1, Lamport: 1}, strings.Repeat("x", 99), protocol.Key{9}),
	} {
		f.Add(m.Raw(), byte(0))
		f.Add(hostile.SignedBody(hostile.MessageDomain(w.ID()), m.Raw()), byte(1))
		f.Add(hostile.SignedBody(hostile.MessageDomain(w.ID()), m.Raw()), byte(2))
	}
	f.Add([]byte{}, byte(0))
	f.Fuzz(func(t *testing.T, raw []byte, signer byte) {
		switch signer {
		case 1:
			raw = forge("carol", hostile.MessageDomain(w.ID()), raw)
		case 2:
			raw = forge("mallory", hostile.MessageDomain(w.ID()), raw)
		}
		got, line := newJudge(snap).line(raw)
		ok := line != nil
		if ok != (got == pubsub.ValidationAccept) {
			t.Fatalf("%s with %v", verdictNames[got], line)
		}
		if ok && !transcript.Counts(snap.State.Check(line.Msg.Author, line.Msg.Header)) || ok && line.Msg.Author == personaID("mallory") {
			t.Fatalf("a line of %s counts", line.Msg.Author)
		}
	})
}

// FuzzValidateRecord: whatever bytes come, a record is let through only if the authority has signed it.
func FuzzValidateRecord(f *testing.F) {
	w, _ := removedRoom(f)
	snap := snapshotOf(w, "alice")
	for _, r := range w.Records {
		f.Add(r.Bytes(), byte(0))
		f.Add(hostile.SignedBody(hostile.RecordDomain, r.Bytes()), byte(1))
		f.Add(setField(hostile.SignedBody(hostile.RecordDomain, r.Bytes()), 7, []byte(personaID("carol"))), byte(1))
	}
	f.Fuzz(func(t *testing.T, raw []byte, signer byte) {
		if signer == 1 {
			raw = forge("carol", hostile.RecordDomain, raw)
		}
		j := newJudge(snap)
		got, r := j.record(raw)
		if (r != nil) != (got == pubsub.ValidationAccept) || r != nil && r.Author != personaID("alice") {
			t.Fatalf("%s: a record %v", verdictNames[got], r)
		}
		for _, by := range j.attempts {
			if !snap.member(by) {
				t.Fatalf("an attempt of %s", by)
			}
		}
	})
}

// padded writes a number of b, a field's number or its length, with one byte more than needed.
func padded(b []byte, field protowire.Number) []byte {
	var out []byte
	for len(b) > 0 {
		num, _, n := protowire.ConsumeField(b)
		_, _, tag := protowire.ConsumeTag(b)
		_, size := protowire.ConsumeVarint(b[tag:])
		end := tag + size
		out = append(out, b[:end]...)
		if num == field {
			out[len(out)-1] |= 0x80
			out = append(out, 0)
		}
		out = append(out, b[end:n]...)
		b = b[n:]
	}
	return out
}

// TestLineHasOneEncoding: invariant 7: nobody, not even its author, can encode a line in a second way, which would be another line to
// a node that counts and hides lines by their IDs.
func TestLineHasOneEncoding(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("carol")
	h := protocol.Header{Room: w.ID(), Epoch: w.Epoch(), Ctr: 2, Prev: protocol.Hash{1}, Lamport: 3}
	raw := sealed("carol", h, "hello", w.Key(w.Epoch())).Raw()
	body := hostile.SignedBody(hostile.MessageDomain(w.ID()), raw)
	spellings := map[string][]byte{"unchanged": raw}
	for field := protowire.Number(2); field <= 5; field++ {
		spellings[fmt.Sprint("field ", field, " of the header")] = forge("carol", hostile.MessageDomain(w.ID()), setField(body, 1, padded(getField(body, 1), field)))
	}
	for field := range protowire.Number(3) {
		spellings[fmt.Sprint("field ", field+1, " of the payload")] = forge("carol", hostile.MessageDomain(w.ID()), padded(body, field+1))
	}
	for _, field := range []protowire.Number{1, 2, 3, 5} {
		spellings[fmt.Sprint("field ", field, " of the envelope")] = padded(raw, field)
	}
	for name, spelt := range spellings {
		want := pubsub.ValidationReject
		if name == "unchanged" {
			want = pubsub.ValidationAccept
		}
		if got, _ := newJudge(snapshotOf(w, "carol")).line(spelt); got != want {
			t.Errorf("%s: %s", name, verdictNames[got])
		}
	}
}
