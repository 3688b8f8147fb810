package protocol

import (
	"time"

	"localchat/protocol/internal/pb"
)

// AskRequest asks the authority to end the caller's membership, to make an invite, to give the caller another nick, to tell the others
// that the caller is away or back, to note that the caller asks for a voice, or to say which invites are open: exactly one of these.
type AskRequest struct {
	Room   RoomID
	Leave  bool
	Invite *AskInvite
	Nick   string
	Away   *Away
	Hand   *AskHand
	// OpenInvites is for a deputy.
	OpenInvites bool
}

// Away says whether a member is away. Text is "" if it is not, and may be if it is.
type Away struct {
	Away bool
	Text string
}

// AskHand says that the caller asks for a voice or, with Down, does no more.
type AskHand struct{ Down bool }

// AskInvite asks for an invite, which a member gets if the policy lets members invite.
type AskInvite struct {
	Nick    string // may be ""
	Expires time.Duration
}

// AskReply is the answer to an AskRequest. Text is the text of the invite. If a nick is refused, Code says why, as at the door: it is
// JoinNickBad, JoinNickTaken, where Text is a free nick or "", or JoinTooSoon, where Wait says for how long.
type AskReply struct {
	OK   bool
	Text string
	Code JoinCode
	Wait time.Duration
	// Invites are those that a deputy may revoke, at most MaxOpenInvites.
	Invites []OpenInvite
}

// An OpenInvite is an invite that nobody has used. Nick may be "".
type OpenInvite struct {
	ID      InviteID
	Nick    string
	Expires time.Time
}

func (f *AskRequest) max() int { return maxRequest }

func (f *AskRequest) encode() ([]byte, error) {
	m := &pb.AskRequest{Room: f.Room[:]}
	wishes := 0
	if f.Leave {
		wishes++
		m.Ask = &pb.AskRequest_Leave{Leave: &pb.AskLeave{}}
	}
	if f.Invite != nil {
		wishes++
		m.Ask = &pb.AskRequest_Invite{Invite: &pb.AskInvite{
			Nick: f.Invite.Nick, ExpiresMs: units(f.Invite.Expires, time.Millisecond),
		}}
	}
	if f.Nick != "" {
		wishes++
		m.Ask = &pb.AskRequest_Nick{Nick: &pb.AskNick{Nick: f.Nick}}
	}
	if f.Away != nil {
		wishes++
		m.Ask = &pb.AskRequest_Away{Away: &pb.AskAway{Away: f.Away.Away, Text: f.Away.Text}}
	}
	if f.Hand != nil {
		wishes++
		m.Ask = &pb.AskRequest_Hand{Hand: &pb.AskHand{Down: f.Hand.Down}}
	}
	if f.OpenInvites {
		wishes++
		m.Ask = &pb.AskRequest_OpenInvites{OpenInvites: &pb.AskOpenInvites{}}
	}
	if wishes > 1 {
		return nil, malformed("ask", "more than one wish")
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
	case *pb.AskRequest_Nick:
		f.Nick = r.asked("nick.nick", a.Nick.Nick)
	case *pb.AskRequest_Away:
		away := r.away("away", a.Away.Away, a.Away.Text)
		f.Away = &away
	case *pb.AskRequest_Hand:
		f.Hand = &AskHand{a.Hand.Down}
	case *pb.AskRequest_OpenInvites:
		f.OpenInvites = true
	default:
		r.fail("ask", "no wish")
	}
}

func (r *fieldReader) away(field string, away bool, text string) Away {
	r.failWith(field+".text", validAway(text))
	if !away && text != "" {
		r.fail(field+".text", "present where nobody is away")
	}
	return Away{away, text}
}

func (f *AskReply) max() int { return maxAskReply }

func (f *AskReply) encode() ([]byte, error) {
	m := &pb.AskReply{Answer: answer(f.OK), Text: f.Text, Code: pb.JoinCode(f.Code), WaitMs: units(f.Wait, time.Millisecond)}
	for _, i := range f.Invites {
		m.Invites = append(m.Invites, &pb.OpenInvite{Id: i.ID[:], Nick: i.Nick, Expires: millis(i.Expires)})
	}
	return encodeFrame("answer", m, func(r *fieldReader) { new(AskReply).read(r, m) })
}

func (f *AskReply) decode(b []byte) error {
	var m pb.AskReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *AskReply) read(r *fieldReader, m *pb.AskReply) {
	*f = AskReply{OK: r.answer(m.Answer), Text: m.Text, Wait: r.span("wait_ms", m.WaitMs, time.Millisecond, maxWait)}
	r.failWith("text", validLine(m.Text, MaxInvite))
	if !r.items("invites", len(m.Invites), MaxOpenInvites) {
		return
	}
	for _, i := range m.Invites {
		o := OpenInvite{Expires: r.time("invites.expires", i.Expires)}
		r.fixed("invites.id", o.ID[:], i.Id)
		if i.Nick != "" {
			o.Nick = r.nick("invites.nick", i.Nick)
		}
		f.Invites = append(f.Invites, o)
	}
	if m.Code == 0 {
		return
	}
	switch f.Code = JoinCode(r.enum("code", int32(m.Code))); {
	case f.OK:
		r.fail("code", "present in an answer that refuses nothing")
	case f.Code != JoinNickBad && f.Code != JoinNickTaken && f.Code != JoinTooSoon:
		r.fail("code", "not about a nick")
	}
}
