package protocol

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol/internal/pb"
)

// The frames between members, and between strangers. Those to and from the authority are in frame_codec.go.

func (f *SyncRequest) max() int { return maxSyncRequest }

func (f *SyncRequest) encode() ([]byte, error) {
	m := &pb.SyncRequest{Room: f.Room[:], HaveSeq: f.HaveSeq, Keys: f.Keys, Heads: headsToPB(f.Heads), News: f.News, Head: orNone(f.Head[:]), Proof: f.Proof}
	return encodeFrame("sync", m, func(r *reading) { new(SyncRequest).read(r, m) })
}

func (f *SyncRequest) decode(b []byte) error {
	var m pb.SyncRequest
	return decodeFrame("sync", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *SyncRequest) read(r *reading, m *pb.SyncRequest) {
	*f = SyncRequest{Room: r.room("room", m.Room), HaveSeq: r.count("have_seq", m.HaveSeq, 0), Keys: m.Keys, News: m.News}
	if !r.items("keys", len(m.Keys), MaxBatchItems) {
		return
	}
	for _, e := range m.Keys {
		r.count("keys", e, 1)
	}
	f.Heads, f.Head, f.Proof = r.heads(m.Heads), r.head(m.HaveSeq, m.Head), r.proof(m.Proof)
}

func headsToPB(heads []Head) []*pb.Head {
	out := make([]*pb.Head, len(heads))
	for i, h := range heads {
		out[i] = &pb.Head{Author: []byte(h.Author), Ctr: h.Ctr}
	}
	return out
}

func (r *reading) heads(in []*pb.Head) []Head {
	if !r.items("heads", len(in), MaxBatchItems) || len(in) == 0 {
		return nil
	}
	out := make([]Head, len(in))
	for i, h := range in {
		out[i] = Head{Author: r.peer("heads.author", h.Author), Ctr: r.count("heads.ctr", h.Ctr, 1)}
	}
	return out
}

func (f *SyncReply) max() int { return MaxBatch }

func (f *SyncReply) encode() ([]byte, error) {
	m := &pb.SyncReply{
		Records: f.Records, Keys: keysToPB(f.Keys), Lines: f.Lines, HaveSeq: f.HaveSeq, More: f.More,
		Heads: headsToPB(f.Heads), Head: orNone(f.Head[:]), Last: f.Last.toPB(), Proof: f.Proof,
	}
	for _, age := range f.Ages {
		m.AgesMs = append(m.AgesMs, units(age, time.Millisecond))
	}
	return encodeFrame("answer", m, func(r *reading) { new(SyncReply).read(r, m) })
}

func (f *SyncReply) decode(b []byte) error {
	var m pb.SyncReply
	return decodeFrame("answer", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *SyncReply) read(r *reading, m *pb.SyncReply) {
	*f = SyncReply{
		Records: r.blobs("records", m.Records, MaxRecord), Keys: r.keys(m.Keys),
		Lines: r.blobs("lines", m.Lines, MaxMessage), HaveSeq: r.count("have_seq", m.HaveSeq, 0), More: m.More,
		Heads: r.heads(m.Heads), Head: r.head(m.HaveSeq, m.Head), Last: r.cut("last", m.Last), Proof: r.proof(m.Proof),
	}
	if !r.items("ages_ms", len(m.AgesMs), len(m.Lines)) || len(m.AgesMs) == 0 {
		return
	}
	f.Ages = make([]time.Duration, len(m.AgesMs))
	for i, age := range m.AgesMs {
		f.Ages[i] = r.span("ages_ms", age, time.Millisecond, MaxAge)
	}
}

func (f *PassRequest) max() int { return maxPass }

func (f *PassRequest) encode() ([]byte, error) {
	m := &pb.PassRequest{Room: f.Room[:], To: peersToPB(f.To)}
	switch {
	case f.Line != nil && f.Record != nil:
		return nil, malformed("pass", "both a line and a record")
	case f.Line != nil:
		m.Data = &pb.PassRequest_Line{Line: f.Line}
	case f.Record != nil:
		m.Data = &pb.PassRequest_Record{Record: f.Record}
	}
	return encodeFrame("pass", m, func(r *reading) { new(PassRequest).read(r, m) })
}

func (f *PassRequest) decode(b []byte) error {
	var m pb.PassRequest
	return decodeFrame("pass", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *PassRequest) read(r *reading, m *pb.PassRequest) {
	*f = PassRequest{Room: r.room("room", m.Room), To: r.peers("to", m.To)}
	switch d := m.Data.(type) {
	case *pb.PassRequest_Line:
		f.Line = r.blob("line", d.Line, MaxMessage)
	case *pb.PassRequest_Record:
		f.Record = r.blob("record", d.Record, MaxRecord)
	default:
		r.fail("data", "neither a line nor a record")
	}
}

func (f *PassReply) max() int { return maxPass }

func (f *PassReply) encode() ([]byte, error) {
	m := &pb.PassReply{Answer: answer(f.OK), Missed: peersToPB(f.Missed)}
	return encodeFrame("answer", m, func(r *reading) { new(PassReply).read(r, m) })
}

func (f *PassReply) decode(b []byte) error {
	var m pb.PassReply
	return decodeFrame("answer", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *PassReply) read(r *reading, m *pb.PassReply) {
	*f = PassReply{OK: r.answer(m.Answer), Missed: r.peers("missed", m.Missed)}
}

func peersToPB(ps []peer.ID) [][]byte {
	out := make([][]byte, len(ps))
	for i, p := range ps {
		out[i] = []byte(p)
	}
	return out
}

func (r *reading) peers(field string, in [][]byte) []peer.ID {
	if !r.items(field, len(in), MaxMembers) || len(in) == 0 {
		return nil
	}
	out := make([]peer.ID, len(in))
	for i, b := range in {
		out[i] = r.peer(field, b)
	}
	return out
}

func (f *TellRequest) max() int { return MaxFrame }

func (f *TellRequest) encode() ([]byte, error) {
	m := &pb.TellRequest{Room: f.Room[:], Id: f.ID[:], Text: f.Text, At: millis(f.At)}
	return encodeFrame("tell", m, func(r *reading) { new(TellRequest).read(r, m) })
}

func (f *TellRequest) decode(b []byte) error {
	var m pb.TellRequest
	return decodeFrame("tell", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *TellRequest) read(r *reading, m *pb.TellRequest) {
	*f = TellRequest{Room: r.room("room", m.Room), Text: r.text("text", m.Text), At: r.time("at", m.At)}
	r.fixed("id", f.ID[:], m.Id)
}

func (f *TellReply) max() int { return maxAnswer }

func (f *TellReply) encode() ([]byte, error) {
	m := &pb.TellReply{Answer: answer(f.OK)}
	return encodeFrame("answer", m, func(r *reading) { new(TellReply).read(r, m) })
}

func (f *TellReply) decode(b []byte) error {
	var m pb.TellReply
	return decodeFrame("answer", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *TellReply) read(r *reading, m *pb.TellReply) { *f = TellReply{OK: r.answer(m.Answer)} }

func (f *RoomsRequest) max() int { return maxRoomsRequest }

func (f *RoomsRequest) encode() ([]byte, error) {
	m := &pb.RoomsRequest{After: orNone(f.After[:])}
	return encodeFrame("rooms", m, func(r *reading) { new(RoomsRequest).read(r, m) })
}

func (f *RoomsRequest) decode(b []byte) error {
	var m pb.RoomsRequest
	return decodeFrame("rooms", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *RoomsRequest) read(r *reading, m *pb.RoomsRequest) {
	*f = RoomsRequest{}
	r.optional("after", f.After[:], m.After)
}

func (f *RoomsReply) max() int { return maxRoomsReply }

func (f *RoomsReply) encode() ([]byte, error) {
	m := &pb.RoomsReply{Rooms: make([]*pb.RoomAd, len(f.Rooms)), Ended: f.Ended, Asleep: f.Asleep, More: uint32(f.More)}
	for i, a := range f.Rooms {
		m.Rooms[i] = &pb.RoomAd{
			Create: a.Create, Access: pb.Access(a.Access), Subject: a.Subject, Members: a.Members,
			Addrs: addrBytes(a.Addrs), RetainSeconds: units(a.Retain, time.Second),
		}
	}
	return encodeFrame("answer", m, func(r *reading) { new(RoomsReply).read(r, m) })
}

func (f *RoomsReply) decode(b []byte) error {
	var m pb.RoomsReply
	return decodeFrame("answer", b, &m, func(r *reading) { f.read(r, &m) })
}

func (f *RoomsReply) read(r *reading, m *pb.RoomsReply) {
	*f = RoomsReply{Asleep: m.Asleep, More: int(m.More)}
	if m.More > MaxUnlisted {
		r.fail("more", "%d, at most %d are allowed", m.More, MaxUnlisted)
	}
	if r.items("ended", len(m.Ended), MaxEnded) {
		f.Ended = r.blobs("ended", m.Ended, MaxRecord)
	}
	if len(m.Rooms) == 0 || !r.items("rooms", len(m.Rooms), MaxRooms) {
		return
	}
	f.Rooms = make([]RoomAd, len(m.Rooms))
	for i, a := range m.Rooms {
		f.Rooms[i] = RoomAd{
			Create:  r.blob("rooms.create", a.Create, MaxRecord),
			Access:  Access(r.closedEnum("rooms.access", int32(a.Access), uint8(Invite))),
			Subject: r.subject("rooms.subject", a.Subject), Members: a.Members,
			Addrs:  r.addrs("rooms.addrs", a.Addrs, MaxAddrs),
			Retain: r.span("rooms.retain_seconds", a.RetainSeconds, time.Second, MaxPolicyTime),
		}
		if a.Members > MaxMembers {
			r.fail("rooms.members", "%d, at most %d are allowed", a.Members, MaxMembers)
		}
	}
}
