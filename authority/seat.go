package authority

import (
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Seat is the member's half of the poll: one admission's place at the authority, from the admission to the definite
// answer that it is no more. It is a reducer over values; the exported fields are what a driver keeps on disk, and a Seat
// put together from them goes on where it was.
type Seat struct {
	Room      protocol.RoomID
	Authority peer.ID
	// Self is the peer that has the place.
	Self peer.ID
	// Admission is the seq of my Admit record.
	Admission uint64
	// Nonce is the same for the whole admission, so that a reason whose delivery failed can be asked for again.
	Nonce protocol.Nonce
	// Kept is the signed reason that has been kept; nil while the place is held.
	Kept []byte
	// Shown: the reason in Kept has been shown. A driver writes it once it has carried out [Show].
	Shown bool

	// keeping: the reason in Kept is on its way to the disk.
	keeping bool
	done    bool
}

// NewSeat is the seat of a new admission, with a nonce of its own.
func NewSeat(room protocol.RoomID, authority, self peer.ID, admission uint64, rand io.Reader) (Seat, error) {
	s := Seat{Room: room, Authority: authority, Self: self, Admission: admission}
	if _, err := io.ReadFull(rand, s.Nonce[:]); err != nil {
		return Seat{}, fmt.Errorf("authority: nonce: %w", err)
	}
	return s, nil
}

// A SeatEvent is something that happened to a seat. The set is closed.
type SeatEvent interface{ seatEvent() }

type (
	// Asked: it is time to ask. The numbers say what the node has.
	Asked struct {
		HaveSeq, HaveKey, HavePresence uint64
		Head                           protocol.Hash // of record HaveSeq
	}
	// Answered: Reply came to a poll of that admission and nonce.
	Answered struct {
		Admission uint64
		Nonce     protocol.Nonce
		Reply     protocol.PollReply
	}
	// NoAnswer: the poll failed. That says nothing about the place: it is kept, and so is the nonce.
	NoAnswer struct{}
	// Kept: the reason of [Keep] is on disk.
	Kept struct{ Removal uint64 }
	// Quit: the user has left.
	Quit struct{}
)

func (Asked) seatEvent()    {}
func (Answered) seatEvent() {}
func (NoAnswer) seatEvent() {}
func (Kept) seatEvent()     {}
func (Quit) seatEvent()     {}

// A SeatEffect is something for the driver to do, in order. The set is closed.
type SeatEffect interface{ seatEffect() }

type (
	// Ask the authority.
	Ask struct{ Request protocol.PollRequest }
	// TakeNews: take records, keys and presence into the room.
	TakeNews struct{ News *protocol.PollMember }
	// Keep the reason on disk, then say Kept; until then Asked gives it again. A driver without a disk, or with a full
	// one, says Kept all the same.
	Keep struct{ Reason protocol.SignedReason }
	// SendAck tells the authority that the reason is kept. It may fail: the slot there then expires.
	SendAck struct{ Ack protocol.PollAck }
	// Show the reason, once, and leave in order.
	Show struct{ Reason protocol.SignedReason }
	// ShowRefused: this peer is no member, and no reason is given. Leave in order.
	ShowRefused struct{}
)

func (Ask) seatEffect()         {}
func (TakeNews) seatEffect()    {}
func (Keep) seatEffect()        {}
func (SendAck) seatEffect()     {}
func (Show) seatEffect()        {}
func (ShowRefused) seatEffect() {}

// Done reports that the seat is over: it never asks again.
func (s Seat) Done() bool { return s.done }

// Step is the seat after ev, and what to do. A reply is handled as one step: what it says is taken whole, or not at all.
func (s Seat) Step(ev SeatEvent) (Seat, []SeatEffect) {
	if s.done {
		return s, nil
	}
	switch e := ev.(type) {
	case Asked:
		return s.asked(e)
	case Answered:
		return s.answered(e)
	case Kept:
		if r, err := protocol.OpenReason(s.Kept); err == nil && r.Removal == e.Removal {
			return s.end(r)
		}
	case Quit:
		s.done = true
	}
	return s, nil
}

func (s Seat) asked(e Asked) (Seat, []SeatEffect) {
	if s.Kept != nil {
		r, err := protocol.OpenReason(s.Kept)
		switch {
		case err != nil: // damaged on disk: ask again, the answer is still there
			s.Kept = nil
		case s.keeping: // it could not be kept yet
			return s, []SeatEffect{Keep{r}}
		default: // shown before a restart that came before the ack was sent
			return s.end(r)
		}
	}
	return s, []SeatEffect{Ask{protocol.PollRequest{
		Room: s.Room, Nonce: s.Nonce, Admission: s.Admission,
		HaveSeq: e.HaveSeq, Head: e.Head, HaveKey: e.HaveKey, HavePresence: e.HavePresence,
	}}}
}

// answered takes a reply, if it is to a poll of this seat and not of an earlier one: a late REFUSED to an earlier membership
// must not end this one.
func (s Seat) answered(e Answered) (Seat, []SeatEffect) {
	if e.Admission != s.Admission || e.Nonce != s.Nonce || s.Kept != nil {
		return s, nil
	}
	switch {
	case e.Reply.Member != nil:
		return s, []SeatEffect{TakeNews{e.Reply.Member}}
	case e.Reply.Reason == nil:
		s.done = true
		return s, []SeatEffect{ShowRefused{}}
	}
	r, err := protocol.OpenReason(e.Reply.Reason)
	if err != nil || r.Room != s.Room || r.By != s.Authority || r.Peer != s.Self || r.Nonce != s.Nonce || r.Removal <= s.Admission {
		return s, nil // it does not answer this question
	}
	s.Kept, s.keeping = e.Reply.Reason, true
	return s, []SeatEffect{Keep{r}}
}

// end shows the kept reason, unless that has been done, and acknowledges it.
func (s Seat) end(r protocol.SignedReason) (Seat, []SeatEffect) {
	var effects []SeatEffect
	if !s.Shown {
		effects = append(effects, Show{r})
	}
	s.Shown, s.done, s.keeping = true, true, false
	return s, append(effects, SendAck{protocol.PollAck{Room: s.Room, Removal: r.Removal, Nonce: s.Nonce}})
}
