package protocol

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"localchat/protocol/internal/pb"
)

// seal signs body without validating it, as a hostile peer can.
func seal(t *testing.T, p *envelopeKind, body []byte) []byte {
	t.Helper()
	raw, err := sealEnvelope(p, sampleHeader.Room, body, signer(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := canonical.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pbRecord returns a valid record with body b as a protobuf message, for tests that make it invalid.
func pbRecord(t *testing.T, b Body) *pb.Record {
	t.Helper()
	body, err := sampleRecord(t, b).encode()
	if err != nil {
		t.Fatal(err)
	}
	var m pb.Record
	if err := proto.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return &m
}

// rsaID returns a peer ID that is valid for libp2p, of an RSA key.
func rsaID(t *testing.T) []byte {
	t.Helper()
	id, err := peer.Decode("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(id)
}

func TestMalformedRecord(t *testing.T) {
	type spoil func(*pb.Record)
	zero32 := make([]byte, 32)
	for _, c := range []struct {
		kind, field string
		spoil       spoil
	}{
		{"rekey", "room", func(m *pb.Record) { m.Room = m.Room[:31] }},
		{"rekey", "room", func(m *pb.Record) { m.Room = append(m.Room, 0) }},
		{"rekey", "room", func(m *pb.Record) { m.Room = zero32 }},
		{"rekey", "body", func(m *pb.Record) { m.Room = nil }},
		{"rekey", "seq", func(m *pb.Record) { m.Seq = 0 }},
		{"rekey", "body", func(m *pb.Record) { m.Seq = 1 }},
		{"rekey", "seq", func(m *pb.Record) { m.Seq = MaxCounter + 1 }},
		{"rekey", "seq", func(m *pb.Record) { m.Seq = 1<<64 - 1 }},
		{"rekey", "prev", func(m *pb.Record) { m.Prev = m.Prev[:20] }},
		{"rekey", "prev", func(m *pb.Record) { m.Prev = zero32 }},
		{"rekey", "body", func(m *pb.Record) { m.Prev = nil }},
		{"rekey", "term", func(m *pb.Record) { m.Term = 0 }},
		{"rekey", "epoch", func(m *pb.Record) { m.Epoch = 0 }},
		{"rekey", "key", func(m *pb.Record) { m.Key = nil }},
		{"rekey", "key", func(m *pb.Record) { m.Key = m.Key[1:] }},
		{"remove", "key", func(m *pb.Record) { m.Key = nil }},
		{"leave", "key", func(m *pb.Record) { m.Key = nil }},
		{"admit", "key", func(m *pb.Record) { m.Key = nil }},
		{"create", "key", func(m *pb.Record) { m.Key = nil }},
		{"unban", "key", func(m *pb.Record) { m.Key = make([]byte, 32); m.Key[0] = 1 }},
		{"close", "key", func(m *pb.Record) { m.Key = make([]byte, 32); m.Key[0] = 1 }},
		{"unban", "key", func(m *pb.Record) { m.Key = make([]byte, 32); m.Key[0] = 1 }},
		{"rekey", "epoch", func(m *pb.Record) { m.Epoch = 1<<64 - 1 }},
		{"rekey", "at", func(m *pb.Record) { m.At = 0 }},
		{"rekey", "at", func(m *pb.Record) { m.At = maxTimeMillis + 1 }},
		{"rekey", "at", func(m *pb.Record) { m.At = 1<<64 - 1 }},
		{"rekey", "author", func(m *pb.Record) { m.Author = nil }},
		{"rekey", "author", func(m *pb.Record) { m.Author = m.Author[:37] }},
		{"rekey", "author", func(m *pb.Record) { m.Author = rsaID(t) }},
		{"rekey", "body", func(m *pb.Record) { m.Body = nil }},
		{"create", "body", func(m *pb.Record) { m.Seq = 2 }},
		{"create", "body", func(m *pb.Record) { m.Room = bytes.Repeat([]byte{1}, 32) }},
		{"create", "body", func(m *pb.Record) { m.Prev = bytes.Repeat([]byte{1}, 32) }},
		{"create", "create.name", func(m *pb.Record) { m.GetCreate().Name = "" }},
		{"create", "create.name", func(m *pb.Record) { m.GetCreate().Name = strings.Repeat("x", MaxRoomNameRunes+1) }},
		{"create", "create.name", func(m *pb.Record) { m.GetCreate().Name = "a\nb" }},
		{"create", "create.name", func(m *pb.Record) { m.GetCreate().Name = "a\x1b[2Jb" }},
		{"create", "create.name", func(m *pb.Record) { m.GetCreate().Name = "a\u202eb" }},
		{"create", "create.name", func(m *pb.Record) { m.GetCreate().Name = " lab" }},
		{"create", "create.nick", func(m *pb.Record) { m.GetCreate().Nick = "" }},
		{"create", "create.nick", func(m *pb.Record) { m.GetCreate().Nick = "ali\u0085ce" }},
		{"create", "create.policy", func(m *pb.Record) { m.GetCreate().Policy = nil }},
		{"create", "create.policy.access", func(m *pb.Record) { m.GetCreate().Policy.Access = 0 }},
		{"create", "create.policy.access", func(m *pb.Record) { m.GetCreate().Policy.Access = 4 }},
		{"create", "create.policy.access", func(m *pb.Record) { m.GetCreate().Policy.Access = -1 }},
		{"create", "create.policy.access", func(m *pb.Record) { m.GetCreate().Policy.Access = 257 }},
		{"create", "create.policy.history", func(m *pb.Record) { m.GetCreate().Policy.History = 0 }},
		{"create", "create.policy.retain_seconds", func(m *pb.Record) { m.GetCreate().Policy.RetainSeconds = 0 }},
		{"create", "create.policy.retain_seconds", func(m *pb.Record) { m.GetCreate().Policy.RetainSeconds = 1 << 63 }},
		{"create", "create.policy.slow_seconds", func(m *pb.Record) { m.GetCreate().Policy.SlowSeconds = 6*3600 + 1 }},
		{"create", "create.policy.idle_seconds", func(m *pb.Record) { m.GetCreate().Policy.IdleSeconds = 366 * 86400 }},
		{"create", "create.salt", func(m *pb.Record) { m.GetCreate().Salt = nil }},
		{"create", "create.salt", func(m *pb.Record) { m.GetCreate().Salt = make([]byte, 16) }},
		{"admit", "admit.peer", func(m *pb.Record) { m.GetAdmit().Peer = rsaID(t) }},
		{"admit", "admit.peer", func(m *pb.Record) { m.GetAdmit().Peer[3] = 2 }},
		{"admit", "admit.peer", func(m *pb.Record) { m.GetAdmit().Peer = append(m.GetAdmit().Peer, 0) }},
		{"admit", "admit.nick", func(m *pb.Record) { m.GetAdmit().Nick = strings.Repeat("é", MaxNickRunes+1) }},
		{"admit", "admit.nick", func(m *pb.Record) { m.GetAdmit().Nick = strings.Repeat("é", MaxNickRunes) + "x" }},
		{"admit", "admit.invite", func(m *pb.Record) { m.GetAdmit().Invite = make([]byte, 8) }},
		{"admit", "admit.invite", func(m *pb.Record) { m.GetAdmit().Invite = make([]byte, 16) }},
		{"leave", "leave.peer", func(m *pb.Record) { m.GetLeave().Peer = nil }},
		{"leave", "leave.cut.ctr", func(m *pb.Record) { m.GetLeave().Cut.Ctr = 0 }},
		{"leave", "leave.cut.hash", func(m *pb.Record) { m.GetLeave().Cut.Hash = nil }},
		{"leave", "leave.cut.ctr", func(m *pb.Record) { m.GetLeave().Cut = &pb.Cut{} }},
		{"remove", "remove.kind", func(m *pb.Record) { m.GetRemove().Kind = 0 }},
		{"remove", "remove.kind", func(m *pb.Record) { m.GetRemove().Kind = 3 }},
		{"remove", "remove.kind", func(m *pb.Record) { m.GetRemove().Kind = 99 }},
		{"remove", "remove.until", func(m *pb.Record) { m.GetRemove().Kind = 1 }},
		{"remove", "remove.until", func(m *pb.Record) { m.GetRemove().Until = m.At }},
		{"remove", "remove.until", func(m *pb.Record) { m.GetRemove().Until = 1 << 63 }},
		{"remove", "remove.cut.hash", func(m *pb.Record) { m.GetRemove().Cut.Hash = zero32 }},
		{"pardon", "pardon.peer", func(m *pb.Record) { m.GetPardon().Peer = nil }},
		{"warn", "warn.peer", func(m *pb.Record) { m.GetWarn().Peer = nil }},
		{"warn", "key", func(m *pb.Record) { m.Key = make([]byte, 32); m.Key[0] = 1 }},
		{"transfer", "transfer.accepted", func(m *pb.Record) { m.GetTransfer().Accepted = nil }},
		{"transfer", "transfer.accepted", func(m *pb.Record) { a := m.GetTransfer().Accepted; a[len(a)-1] ^= 1 }},
		{"transfer", "transfer.accepted", func(m *pb.Record) { m.GetTransfer().Accepted = sampleReason(t).Bytes() }},
		{"transfer", "transfer.cut.ctr", func(m *pb.Record) { m.GetTransfer().Cut.Ctr = 0 }},
		{"transfer", "by", func(m *pb.Record) { m.By = []byte(signer(t, 3).Peer()) }},
		{"set-nick", "set_nick.peer", func(m *pb.Record) { m.GetSetNick().Peer = nil }},
		{"set-nick", "set_nick.nick", func(m *pb.Record) { m.GetSetNick().Nick = "" }},
		{"set-nick", "set_nick.nick", func(m *pb.Record) { m.GetSetNick().Nick = "a\x1bb" }},
		{"set-nick", "set_nick.nick", func(m *pb.Record) { m.GetSetNick().Nick = strings.Repeat("x", MaxNickRunes+1) }},
		{"set-nick", "key", func(m *pb.Record) { m.Key = make([]byte, 32); m.Key[0] = 1 }},
		{"mute", "mute.peer", func(m *pb.Record) { m.GetMute().Peer = []byte("bob") }},
		{"mute", "mute.until", func(m *pb.Record) { m.GetMute().Until = m.At }},
		{"mute", "mute.cut.hash", func(m *pb.Record) { m.GetMute().Cut.Hash = m.GetMute().Cut.Hash[1:] }},
		{"unmute", "unmute.peer", func(m *pb.Record) { m.GetUnmute().Peer = nil }},
		{"set-deputies", "set_deputies.deputies.peer", func(m *pb.Record) { m.GetSetDeputies().Deputies[0].Peer = nil }},
		{"set-deputies", "set_deputies.deputies.peer", func(m *pb.Record) { d := m.GetSetDeputies().Deputies; d[1] = d[0] }},
		{"set-deputies", "set_deputies.deputies", func(m *pb.Record) { m.GetSetDeputies().Deputies = make([]*pb.Deputy, MaxDeputies+1) }},
		{"set-deputies", "set_deputies.cuts.cut", func(m *pb.Record) { m.GetSetDeputies().Cuts[0].Cut = nil }},
		{"set-deputies", "set_deputies.cuts", func(m *pb.Record) {
			c := m.GetSetDeputies()
			c.Cuts = append(c.Cuts, c.Cuts[0])
		}},
		{"set-deputies", "key", func(m *pb.Record) { m.Key = nil }},
		{"set-deputies", "by", func(m *pb.Record) { m.By = m.GetSetDeputies().Deputies[0].Peer }},
		{"unban", "by", func(m *pb.Record) { m.By = m.Author }},
		{"unban", "by", func(m *pb.Record) { m.By = m.GetUnban().Peer[1:] }},
		{"leave", "by", func(m *pb.Record) { m.By = m.GetLeave().Peer }},
		{"unban", "unban.peer", func(m *pb.Record) { m.GetUnban().Peer = []byte("bob") }},
		{"voice", "voice.peer", func(m *pb.Record) { m.GetVoice().Peer = nil }},
		{"voice", "voice.until", func(m *pb.Record) { m.GetVoice().Until = m.At }},
		{"unvoice", "unvoice.peer", func(m *pb.Record) { m.GetUnvoice().Peer = nil }},
		{"set-policy", "set_policy.cuts.peer", func(m *pb.Record) { m.GetSetPolicy().Cuts[0].Peer = nil }},
		{"set-policy", "set_policy.cuts.cut", func(m *pb.Record) { m.GetSetPolicy().Cuts[0].Cut = nil }},
		{"set-policy", "set_policy.cuts", func(m *pb.Record) { m.GetSetPolicy().Cuts = append(m.GetSetPolicy().Cuts, m.GetSetPolicy().Cuts[0]) }},
		{"set-policy", "set_policy.cuts", func(m *pb.Record) { m.GetSetPolicy().Policy.VoicedOnly = false }},
		{"set-policy", "set_policy.policy", func(m *pb.Record) { m.GetSetPolicy().Policy = nil }},
		{"set-policy", "set_policy.policy.subject", func(m *pb.Record) { m.GetSetPolicy().Policy.Subject = strings.Repeat("x", MaxSubject+1) }},
		{"set-policy", "set_policy.policy.subject", func(m *pb.Record) { m.GetSetPolicy().Policy.Subject = "a\u2029b" }},
		{"close", "close.kind", func(m *pb.Record) { m.GetClose().Kind = 1 }},
		{"close", "close.kind", func(m *pb.Record) { m.GetClose().Kind = 77 }},
	} {
		m := pbRecord(t, bodies(t)[c.kind])
		c.spoil(m)
		_, err := OpenRecord(seal(t, recordEnvelope, marshal(t, m)))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), ": "+c.field+": ") {
			t.Errorf("%s with a bad %s: %v", c.kind, c.field, err)
		}
	}
}

func TestMalformedReason(t *testing.T) {
	for field, spoil := range map[string]func(*pb.Reason){
		"room":    func(m *pb.Reason) { m.Room = nil },
		"peer":    func(m *pb.Reason) { m.Peer = rsaID(t) },
		"text":    func(m *pb.Reason) { m.Text = strings.Repeat("x", MaxReason+1) },
		"by":      func(m *pb.Reason) { m.By = nil },
		"by_nick": func(m *pb.Reason) { m.ByNick = "" },
		"at":      func(m *pb.Reason) { m.At = 0 },
		"until":   func(m *pb.Reason) { m.Kind = pb.ReasonKind_REASON_KIND_KICKED },
		"removal": func(m *pb.Reason) { m.Removal = 0 },
		"nonce":   func(m *pb.Reason) { m.Nonce = make([]byte, 16) },
	} {
		body, err := reason(t).encode()
		if err != nil {
			t.Fatal(err)
		}
		var m pb.Reason
		if err := proto.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		spoil(&m)
		_, err = OpenReason(seal(t, reasonEnvelope, marshal(t, &m)))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), ": "+field+": ") {
			t.Errorf("a bad %s: %v", field, err)
		}
	}
}

func TestMalformedMessage(t *testing.T) {
	for _, c := range []struct {
		field string
		spoil func(*pb.Header, *pb.Message)
	}{
		{"header.epoch", func(h *pb.Header, _ *pb.Message) { h.Epoch = 0 }},
		{"header.epoch", func(h *pb.Header, _ *pb.Message) { h.Epoch = 1<<64 - 1 }},
		{"header.ctr", func(h *pb.Header, _ *pb.Message) { h.Ctr = 0 }},
		{"header.ctr", func(h *pb.Header, _ *pb.Message) { h.Ctr = 1<<64 - 1 }},
		{"header.lamport", func(h *pb.Header, _ *pb.Message) { h.Lamport = 0 }},
		{"header.lamport", func(h *pb.Header, _ *pb.Message) { h.Lamport = MaxCounter + 1 }},
		{"header.prev", func(h *pb.Header, _ *pb.Message) { h.Prev = make([]byte, 32) }},
		{"header.prev", func(h *pb.Header, _ *pb.Message) { h.Prev = []byte{1} }},
		{"nonce", func(_ *pb.Header, m *pb.Message) { m.Nonce = nil }},
		{"nonce", func(_ *pb.Header, m *pb.Message) { m.Nonce = m.Nonce[:7] }},
		{"nonce", func(_ *pb.Header, m *pb.Message) { m.Nonce = append(m.Nonce, 0) }},
		{"sealed", func(_ *pb.Header, m *pb.Message) { m.Sealed = nil }},
		{"sealed", func(_ *pb.Header, m *pb.Message) { m.Sealed = m.Sealed[:16] }},
	} {
		s := sampleMessage(t)
		var h pb.Header
		if err := proto.Unmarshal(s.header, &h); err != nil {
			t.Fatal(err)
		}
		m := &pb.Message{Nonce: s.nonce, Sealed: s.sealed}
		c.spoil(&h, m)
		m.Header = marshal(t, &h)
		_, err := OpenMessage(sampleHeader.Room, seal(t, messageEnvelope, marshal(t, m)))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), ": "+c.field+": ") {
			t.Errorf("a bad %s: %v", c.field, err)
		}
	}
	m := &pb.Message{Nonce: make([]byte, 8), Sealed: make([]byte, 32), Header: []byte{0xff}}
	if _, err := OpenMessage(sampleHeader.Room, seal(t, messageEnvelope, marshal(t, m))); !errors.Is(err, ErrMalformed) {
		t.Errorf("not a header: %v", err)
	}
}

// TestNonCanonicalEncodings: a record has one encoding, and every other encoding of the same content is refused.
func TestNonCanonicalEncodings(t *testing.T) {
	good := marshal(t, pbRecord(t, Rekey{}))
	unknown := func(b []byte) []byte { return append(slices.Clone(b), 0xf8, 0x06, 1) } // field 111: 1
	cut := marshal(t, &pb.Cut{Ctr: 9, Hash: bytes.Repeat([]byte{3}, 32)})
	leave := func(cut []byte) []byte {
		m := pbRecord(t, Leave{Peer: signer(t, 2).Peer()})
		m.GetLeave().Cut = nil
		inner := protowire.AppendBytes(protowire.AppendTag(marshal(t, m.GetLeave()), 2, protowire.BytesType), cut)
		m.Body = nil
		return protowire.AppendBytes(protowire.AppendTag(marshal(t, m), 10, protowire.BytesType), inner)
	}
	if _, err := OpenRecord(seal(t, recordEnvelope, leave(cut))); err != nil {
		t.Fatalf("the record that is to be spoilt is not good: %v", err)
	}
	seqAt := bytes.Index(good, []byte{0x10, 0x07})
	for what, b := range map[string][]byte{
		"unknown field":              unknown(good),
		"unknown field two deep":     leave(unknown(cut)),
		"bytes after the end":        append(slices.Clone(good), 0),
		"cut short":                  good[:len(good)-1],
		"nothing":                    {},
		"twice":                      append(slices.Clone(good), good...),
		"a number spelt long":        slices.Replace(slices.Clone(good), seqAt, seqAt+2, 0x10, 0x87, 0),
		"a field out of order":       append(slices.Clone(good[seqAt:seqAt+2]), slices.Delete(slices.Clone(good), seqAt, seqAt+2)...),
		"a field twice":              slices.Insert(slices.Clone(good), seqAt, 0x10, 0x07),
		"a default spelt out":        leave(append([]byte{0x08, 0}, cut[2:]...)),
		"two bodies":                 append(slices.Clone(good), protowire.AppendBytes(protowire.AppendTag(nil, 15, protowire.BytesType), []byte{8, 3})...),
		"a field of the wrong type":  slices.Replace(slices.Clone(good), seqAt, seqAt+2, 0x12, 0x00),
		"a group that never ends":    append(slices.Clone(good), 0xfb, 0x06),
		"a field with number zero":   append(slices.Clone(good), 0, 0),
		"text that is not UTF-8":     bytes.Replace(marshal(t, pbRecord(t, bodies(t)["admit"])), []byte("bob"), []byte("b\xffb"), 1),
		"a length beyond the end":    append(slices.Clone(good[:len(good)-1]), 0x7f),
		"a length of the whole room": append(slices.Clone(good[:len(good)-1]), 0xff, 0xff, 0xff, 0xff, 0x0f),
	} {
		if _, err := OpenRecord(seal(t, recordEnvelope, b)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestMalformedEnvelope(t *testing.T) {
	good := sampleRecord(t, Rekey{}).Bytes()
	edit := func(at int, with ...byte) []byte {
		return slices.Replace(slices.Clone(good), at, at+len(with), with...)
	}
	rsa, _, err := crypto.GenerateRSAKeyPair(2048, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body := marshal(t, pbRecord(t, Rekey{}))
	byRSA, err := sealEnvelope(recordEnvelope, RoomID{}, body, KeySigner{rsa})
	if err != nil {
		t.Fatal(err)
	}
	payloadAt := bytes.Index(good, body)
	for what, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"nothing":                  {nil, ErrMalformed},
		"a key alone":              {good[:38], ErrDomain},
		"cut in the payload type":  {good[:45], ErrDomain},
		"an RSA key":               {byRSA, ErrMalformed},
		"another key type":         {edit(3, 2), ErrMalformed},
		"another payload type":     {edit(45, 'x'), ErrDomain},
		"another key":              {edit(20, good[20]^1), ErrSignature},
		"a payload bit":            {edit(payloadAt+30, good[payloadAt+30]^1), ErrSignature},
		"a signature bit":          {edit(len(good)-1, good[len(good)-1]^1), ErrSignature},
		"no signature":             {good[:len(good)-66], ErrMalformed},
		"a short signature":        {append(slices.Clone(good[:len(good)-66]), 0x2a, 1, 1), ErrMalformed},
		"an unknown field":         {append(slices.Clone(good), 0x30, 1), ErrMalformed},
		"a signature twice":        {append(slices.Clone(good), good[len(good)-66:]...), ErrMalformed},
		"the payload twice":        {append(slices.Clone(good), good[payloadAt-3:len(good)-66]...), ErrMalformed},
		"twice":                    {append(slices.Clone(good), good...), ErrMalformed},
		"a byte after the end":     {append(slices.Clone(good), 0), ErrMalformed},
		"more than the bound":      {append(slices.Clone(good), make([]byte, MaxRecord)...), ErrTooLarge},
		"random bytes":             {bytes.Repeat([]byte{0xa5}, 200), ErrMalformed},
		"the signature comes last": {slices.Concat(good[:59], good[len(good)-66:], good[59:len(good)-66]), ErrMalformed},
	} {
		if _, err := OpenRecord(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
}

// TestEveryByteCounts: a signed envelope that is cut anywhere, or in which any byte is changed, does not open.
func TestEveryByteCounts(t *testing.T) {
	raw := sampleMessage(t).Raw()
	for i := range raw {
		if _, err := OpenMessage(sampleHeader.Room, raw[:i]); err == nil {
			t.Errorf("opens with its first %d bytes", i)
		}
		changed := slices.Clone(raw)
		changed[i] ^= 1
		if _, err := OpenMessage(sampleHeader.Room, changed); err == nil {
			t.Errorf("opens with byte %d changed", i)
		}
	}
}
