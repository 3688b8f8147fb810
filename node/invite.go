package node

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
	"localchat/protocol"
)

// Invite makes a single-use invite. If nick is not empty, it is valid only with that nick. If expires is 0, it is valid for
// a day. A deputy may call it, and a member if the policy lets members invite; then the owner's node makes the invite.
func (n *Node) Invite(ctx context.Context, room, nick string, expires time.Duration) (InviteInfo, error) {
	expires, err := validExpiry(expires)
	if err != nil {
		return InviteInfo{}, err
	}
	made, err := ask(ctx, n, makeInvite{room, nick, expires})
	if err != nil || made.info.Text != "" {
		return made.info, err
	}
	req := protocol.AskRequest{Room: made.room, Invite: &protocol.AskInvite{Nick: nick, Expires: expires}}
	var reply protocol.AskReply
	if err := n.request(ctx, made.authority, protocol.AskID, &req, &reply); err != nil {
		return InviteInfo{}, &Error{Code: CodeUnavailable, Text: "the owner cannot be reached: " + fault.Text(err), Reason: fault.OwnerAway}
	}
	if !reply.OK {
		return InviteInfo{}, &Error{Code: CodeNotOwner, Text: "only the owner may invite here", Reason: fault.OwnerInvites}
	}
	inv, err := protocol.ParseInvite(reply.Text)
	if err != nil {
		return InviteInfo{}, err
	}
	return InviteInfo{ID: inv.Token.ID().String(), Text: reply.Text, Nick: nick, Expires: inv.Expires}, nil
}

type (
	makeInvite struct {
		room, nick string
		expires    time.Duration
	}
	madeInvite struct {
		info      InviteInfo
		room      protocol.RoomID
		authority peer.ID
	}
)

func (q makeInvite) run(l *loop) (madeInvite, error) {
	r, err := l.room(q.room)
	if err == nil {
		err = r.open()
	}
	if err != nil {
		return madeInvite{}, err
	}
	if r.owner() {
		if r, err = l.ownRoom(q.room); err != nil {
			return madeInvite{}, err
		}
		info, err := r.desk.invite(l.n.self, q.nick, q.expires)
		return madeInvite{info: info}, err
	}
	if !r.state().Policy().MembersInvite && !r.state().IsDeputy(l.n.self) {
		return madeInvite{}, &Error{Code: CodeNotOwner, Text: "only the owner of " + r.label() + " may invite", Reason: fault.OwnerInvites}
	}
	return madeInvite{room: r.id, authority: r.authority()}, nil
}

// invite makes an invite at the request of by.
func (d *authorityDesk) invite(by peer.ID, nick string, expires time.Duration) (InviteInfo, error) {
	effects, err := d.stepEffects(authority.MakeInvite{Nick: nick, Expires: expires, By: by})
	if err != nil {
		return InviteInfo{}, err
	}
	for _, e := range effects {
		made, ok := e.(authority.Invited)
		if !ok {
			continue
		}
		inv := made.Invite
		text := protocol.InviteText{
			Owner: d.r.l.n.self, Room: d.r.id, Token: inv.Token, Expires: inv.Expires, Addrs: inviteAddrs(d.r.l.n.host.Addrs()),
		}
		return InviteInfo{ID: inv.ID.String(), Text: text.String(), Nick: inv.Nick, Expires: inv.Expires}, nil
	}
	return InviteInfo{}, &Error{Code: CodeNotOwner, Text: "only the owner may invite here", Reason: fault.OwnerInvites}
}

// inviteAddrs returns as many addresses as fit: one of each kind before a second of any kind, and loopback ones only if there are
// no others.
func inviteAddrs(all []multiaddr.Multiaddr) []multiaddr.Multiaddr {
	kind := func(a multiaddr.Multiaddr) string {
		k := ""
		multiaddr.ForEach(a, func(c multiaddr.Component) bool {
			k += c.Protocol().Name + "/"
			return true
		})
		if manet.IsIPLoopback(a) {
			k = "loopback " + k
		}
		return k
	}
	var chosen, rest []multiaddr.Multiaddr
	seen := make(map[string]bool)
	for _, loopback := range []bool{false, true} {
		if loopback && len(chosen) > 0 {
			break
		}
		for _, a := range all {
			if manet.IsIPLoopback(a) != loopback || !lan.Dialable(a) || len(a.Bytes()) > protocol.MaxAddr {
				continue
			}
			if k := kind(a); !seen[k] {
				seen[k] = true
				chosen = append(chosen, a)
			} else {
				rest = append(rest, a)
			}
		}
	}
	chosen = append(chosen, rest...)
	return chosen[:min(len(chosen), protocol.MaxInviteAddrs)]
}

// Invites lists the open invites, without their texts (owner, deputies). A deputy, which asks the owner's node, sees those that it may
// revoke: the owner has not made them.
func (n *Node) Invites(ctx context.Context, room string) ([]InviteInfo, error) {
	all, err := ask(ctx, n, invitesOf{room})
	if err != nil || all.here {
		return all.infos, err
	}
	var reply protocol.AskReply
	if err := n.request(ctx, all.authority, protocol.AskID, &protocol.AskRequest{Room: all.room, OpenInvites: true}, &reply); err != nil {
		return nil, &Error{Code: CodeUnavailable, Text: "the owner cannot be reached: " + fault.Network(err), Reason: fault.OwnerAway}
	}
	if !reply.OK {
		return nil, &Error{Code: CodeNotOwner, Text: "only the owner and its deputies may see the invites", Reason: fault.OwnerOnly}
	}
	for _, i := range reply.Invites {
		all.infos = append(all.infos, InviteInfo{ID: i.ID.String(), Nick: i.Nick, Expires: i.Expires})
	}
	return all.infos, nil
}

// Uninvite revokes an open invite by its id (owner; a deputy one that the owner has not made).
func (n *Node) Uninvite(ctx context.Context, room, id string) error {
	_, err := n.order(ctx, uninvite{room, id})
	return err
}

type (
	invitesOf struct{ room string }
	uninvite  struct{ room, id string }

	openInvites struct {
		infos     []InviteInfo
		here      bool // they are all
		room      protocol.RoomID
		authority peer.ID
	}
)

func (q invitesOf) run(l *loop) (openInvites, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return openInvites{}, err
	}
	all := openInvites{infos: []InviteInfo{}, here: r.owner(), room: r.id, authority: r.authority()}
	if all.here {
		for _, i := range r.desk.ledger.Invites(l.judgedAt()) {
			all.infos = append(all.infos, InviteInfo{ID: i.ID.String(), Nick: i.Nick, Expires: i.Expires})
		}
	}
	return all, nil
}

// openInvites are those that a deputy may revoke, at most as many as a person reads: those with the latest ends.
func (d *authorityDesk) openInvites() []protocol.OpenInvite {
	var all []protocol.OpenInvite
	for _, i := range d.ledger.Invites(d.r.l.judgedAt()) {
		if i.By != d.r.l.n.self {
			all = append(all, protocol.OpenInvite{ID: i.ID, Nick: i.Nick, Expires: i.Expires})
		}
	}
	return all[max(len(all)-protocol.MaxOpenInvites, 0):]
}

func (q uninvite) run(l *loop) (orders, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return orders{}, err
	}
	id, err := protocol.ParseInviteID(q.id)
	if err != nil {
		return orders{}, ruleError(r.label(), authority.ErrNoInvite)
	}
	return r.decide(protocol.OrderRequest{Kind: protocol.OrderUninvite, Invite: id})
}

func validExpiry(d time.Duration) (time.Duration, error) {
	if d == 0 {
		return defaultInvite, nil
	}
	if d < time.Second || d > protocol.MaxInviteExpiry {
		return 0, &Error{Code: CodeInvalid, Text: fmt.Sprintf("an invite cannot last %s", d), Reason: fault.BadExpiry, Limit: int(protocol.MaxInviteExpiry / time.Second)}
	}
	return d, nil
}
