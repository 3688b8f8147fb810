package authority

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Seat is a member's place at the authority, from its admission to the definite answer that it has lost the place. It is a reducer
// over values. A driver keeps the exported fields on disk; a Seat made of them goes on where the old one was.
type Seat struct {
	Room      protocol.RoomID
	Authority peer.ID
	// Self is the member.
	Self peer.ID
	// Admission is the seq of Self's Admit record.
	Admission uint64
	// Nonce is the same for the whole admission, so that the seat can ask again for a reason that did not arrive.
	Nonce protocol.Nonce
	// Kept is the signed reason; nil as long as the member has its place.
	Kept []byte
	// Shown is set if the reason in Kept has been shown. A driver writes it to disk when it has carried out [Show].
	Shown bool
	// Muted is the signed reason of a mute that has been kept and is not known to have been shown, and Told the number of the
	// latest that has been kept.
	Muted []byte
	Told  uint64
	// Warnings are the signed warnings that have been kept and are not known to have been shown, at most MaxWaiting, the latest.
	Warnings [][]byte `json:",omitempty"`
	// Moved is the number of the last Transfer that the seat has followed to Authority; 0: none.
	Moved uint64 `json:",omitempty"`

	keeping bool // the reason in Kept may not be on disk yet
	done    bool
	// told: the reason in Muted has been given to the driver in this life.
	told bool
}

// NewSeat returns the seat of a new admission, with a new nonce.
func NewSeat(room protocol.RoomID, authority, self peer.ID, admission uint64, rand io.Reader) (Seat, error) {
	s := Seat{Room: room, Authority: authority, Self: self, Admission: admission}
	if _, err := io.ReadFull(rand, s.Nonce[:]); err != nil {
		return Seat{}, fmt.Errorf("authority: nonce: %w", err)
	}
	return s, nil
}

// A SeatEvent is something that happened to a seat. It is one of the types below.
type SeatEvent interface{ seatEvent() }

type (
	// Asked says that it is time to poll. The fields are those of the [protocol.PollRequest].
	Asked struct {
		HaveSeq, HaveKey, HavePresence, HaveDesk, HaveOffer uint64
		Head                                                protocol.Hash
	}
	// Answered says that Reply came to a poll of that admission and nonce.
	Answered struct {
		Admission uint64
		Nonce     protocol.Nonce
		Reply     protocol.PollReply
	}
	// NoAnswer says that the poll failed. That says nothing about the place, and changes nothing.
	NoAnswer struct{}
	// Kept says that the reason of [Keep] is on disk.
	Kept struct{ Removal uint64 }
	// MuteShown says that the reason of [ShowMute] has been shown.
	MuteShown struct{ Mute uint64 }
	// Followed says that the log has these transfers.
	Followed struct{ Transfers []protocol.SignedRecord }
	// Quit says that the user has left the room.
	Quit struct{}
)

func (Asked) seatEvent()     {}
func (Answered) seatEvent()  {}
func (NoAnswer) seatEvent()  {}
func (Kept) seatEvent()      {}
func (MuteShown) seatEvent() {}
func (Followed) seatEvent()  {}
func (Quit) seatEvent()      {}

// A SeatEffect is something for the driver to do. The driver carries effects out in order. It is one of the types below.
type SeatEffect interface{ seatEffect() }

type (
	// Ask sends a poll to the authority.
	Ask struct{ Request protocol.PollRequest }
	// TakeNews takes records, keys and presence into the room.
	TakeNews struct{ News *protocol.PollMember }
	// Keep writes the reason to disk. The event Kept follows; until it does, Asked returns the effect again. A driver without a
	// disk, or with a full one, sends Kept too.
	Keep struct{ Reason protocol.SignedReason }
	// SendAck tells the authority that the reason is kept. If that fails, the failure there expires.
	SendAck struct{ Ack protocol.PollAck }
	// Show shows the reason, once, and leaves the room in order.
	Show struct{ Reason protocol.SignedReason }
	// KeepMute keeps the seat on disk. What follows it is done all the same if that fails.
	KeepMute struct{}
	// ShowMute shows why this member is muted, or what it is warned of, once, then says MuteShown.
	ShowMute struct{ Reason protocol.SignedReason }
	// AckMute tells the authority that the reason of a mute is kept. If it is lost, the reason comes again.
	AckMute struct{ Ack protocol.PollAck }
	// MoveTo says that the authority is another peer now: the seat is to be kept on disk, and the next poll goes there. If it is not
	// kept, the one before says so again.
	MoveTo struct{ Authority peer.ID }
	// ShowRefused shows that this peer is no member, without a reason, and leaves the room in order.
	ShowRefused struct{}
)

func (Ask) seatEffect()         {}
func (TakeNews) seatEffect()    {}
func (Keep) seatEffect()        {}
func (SendAck) seatEffect()     {}
func (Show) seatEffect()        {}
func (KeepMute) seatEffect()    {}
func (ShowMute) seatEffect()    {}
func (AckMute) seatEffect()     {}
func (MoveTo) seatEffect()      {}
func (ShowRefused) seatEffect() {}

// Done reports whether the seat is over. Such a seat never asks again.
func (s Seat) Done() bool { return s.done }

// Step returns the seat after ev, and what the driver has to do. A reply is taken as a whole or not at all.
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
	case MuteShown:
		of := func(raw []byte) bool {
			r, err := protocol.OpenReason(raw)
			return err != nil || r.Removal == e.Mute
		}
		if of(s.Muted) {
			s.Muted = nil
		}
		s.Warnings = slices.DeleteFunc(slices.Clone(s.Warnings), of)
	case Followed:
		return s.follow(e.Transfers)
	case Quit:
		s.done = true
	}
	return s, nil
}

func (s Seat) asked(e Asked) (Seat, []SeatEffect) {
	if s.Kept != nil {
		r, err := protocol.OpenReason(s.Kept)
		switch {
		case err != nil: // damaged on disk: ask again, since the authority still has the answer
			s.Kept = nil
		case s.keeping: // not on disk yet
			return s, []SeatEffect{Keep{r}}
		default: // on disk, and the node restarted before the acknowledgement was sent
			return s.end(r)
		}
	}
	var effects []SeatEffect
	if !s.told { // kept before a restart, and perhaps not shown
		for _, r := range s.unshown() {
			effects = append(effects, ShowMute{r})
		}
	}
	s.told = true
	return s, append(effects, Ask{protocol.PollRequest{
		Room: s.Room, Nonce: s.Nonce, Admission: s.Admission,
		HaveSeq: e.HaveSeq, Head: e.Head, HaveKey: e.HaveKey, HavePresence: e.HavePresence, HaveDesk: e.HaveDesk, HaveOffer: e.HaveOffer,
	}})
}

// answered takes a reply, if it answers a poll of this seat: a late REFUSED for an earlier membership must not end this one.
func (s Seat) answered(e Answered) (Seat, []SeatEffect) {
	if e.Admission != s.Admission || e.Nonce != s.Nonce || s.Kept != nil {
		return s, nil
	}
	switch {
	case e.Reply.Member != nil:
		return s, []SeatEffect{TakeNews{e.Reply.Member}}
	case e.Reply.Moved != nil:
		return s.follow(OpenTransfers(e.Reply.Moved.Transfers))
	case e.Reply.Reason == nil:
		s.done = true
		return s, []SeatEffect{ShowRefused{}}
	}
	r, err := protocol.OpenReason(e.Reply.Reason)
	if err != nil || r.Room != s.Room || r.Signer != s.Authority || r.Peer != s.Self || r.Nonce != s.Nonce || r.Removal <= s.Admission {
		return s, nil // not an answer to this question
	}
	if r.Kind == protocol.Muted || r.Kind == protocol.Warned {
		return s.muted(r)
	}
	s.Kept, s.keeping = e.Reply.Reason, true
	return s, []SeatEffect{Keep{r}}
}

// follow goes on to the peer to which transfers lead. From then on the seat takes answers of that peer alone: reasons are what the owner of
// the room has signed.
func (s Seat) follow(transfers []protocol.SignedRecord) (Seat, []SeatEffect) {
	to, seq, moved := Follow(s.Room, s.Authority, s.Moved, transfers)
	if !moved || s.Kept != nil {
		return s, nil
	}
	s.Authority, s.Moved = to, seq
	return s, []SeatEffect{MoveTo{to}}
}

// unshown returns the warnings and the reason of a mute that are kept, in the order of their records.
func (s Seat) unshown() []protocol.SignedReason {
	var all []protocol.SignedReason
	for _, raw := range append(slices.Clip(s.Warnings), s.Muted) {
		if r, err := protocol.OpenReason(raw); err == nil {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b protocol.SignedReason) int { return cmp.Compare(a.Removal, b.Removal) })
	return all
}

// muted keeps why this member is muted or what it is warned of, shows it and acknowledges it. The place is held as before. One that was kept already is
// acknowledged again: the first acknowledgement was lost.
func (s Seat) muted(r protocol.SignedReason) (Seat, []SeatEffect) {
	ack := AckMute{protocol.PollAck{Room: s.Room, Removal: r.Removal, Nonce: s.Nonce}}
	if r.Removal <= s.Told {
		return s, []SeatEffect{ack}
	}
	s.Told, s.told = r.Removal, true
	if r.Kind == protocol.Muted {
		s.Muted = r.Bytes()
	} else {
		s.Warnings = append(slices.Clip(s.Warnings), r.Bytes())
		s.Warnings = s.Warnings[max(len(s.Warnings)-MaxWaiting, 0):]
	}
	return s, []SeatEffect{KeepMute{}, ShowMute{r}, ack}
}

// end shows the kept reason, unless it has been shown, and acknowledges it.
func (s Seat) end(r protocol.SignedReason) (Seat, []SeatEffect) {
	var effects []SeatEffect
	if !s.Shown {
		effects = append(effects, Show{r})
	}
	s.Shown, s.done, s.keeping = true, true, false
	return s, append(effects, SendAck{protocol.PollAck{Room: s.Room, Removal: r.Removal, Nonce: s.Nonce}})
}
