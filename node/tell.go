package node

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// newDirects bounds the direct messages of members, or the lines that they hand over to pass on, in lines as [sayCost] counts
// them.
func newDirects() shares {
	return newShares(budget{directRate, directBurst}, budget{addressDirectRate, addressDirectBurst}, budget{allDirectRate, allDirectBurst})
}

// serveTell takes a direct message. It comes over a stream from its author, and is not passed on.
func (n *Node) serveTell(s network.Stream) {
	var req protocol.TellRequest
	serve(n, s, &req, func(peer.ID) (*protocol.TellReply, error) {
		return ask(n.ctx, n, told{n.admission.visitor(s.Conn()), req})
	})
}

// told is the event that a direct message has come.
type told struct {
	visitor
	req protocol.TellRequest
}

func (q told) run(l *loop) (*protocol.TellReply, error) {
	r, from := l.roomWith(q.req.Room, q.peer)
	if r == nil {
		return &protocol.TellReply{}, nil
	}
	if from.Muted && r.authority() != l.n.self {
		return &protocol.TellReply{}, nil // nobody hears it; it may ask the owner why
	}
	if !l.directs.allow(q.visitor, sayCost(q.req.Text), l.now()) {
		l.n.admission.refuse(q.visitor, aDirectMessage)
		return &protocol.TellReply{}, nil
	}
	if l.ignores(q.peer) {
		return &protocol.TellReply{OK: true}, nil // it is not told that it is ignored
	}
	r.direct(Direct{ID: directID(q.req.ID), Peer: q.peer, Nick: from.Nick, Text: q.req.Text, At: transcript.ShownAt(q.req.At, l.now(), 0)}, q.peer)
	return &protocol.TellReply{OK: true}, nil
}

// Tell sends a direct message to a member, and returns its ID when the member's node has it. It fails with unavailable if that
// node cannot be reached; the message is not kept for later.
func (n *Node) Tell(ctx context.Context, room, who, text string) (TellInfo, error) {
	if err := validSay(text); err != nil {
		return TellInfo{}, err
	}
	if err := n.pace(ctx, text); err != nil {
		return TellInfo{}, err
	}
	t, err := ask(ctx, n, tellTarget{room, who})
	if err != nil {
		return TellInfo{}, err
	}
	req := protocol.TellRequest{Room: t.room, Text: text, At: time.Now().UTC().Truncate(time.Millisecond)}
	if _, err := random.Read(req.ID[:]); err != nil {
		return TellInfo{}, err
	}
	var reply protocol.TellReply
	if err := n.request(ctx, t.peer, protocol.TellID, &req, &reply); err != nil {
		return TellInfo{}, &Error{Code: CodeUnavailable, Text: fmt.Sprintf("not sent: %s cannot be reached: %s", t.nick, fault.Network(err)), Reason: fault.CannotTell}
	}
	if !reply.OK {
		return TellInfo{}, &Error{Code: CodeRefused, Text: fmt.Sprintf("not sent: the node of %s does not accept it", t.nick), Reason: fault.NotTaken}
	}
	// It has arrived, even if ctx has ended meanwhile.
	_, _ = ask(context.WithoutCancel(ctx), n, sentDirect{t, req})
	away, err := ask(ctx, n, answerAway{t.room, t.peer})
	if err != nil {
		away = protocol.Away{}
	}
	return TellInfo{ID: directID(req.ID), Away: away.Away, AwayText: away.Text}, nil
}

// sentDirect tells the faces of a direct message that another node has taken.
type sentDirect struct {
	to  memberAt
	req protocol.TellRequest
}

func (q sentDirect) run(l *loop) (none, error) {
	r := l.rooms[q.to.room]
	if r == nil {
		return none{}, nil
	}
	me, _ := r.me()
	r.direct(Direct{
		ID: directID(q.req.ID), Peer: l.n.self, Nick: me.Nick, Text: q.req.Text, At: q.req.At, Self: true, To: q.to.peer, ToNick: q.to.nick,
	}, q.to.peer)
	return none{}, nil
}

type (
	tellTarget struct{ room, who string }
	memberAt   struct {
		room protocol.RoomID
		peer peer.ID
		nick string
	}
)

func (q tellTarget) run(l *loop) (memberAt, error) {
	r, err := l.room(q.room)
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return memberAt{}, err
	}
	m, err := r.findMember(q.who)
	if err != nil {
		return memberAt{}, err
	}
	if m.Peer == l.n.self {
		return memberAt{}, &Error{Code: CodeInvalid, Text: "that is you", Reason: fault.MessageToSelf}
	}
	if err := r.mayTalk(); err != nil && m.Peer != r.authority() {
		return memberAt{}, err
	}
	return memberAt{r.id, m.Peer, m.Nick}, nil
}
