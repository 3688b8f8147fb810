package protocol

import (
	"time"

	"google.golang.org/protobuf/proto"

	"localchat/protocol/internal/pb"
)

// encodeFrame encodes m once read has found it within the bounds that every decoder has.
func encodeFrame(what string, m proto.Message, read func(*reading)) ([]byte, error) {
	var r reading
	if read(&r); r.err != nil {
		return nil, r.err
	}
	return encodePayload(what, m)
}

// decodeFrame decodes b into m and has read take it over.
func decodeFrame(what string, b []byte, m proto.Message, read func(*reading)) error {
	if err := unmarshal(what, b, m); err != nil {
		return err
	}
	var r reading
	read(&r)
	return r.err
}

func (f *PollAsk) max() int { return maxRequest }

func (f *PollAsk) encode() ([]byte, error) {
	m := &pb.PollAsk{}
	switch {
	case f.Request != nil && f.Ack != nil:
		return nil, malformed("ask", "both a request and an acknowledgement")
	case f.Request != nil:
		q := f.Request
		m.Ask = &pb.PollAsk_Request{Request: &pb.PollRequest{
			Room: q.Room[:], Nonce: q.Nonce[:], Admission: q.Admission,
			HaveSeq: q.HaveSeq, HaveKey: q.HaveKey, HavePresence: q.HavePresence, Head: orNone(q.Head[:]),
		}}
	case f.Ack != nil:
		m.Ask = &pb.PollAsk_Ack{Ack: &pb.PollAck{
			Room: f.Ack.Room[:], Removal: f.Ack.Removal, Nonce: f.Ack.Nonce[:],
		}}
	}
	return encodeFrame("poll", m, func(r *reading) { new(PollAsk).read(r, m) })
}

func (f *PollAsk) decode(b []byte) error {
	var m pb.PollAsk
	return decodeFrame("poll", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *PollAsk) read(r *reading, m *pb.PollAsk) {
	*f = PollAsk{}
	switch a := m.Ask.(type) {
	case *pb.PollAsk_Request:
		q := a.Request
		f.Request = &PollRequest{
			Room: r.room("room", q.Room), Nonce: r.nonce("nonce", q.Nonce),
			Admission: r.count("admission", q.Admission, 1), HaveSeq: r.count("have_seq", q.HaveSeq, 0),
			HaveKey: r.count("have_key", q.HaveKey, 0), HavePresence: r.count("have_presence", q.HavePresence, 0),
			Head: r.head(q.HaveSeq, q.Head),
		}
	case *pb.PollAsk_Ack:
		f.Ack = &PollAck{
			Room: r.room("room", a.Ack.Room), Removal: r.count("removal", a.Ack.Removal, 1),
			Nonce: r.nonce("nonce", a.Ack.Nonce),
		}
	default:
		r.fail("ask", "neither a request nor an acknowledgement")
	}
}

func (f *PollReply) max() int { return MaxBatch }

func (f *PollReply) encode() ([]byte, error) {
	m := &pb.PollReply{}
	switch {
	case f.Member != nil && f.Reason != nil:
		return nil, malformed("answer", "both news and a reason")
	case f.Member != nil:
		p := f.Member
		m.Answer = &pb.PollReply_Member{Member: &pb.PollMember{
			Records: p.Records, Keys: keysToPB(p.Keys), Presence: p.Presence, Receipt: p.Receipt, Last: p.Last.toPB(),
			Present: presentToPB(p.Present), More: p.More, Proof: p.Proof,
		}}
	case f.Reason != nil:
		m.Answer = &pb.PollReply_Reason{Reason: f.Reason}
	default:
		m.Answer = &pb.PollReply_Refused{Refused: &pb.Refused{}}
	}
	return encodeFrame("answer", m, func(r *reading) { new(PollReply).read(r, m) })
}

func (f *PollReply) decode(b []byte) error {
	var m pb.PollReply
	return decodeFrame("answer", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *PollReply) read(r *reading, m *pb.PollReply) {
	*f = PollReply{}
	switch a := m.Answer.(type) {
	case *pb.PollReply_Refused:
	case *pb.PollReply_Member:
		f.Member = &PollMember{
			Records: r.blobs("records", a.Member.Records, MaxRecord), Keys: r.keys(a.Member.Keys),
			Presence: r.count("presence", a.Member.Presence, 0), Receipt: r.count("receipt", a.Member.Receipt, 0), Last: r.cut("last", a.Member.Last), Present: r.present(a.Member.Present),
			More: a.Member.More, Proof: r.proof(a.Member.Proof),
		}
	case *pb.PollReply_Reason:
		f.Reason = r.blob("reason", a.Reason, MaxSignedReason)
	default:
		r.fail("answer", "neither news, nor a reason, nor refused")
	}
}

// head reads the hash of record seq.
func (r *reading) head(seq uint64, b []byte) (h Hash) {
	r.optional("head", h[:], b)
	if h.IsZero() != (seq == 0) {
		r.fail("head", "there is one if, and only if, there is a record")
	}
	return h
}

// proof reads at most two records.
func (r *reading) proof(in [][]byte) [][]byte {
	if !r.items("proof", len(in), 2) {
		return nil
	}
	return r.blobs("proof", in, MaxRecord)
}

func keysToPB(ks []EpochKey) []*pb.EpochKey {
	ms := make([]*pb.EpochKey, len(ks))
	for i, k := range ks {
		ms[i] = &pb.EpochKey{Epoch: k.Epoch, Key: k.Key[:]}
	}
	return ms
}

func (r *reading) keys(ms []*pb.EpochKey) []EpochKey {
	if len(ms) == 0 || !r.items("keys", len(ms), MaxBatchItems) {
		return nil
	}
	ks := make([]EpochKey, len(ms))
	for i, m := range ms {
		ks[i].Epoch = r.count("keys.epoch", m.Epoch, 1)
		r.fixed("keys.key", ks[i].Key[:], m.Key)
	}
	return ks
}

func presentToPB(ps []Presence) []*pb.Presence {
	ms := make([]*pb.Presence, len(ps))
	for i, p := range ps {
		ms[i] = &pb.Presence{Peer: []byte(p.Peer), Addrs: addrBytes(p.Addrs)}
	}
	return ms
}

func (r *reading) present(ms []*pb.Presence) []Presence {
	if len(ms) == 0 || !r.items("present", len(ms), MaxMembers) {
		return nil
	}
	ps := make([]Presence, len(ms))
	for i, m := range ms {
		ps[i] = Presence{Peer: r.peer("present.peer", m.Peer), Addrs: r.addrs("present.addrs", m.Addrs, MaxAddrs)}
	}
	return ps
}

func (f *JoinRequest) max() int { return maxRequest }

func (f *JoinRequest) encode() ([]byte, error) {
	m := &pb.JoinRequest{Room: f.Room[:], Nick: f.Nick, Token: orNone(f.Token[:]), Nonce: orNone(f.Nonce[:])}
	return encodeFrame("join", m, func(r *reading) { new(JoinRequest).read(r, m) })
}

func (f *JoinRequest) decode(b []byte) error {
	var m pb.JoinRequest
	return decodeFrame("join", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *JoinRequest) read(r *reading, m *pb.JoinRequest) {
	*f = JoinRequest{Room: r.room("room", m.Room), Nick: r.asked("nick", m.Nick)}
	r.optional("token", f.Token[:], m.Token)
	r.optional("nonce", f.Nonce[:], m.Nonce)
}

func (f *JoinReply) max() int { return MaxBatch }

func (f *JoinReply) encode() ([]byte, error) {
	m := &pb.JoinReply{
		Code: pb.JoinCode(f.Code), Text: f.Text, WaitMs: units(f.Wait, time.Millisecond),
		Records: f.Records, Keys: keysToPB(f.Keys), Admission: f.Admission, Reason: f.Reason,
		Seq: f.Seq, Head: orNone(f.Head[:]),
	}
	return encodeFrame("answer", m, func(r *reading) { new(JoinReply).read(r, m) })
}

func (f *JoinReply) decode(b []byte) error {
	var m pb.JoinReply
	return decodeFrame("answer", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *JoinReply) read(r *reading, m *pb.JoinReply) {
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
	if f.Code > JoinNoRoom {
		f.Code = JoinDenied
	}
	if f.Reason != nil && (f.Code == JoinAdmitted || f.Code == JoinWaiting) {
		r.fail("reason", "beside an answer that takes nothing away")
	}
	switch admitted := f.Code == JoinAdmitted; {
	case admitted && (f.Admission == 0 || f.Seq < f.Admission):
		r.fail("admission", "absent from an admission, or later than its log")
	case !admitted && (f.Admission != 0 || f.Seq != 0 || f.Records != nil || f.Keys != nil):
		r.fail("code", "records, keys, a head or an admission without one")
	}
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
	return encodeFrame("ask", m, func(r *reading) { new(AskRequest).read(r, m) })
}

func (f *AskRequest) decode(b []byte) error {
	var m pb.AskRequest
	return decodeFrame("ask", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *AskRequest) read(r *reading, m *pb.AskRequest) {
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
	return encodeFrame("answer", m, func(r *reading) { new(AskReply).read(r, m) })
}

func (f *AskReply) decode(b []byte) error {
	var m pb.AskReply
	return decodeFrame("answer", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *AskReply) read(r *reading, m *pb.AskReply) {
	*f = AskReply{OK: r.answer(m.Answer), Text: m.Text}
	r.failWith("text", validLine(m.Text, MaxInvite))
}

func answer(yes bool) pb.Answer {
	if yes {
		return pb.Answer_ANSWER_YES
	}
	return pb.Answer_ANSWER_NO
}

func (r *reading) answer(a pb.Answer) bool {
	return r.closedEnum("answer", int32(a), uint8(pb.Answer_ANSWER_YES)) == uint8(pb.Answer_ANSWER_YES)
}
