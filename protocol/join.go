package protocol

import (
	"time"

	"localchat/protocol/internal/pb"
)

// JoinRequest asks the authority to admit the caller. Token is zero without an invite. A client uses one Nonce for all attempts to
// get an answer, so that only the same client can ask again for a reason that did not arrive. With a zero nonce the caller gets no
// reason.
type JoinRequest struct {
	Room  RoomID
	Nick  string
	Token Token
	Nonce Nonce
}

// JoinReply is the answer to a JoinRequest. If a person has to decide, JoinWaiting is sent at once, and a second reply follows.
type JoinReply struct {
	Code JoinCode
	Text string        // with JoinDenied the reason that the owner typed, with JoinNickTaken a free nick; may be ""
	Wait time.Duration // with JoinTooSoon and JoinBanned: how long from now; zero: for good
	// Reason is a signed Reason (see OpenReason), for a caller that has lost what it held: its place at the door, because of a
	// ban or the end of the room, or a valid invite that was revoked. Its Removal is the seq of the Remove or Close record or,
	// for an invite, of the last record before it was revoked. Any other caller gets no reason.
	Reason []byte
	// With JoinAdmitted: the log so far, the key of the admission's epoch, and the seq of the caller's Admit record.
	Records   [][]byte
	Keys      []EpochKey
	Admission uint64
	// Seq and Head are the number and the hash of the last record of the log. Records may end earlier, if the log is too long for
	// one answer.
	Seq   uint64
	Head  Hash
	Moved *Moved // with JoinMoved
}

// JoinCode is the authority's answer to a JoinRequest.
type JoinCode uint8

// Append only; values are on the wire. Unknown reads as JoinDenied.
const (
	JoinAdmitted    JoinCode = 1
	JoinWaiting     JoinCode = 2
	JoinDenied      JoinCode = 3
	JoinBanned      JoinCode = 4
	JoinTooSoon     JoinCode = 5 // kicked a moment ago: ask again after Wait
	JoinInviteBad   JoinCode = 6 // unknown, used, expired or revoked: a stranger is not told which
	JoinNeedsInvite JoinCode = 7
	JoinNickBad     JoinCode = 8 // not allowed or reserved
	JoinNickTaken   JoinCode = 9 // a member has it, or one that looks like it
	JoinFull        JoinCode = 10
	JoinNoRoom      JoinCode = 11 // there is no such room, or it is closed
	JoinMoved       JoinCode = 12 // the room has another owner now
)

// maxWait is the longest Wait of a JoinReply: 290 years, since a time.Duration ends after 292.
const maxWait = 290 * 365 * 24 * time.Hour

func (f *JoinRequest) max() int { return maxRequest }

func (f *JoinRequest) encode() ([]byte, error) {
	m := &pb.JoinRequest{Room: f.Room[:], Nick: f.Nick, Token: orNone(f.Token[:]), Nonce: orNone(f.Nonce[:])}
	return encodeFrame("join", m, func(r *fieldReader) { new(JoinRequest).read(r, m) })
}

func (f *JoinRequest) decode(b []byte) error {
	var m pb.JoinRequest
	return decodeFrame("join", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *JoinRequest) read(r *fieldReader, m *pb.JoinRequest) {
	*f = JoinRequest{Room: r.room("room", m.Room), Nick: r.asked("nick", m.Nick)}
	r.optional("token", f.Token[:], m.Token)
	r.optional("nonce", f.Nonce[:], m.Nonce)
}

func (f *JoinReply) max() int { return MaxBatch }

func (f *JoinReply) encode() ([]byte, error) {
	m := &pb.JoinReply{
		Code: pb.JoinCode(f.Code), Text: f.Text, WaitMs: units(f.Wait, time.Millisecond),
		Records: f.Records, Keys: keysToPB(f.Keys), Admission: f.Admission, Reason: f.Reason,
		Seq: f.Seq, Head: orNone(f.Head[:]), Moved: f.Moved.toPB(),
	}
	return encodeFrame("answer", m, func(r *fieldReader) { new(JoinReply).read(r, m) })
}

func (f *JoinReply) decode(b []byte) error {
	var m pb.JoinReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *JoinReply) read(r *fieldReader, m *pb.JoinReply) {
	*f = JoinReply{
		Code: JoinCode(r.enum("code", int32(m.Code))), Text: r.reason("text", m.Text),
		Wait:    r.span("wait_ms", m.WaitMs, time.Millisecond, maxWait),
		Records: r.blobs("records", m.Records, MaxRecord), Keys: r.keys(m.Keys),
		Admission: r.count("admission", m.Admission, 0),
		Seq:       r.count("seq", m.Seq, 0), Head: r.head(m.Seq, m.Head),
	}
	if len(m.Reason) > 0 {
		f.Reason = r.blob("reason", m.Reason, MaxSignedReason)
	}
	if f.Code > JoinMoved {
		f.Code = JoinDenied
	}
	f.Moved = r.moved(m.Moved)
	if (f.Code == JoinMoved) != (m.Moved != nil) {
		r.fail("moved", "there is one if, and only if, the code says so")
	}
	if f.Reason != nil && (f.Code == JoinAdmitted || f.Code == JoinWaiting) {
		r.fail("reason", "present in an answer that refuses nothing")
	}
	switch admitted := f.Code == JoinAdmitted; {
	case admitted && (f.Admission == 0 || f.Seq < f.Admission):
		r.fail("admission", "absent from an admission, or later than its log")
	case !admitted && (f.Admission != 0 || f.Seq != 0 || f.Records != nil || f.Keys != nil):
		r.fail("code", "records, keys, a head or an admission without one")
	}
}
