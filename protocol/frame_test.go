package protocol

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-varint"
)

// wire returns f as WriteFrame writes it.
func wire(t testing.TB, f Frame) []byte {
	t.Helper()
	var w bytes.Buffer
	if err := WriteFrame(&w, f); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

func TestFramesFollowEachOther(t *testing.T) {
	var stream bytes.Buffer
	for _, f := range frames(t) {
		stream.Write(wire(t, f.frame))
	}
	// One byte at a time, since the network may split a frame anywhere.
	r := iotest.OneByteReader(&stream)
	for _, f := range frames(t) {
		if err := ReadFrame(r, f.empty()); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
	}
	if err := ReadFrame(r, &TellReply{}); err != io.EOF {
		t.Errorf("at the end: %v, want io.EOF itself", err)
	}
}

func TestFrameCutShort(t *testing.T) {
	for _, f := range frames(t) {
		b := wire(t, f.frame)
		for n := 1; n < len(b); n++ {
			if err := ReadFrame(bytes.NewReader(b[:n]), f.empty()); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s, %d of %d bytes: %v", f.name, n, len(b), err)
			}
		}
	}
	large := wire(t, &TellRequest{Room: RoomID{1}, ID: [16]byte{1}, Text: string(bytes.Repeat([]byte("x"), MaxText)), At: noon})
	if err := ReadFrame(bytes.NewReader(large[:len(large)-1]), &TellRequest{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a large frame: %v", err)
	}
}

func TestFrameLength(t *testing.T) {
	for _, c := range []struct {
		what  string
		bytes []byte
		frame Frame
		want  error
	}{
		{"one more than the bound", varint.ToUvarint(maxRequest + MaxAppeal + 1), &PollAsk{}, ErrTooLarge},
		{"2^62", varint.ToUvarint(1 << 62), &PollReply{}, ErrTooLarge},
		{"2^63", append(bytes.Repeat([]byte{0x80}, 9), 1), &PollReply{}, ErrMalformed},
		{"all ones", bytes.Repeat([]byte{0xff}, 20), &PollReply{}, ErrMalformed},
		{"zero in two bytes", []byte{0x80, 0}, &RoomsReply{}, ErrMalformed},
		{"one in two bytes", []byte{0x81, 0, 0}, &PollAsk{}, ErrMalformed},
		{"one more than a small bound", varint.ToUvarint(maxRoomsRequest + 1), &RoomsRequest{}, ErrTooLarge},
		{"cut in the length", []byte{0x80}, &PollReply{}, io.ErrUnexpectedEOF},
	} {
		if err := ReadFrame(bytes.NewReader(c.bytes), c.frame); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

// TestEmptyFrame: an empty frame is valid only for the types whose fields are all optional.
func TestEmptyFrame(t *testing.T) {
	mayBeEmpty := map[string]bool{"rooms-request": true, "rooms-request-next": true, "rooms-reply": true, "rooms-moved": true, "sync-reply": true, "sync-nothing": true}
	for _, f := range frames(t) {
		err := ReadFrame(bytes.NewReader([]byte{0}), f.empty())
		if mayBeEmpty[f.name] != (err == nil) || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}

// TestRefusedIsOneByteString: every REFUSED is the same bytes, so that a caller does not learn from it whether it was ever known; no
// other bytes are read as REFUSED.
func TestRefusedIsOneByteString(t *testing.T) {
	want := []byte{2, 0x0a, 0}
	for i, f := range []*PollReply{{}, {Reason: nil}, {Member: nil, Reason: nil}} {
		if got := wire(t, f); !bytes.Equal(got, want) {
			t.Errorf("%d: %x, want %x", i, got, want)
		}
	}
	for _, b := range [][]byte{{0}, {4, 0x0a, 2, 0x08, 1}, {4, 0x0a, 0, 0x0a, 0}, {3, 0x0a, 0x80, 0}, {2, 0x1a, 0}} {
		if err := ReadFrame(bytes.NewReader(b), &PollReply{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%x: %v", b, err)
		}
	}
}

// countingWriter counts calls: a frame in two writes is two packets.
type countingWriter struct{ calls, bytes int }

func (w *countingWriter) Write(b []byte) (int, error) {
	w.calls++
	w.bytes += len(b)
	return len(b), nil
}

func TestWriteFrameWritesOnce(t *testing.T) {
	for _, f := range frames(t) {
		var w countingWriter
		if err := WriteFrame(&w, f.frame); err != nil || w.calls != 1 {
			t.Errorf("%s: %d writes, %v", f.name, w.calls, err)
		}
	}
}

// TestWriteFrameRefuses: WriteFrame refuses a frame that breaks its bounds, and writes no byte of it.
func TestWriteFrameRefuses(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), MaxText+1))
	bob := signer(t, 2).Peer()
	room := RoomID{1}
	big := make([][]byte, 600)
	for i := range big {
		big[i] = make([]byte, MaxRecord)
	}
	manyRuns := make(Runs, MaxRuns)
	for i := range manyRuns {
		manyRuns[i] = uint64(len(manyRuns) - i)
	}
	for what, f := range map[string]Frame{
		"neither ask":            &PollAsk{},
		"both asks":              &PollAsk{Request: &PollRequest{}, Ack: &PollAck{}},
		"no nonce":               &PollAsk{Request: &PollRequest{Room: room, Admission: 1}},
		"no room":                &PollAsk{Ack: &PollAck{Removal: 1, Nonce: Nonce{1}}},
		"ask and appeal":         &PollAsk{Ack: &PollAck{}, Appeal: &PollAppeal{}},
		"empty appeal":           &PollAsk{Appeal: &PollAppeal{Room: room, Removal: 1, Nonce: Nonce{1}}},
		"appeal of no removal":   &PollAsk{Appeal: &PollAppeal{Room: room, Nonce: Nonce{1}, Text: "x"}},
		"appeal of no client":    &PollAsk{Appeal: &PollAppeal{Room: room, Removal: 1, Text: "x"}},
		"appeal too long":        &PollAsk{Appeal: &PollAppeal{Room: room, Removal: 1, Nonce: Nonce{1}, Text: long[:MaxAppealRunes+1]}},
		"appeal of two lines":    &PollAsk{Appeal: &PollAppeal{Room: room, Removal: 1, Nonce: Nonce{1}, Text: "a\nb"}},
		"appeal and reason":      &PollReply{Reason: []byte{1}, Appeal: AppealKept},
		"appeal's unknown end":   &PollReply{Appeal: AppealFull + 1},
		"many appeals":           &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Appeals: make([]Appeal, MaxAppeals+1)}}},
		"appeal of nobody":       &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Appeals: []Appeal{{Nick: "x", Removal: 1, Text: "x"}}}}},
		"both answers":           &PollReply{Member: &PollMember{}, Reason: []byte{1}},
		"empty reason":           &PollReply{Reason: []byte{}},
		"long reason":            &PollReply{Reason: make([]byte, MaxSignedReason+1)},
		"empty record":           &PollReply{Member: &PollMember{Records: [][]byte{{}}}},
		"long record":            &PollReply{Member: &PollMember{Records: [][]byte{make([]byte, MaxRecord+1)}}},
		"many records":           &SyncReply{Records: make([][]byte, MaxBatchItems+1)},
		"more than a batch":      &SyncReply{Records: big},
		"many keys":              &SyncReply{Keys: make([]EpochKey, MaxBatchItems+1)},
		"key of no epoch":        &SyncReply{Keys: []EpochKey{{Key: Key{1}}}},
		"epoch without key":      &SyncReply{Keys: []EpochKey{{Epoch: 1}}},
		"long line":              &SyncReply{Lines: [][]byte{make([]byte, MaxMessage+1)}},
		"ages of no lines":       &SyncReply{Ages: []time.Duration{time.Second}},
		"age below nothing":      &SyncReply{Lines: [][]byte{{1}}, Ages: []time.Duration{-time.Second}},
		"age beyond all":         &SyncReply{Lines: [][]byte{{1}}, Ages: []time.Duration{MaxAge + time.Second}},
		"room kept too long":     &RoomsReply{Rooms: []RoomAd{{Create: []byte{1}, Access: Open, Retain: MaxPolicyTime + time.Second}}},
		"many heads":             &SyncRequest{Room: room, Heads: make([]Head, MaxBatchItems+1)},
		"head of nobody":         &SyncRequest{Room: room, Heads: []Head{{Runs: Runs{1}}}},
		"head of nothing":        &SyncRequest{Room: room, Heads: []Head{{Author: bob}}},
		"head at 0":              &SyncRequest{Room: room, Heads: []Head{{Author: bob, Runs: Runs{0}}}},
		"many runs":              &SyncRequest{Room: room, Heads: []Head{{Author: bob, Runs: manyRuns}, {Author: bob, Runs: Runs{1}}}},
		"runs that rise":         &SyncReply{Receipt: Runs{5, 6}},
		"runs without a gap":     &SyncReply{Receipt: Runs{5, 4, 4}},
		"receipt too long":       &PollReply{Member: &PollMember{Receipt: append(manyRuns, 1)}},
		"epoch 0":                &SyncRequest{Room: room, Keys: []uint64{0}},
		"counter too large":      &SyncRequest{Room: room, HaveSeq: MaxCounter + 1},
		"many present":           &PollReply{Member: &PollMember{Present: make([]Presence, MaxMembers+1)}},
		"presence of nobody":     &PollReply{Member: &PollMember{Present: []Presence{{}}}},
		"nick empty":             &JoinRequest{Room: room},
		"nick too long":          &JoinRequest{Room: room, Nick: long[:MaxNick+1]},
		"nick not UTF-8":         &JoinRequest{Room: room, Nick: "\xff"},
		"nick of two lines":      &JoinRequest{Room: room, Nick: "a\nb"},
		"no code":                &JoinReply{},
		"negative wait":          &JoinReply{Code: JoinTooSoon, Wait: -1e9},
		"admitted at nothing":    &JoinReply{Code: JoinAdmitted},
		"admission denied":       &JoinReply{Code: JoinDenied, Admission: 1},
		"records denied":         &JoinReply{Code: JoinDenied, Records: [][]byte{{1}}},
		"reason too long":        &JoinReply{Code: JoinDenied, Text: long[:MaxReason+1]},
		"signed reason too long": &JoinReply{Code: JoinBanned, Reason: make([]byte, MaxSignedReason+1)},
		"admitted, and why not":  &JoinReply{Code: JoinAdmitted, Admission: 1, Reason: []byte{1}},
		"waiting, and why not":   &JoinReply{Code: JoinWaiting, Reason: []byte{1}},
		"neither wish":           &AskRequest{Room: room},
		"both wishes":            &AskRequest{Room: room, Leave: true, Invite: &AskInvite{}},
		"invite for too long":    &AskRequest{Room: room, Invite: &AskInvite{Expires: MaxInviteExpiry + 1e6}},
		"invite for less":        &AskRequest{Room: room, Invite: &AskInvite{Expires: -1e6}},
		"invite nick":            &AskRequest{Room: room, Invite: &AskInvite{Nick: "a\x00"}},
		"two wishes":             &AskRequest{Room: room, Leave: true, Nick: "bob"},
		"wished nick too long":   &AskRequest{Room: room, Nick: long[:MaxNick+1]},
		"wished nick":            &AskRequest{Room: room, Nick: "a\nb"},
		"away for long":          &AskRequest{Room: room, Away: &Away{true, long[:MaxAway+1]}},
		"away in two lines":      &AskRequest{Room: room, Away: &Away{true, "a\nb"}},
		"back, with a text":      &AskRequest{Room: room, Away: &Away{false, "here"}},
		"present, with a text":   &PollReply{Member: &PollMember{Present: []Presence{{Peer: bob, Away: Away{false, "here"}}}}},
		"granted, and why not":   &AskReply{OK: true, Code: JoinNickTaken},
		"not about a nick":       &AskReply{Code: JoinBanned},
		"wait for too long":      &AskReply{Code: JoinTooSoon, Wait: -1e9},
		"answer too long":        &AskReply{OK: true, Text: long[:MaxInvite+1]},
		"order of no kind":       &OrderRequest{Room: room, Peer: bob},
		"kick of nobody":         &OrderRequest{Room: room, Kind: OrderKick},
		"kick with an end":       &OrderRequest{Room: room, Kind: OrderKick, Peer: bob, For: time.Second},
		"unban with a reason":    &OrderRequest{Room: room, Kind: OrderUnban, Peer: bob, Text: "x"},
		"accept for a time":      &OrderRequest{Room: room, Kind: OrderAccept, Peer: bob, For: time.Second},
		"ban of negative length": &OrderRequest{Room: room, Kind: OrderBan, Peer: bob, For: -time.Second},
		"order's text too long":  &OrderRequest{Room: room, Kind: OrderKick, Peer: bob, Text: long[:MaxReason+1]},
		"subject of a peer":      &OrderRequest{Room: room, Kind: OrderSubject, Peer: bob, Text: "x"},
		"no access":              &OrderRequest{Room: room, Kind: OrderAccess},
		"kick with access":       &OrderRequest{Room: room, Kind: OrderKick, Peer: bob, Access: Open},
		"done, and why not":      &OrderReply{Code: OrderDone, Seq: 1, Epoch: 1, Text: "x"},
		"done without a record":  &OrderReply{Code: OrderDone},
		"refused with a record":  &OrderReply{Code: OrderRefused, Text: "x", Seq: 1, Epoch: 1},
		"order without answer":   &OrderReply{Text: "x"},
		"nothing passed":         &PassRequest{Room: room},
		"both passed":            &PassRequest{Room: room, Line: []byte{1}, Record: []byte{1}},
		"long line passed":       &PassRequest{Room: room, Line: make([]byte, MaxMessage+1)},
		"long record passed":     &PassRequest{Room: room, Record: make([]byte, MaxRecord+1)},
		"passed to many":         &PassRequest{Room: room, Line: []byte{1}, To: make([]peer.ID, MaxMembers+1)},
		"passed to nobody":       &PassRequest{Room: room, Line: []byte{1}, To: []peer.ID{""}},
		"many missed":            &PassReply{OK: true, Missed: make([]peer.ID, MaxMembers+1)},
		"nothing told":           &TellRequest{Room: room, ID: [16]byte{1}, At: noon},
		"told too much":          &TellRequest{Room: room, ID: [16]byte{1}, At: noon, Text: long},
		"told without id":        &TellRequest{Room: room, At: noon, Text: "x"},
		"told at no time":        &TellRequest{Room: room, ID: [16]byte{1}, Text: "x"},
		"many rooms":             &RoomsReply{Rooms: make([]RoomAd, MaxRooms+1)},
		"many ended rooms":       &RoomsReply{Ended: slices.Repeat([][]byte{{1}}, MaxEnded+1)},
		"ended room, no record":  &RoomsReply{Ended: [][]byte{nil}},
		"more rooms than many":   &RoomsReply{More: MaxUnlisted + 1},
		"room without record":    &RoomsReply{Rooms: []RoomAd{{Access: Open}}},
		"room without access":    &RoomsReply{Rooms: []RoomAd{{Create: []byte{1}}}},
		"room moved too often":   &RoomsReply{Rooms: []RoomAd{{Create: []byte{1}, Access: Open, Moved: slices.Repeat([][]byte{{1}}, MaxMoved+1)}}},
		"room moved, no record":  &RoomsReply{Rooms: []RoomAd{{Create: []byte{1}, Access: Open, Moved: [][]byte{nil}}}},
		"room, owner of no nick": &RoomsReply{Rooms: []RoomAd{{Create: []byte{1}, Access: Open, OwnerNick: "a\nb"}}},
		"room of too many":       &RoomsReply{Rooms: []RoomAd{{Create: []byte{1}, Access: Open, Members: MaxMembers + 1}}},
		"room subject of lines":  &RoomsReply{Rooms: []RoomAd{{Create: []byte{1}, Access: Open, Subject: "a\u2028b"}}},
		"many at the door":       &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Knocks: make([]Knocker, MaxKnocks+1)}}},
		"desk without a number":  &PollReply{Member: &PollMember{Desk: &Desk{}}},
		"nobody at the door":     &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Knocks: []Knocker{{Nick: "x"}}}}},
		"many hands":             &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Hands: slices.Repeat([]peer.ID{bob}, MaxMembers+1)}}},
		"many removals":          &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Removals: slices.Repeat([]Progress{{Seq: 1}}, MaxTold+1)}}},
		"many missing":           &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Removals: []Progress{{Seq: 1, Missing: slices.Repeat([]peer.ID{bob}, MaxToldMissing+1)}}}}},
		"removal of no record":   &PollReply{Member: &PollMember{Desk: &Desk{Number: 1, Removals: []Progress{{}}}}},
		"many invites":           &AskReply{OK: true, Invites: slices.Repeat([]OpenInvite{{ID: InviteID{1}, Expires: time.Unix(1, 0)}}, MaxOpenInvites+1)},
		"invite without an id":   &AskReply{OK: true, Invites: []OpenInvite{{Expires: time.Unix(1, 0)}}},
		"wish and invites":       &AskRequest{Room: room, Leave: true, OpenInvites: true},
		"revoke of nothing":      &OrderRequest{Room: room, Kind: OrderUninvite},
		"order with an invite":   &OrderRequest{Room: room, Kind: OrderKick, Peer: bob, Invite: InviteID{1}},
		"voice with a text":      &OrderRequest{Room: room, Kind: OrderVoice, Peer: bob, Text: "because"},
		"warning for a time":     &OrderRequest{Room: room, Kind: OrderWarn, Peer: bob, Text: "you", For: time.Second},
	} {
		var w countingWriter
		err := WriteFrame(&w, f)
		if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", what, err)
		}
		if w.calls != 0 {
			t.Errorf("%s: %d bytes were written", what, w.bytes)
		}
	}
}

func TestUnknownJoinCodeReadsAsDenied(t *testing.T) {
	var got JoinReply
	if err := got.decode([]byte{0x08, 99}); err != nil || got.Code != JoinDenied {
		t.Errorf("code %d, %v; want denied", got.Code, err)
	}
}

// TestAnnouncedLengthIsNotAllocated: a peer that announces a large frame and sends nothing costs little memory.
func TestAnnouncedLengthIsNotAllocated(t *testing.T) {
	announced := varint.ToUvarint(MaxBatch)
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := ReadFrame(bytes.NewReader(announced), &SyncReply{}); !errors.Is(err, io.ErrUnexpectedEOF) {
				b.Fatal(err)
			}
		}
	})
	// bytes.Buffer allocates two chunks, and a little more under the race detector.
	if n := r.AllocedBytesPerOp(); n > 3*frameChunk {
		t.Errorf("%d bytes allocated for a frame of which nothing came", n)
	}
}

func TestReadFrameGivesTheReadersError(t *testing.T) {
	want := errors.New("reset")
	for n := range 3 {
		r := io.MultiReader(bytes.NewReader([]byte{0x85, 0x01, 0}[:n]), iotest.ErrReader(want))
		if err := ReadFrame(r, &PollReply{}); !errors.Is(err, want) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}
