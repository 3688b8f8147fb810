package node

import (
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// serveAsk serves the requests of a member to leave, to invite, for another nick, to be shown as away, for a voice, and for the open invites.
func (n *Node) serveAsk(s network.Stream) {
	var req protocol.AskRequest
	serve(n, s, &req, func(caller peer.ID) (*protocol.AskReply, error) {
		return ask(n.ctx, n, askAsked{caller, req})
	})
}

type askAsked struct {
	peer peer.ID
	req  protocol.AskRequest
}

func (q askAsked) run(l *loop) (*protocol.AskReply, error) {
	if l.dormant.holds(q.req.Room) {
		return nil, errDormant
	}
	r := l.rooms[q.req.Room]
	if r == nil || !r.owner() {
		return &protocol.AskReply{}, nil
	}
	if r.desk.recovering != nil {
		return nil, r.desk.notReady()
	}
	if _, member := r.state().Member(q.peer); !member {
		return &protocol.AskReply{}, nil
	}
	if q.req.Leave {
		cut, err := r.desk.cutOf(q.peer)
		if err != nil {
			return nil, err
		}
		err = r.desk.step(authority.Leave{Peer: q.peer, Cut: cut})
		return &protocol.AskReply{OK: err == nil}, nil
	}
	if q.req.Nick != "" {
		return nickReply(r.desk.rename(q.peer, q.req.Nick))
	}
	if q.req.Away != nil {
		return &protocol.AskReply{OK: r.desk.presence.tellsAway(q.peer, *q.req.Away)}, nil
	}
	if q.req.OpenInvites {
		if !r.state().IsDeputy(q.peer) {
			return &protocol.AskReply{}, nil
		}
		return &protocol.AskReply{OK: true, Invites: r.desk.openInvites()}, nil
	}
	if q.req.Hand != nil {
		return &protocol.AskReply{OK: r.desk.hands.ask(q.peer, !q.req.Hand.Down)}, nil
	}
	info, err := r.desk.invite(q.peer, q.req.Invite.Nick, q.req.Invite.Expires)
	if err != nil {
		return &protocol.AskReply{}, nil
	}
	return &protocol.AskReply{OK: true, Text: info.Text}, nil
}
