package protocol

import (
	"time"

	"github.com/multiformats/go-multiaddr"

	"localchat/protocol/internal/pb"
)

// RoomsRequest asks which rooms a node is in. After is the last room of the page before, or zero for the first page.
type RoomsRequest struct{ After RoomID }

// RoomsReply lists the rooms whose ids are greater than After, in the order of their ids. Ended are the signed Close records of rooms
// that the answerer has been in, at most MaxEnded. Asleep says that the answerer owns rooms that it is not serving now, which are not
// in the list. More is the number of rooms after the last one listed, at most MaxUnlisted.
type RoomsReply struct {
	Rooms  []RoomAd
	Ended  [][]byte
	Asleep bool
	More   int
}

// A RoomAd describes a room to strangers. Create proves the name, the first owner and so the id, and Moved proves the later owners. The rest
// is only what the answerer says.
type RoomAd struct {
	Create []byte   // the signed Create record
	Moved  [][]byte // the signed Transfer records, from the first one on; MaxMoved at most
	// OwnerNick is the nick of the owner, if that is not the author of Create.
	OwnerNick string
	Access    Access
	Subject   string
	Members   uint32
	Addrs     []multiaddr.Multiaddr // of the owner, without /p2p, as far as they are known
	// Retain is how long a line is retained in the room, in whole seconds; zero: not given.
	Retain time.Duration
}

// maxRoomsRequest is in bytes: the id of one room.
const maxRoomsRequest = 64

// maxRoomsReply is in bytes: MaxRooms rooms, each with MaxAddrs addresses, and transfers of some of them.
const maxRoomsReply = 256 << 10

func (f *RoomsRequest) max() int { return maxRoomsRequest }

func (f *RoomsRequest) encode() ([]byte, error) {
	m := &pb.RoomsRequest{After: orNone(f.After[:])}
	return encodeFrame("rooms", m, func(r *fieldReader) { new(RoomsRequest).read(r, m) })
}

func (f *RoomsRequest) decode(b []byte) error {
	var m pb.RoomsRequest
	return decodeFrame("rooms", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *RoomsRequest) read(r *fieldReader, m *pb.RoomsRequest) {
	*f = RoomsRequest{}
	r.optional("after", f.After[:], m.After)
}

func (f *RoomsReply) max() int { return maxRoomsReply }

func (f *RoomsReply) encode() ([]byte, error) {
	m := &pb.RoomsReply{Rooms: make([]*pb.RoomAd, len(f.Rooms)), Ended: f.Ended, Asleep: f.Asleep, More: uint32(f.More)}
	for i, a := range f.Rooms {
		m.Rooms[i] = &pb.RoomAd{
			Create: a.Create, Access: pb.Access(a.Access), Subject: a.Subject, Members: a.Members,
			Addrs: addrBytes(a.Addrs), RetainSeconds: units(a.Retain, time.Second), Moved: movedIn(a), OwnerNick: a.OwnerNick,
		}
	}
	return encodeFrame("answer", m, func(r *fieldReader) { new(RoomsReply).read(r, m) })
}

func (f *RoomsReply) decode(b []byte) error {
	var m pb.RoomsReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *RoomsReply) read(r *fieldReader, m *pb.RoomsReply) {
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
		if m := r.moved(a.Moved); m != nil {
			f.Rooms[i].Moved = m.Transfers
			if len(m.Addrs) > 0 {
				r.fail("rooms.moved", "with addresses, which the room has itself")
			}
		}
		if a.OwnerNick != "" {
			f.Rooms[i].OwnerNick = r.nick("rooms.owner_nick", a.OwnerNick)
		}
		if a.Members > MaxMembers {
			r.fail("rooms.members", "%d, at most %d are allowed", a.Members, MaxMembers)
		}
	}
}

func movedIn(a RoomAd) *pb.Moved {
	if len(a.Moved) == 0 {
		return nil
	}
	return (&Moved{Transfers: a.Moved}).toPB()
}
