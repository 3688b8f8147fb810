package protocol

import (
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol/internal/pb"
)

// PollRequest is the standing question of a member: what is new, and am I still a member?
//
// A client uses one Nonce for the whole admission, and keeps it until it has a definite answer, so that only the same client can ask
// again for a reason that did not arrive. Admission is the seq of the caller's Admit record, HaveSeq the seq of the last record that
// it has applied, Head the hash of that record, and HaveKey the last epoch whose key it has. HaveSeq and HaveKey also acknowledge
// the epoch.
type PollRequest struct {
	Room      RoomID
	Nonce     Nonce
	Admission uint64
	HaveSeq   uint64
	HaveKey   uint64
	// HavePresence is the Presence number of the last answer.
	HavePresence uint64
	// Head is zero if, and only if, HaveSeq is 0.
	Head Hash
	// HaveDesk is the Number of the last Desk of an answer. Only a deputy is told of it.
	HaveDesk uint64
	// HaveOffer is the Until of the last Offer of an answer, in milliseconds; 0: none.
	HaveOffer uint64
}

// PollAck says that the caller has kept the reason on disk.
type PollAck struct {
	Room    RoomID
	Removal uint64
	Nonce   Nonce
}

// PollAppeal is the appeal of a removed peer, and the question for its answer: it is sent again until it has one. Nonce is that of the
// polls of the membership that has ended, and Removal the number of the reason that it was told.
type PollAppeal struct {
	Room    RoomID
	Removal uint64
	Nonce   Nonce
	Text    string
}

// PollAsk is a frame that a member, or a removed one, sends on a poll stream: exactly one of the three.
type PollAsk struct {
	Request *PollRequest
	Ack     *PollAck
	Appeal  *PollAppeal
}

// An AppealCode says what has become of an appeal that has no answer yet.
type AppealCode uint8

// Append only; values are on the wire.
const (
	AppealKept  AppealCode = 1 // the authority has it
	AppealTwice AppealCode = 2 // the authority has another one about the same removal
	AppealFull  AppealCode = 3 // there is no place for it now
)

// PollReply is the answer of the authority: Member, Reason, Appeal, or none of them, which is REFUSED; or, of a peer that was the owner, Moved. A refused caller gets the same bytes
// whether it never was a member, has been told already, asks too late, or names an unknown room.
type PollReply struct {
	Member *PollMember
	Reason []byte // a signed Reason; see OpenReason
	Moved  *Moved
	Appeal AppealCode
}

// PollMember is the answer to a member.
type PollMember struct {
	Records  [][]byte // those after HaveSeq, in order; see OpenRecord
	Keys     []EpochKey
	Presence uint64     // grows with each change of Present
	Present  []Presence // left out if Presence is the request's HavePresence
	More     bool       // not all of it fitted into this answer: ask again at once
	Receipt  Runs       // which of the caller's own lines the authority has
	Last     Cut        // the last of the caller's own lines that the authority has or had
	// Proof shows that the caller's log is not the authority's: it is the authority's record of the last number that both have;
	// or, in a frozen room, the two records that froze it.
	Proof [][]byte
	// Desk is for a deputy, and left out if its Number is the request's HaveDesk.
	Desk *Desk
	// Offer is left out if its Until is the request's HaveOffer.
	Offer *Offer
}

// A Desk has what the authority does not put into the log, and what deputies see all the same: the strangers at the door, the appeals
// of removed members, the members that ask for a voice, and how far the latest removals and mutes have got. Number is another one after each change.
type Desk struct {
	Number   uint64
	Knocks   []Knocker
	Hands    []peer.ID
	Removals []Progress
	Appeals  []Appeal
}

// An Appeal is what a removed member has written to the authority about its removal, whose record it names.
type Appeal struct {
	Peer    peer.ID
	Nick    string
	Removal uint64
	Text    string
}

// A Progress says how far a removal or a mute has got, the record Seq: whether the peer was told, and how many of the members have applied
// it. Missing are some of those that have not.
type Progress struct {
	Seq            uint64
	Told           bool
	Applied, Total uint64
	Missing        []peer.ID
}

// A Knocker is a stranger at the door, with the nick that it asks for.
type Knocker struct {
	Peer peer.ID
	Nick string
}

// A Presence is a member whose polls the authority gets, with its addresses. The authority itself is present until its node ends
// in order.
type Presence struct {
	Peer  peer.ID
	Addrs []multiaddr.Multiaddr // without /p2p
	Away  Away
}

func (f *PollAsk) max() int { return maxRequest + MaxAppeal }

func (f *PollAsk) encode() ([]byte, error) {
	m := &pb.PollAsk{}
	switch {
	case howMany(f.Request != nil, f.Ack != nil, f.Appeal != nil) > 1:
		return nil, malformed("ask", "more than one")
	case f.Request != nil:
		q := f.Request
		m.Ask = &pb.PollAsk_Request{Request: &pb.PollRequest{
			Room: q.Room[:], Nonce: q.Nonce[:], Admission: q.Admission,
			HaveSeq: q.HaveSeq, HaveKey: q.HaveKey, HavePresence: q.HavePresence, Head: orNone(q.Head[:]), HaveDesk: q.HaveDesk, HaveOffer: q.HaveOffer,
		}}
	case f.Ack != nil:
		m.Ask = &pb.PollAsk_Ack{Ack: &pb.PollAck{
			Room: f.Ack.Room[:], Removal: f.Ack.Removal, Nonce: f.Ack.Nonce[:],
		}}
	case f.Appeal != nil:
		m.Ask = &pb.PollAsk_Appeal{Appeal: &pb.PollAppeal{
			Room: f.Appeal.Room[:], Removal: f.Appeal.Removal, Nonce: f.Appeal.Nonce[:], Text: f.Appeal.Text,
		}}
	}
	return encodeFrame("poll", m, func(r *fieldReader) { new(PollAsk).read(r, m) })
}

func (f *PollAsk) decode(b []byte) error {
	var m pb.PollAsk
	return decodeFrame("poll", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *PollAsk) read(r *fieldReader, m *pb.PollAsk) {
	*f = PollAsk{}
	switch a := m.Ask.(type) {
	case *pb.PollAsk_Request:
		q := a.Request
		f.Request = &PollRequest{
			Room: r.room("room", q.Room), Nonce: r.nonce("nonce", q.Nonce),
			Admission: r.count("admission", q.Admission, 1), HaveSeq: r.count("have_seq", q.HaveSeq, 0),
			HaveKey: r.count("have_key", q.HaveKey, 0), HavePresence: r.count("have_presence", q.HavePresence, 0),
			Head: r.head(q.HaveSeq, q.Head), HaveDesk: r.count("have_desk", q.HaveDesk, 0), HaveOffer: r.count("have_offer", q.HaveOffer, 0),
		}
	case *pb.PollAsk_Ack:
		f.Ack = &PollAck{
			Room: r.room("room", a.Ack.Room), Removal: r.count("removal", a.Ack.Removal, 1),
			Nonce: r.nonce("nonce", a.Ack.Nonce),
		}
	case *pb.PollAsk_Appeal:
		f.Appeal = &PollAppeal{
			Room: r.room("room", a.Appeal.Room), Removal: r.count("removal", a.Appeal.Removal, 1),
			Nonce: r.nonce("nonce", a.Appeal.Nonce), Text: r.appeal("text", a.Appeal.Text),
		}
	default:
		r.fail("ask", "absent, or of a kind unknown here")
	}
}

func (f *PollReply) max() int { return MaxBatch }

func (f *PollReply) encode() ([]byte, error) {
	m := &pb.PollReply{}
	switch {
	case howMany(f.Member != nil, f.Reason != nil, f.Moved != nil, f.Appeal != 0) > 1:
		return nil, malformed("answer", "more than one")
	case f.Member != nil:
		p := f.Member
		m.Answer = &pb.PollReply_Member{Member: &pb.PollMember{
			Records: p.Records, Keys: keysToPB(p.Keys), Presence: p.Presence, Receipt: p.Receipt, Last: p.Last.toPB(),
			Present: presentToPB(p.Present), More: p.More, Proof: p.Proof, Desk: p.Desk.toPB(), Offer: p.Offer.toPB(),
		}}
	case f.Reason != nil:
		m.Answer = &pb.PollReply_Reason{Reason: f.Reason}
	case f.Moved != nil:
		m.Answer = &pb.PollReply_Moved{Moved: f.Moved.toPB()}
	case f.Appeal != 0:
		m.Answer = &pb.PollReply_Appeal{Appeal: pb.AppealCode(f.Appeal)}
	default:
		m.Answer = &pb.PollReply_Refused{Refused: &pb.Refused{}}
	}
	return encodeFrame("answer", m, func(r *fieldReader) { new(PollReply).read(r, m) })
}

func (f *PollReply) decode(b []byte) error {
	var m pb.PollReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *PollReply) read(r *fieldReader, m *pb.PollReply) {
	*f = PollReply{}
	switch a := m.Answer.(type) {
	case *pb.PollReply_Refused:
	case *pb.PollReply_Member:
		f.Member = &PollMember{
			Records: r.blobs("records", a.Member.Records, MaxRecord), Keys: r.keys(a.Member.Keys),
			Presence: r.count("presence", a.Member.Presence, 0), Receipt: r.runs("receipt", a.Member.Receipt), Last: r.cut("last", a.Member.Last), Present: r.present(a.Member.Present),
			More: a.Member.More, Proof: r.proof(a.Member.Proof), Desk: r.desk(a.Member.Desk), Offer: r.offer(a.Member.Offer),
		}
	case *pb.PollReply_Reason:
		f.Reason = r.blob("reason", a.Reason, MaxSignedReason)
	case *pb.PollReply_Moved:
		f.Moved = r.moved(a.Moved)
	case *pb.PollReply_Appeal:
		f.Appeal = AppealCode(r.closedEnum("appeal", int32(a.Appeal), uint8(AppealFull)))
	default:
		r.fail("answer", "absent, or of a kind unknown here")
	}
}

// howMany returns how many of the fields of a frame are set, of which one may be.
func howMany(set ...bool) (n int) {
	for _, is := range set {
		if is {
			n++
		}
	}
	return n
}

func presentToPB(ps []Presence) []*pb.Presence {
	ms := make([]*pb.Presence, len(ps))
	for i, p := range ps {
		ms[i] = &pb.Presence{Peer: []byte(p.Peer), Addrs: addrBytes(p.Addrs), Away: p.Away.Away, AwayText: p.Away.Text}
	}
	return ms
}

func (r *fieldReader) present(ms []*pb.Presence) []Presence {
	if len(ms) == 0 || !r.items("present", len(ms), MaxMembers) {
		return nil
	}
	ps := make([]Presence, len(ms))
	for i, m := range ms {
		ps[i] = Presence{Peer: r.peer("present.peer", m.Peer), Addrs: r.addrs("present.addrs", m.Addrs, MaxAddrs), Away: r.away("present.away", m.Away, m.AwayText)}
	}
	return ps
}

func (d *Desk) toPB() *pb.Desk {
	if d == nil {
		return nil
	}
	m := &pb.Desk{Number: d.Number, Hands: peersToPB(d.Hands)}
	for _, k := range d.Knocks {
		m.Knocks = append(m.Knocks, &pb.Knocker{Peer: []byte(k.Peer), Nick: k.Nick})
	}
	for _, a := range d.Appeals {
		m.Appeals = append(m.Appeals, &pb.Appeal{Peer: []byte(a.Peer), Nick: a.Nick, Removal: a.Removal, Text: a.Text})
	}
	for _, p := range d.Removals {
		m.Removals = append(m.Removals, &pb.Progress{Seq: p.Seq, Told: p.Told, Applied: p.Applied, Total: p.Total, Missing: peersToPB(p.Missing)})
	}
	return m
}

func (r *fieldReader) desk(m *pb.Desk) *Desk {
	if m == nil || !r.items("desk.knocks", len(m.Knocks), MaxKnocks) || !r.items("desk.appeals", len(m.Appeals), MaxAppeals) || !r.items("desk.removals", len(m.Removals), MaxTold) {
		return nil
	}
	d := &Desk{Number: r.count("desk.number", m.Number, 1), Hands: r.peers("desk.hands", m.Hands)}
	for _, k := range m.Knocks {
		d.Knocks = append(d.Knocks, Knocker{Peer: r.peer("desk.knocks.peer", k.Peer), Nick: r.nick("desk.knocks.nick", k.Nick)})
	}
	for _, p := range m.Removals {
		r.items("desk.removals.missing", len(p.Missing), MaxToldMissing)
		d.Removals = append(d.Removals, Progress{
			Seq: r.count("desk.removals.seq", p.Seq, 1), Told: p.Told, Applied: r.count("desk.removals.applied", p.Applied, 0),
			Total: r.count("desk.removals.total", p.Total, 0), Missing: r.peers("desk.removals.missing", p.Missing),
		})
	}
	for _, a := range m.Appeals {
		d.Appeals = append(d.Appeals, Appeal{
			Peer: r.peer("desk.appeals.peer", a.Peer), Nick: r.nick("desk.appeals.nick", a.Nick),
			Removal: r.count("desk.appeals.removal", a.Removal, 1), Text: r.appeal("desk.appeals.text", a.Text),
		})
	}
	return d
}
