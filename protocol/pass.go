package protocol

import (
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol/internal/pb"
)

// PassRequest brings a line or a record, exactly one of the two, to a member that its author does not reach, or to a member that
// relays it.
type PassRequest struct {
	Room   RoomID
	Line   []byte // OpenMessage
	Record []byte // OpenRecord
	// To are the members to relay it to. They do not relay it further. Without To it is for the callee alone.
	To []peer.ID
}

// PassReply is the answer to a PassRequest. OK is false for a caller that is not a member. Missed are the members of To that the
// answerer does not reach either.
type PassReply struct {
	OK     bool
	Missed []peer.ID
}

// maxPass is the length of a pass frame, in bytes: the longest line or record, and MaxMembers peer IDs.
const maxPass = MaxMessage + 41<<10

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
	return encodeFrame("pass", m, func(r *fieldReader) { new(PassRequest).read(r, m) })
}

func (f *PassRequest) decode(b []byte) error {
	var m pb.PassRequest
	return decodeFrame("pass", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *PassRequest) read(r *fieldReader, m *pb.PassRequest) {
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
	return encodeFrame("answer", m, func(r *fieldReader) { new(PassReply).read(r, m) })
}

func (f *PassReply) decode(b []byte) error {
	var m pb.PassReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *PassReply) read(r *fieldReader, m *pb.PassReply) {
	*f = PassReply{OK: r.answer(m.Answer), Missed: r.peers("missed", m.Missed)}
}

func peersToPB(ps []peer.ID) [][]byte {
	out := make([][]byte, len(ps))
	for i, p := range ps {
		out[i] = []byte(p)
	}
	return out
}

func (r *fieldReader) peers(field string, in [][]byte) []peer.ID {
	if !r.items(field, len(in), MaxMembers) || len(in) == 0 {
		return nil
	}
	out := make([]peer.ID, len(in))
	for i, b := range in {
		out[i] = r.peer(field, b)
	}
	return out
}
