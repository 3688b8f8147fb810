package protocol

import (
	"time"

	"localchat/protocol/internal/pb"
)

// TellRequest is a direct message. Its sender is the peer that the stream authenticates.
type TellRequest struct {
	Room RoomID
	ID   [16]byte
	Text string
	At   time.Time
}

// TellReply says whether the message has been shown. OK is false for a caller that is not a member.
type TellReply struct{ OK bool }

// maxAnswer is the length of a reply that is yes or no, in bytes.
const maxAnswer = 16

func (f *TellRequest) max() int { return MaxFrame }

func (f *TellRequest) encode() ([]byte, error) {
	m := &pb.TellRequest{Room: f.Room[:], Id: f.ID[:], Text: f.Text, At: millis(f.At)}
	return encodeFrame("tell", m, func(r *fieldReader) { new(TellRequest).read(r, m) })
}

func (f *TellRequest) decode(b []byte) error {
	var m pb.TellRequest
	return decodeFrame("tell", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *TellRequest) read(r *fieldReader, m *pb.TellRequest) {
	*f = TellRequest{Room: r.room("room", m.Room), Text: r.text("text", m.Text), At: r.time("at", m.At)}
	r.fixed("id", f.ID[:], m.Id)
}

func (f *TellReply) max() int { return maxAnswer }

func (f *TellReply) encode() ([]byte, error) {
	m := &pb.TellReply{Answer: answer(f.OK)}
	return encodeFrame("answer", m, func(r *fieldReader) { new(TellReply).read(r, m) })
}

func (f *TellReply) decode(b []byte) error {
	var m pb.TellReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *TellReply) read(r *fieldReader, m *pb.TellReply) { *f = TellReply{OK: r.answer(m.Answer)} }
