package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// SetNick gives this node another nick in a room, and returns it in its normal form. The authority decides. It fails with exists
// (taken, perhaps with a free one), invalid, or unavailable (the authority is away, or the last change is less than a minute ago).
func (n *Node) SetNick(ctx context.Context, room, nick string) (string, error) {
	if err := CheckNick(nick); err != nil {
		return "", err
	}
	nick, _ = authority.NormalizeNick(nick)
	own, err := ask(ctx, n, setNick{room, nick})
	if err != nil || own.authority == n.self {
		return nick, err
	}
	seen := n.Subscribe(SubscribeOptions{Room: own.room, Types: []string{Renamed{}.Type()}, Acks: true})
	defer seen.Close()
	var reply protocol.AskReply
	if err := n.request(ctx, own.authority, protocol.AskID, &protocol.AskRequest{Room: own.room, Nick: nick}, &reply); err != nil {
		return "", &Error{Code: CodeUnavailable, Text: "the owner cannot be reached: " + fault.Network(err), Reason: fault.OwnerAway}
	}
	if !reply.OK {
		return "", nickRefused(own.label, nick, reply)
	}
	if own.nick == nick {
		return nick, nil
	}
	// The events come before the answer. The record is on its way.
	ctx, cancel := context.WithTimeout(ctx, streamTimeout)
	defer cancel()
	for {
		select {
		case ev, open := <-seen.Events():
			if r, is := ev.Body.(Renamed); !open || is && r.Self && r.Nick == nick {
				return nick, nil
			}
		case <-ctx.Done():
			return nick, nil
		}
	}
}

type (
	setNick struct{ room, nick string }
	ownNick struct {
		room        protocol.RoomID
		authority   peer.ID
		label, nick string
	}
)

func (q setNick) run(l *loop) (ownNick, error) {
	r, err := l.room(q.room)
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return ownNick{}, err
	}
	if err := r.mayTalk(); err != nil {
		return ownNick{}, err
	}
	me, _ := r.me()
	if r.owner() {
		if r, err = l.ownRoom(q.room); err == nil {
			err = r.desk.rename(l.n.self, q.nick)
		}
	}
	return ownNick{r.id, r.authority(), r.label(), me.Nick}, err
}

// rename gives a member another nick, in a room that this node owns.
func (d *authorityDesk) rename(p peer.ID, nick string) error {
	d.presence.noteEphemeral() // one that has gone keeps no nick
	err := d.step(authority.SetNick{Peer: p, Nick: nick})
	var e *Error
	if errors.As(err, &e) {
		switch e.Reason {
		case fault.NickChoice:
			reply := protocol.AskReply{Code: protocol.JoinNickBad}
			if e.Code == CodeExists {
				reply = protocol.AskReply{Code: protocol.JoinNickTaken, Text: d.ledger.FreeNick(p, nick)}
			}
			return nickRefused(d.r.label(), nick, reply)
		case fault.NickSoon:
			return nickRefused(d.r.label(), nick, protocol.AskReply{Code: protocol.JoinTooSoon, Wait: d.r.state().NickWait(p, d.r.l.clock.Wall())})
		}
	}
	return err
}

// nickReply returns the reply to a request for a nick.
func nickReply(err error) (*protocol.AskReply, error) {
	var e *Error
	switch {
	case err == nil:
		return &protocol.AskReply{OK: true}, nil
	case !errors.As(err, &e):
		return nil, err
	}
	switch e.Reason {
	case fault.NickHeld:
		return &protocol.AskReply{Code: protocol.JoinNickTaken, Text: e.Nick}, nil
	case fault.NickSoon:
		return &protocol.AskReply{Code: protocol.JoinTooSoon, Wait: e.RetryAfter}, nil
	case fault.NickUnfit:
		return &protocol.AskReply{Code: protocol.JoinNickBad}, nil
	}
	return nil, err
}

// nickRefused returns the error for a reply that refuses a nick.
func nickRefused(room, nick string, reply protocol.AskReply) error {
	switch reply.Code {
	case protocol.JoinNickTaken:
		e := &Error{Code: CodeExists, Text: "that nick, or one that looks like it, is taken in " + room, Reason: fault.NickHeld}
		return proposing(e, nick, protocol.JoinReply{Code: reply.Code, Text: reply.Text})
	case protocol.JoinTooSoon:
		wait := min(max(reply.Wait.Round(time.Second), time.Second), authority.NickEvery)
		return &Error{Code: CodeUnavailable, Text: "your nick was changed a moment ago", Reason: fault.NickSoon, RetryAfter: wait}
	case protocol.JoinNickBad:
		return &Error{Code: CodeInvalid, Text: fmt.Sprintf("the nick %q is not allowed in %s", nick, room), Reason: fault.NickUnfit, Limit: protocol.MaxNickRunes}
	}
	return notMember(room)
}
