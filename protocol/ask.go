package protocol

import (
	"time"

	"localchat/protocol/internal/pb"
)

// AskRequest asks the authority to end the caller's membership, or to make an invite: exactly one of the two.
type AskRequest struct {
	Room   RoomID
	Leave  bool
	Invite *AskInvite
}

// AskInvite asks for an invite, which a member gets if the policy lets members invite.
type AskInvite struct {
	Nick    string // may be ""
	Expires time.Duration
}

// AskReply is the answer to an AskRequest. Text is the text of the invite.
type AskReply struct {
	OK   bool
	Text string
}

func (f *AskRequest) max() int { return maxRequest }

func (f *AskRequest) encode() ([]byte, error) {
	m := &pb.AskRequest{Room: f.Room[:]}
	switch {
	case f.Leave && f.Invite != nil:
		return nil, malformed("ask", "both leave and invite")
	case f.Leave:
		m.Ask = &pb.AskRequest_Leave{Leave: &pb.AskLeave{}}
	case f.Invite != nil:
		m.Ask = &pb.AskRequest_Invite{Invite: &pb.AskInvite{
			Nick: f.Invite.Nick, ExpiresMs: units(f.Invite.Expires, time.Millisecond),
		}}
	}
	return encodeFrame("ask", m, func(r *fieldReader) { new(AskRequest).read(r, m) })
}

func (f *AskRequest) decode(b []byte) error {
	var m pb.AskRequest
	return decodeFrame("ask", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *AskRequest) read(r *fieldReader, m *pb.AskRequest) {
	*f = AskRequest{Room: r.room("room", m.Room)}
	switch a := m.Ask.(type) {
	case *pb.AskRequest_Leave:
		f.Leave = true
	case *pb.AskRequest_Invite:
		f.Invite = &AskInvite{
			Nick:    a.Invite.Nick,
			Expires: r.span("invite.expires_ms", a.Invite.ExpiresMs, time.Millisecond, MaxInviteExpiry),
		}
		if f.Invite.Nick != "" {
			r.asked("invite.nick", f.Invite.Nick)
		}
	default:
		r.fail("ask", "neither leave nor invite")
	}
}

func (f *AskReply) max() int { return maxRequest }

func (f *AskReply) encode() ([]byte, error) {
	m := &pb.AskReply{Answer: answer(f.OK), Text: f.Text}
	return encodeFrame("answer", m, func(r *fieldReader) { new(AskReply).read(r, m) })
}

func (f *AskReply) decode(b []byte) error {
	var m pb.AskReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *AskReply) read(r *fieldReader, m *pb.AskReply) {
	*f = AskReply{OK: r.answer(m.Answer), Text: m.Text}
	r.failWith("text", validLine(m.Text, MaxInvite))
}
