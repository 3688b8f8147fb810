package rpc

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"localchat/cli/internal/command"
	"localchat/node"
)

// This file has the methods of a [Client] that make it a [command.Node].
var (
	_ command.Node = (*Client)(nil)
	_ command.Host = (*Client)(nil)
)

// Info returns what the node says of itself, or said last if it does not answer now.
func (c *Client) Info() node.Info {
	ctx, cancel := context.WithTimeout(context.Background(), command.RequestWait)
	defer cancel()
	var info node.Info
	err := c.ask(ctx, "node.info", noParams{}, &info)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.info = info
	}
	return c.info
}

func (c *Client) Peers(ctx context.Context) ([]node.PeerInfo, error) {
	var r peerList
	err := c.ask(ctx, "node.peers", noParams{}, &r)
	return r.Peers, err
}

func (c *Client) Dial(ctx context.Context, addr string) (node.PeerID, error) {
	var r peerResult
	err := c.ask(ctx, "node.dial", addrParams{addr}, &r)
	return r.Peer, err
}

func (c *Client) Rooms(ctx context.Context) ([]node.RoomInfo, error) {
	var r RoomList
	err := c.ask(ctx, "room.list", noParams{}, &r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.more = r.More
	return r.Rooms, err
}

// Unlisted returns the number of rooms that the last call of Rooms left out.
func (c *Client) Unlisted(context.Context) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.more, nil
}

func (c *Client) Create(ctx context.Context, o node.CreateOptions) (node.RoomInfo, error) {
	var r node.RoomInfo
	err := c.ask(ctx, "room.create", createParams{o.Name, o.Nick, o.PolicyChange}, &r)
	return r, err
}

func (c *Client) Join(ctx context.Context, o node.JoinOptions) (node.JoinedInfo, error) {
	return c.join(ctx, o, false)
}

func (c *Client) Visit(ctx context.Context, o node.JoinOptions) (joined node.JoinedInfo, leave func(context.Context) error, err error) {
	joined, err = c.join(ctx, o, true)
	return joined, func(ctx context.Context) error {
		return c.ask(ctx, "room.leave", leaveParams{joined.ID.String(), true}, &done{})
	}, err
}

func (c *Client) join(ctx context.Context, o node.JoinOptions, visit bool) (node.JoinedInfo, error) {
	p := joinParams{Room: o.Room, Invite: o.Invite, Nick: o.Nick, FindS: seconds(o.Find), Visit: visit}
	if end, ok := ctx.Deadline(); ok {
		s := max(seconds(time.Until(end)), 0)
		p.TimeoutS = &s
	}
	// The node knows best why the join fails in time. So wait a little longer for its answer.
	wait, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			time.AfterFunc(lastWord, cancel)
			return
		}
		cancel()
	})()
	var r node.JoinedInfo
	err := c.askAs(wait, "room.join", p, &r, o.Asked)
	if wait.Err() != nil && errors.Is(err, wait.Err()) {
		err = ctx.Err()
	}
	return r, err
}

func (c *Client) Leave(ctx context.Context, room string) error {
	return c.ask(ctx, "room.leave", leaveParams{Room: room}, &done{})
}

func (c *Client) Say(ctx context.Context, room, text string, action bool) (string, error) {
	var r idResult
	err := c.ask(ctx, "room.say", sayParams{room, text, action}, &r)
	return r.ID, err
}

func (c *Client) Tell(ctx context.Context, room, who, text string) (node.TellInfo, error) {
	var r node.TellInfo
	err := c.ask(ctx, "room.tell", tellParams{room, who, text}, &r)
	return r, err
}

func (c *Client) SetAway(ctx context.Context, away bool, text string) error {
	if !away {
		return c.ask(ctx, "node.back", noParams{}, &done{})
	}
	return c.ask(ctx, "node.away", awayParams{text}, &done{})
}

func (c *Client) Members(ctx context.Context, room string) (node.MembersInfo, error) {
	var r node.MembersInfo
	err := c.ask(ctx, "room.members", roomParams{room}, &r)
	return r, err
}

func (c *Client) Verify(ctx context.Context, room, who string, verified bool) (node.Verification, error) {
	var r node.Verification
	err := c.ask(ctx, "node.verify", verifyParams{room, who, verified}, &r)
	return r, err
}

func (c *Client) Verified(ctx context.Context) ([]node.Verification, error) {
	var r verifiedList
	err := c.ask(ctx, "node.verified", noParams{}, &r)
	return r.Verified, err
}

func (c *Client) Ignore(ctx context.Context, room, who string, ignored bool) (node.IgnoredInfo, error) {
	var r node.IgnoredInfo
	err := c.ask(ctx, "node.ignore", ignoreParams{room, who, ignored}, &r)
	return r, err
}

func (c *Client) Ignored(ctx context.Context) ([]node.IgnoredInfo, error) {
	var r ignoredList
	err := c.ask(ctx, "node.ignored", noParams{}, &r)
	return r.Ignored, err
}

func (c *Client) History(ctx context.Context, room string) (node.HistoryInfo, error) {
	var r node.HistoryInfo
	err := c.ask(ctx, "room.history", roomParams{room}, &r)
	return r, err
}

func (c *Client) Invite(ctx context.Context, room, nick string, expires time.Duration) (node.InviteInfo, error) {
	r, err := c.MakeInvite(ctx, room, nick, expires)
	return r.InviteInfo, err
}

func (c *Client) MakeInvite(ctx context.Context, room, nick string, expires time.Duration) (command.Invite, error) {
	var r command.Invite
	err := c.ask(ctx, "room.invite", inviteParams{room, nick, seconds(expires)}, &r)
	return r, err
}

func (c *Client) Diagnose(ctx context.Context) (command.Diagnosis, error) {
	var r command.Diagnosis
	err := c.ask(ctx, "node.doctor", noParams{}, &r)
	return r, err
}

func (c *Client) ReadLog(ctx context.Context, most int) (command.LogLines, error) {
	var r command.LogLines
	err := c.ask(ctx, "node.log", logParams{most}, &r)
	return r, err
}

func (c *Client) Invites(ctx context.Context, room string) ([]node.InviteInfo, error) {
	var r inviteList
	err := c.ask(ctx, "room.invites", roomParams{room}, &r)
	return r.Invites, err
}

func (c *Client) Uninvite(ctx context.Context, room, id string) error {
	return c.ask(ctx, "room.uninvite", uninviteParams{room, id}, &done{})
}

// Share makes the process of the node share a room. A relative path of a release is relative to the directory of this process.
func (c *Client) Share(ctx context.Context, room string, o command.ShareOptions) (r command.Shared, err error) {
	if o.Release != "" {
		if o.Release, err = filepath.Abs(o.Release); err != nil {
			return r, err
		}
	}
	err = c.ask(ctx, "room.share", shareParams{Room: room, Port: o.Port, Invites: &o.Invites, ForS: seconds(o.For), Release: o.Release}, &r)
	return r, err
}

func (c *Client) Shared(ctx context.Context, room string) (r command.Shared, err error) {
	err = c.ask(ctx, "room.shared", roomParams{room}, &r)
	return r, err
}

func (c *Client) Unshare(ctx context.Context, room string) error {
	return c.ask(ctx, "room.unshare", roomParams{room}, &done{})
}

func (c *Client) Knocks(ctx context.Context, room string) ([]node.KnockInfo, error) {
	var r knockList
	err := c.ask(ctx, "room.knocks", roomParams{room}, &r)
	return r.Knocks, err
}

func (c *Client) Accept(ctx context.Context, room, who string) error {
	return c.ask(ctx, "room.accept", reasonParams{Room: room, Who: who}, &done{})
}

func (c *Client) Deny(ctx context.Context, room, who, reason string) error {
	return c.ask(ctx, "room.deny", reasonParams{room, who, reason}, &done{})
}

func (c *Client) Kick(ctx context.Context, room, who, reason string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.kick", reasonParams{room, who, reason}, &r)
	return r, err
}

func (c *Client) Ban(ctx context.Context, room, who, reason string, d time.Duration) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.ban", banParams{room, who, reason, seconds(d)}, &r)
	return r, err
}

func (c *Client) Mute(ctx context.Context, room, who, reason string, d time.Duration) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.mute", banParams{room, who, reason, seconds(d)}, &r)
	return r, err
}

func (c *Client) Deputize(ctx context.Context, room, who string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.deputy", whoParams{room, who}, &r)
	return r, err
}

func (c *Client) Undeputize(ctx context.Context, room, who string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.undeputy", whoParams{room, who}, &r)
	return r, err
}

func (c *Client) Transfer(ctx context.Context, room, who string) (node.TransferInfo, error) {
	var r node.TransferInfo
	err := c.ask(ctx, "room.transfer", transferParams{Room: room, Who: who}, &r)
	return r, err
}

func (c *Client) StopTransfer(ctx context.Context, room string) (node.TransferInfo, error) {
	var r node.TransferInfo
	err := c.ask(ctx, "room.transfer", transferParams{Room: room, Off: true}, &r)
	return r, err
}

func (c *Client) Take(ctx context.Context, room string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.take", roomParams{room}, &r)
	return r, err
}

func (c *Client) Deputies(ctx context.Context, room string) ([]node.DeputyInfo, error) {
	var r deputyList
	err := c.ask(ctx, "room.deputies", roomParams{room}, &r)
	return r.Deputies, err
}

func (c *Client) Voice(ctx context.Context, room, who string, d time.Duration) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.voice", voiceParams{room, who, seconds(d)}, &r)
	return r, err
}

func (c *Client) Unvoice(ctx context.Context, room, who string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.unvoice", whoParams{room, who}, &r)
	return r, err
}

func (c *Client) Hand(ctx context.Context, room string, up bool) error {
	return c.ask(ctx, "room.hand", handParams{room, !up}, &done{})
}

func (c *Client) Hands(ctx context.Context, room string) ([]node.Hand, error) {
	var r handsResult
	err := c.ask(ctx, "room.hands", roomParams{room}, &r)
	return r.Hands, err
}

func (c *Client) Unmute(ctx context.Context, room, who string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.unmute", whoParams{room, who}, &r)
	return r, err
}

func (c *Client) Audit(ctx context.Context, room string, after uint64) (node.AuditInfo, error) {
	var r node.AuditInfo
	err := c.ask(ctx, "room.audit", auditParams{room, after}, &r)
	return r, err
}

func (c *Client) Records(ctx context.Context, room string, after uint64) (node.RecordsInfo, error) {
	var r node.RecordsInfo
	err := c.ask(ctx, "room.records", auditParams{room, after}, &r)
	return r, err
}

func (c *Client) Warn(ctx context.Context, room, who, text string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.warn", tellParams{room, who, text}, &r)
	return r, err
}

func (c *Client) SetNick(ctx context.Context, room, nick string) (string, error) {
	var r nickResult
	err := c.ask(ctx, "room.nick", nickParams{room, nick}, &r)
	return r.Nick, err
}

func (c *Client) Unban(ctx context.Context, room, who string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.unban", whoParams{room, who}, &r)
	return r, err
}

func (c *Client) Removals(ctx context.Context, room string) ([]node.RemovalProgress, error) {
	var r removalList
	err := c.ask(ctx, "room.removals", roomParams{room}, &r)
	return r.Removals, err
}

func (c *Client) Bans(ctx context.Context, room string) ([]node.BanInfo, error) {
	var r banList
	err := c.ask(ctx, "room.bans", roomParams{room}, &r)
	return r.Bans, err
}

func (c *Client) Policy(ctx context.Context, room string, change node.PolicyChange) (node.PolicyInfo, error) {
	var r node.PolicyInfo
	err := c.ask(ctx, "room.policy", policyParams{room, change}, &r)
	return r, err
}

func (c *Client) CloseRoom(ctx context.Context, room, reason string) error {
	return c.ask(ctx, "room.close", closeParams{room, reason}, &done{})
}

func (c *Client) Renew(ctx context.Context, room string) (node.Renewed, error) {
	var r node.Renewed
	err := c.ask(ctx, "room.renew", roomParams{room}, &r)
	return r, err
}
