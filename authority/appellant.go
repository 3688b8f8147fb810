package authority

import (
	"errors"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// An Appellant is a removed member's side of its appeal, from the reason of its removal to the answer. It is a reducer over values, as a
// [Seat] is. A driver keeps the exported fields on disk.
type Appellant struct {
	Room      protocol.RoomID
	Authority peer.ID
	Self      peer.ID
	// Removal is the number of the reason that was told, and Nonce the one of the seat that it was told to.
	Removal uint64
	Nonce   protocol.Nonce
	// Moved is the number of the last Transfer that led to Authority, or 0.
	Moved uint64
	// Text is what Self has written, or "". Nothing is asked before.
	Text string
	// Sent is set if the authority is known to have it.
	Sent bool
	// Kept is the signed pardon, and Shown is set if it has been shown.
	Kept  []byte
	Shown bool
	// Over is set if there is nothing left to ask.
	Over bool
}

// NewAppellant returns the Appellant of a seat that was told reason. ok is false if there is no appeal against that.
func NewAppellant(s Seat, reason protocol.SignedReason) (a Appellant, ok bool) {
	return Appellant{Room: s.Room, Authority: s.Authority, Self: s.Self, Moved: s.Moved, Removal: reason.Removal, Nonce: s.Nonce},
		reason.Kind == protocol.Kicked || reason.Kind == protocol.Banned
}

// The errors of [Appellant.Step].
var (
	// ErrAppealed: there is one appeal for each removal.
	ErrAppealed = errors.New("authority: there is an appeal with another text")
	// ErrAppealOver: the appeal has an answer, or cannot be made.
	ErrAppealOver = errors.New("authority: the appeal is over")
)

// An AppellantEvent is something that happened to an Appellant. It is one of the types below.
type AppellantEvent interface{ appellantEvent() }

type (
	// Written says that the user appeals with Text, which is in its normal form.
	Written struct{ Text string }
	// AskDue says that it is time to ask for the answer, or to show it.
	AskDue struct{}
	// AppealAnswered says that Reply came to Ask.
	AppealAnswered struct {
		Ask   protocol.PollAppeal
		Reply protocol.PollReply
	}
	// PardonShown says that the pardon of [ShowPardon] has been shown.
	PardonShown struct{}
)

func (Written) appellantEvent()        {}
func (AskDue) appellantEvent()         {}
func (AppealAnswered) appellantEvent() {}
func (PardonShown) appellantEvent()    {}

// An AppellantEffect is something for the driver to do. The driver carries effects out in order. It is one of the types below.
type AppellantEffect interface{ appellantEffect() }

type (
	// KeepAppeal keeps the Appellant on disk. What follows it is done all the same if that fails.
	KeepAppeal struct{}
	// AskAppeal sends the appeal to the authority.
	AskAppeal struct{ Ask protocol.PollAppeal }
	// ShowPardon shows the pardon, then says PardonShown.
	ShowPardon struct{ Pardon protocol.SignedReason }
	// ShowAppealEnd says that the authority does not take the appeal: Code, or 0 for REFUSED.
	ShowAppealEnd struct{ Code protocol.AppealCode }
)

func (KeepAppeal) appellantEffect()    {}
func (AskAppeal) appellantEffect()     {}
func (ShowPardon) appellantEffect()    {}
func (ShowAppealEnd) appellantEffect() {}

// Asks reports whether an answer is due.
func (a Appellant) Asks() bool { return a.Text != "" && !a.Over }

// Step returns the Appellant after ev, and what the driver has to do. If it returns an error, nothing has changed.
func (a Appellant) Step(ev AppellantEvent) (Appellant, []AppellantEffect, error) {
	switch e := ev.(type) {
	case Written:
		switch {
		case a.Over:
			return a, nil, ErrAppealOver
		case a.Text == e.Text:
			return a, []AppellantEffect{AskAppeal{a.Ask()}}, nil
		case a.Text != "":
			return a, nil, ErrAppealed
		}
		a.Text = e.Text
		return a, []AppellantEffect{KeepAppeal{}, AskAppeal{a.Ask()}}, nil
	case AskDue:
		if a.Asks() {
			return a, []AppellantEffect{AskAppeal{a.Ask()}}, nil
		}
		if p, err := protocol.OpenReason(a.Kept); err == nil && !a.Shown {
			return a, []AppellantEffect{ShowPardon{p}}, nil
		}
	case AppealAnswered:
		next, effects := a.answered(e)
		return next, effects, nil
	case PardonShown:
		a.Shown = true
	}
	return a, nil, nil
}

// Ask returns the appeal as it is sent.
func (a Appellant) Ask() protocol.PollAppeal {
	return protocol.PollAppeal{Room: a.Room, Removal: a.Removal, Nonce: a.Nonce, Text: a.Text}
}

// answered takes a reply, if it answers this appeal.
func (a Appellant) answered(e AppealAnswered) (Appellant, []AppellantEffect) {
	switch {
	case !a.Asks() || e.Ask != a.Ask() || e.Reply.Member != nil:
		return a, nil
	case e.Reply.Moved != nil:
		owner, last, moved := Follow(a.Room, a.Authority, a.Moved, OpenTransfers(e.Reply.Moved.Transfers))
		if !moved {
			return a, nil
		}
		a.Authority, a.Moved = owner, last
		return a, []AppellantEffect{KeepAppeal{}, AskAppeal{a.Ask()}}
	case e.Reply.Reason != nil:
		p, err := protocol.OpenReason(e.Reply.Reason)
		if err != nil || p.Kind != protocol.Pardoned || p.Room != a.Room || p.Signer != a.Authority || p.Peer != a.Self || p.Nonce != a.Nonce || p.Removal <= a.Removal {
			return a, nil // not an answer to this question
		}
		a.Sent, a.Kept, a.Over = true, p.Bytes(), true
		return a, []AppellantEffect{KeepAppeal{}, ShowPardon{p}}
	case e.Reply.Appeal == protocol.AppealKept:
		if a.Sent {
			return a, nil
		}
		a.Sent = true
		return a, []AppellantEffect{KeepAppeal{}}
	case e.Reply.Appeal == protocol.AppealFull: // the user may write again
		a.Text, a.Sent = "", false
	default:
		a.Over = true
	}
	return a, []AppellantEffect{KeepAppeal{}, ShowAppealEnd{e.Reply.Appeal}}
}
