package protocol

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"localchat/protocol/internal/pb"
)

// TestMalformedAcceptance: what a peer signs to take a room names the room, both peers, the record before, the books and an end.
func TestMalformedAcceptance(t *testing.T) {
	for field, spoil := range map[string]func(*pb.Acceptance){
		"room":  func(m *pb.Acceptance) { m.Room = nil },
		"from":  func(m *pb.Acceptance) { m.From = rsaID(t) },
		"to":    func(m *pb.Acceptance) { m.To = m.From },
		"prev":  func(m *pb.Acceptance) { m.Prev = nil },
		"books": func(m *pb.Acceptance) { m.Books = m.Books[1:] },
		"until": func(m *pb.Acceptance) { m.Until = 0 },
	} {
		a := sampleAcceptance(t).Acceptance
		m := &pb.Acceptance{Room: a.Room[:], From: []byte(a.From), To: []byte(a.To), Prev: a.Prev[:], Books: a.Books[:], Until: millis(a.Until)}
		spoil(m)
		_, err := OpenAcceptance(seal(t, acceptEnvelope, marshal(t, m)))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), ": "+field+": ") {
			t.Errorf("a bad %s: %v", field, err)
		}
	}
	if _, err := SignAcceptance(sampleAcceptance(t).Acceptance, signer(t, 3)); !errors.Is(err, ErrSignature) {
		t.Errorf("signed by another peer: %v", err)
	}
	if _, err := OpenAcceptance(make([]byte, MaxAcceptance+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestBooksReadBack(t *testing.T) {
	want := sampleBooks(t)
	raw, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenBooks(raw); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v is read as %+v, %v", want, got, err)
	}
	golden(t, "books", raw, &pb.Books{})
}

func TestMalformedBooks(t *testing.T) {
	for field, spoil := range map[string]func(*pb.Books){
		"at":                       func(m *pb.Books) { m.At = 0 },
		"owed.peer":                func(m *pb.Books) { m.Owed[0].Peer = nil },
		"owed.nick":                func(m *pb.Books) { m.Owed[0].Nick = "a\x1b[2Jb" },
		"owed.admission":           func(m *pb.Books) { m.Owed[0].Admission = 0 },
		"owed.removal":             func(m *pb.Books) { m.Owed[0].Removal = MaxCounter + 1 },
		"owed.text":                func(m *pb.Books) { m.Owed[0].Text = strings.Repeat("x", MaxReason+1) },
		"owed.by":                  func(m *pb.Books) { m.Owed[0].By = nil },
		"owed.by_nick":             func(m *pb.Books) { m.Owed[0].ByNick = "" },
		"owed.at":                  func(m *pb.Books) { m.Owed[0].At = 0 },
		"owed.until":               func(m *pb.Books) { m.Owed[1].Until = 5 },
		"owed.expires":             func(m *pb.Books) { m.Owed[0].Expires = maxTimeMillis + 1 },
		"owed.for":                 func(m *pb.Books) { m.Owed[0].For = m.Owed[0].By },
		"owed.for_nick":            func(m *pb.Books) { m.Owed[0].ForNick = "" },
		"owed.nonce":               func(m *pb.Books) { m.Owed[0].Nonce = make([]byte, 16) },
		"invites.token":            func(m *pb.Books) { m.Invites[0].Token = nil },
		"invites.nick":             func(m *pb.Books) { m.Invites[1].Nick = "a\nb" },
		"invites.by":               func(m *pb.Books) { m.Invites[0].By = nil },
		"invites.expires":          func(m *pb.Books) { m.Invites[0].Expires = 0 },
		"invites.revoked.at":       func(m *pb.Books) { m.Invites[1].Revoked.At = 0 },
		"invites.revoked.text":     func(m *pb.Books) { m.Invites[1].Revoked.Text = "a\nb" },
		"invites.revoked.seq":      func(m *pb.Books) { m.Invites[1].Revoked.Seq = 0 },
		"invites.revoked.peer":     func(m *pb.Books) { m.Invites[1].Revoked.Peer = rsaID(t) },
		"invites.revoked.nonce":    func(m *pb.Books) { m.Invites[1].Revoked.Nonce = nil },
		"appeals.peer":             func(m *pb.Books) { m.Appeals[0].Peer = nil },
		"appeals.nick":             func(m *pb.Books) { m.Appeals[0].Nick = "" },
		"appeals.removal":          func(m *pb.Books) { m.Appeals[0].Removal = 0 },
		"appeals.text":             func(m *pb.Books) { m.Appeals[0].Text = strings.Repeat("x", MaxAppealRunes+1) },
		"appeals.nonce":            func(m *pb.Books) { m.Appeals[0].Nonce = make([]byte, 16) },
		"appeals.expires":          func(m *pb.Books) { m.Appeals[0].Expires = 0 },
		"appeals.pardoned.seq":     func(m *pb.Books) { m.Appeals[1].Pardoned.Seq = 0 },
		"appeals.pardoned.at":      func(m *pb.Books) { m.Appeals[1].Pardoned.At = 0 },
		"appeals.pardoned.by":      func(m *pb.Books) { m.Appeals[1].Pardoned.By = nil },
		"appeals.pardoned.by_nick": func(m *pb.Books) { m.Appeals[1].Pardoned.ByNick = "a\nb" },
		"appeals.pardoned.for":     func(m *pb.Books) { m.Appeals[1].Pardoned.For = m.Appeals[1].Pardoned.By },
		"shifts.seq":               func(m *pb.Books) { slices.Reverse(m.Shifts) },
	} {
		raw, err := sampleBooks(t).Encode()
		if err != nil {
			t.Fatal(err)
		}
		var m pb.Books
		if err := proto.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		spoil(&m)
		if _, err := OpenBooks(marshal(t, &m)); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), ": "+field+": ") {
			t.Errorf("books with a bad %s: %v", field, err)
		}
	}
	if _, err := OpenBooks(make([]byte, MaxBooks+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("books that are too large: %v", err)
	}
	large := sampleBooks(t)
	large.Invites = slices.Repeat(large.Invites, MaxBooks/100)
	if _, err := large.Encode(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("books that are too large to hand over: %v", err)
	}
}

func FuzzOpenBooks(f *testing.F) {
	raw, err := sampleBooks(f).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := OpenBooks(raw)
		if err != nil {
			if !known(err) {
				t.Fatalf("an unknown error: %v", err)
			}
			return
		}
		if again, err := b.Encode(); err != nil || !slices.Equal(again, raw) {
			t.Fatalf("encoded again as %x: %v", again, err)
		}
	})
}

// TestTakeFramesRefuse: a frame of a transfer has what its kind needs, within its bounds, and nothing else.
func TestTakeFramesRefuse(t *testing.T) {
	room, head, books := RoomID{1}, Hash{2}, Hash{3}
	transfer := sampleRecord(t, bodies(t)["transfer"]).Bytes()
	for what, f := range map[string]Frame{
		"without a head":           &TakeRequest{Room: room},
		"past the longest books":   &TakeRequest{Room: room, Head: head, Books: books, Offset: MaxBooks},
		"offset in none":           &TakeRequest{Room: room, Head: head, Offset: 1},
		"accepted, and a part":     &TakeRequest{Room: room, Head: head, Books: books, Accepted: []byte{1}},
		"acceptance too long":      &TakeRequest{Room: room, Head: head, Accepted: make([]byte, MaxAcceptance+1)},
		"no code":                  &TakeReply{},
		"a code unknown here":      &TakeReply{Code: TakeNotNow + 1},
		"part of no books":         &TakeReply{Code: TakePart, Size: 1, Part: []byte{1}, Until: noon},
		"part without an end":      &TakeReply{Code: TakePart, Books: books, Size: 1, Part: []byte{1}},
		"empty part":               &TakeReply{Code: TakePart, Books: books, Size: 1, Until: noon},
		"part larger than the all": &TakeReply{Code: TakePart, Books: books, Size: 1, Part: []byte{1, 2}, Until: noon},
		"part too long":            &TakeReply{Code: TakePart, Books: books, Size: MaxBooks, Part: make([]byte, MaxBooksPart+1), Until: noon},
		"books too long":           &TakeReply{Code: TakePart, Books: books, Size: MaxBooks + 1, Part: []byte{1}, Until: noon},
		"part where none is due":   &TakeReply{Code: TakeChanged, Books: books},
		"done without a record":    &TakeReply{Code: TakeDone},
		"a record where none is":   &TakeReply{Code: TakeNoOffer, Transfer: transfer},
		"moved by nothing":         &PollReply{Moved: &Moved{}},
		"moved, and a reason":      &PollReply{Moved: &Moved{Transfers: [][]byte{transfer}}, Reason: []byte{1}},
		"moved too often":          &PollReply{Moved: &Moved{Transfers: slices.Repeat([][]byte{transfer}, MaxMoved+1)}},
		"offer for too long":       &PollReply{Member: &PollMember{Offer: &Offer{noon, OfferLife + time.Second}}},
		"no offer, for a time":     &PollReply{Member: &PollMember{Offer: &Offer{Left: time.Second}}},
		"a knock, moved nowhere":   &JoinReply{Code: JoinMoved},
		"denied, and moved":        &JoinReply{Code: JoinDenied, Moved: &Moved{Transfers: [][]byte{transfer}}},
	} {
		if _, err := f.encode(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if part := (&TakeReply{Code: TakePart, Books: books, Size: MaxBooks, Part: make([]byte, MaxBooksPart), Until: noon}); WriteFrame(&countingWriter{}, part) != nil {
		t.Error("the longest part is refused")
	}
	if moved := (&PollReply{Moved: &Moved{Transfers: slices.Repeat([][]byte{transfer}, MaxMoved)}}); WriteFrame(&countingWriter{}, moved) != nil {
		t.Error("the most transfers are refused")
	}
}
