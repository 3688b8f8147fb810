package protocol

import (
	"crypto/sha256"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol/internal/pb"
)

// A Transfer gives the room to the peer that has signed Accepted. The author of the record is the owner until then.
type Transfer struct {
	Accepted SignedAcceptance
	// Cut is the author's last message that counts, if the policy lets only members with a voice talk.
	Cut Cut
}

func (Transfer) body() {}

// To is the owner from this record on.
func (t Transfer) To() peer.ID { return t.Accepted.To }

// An Acceptance says that To, its signer, takes a room from From, by the record that follows Prev, until a time by the clock of From.
// Books is the [BooksHash] of what From keeps of the room beside its log, and To has on disk.
type Acceptance struct {
	Room     RoomID
	From, To peer.ID
	Prev     Hash
	Books    Hash
	Until    time.Time // milliseconds
}

// A SignedAcceptance is an [Acceptance] with its signature. A value that is not zero has been decoded, validated and verified. It has
// not been checked: the record that contains it has to be the one that it is for.
type SignedAcceptance struct {
	Acceptance
	raw []byte
}

// SignAcceptance signs a; see [SignRecord].
func SignAcceptance(a Acceptance, s Signer) (SignedAcceptance, error) {
	body, err := encodePayload("acceptance", &pb.Acceptance{
		Room: a.Room[:], From: []byte(a.From), To: []byte(a.To), Prev: a.Prev[:], Books: a.Books[:], Until: millis(a.Until),
	})
	if err != nil {
		return SignedAcceptance{}, err
	}
	raw, err := sealEnvelope(acceptEnvelope, RoomID{}, body, s)
	if err != nil {
		return SignedAcceptance{}, err
	}
	return OpenAcceptance(raw)
}

// OpenAcceptance decodes, validates and verifies a signed acceptance. The result keeps raw. It fails as [OpenRecord] does.
func OpenAcceptance(raw []byte) (SignedAcceptance, error) {
	body, signer, err := openEnvelope(raw, acceptEnvelope)
	if err != nil {
		return SignedAcceptance{}, err
	}
	var m pb.Acceptance
	if err := unmarshal("acceptance", body, &m); err != nil {
		return SignedAcceptance{}, err
	}
	var r fieldReader
	a := Acceptance{Room: r.room("room", m.Room), From: r.peer("from", m.From), To: r.peer("to", m.To), Until: r.time("until", m.Until)}
	r.fixed("prev", a.Prev[:], m.Prev)
	r.fixed("books", a.Books[:], m.Books)
	if a.From == a.To {
		r.fail("to", "nobody gives a room to itself")
	}
	if r.err != nil {
		return SignedAcceptance{}, r.err
	}
	if err := signedBy("to", signer, a.To); err != nil {
		return SignedAcceptance{}, err
	}
	return SignedAcceptance{Acceptance: a, raw: raw}, nil
}

// Bytes returns the signed envelope, as it was received, to send or keep. It must not be changed.
func (a SignedAcceptance) Bytes() []byte { return a.raw }

func (t Transfer) toPB() *pb.Transfer {
	return &pb.Transfer{Accepted: t.Accepted.raw, Cut: t.Cut.toPB()}
}

func (r *fieldReader) transfer(m *pb.Transfer) Transfer {
	accepted, err := OpenAcceptance(m.Accepted)
	r.failWith("transfer.accepted", err)
	return Transfer{Accepted: accepted, Cut: r.cut("transfer.cut", m.Cut)}
}

// Books are what the owner of a room keeps beside its log, and hands over with the room. At is the time by the giver's clock, by which
// all other times are.
type Books struct {
	At      time.Time
	Owed    []Owed // those of one peer follow each other, in the order in which it is told
	Invites []BookedInvite
	Shifts  []Shift
	Appeals []BookedAppeal
}

// Owed is a reason that a peer has not acknowledged, or that of a ban. Room is zero, and Nonce too, if no poll has claimed it.
type Owed struct {
	Reason
	Nick      string // of the peer that lost its place
	Admission uint64 // of the membership that has ended
	Expires   time.Time
	Acked     bool
	Known     bool
}

// A BookedInvite is an invite that has not been used. RevokedAt is zero if it is open; Text says why it was revoked, after record Seq.
// TellPeer and TellNonce are those of the request that was told first, or zero.
type BookedInvite struct {
	Token     Token
	Nick      string // may be ""
	By        peer.ID
	Expires   time.Time
	RevokedAt time.Time
	// RevokedBy is the peer that revoked it; RevokedFor, if it is not "", the authority for which that deputy did.
	RevokedBy, RevokedFor         peer.ID
	RevokedByNick, RevokedForNick string
	Text                          string
	Seq                           uint64
	TellPeer                      peer.ID
	TellNonce                     Nonce
}

// A BookedAppeal is what the owner keeps about a removed peer that has appealed, that was pardoned, or both. Text is "" before an appeal.
// Nonce is that of the client that has asked, or zero. Removal of Pardon is zero before a pardon; Told says that the peer was told.
type BookedAppeal struct {
	Peer    peer.ID
	Nick    string
	Removal uint64
	Text    string
	Nonce   Nonce
	At      time.Time
	Expires time.Time
	Pardon  Reason
	Told    bool
}

// A Shift says by how much the clock was set since record Seq was made.
type Shift struct {
	Seq uint64
	By  time.Duration
}

// BooksHash is the hash of encoded books.
func BooksHash(b []byte) Hash { return sha256.Sum256(b) }

// Encode returns the encoding of b, of at most [MaxBooks] bytes.
func (b Books) Encode() ([]byte, error) {
	m := &pb.Books{At: millis(b.At)}
	for _, o := range b.Owed {
		m.Owed = append(m.Owed, &pb.Owed{
			Peer: []byte(o.Peer), Nick: o.Nick, Admission: o.Admission, Removal: o.Removal, Kind: pb.ReasonKind(o.Kind), Text: o.Text,
			By: []byte(o.By), ByNick: o.ByNick, At: millis(o.At), Until: millis(o.Until), Expires: millis(o.Expires),
			For: []byte(o.For), ForNick: o.ForNick, Nonce: orNone(o.Nonce[:]), Acked: o.Acked, Known: o.Known,
		})
	}
	for _, i := range b.Invites {
		in := &pb.BookedInvite{Token: i.Token[:], Nick: i.Nick, By: []byte(i.By), Expires: millis(i.Expires)}
		if !i.RevokedAt.IsZero() {
			in.Revoked = &pb.Revoked{
				At: millis(i.RevokedAt), Text: i.Text, Seq: i.Seq, Peer: []byte(i.TellPeer), Nonce: orNone(i.TellNonce[:]),
				By: []byte(i.RevokedBy), ByNick: i.RevokedByNick, For: []byte(i.RevokedFor), ForNick: i.RevokedForNick,
			}
		}
		m.Invites = append(m.Invites, in)
	}
	for _, a := range b.Appeals {
		m.Appeals = append(m.Appeals, a.toPB())
	}
	for _, s := range b.Shifts {
		m.Shifts = append(m.Shifts, &pb.Shift{Seq: s.Seq, ByNs: int64(s.By)})
	}
	var r fieldReader
	if r.books(m); r.err != nil {
		return nil, r.err
	}
	raw, err := encodePayload("books", m)
	if err == nil && len(raw) > MaxBooks {
		err = tooLarge("the books of a room", len(raw), MaxBooks)
	}
	return raw, err
}

// OpenBooks decodes books, which come from the owner of a room and may be anything.
func OpenBooks(raw []byte) (Books, error) {
	if len(raw) > MaxBooks {
		return Books{}, tooLarge("the books of a room", len(raw), MaxBooks)
	}
	var m pb.Books
	if err := unmarshal("books", raw, &m); err != nil {
		return Books{}, err
	}
	var r fieldReader
	b := r.books(&m)
	if r.err != nil {
		return Books{}, r.err
	}
	return b, nil
}

func (r *fieldReader) books(m *pb.Books) Books {
	b := Books{At: r.time("at", m.At)}
	for _, o := range m.Owed {
		b.Owed = append(b.Owed, r.owed(o))
	}
	for _, i := range m.Invites {
		b.Invites = append(b.Invites, r.bookedInvite(i))
	}
	for _, a := range m.Appeals {
		b.Appeals = append(b.Appeals, r.bookedAppeal(a))
	}
	var last uint64
	for _, s := range m.Shifts {
		shift := Shift{r.count("shifts.seq", s.Seq, 1), time.Duration(s.ByNs)}
		if shift.Seq <= last {
			r.fail("shifts.seq", "not in order")
		}
		last = shift.Seq
		b.Shifts = append(b.Shifts, shift)
	}
	return b
}

// owed reads a reason by the rules of a signed one, so that the new owner can sign it.
func (r *fieldReader) owed(m *pb.Owed) Owed {
	o := Owed{
		Reason: Reason{
			Peer: r.peer("owed.peer", m.Peer), Kind: readKind(m.Kind), Text: r.reason("owed.text", m.Text),
			By: r.peer("owed.by", m.By), ByNick: r.nick("owed.by_nick", m.ByNick), At: r.time("owed.at", m.At),
			Until: r.timeOrNone("owed.until", m.Until), Removal: r.count("owed.removal", m.Removal, 1),
		},
		Nick: r.nick("owed.nick", m.Nick), Admission: r.count("owed.admission", m.Admission, 1),
		Expires: r.time("owed.expires", m.Expires), Acked: m.Acked, Known: m.Known,
	}
	r.optional("owed.nonce", o.Nonce[:], m.Nonce)
	r.reasonParties("owed.", &o.Reason, m.For, m.ForNick)
	return o
}

func (r *fieldReader) bookedInvite(m *pb.BookedInvite) BookedInvite {
	i := BookedInvite{Nick: m.Nick, By: r.peer("invites.by", m.By), Expires: r.time("invites.expires", m.Expires)}
	r.fixed("invites.token", i.Token[:], m.Token)
	if i.Nick != "" {
		r.nick("invites.nick", i.Nick)
	}
	if v := m.Revoked; v != nil {
		i.RevokedAt, i.Text, i.Seq = r.time("invites.revoked.at", v.At), r.reason("invites.revoked.text", v.Text), r.count("invites.revoked.seq", v.Seq, 1)
		r.optional("invites.revoked.nonce", i.TellNonce[:], v.Nonce)
		if len(v.Peer) > 0 {
			i.TellPeer = r.peer("invites.revoked.peer", v.Peer)
		}
		if len(v.By) > 0 { // not in books of before there were deputies
			why := Reason{Kind: InviteRevoked, By: r.peer("invites.revoked.by", v.By), ByNick: r.nick("invites.revoked.by_nick", v.ByNick)}
			r.reasonParties("invites.revoked.", &why, v.For, v.ForNick)
			i.RevokedBy, i.RevokedByNick, i.RevokedFor, i.RevokedForNick = why.By, why.ByNick, why.For, why.ForNick
		}
		if (i.TellPeer == "") != (i.TellNonce == Nonce{}) {
			r.fail("invites.revoked.nonce", "there is one if, and only if, there is a peer")
		}
	}
	return i
}

func (a BookedAppeal) toPB() *pb.BookedAppeal {
	m := &pb.BookedAppeal{
		Peer: []byte(a.Peer), Nick: a.Nick, Removal: a.Removal, Text: a.Text, Nonce: orNone(a.Nonce[:]), At: millis(a.At), Expires: millis(a.Expires),
	}
	if p := a.Pardon; p.Removal != 0 {
		m.Pardoned = &pb.Pardoned{
			Seq: p.Removal, At: millis(p.At), By: []byte(p.By), ByNick: p.ByNick, For: []byte(p.For), ForNick: p.ForNick, Told: a.Told,
		}
	}
	return m
}

func (r *fieldReader) bookedAppeal(m *pb.BookedAppeal) BookedAppeal {
	a := BookedAppeal{
		Peer: r.peer("appeals.peer", m.Peer), Nick: r.nick("appeals.nick", m.Nick), Removal: r.count("appeals.removal", m.Removal, 1),
		Text: m.Text, At: r.timeOrNone("appeals.at", m.At), Expires: r.time("appeals.expires", m.Expires),
	}
	r.optional("appeals.nonce", a.Nonce[:], m.Nonce)
	if p := m.Pardoned; p != nil {
		a.Told = p.Told
		a.Pardon = Reason{
			Peer: a.Peer, Kind: Pardoned, By: r.peer("appeals.pardoned.by", p.By), ByNick: r.nick("appeals.pardoned.by_nick", p.ByNick),
			At: r.time("appeals.pardoned.at", p.At), Removal: r.count("appeals.pardoned.seq", p.Seq, 1),
		}
		r.reasonParties("appeals.pardoned.", &a.Pardon, p.For, p.ForNick)
	}
	switch {
	case a.Text != "":
		r.appeal("appeals.text", a.Text)
		if a.At.IsZero() || a.Nonce == (Nonce{}) {
			r.fail("appeals.text", "without its time, or without a nonce")
		}
	case a.Pardon.Removal == 0:
		r.fail("appeals.text", "absent where there is no pardon")
	}
	return a
}

// TakeRequest asks the owner for the books of a room that it has offered to the caller or, with Accepted, takes the room. Head is the
// hash of the last record that the caller has. Books is the hash of the books, if a part of them came before; Offset is where the next
// one begins.
type TakeRequest struct {
	Room     RoomID
	Head     Hash
	Books    Hash
	Offset   uint64
	Accepted []byte // a signed Acceptance; see OpenAcceptance
}

// A TakeCode is the owner's answer to a TakeRequest.
type TakeCode uint8

// Append only; values are on the wire.
const (
	TakePart    TakeCode = 1 // a part of the books
	TakeDone    TakeCode = 2 // the room is the caller's
	TakeChanged TakeCode = 3 // the log, or the books, are others than the caller has named: begin again
	TakeNoOffer TakeCode = 4 // the room is not offered to the caller, or no longer
	TakeNotNow  TakeCode = 5 // the owner cannot decide now
)

// TakeReply is the answer to a TakeRequest. With TakePart: the hash and the size of the books, a part of them, and how long the offer
// holds, by the owner's clock. With TakeDone: the signed Transfer record.
type TakeReply struct {
	Code     TakeCode
	Books    Hash
	Size     uint64
	Part     []byte
	Until    time.Time
	Transfer []byte
}

func (f *TakeRequest) max() int { return maxRequest }

func (f *TakeRequest) encode() ([]byte, error) {
	m := &pb.TakeRequest{Room: f.Room[:], Head: f.Head[:], Books: orNone(f.Books[:]), Offset: f.Offset, Accepted: f.Accepted}
	return encodeFrame("take", m, func(r *fieldReader) { new(TakeRequest).read(r, m) })
}

func (f *TakeRequest) decode(b []byte) error {
	var m pb.TakeRequest
	return decodeFrame("take", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *TakeRequest) read(r *fieldReader, m *pb.TakeRequest) {
	*f = TakeRequest{Room: r.room("room", m.Room), Offset: m.Offset}
	r.fixed("head", f.Head[:], m.Head)
	r.optional("books", f.Books[:], m.Books)
	switch {
	case m.Offset >= MaxBooks, m.Offset > 0 && f.Books.IsZero():
		r.fail("offset", "past the longest books, or in none")
	case len(m.Accepted) == 0:
	case m.Offset > 0 || !f.Books.IsZero():
		r.fail("accepted", "present where a part is asked for")
	default:
		f.Accepted = r.blob("accepted", m.Accepted, MaxAcceptance)
	}
}

func (f *TakeReply) max() int { return MaxBatch }

func (f *TakeReply) encode() ([]byte, error) {
	m := &pb.TakeReply{Code: pb.TakeCode(f.Code), Books: orNone(f.Books[:]), Size: f.Size, Part: f.Part, Until: millis(f.Until), Transfer: f.Transfer}
	return encodeFrame("answer", m, func(r *fieldReader) { new(TakeReply).read(r, m) })
}

func (f *TakeReply) decode(b []byte) error {
	var m pb.TakeReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *TakeReply) read(r *fieldReader, m *pb.TakeReply) {
	*f = TakeReply{Code: TakeCode(r.closedEnum("code", int32(m.Code), uint8(TakeNotNow))), Size: m.Size}
	switch {
	case f.Code == TakePart:
		r.fixed("books", f.Books[:], m.Books)
		f.Until, f.Part = r.time("until", m.Until), r.blob("part", m.Part, MaxBooksPart)
		if m.Size > MaxBooks || uint64(len(m.Part)) > m.Size {
			r.fail("size", "%d bytes, which is more than %d, or less than the part", m.Size, MaxBooks)
		}
	case len(m.Books) > 0 || m.Size > 0 || len(m.Part) > 0 || m.Until > 0:
		r.fail("part", "present where no part was asked for")
	}
	if f.Code == TakeDone {
		f.Transfer = r.blob("transfer", m.Transfer, MaxRecord)
	} else if len(m.Transfer) > 0 {
		r.fail("transfer", "present where the room is not the caller's")
	}
}

// An Offer says that the room is offered to the caller: Until a time by the owner's clock, which is Left from now. The zero Offer says
// that it is offered no more.
type Offer struct {
	Until time.Time
	Left  time.Duration
}

func (o *Offer) toPB() *pb.Offer {
	if o == nil {
		return nil
	}
	return &pb.Offer{Until: millis(o.Until), LeftMs: units(o.Left, time.Millisecond)}
}

func (r *fieldReader) offer(m *pb.Offer) *Offer {
	if m == nil {
		return nil
	}
	o := &Offer{r.timeOrNone("offer.until", m.Until), r.span("offer.left_ms", m.LeftMs, time.Millisecond, OfferLife)}
	if o.Until.IsZero() && o.Left > 0 {
		r.fail("offer.left_ms", "present where nothing is offered")
	}
	return o
}

// Moved says that the room has another owner now. Transfers are the signed Transfer records from the one by which the answerer gave it
// away on, in order: at least one, MaxMoved at most. Addrs are addresses of the owner to which they lead, as far as the answerer knows.
type Moved struct {
	Transfers [][]byte
	Addrs     []multiaddr.Multiaddr
}

func (m *Moved) toPB() *pb.Moved {
	if m == nil {
		return nil
	}
	return &pb.Moved{Transfers: m.Transfers, Addrs: addrBytes(m.Addrs)}
}

func (r *fieldReader) moved(m *pb.Moved) *Moved {
	if m == nil {
		return nil
	}
	if len(m.Transfers) == 0 {
		r.fail("moved", "without a transfer")
	}
	if !r.items("moved", len(m.Transfers), MaxMoved) {
		return nil
	}
	return &Moved{r.blobs("moved", m.Transfers, MaxRecord), r.addrs("moved.addrs", m.Addrs, MaxAddrs)}
}
