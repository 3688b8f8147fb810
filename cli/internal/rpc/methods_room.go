package rpc

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"localchat/cli/internal/command"
	"localchat/node"

	"github.com/creachadair/jrpc2"
)

// The methods about one room.

func (m rpcMethods) join(ctx context.Context, p joinParams) (node.JoinedInfo, error) {
	if (p.Room == "") == (p.Invite == "") {
		return node.JoinedInfo{}, wrongParams("give either room or invite")
	}
	wait := command.JoinWait
	if p.TimeoutS != nil {
		var err error
		if wait, err = lengthOf("timeout_s", *p.TimeoutS); err != nil {
			return node.JoinedInfo{}, err
		}
	}
	find, err := lengthOf("find_s", p.FindS)
	if err != nil {
		return node.JoinedInfo{}, err
	}
	o := node.JoinOptions{Room: p.Room, Invite: p.Invite, Nick: p.Nick, Find: find}
	if req := jrpc2.InboundRequest(ctx); req != nil && !req.IsNotification() {
		o.Asked = func(room string, until time.Time) {
			// It fails only if nothing can be written any more; then the answer fails too.
			_ = jrpc2.ServerFromContext(ctx).Notify(ctx, askedMethod, askedNote{json.RawMessage(req.ID()), room, until})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	joined, err := m.enter(ctx, o, p.Visit)
	joined.Members = OrEmpty(joined.Members)
	return joined, err
}

// enter joins a room, to stay or for a visit of this program.
func (m rpcMethods) enter(ctx context.Context, o node.JoinOptions, visit bool) (node.JoinedInfo, error) {
	if visit {
		joined, leave, err := m.host().Visit(ctx, o)
		if err == nil && !m.visits.add(joined.ID, leave) {
			err = leave(ctx) // of this one; the first goes on
		}
		return joined, err
	}
	joined, err := m.n.Join(ctx, o)
	if err == nil {
		m.env.Visits.Keep(joined.ID)
	}
	return joined, err
}

func (m rpcMethods) leave(ctx context.Context, p leaveParams) (done, error) {
	if !p.Visit {
		return done{}, m.n.Leave(ctx, p.Room)
	}
	end := m.visits.take(m.n.Ref(ctx, p.Room).ID)
	if end == nil {
		return done{}, &node.Error{Code: node.CodeNotFound, Text: "this program does not visit a room " + strconv.Quote(p.Room), Reason: "not in that room"}
	}
	return done{}, end(ctx)
}

func (m rpcMethods) say(ctx context.Context, p sayParams) (idResult, error) {
	id, err := m.n.Say(ctx, p.Room, p.Text, p.Action)
	return idResult{id}, err
}

func (m rpcMethods) tell(ctx context.Context, p tellParams) (node.TellInfo, error) {
	return m.n.Tell(ctx, p.Room, p.Who, p.Text)
}

func (m rpcMethods) away(ctx context.Context, p awayParams) (done, error) {
	return done{}, m.n.SetAway(ctx, true, p.Text)
}

func (m rpcMethods) back(ctx context.Context, _ noParams) (done, error) {
	return done{}, m.n.SetAway(ctx, false, "")
}

func (m rpcMethods) audit(ctx context.Context, p auditParams) (node.AuditInfo, error) {
	info, err := m.n.Audit(ctx, p.Room, p.After)
	info.Entries = OrEmpty(info.Entries)
	return info, err
}

func (m rpcMethods) records(ctx context.Context, p auditParams) (node.RecordsInfo, error) {
	info, err := m.n.Records(ctx, p.Room, p.After)
	info.Records = OrEmpty(info.Records)
	return info, err
}

func (m rpcMethods) warn(ctx context.Context, p tellParams) (node.Committed, error) {
	return m.n.Warn(ctx, p.Room, p.Who, p.Text)
}

func (m rpcMethods) nick(ctx context.Context, p nickParams) (nickResult, error) {
	nick, err := m.n.SetNick(ctx, p.Room, p.Nick)
	return nickResult{nick}, err
}

func (m rpcMethods) members(ctx context.Context, p roomParams) (node.MembersInfo, error) {
	members, err := m.n.Members(ctx, p.Room)
	members.Members = OrEmpty(members.Members)
	return members, err
}

func (m rpcMethods) history(ctx context.Context, p roomParams) (node.HistoryInfo, error) {
	history, err := m.n.History(ctx, p.Room)
	history.Messages, history.Directs = OrEmpty(history.Messages), OrEmpty(history.Directs)
	return history, err
}

func (m rpcMethods) invite(ctx context.Context, p inviteParams) (command.Invite, error) {
	expires, err := lengthOf("expires_s", p.ExpiresS)
	if err != nil {
		return command.Invite{}, err
	}
	return m.host().MakeInvite(ctx, p.Room, p.Nick, expires)
}

func (m rpcMethods) invites(ctx context.Context, p roomParams) (inviteList, error) {
	invites, err := m.n.Invites(ctx, p.Room)
	return inviteList{OrEmpty(invites)}, err
}

func (m rpcMethods) uninvite(ctx context.Context, p uninviteParams) (done, error) {
	return done{}, m.n.Uninvite(ctx, p.Room, p.ID)
}

func (m rpcMethods) share(ctx context.Context, p shareParams) (command.Shared, error) {
	o := command.DefaultShare
	o.Port, o.Release = p.Port, p.Release
	if p.Invites != nil {
		o.Invites = *p.Invites
	}
	length, err := lengthOf("for_s", p.ForS)
	if err != nil {
		return command.Shared{}, err
	}
	if length > 0 {
		o.For = length
	}
	return m.host().Share(ctx, p.Room, o)
}

func (m rpcMethods) host() command.Own { return command.Own{Env: m.env, Node: m.n} }

func (m rpcMethods) shared(ctx context.Context, p roomParams) (command.Shared, error) {
	return m.host().Shared(ctx, p.Room)
}

func (m rpcMethods) unshare(ctx context.Context, p roomParams) (done, error) {
	return done{}, m.host().Unshare(ctx, p.Room)
}

func (m rpcMethods) knocks(ctx context.Context, p roomParams) (knockList, error) {
	knocks, err := m.n.Knocks(ctx, p.Room)
	return knockList{OrEmpty(knocks)}, err
}

func (m rpcMethods) accept(ctx context.Context, p whoParams) (done, error) {
	return done{}, m.n.Accept(ctx, p.Room, p.Who)
}

func (m rpcMethods) deny(ctx context.Context, p reasonParams) (done, error) {
	return done{}, m.n.Deny(ctx, p.Room, p.Who, p.Reason)
}

func (m rpcMethods) kick(ctx context.Context, p reasonParams) (node.Committed, error) {
	return m.n.Kick(ctx, p.Room, p.Who, p.Reason)
}

func (m rpcMethods) ban(ctx context.Context, p banParams) (node.Committed, error) {
	length, err := lengthOf("for_s", p.ForS)
	if err != nil {
		return node.Committed{}, err
	}
	return m.n.Ban(ctx, p.Room, p.Who, p.Reason, length)
}

func (m rpcMethods) mute(ctx context.Context, p banParams) (node.Committed, error) {
	length, err := lengthOf("for_s", p.ForS)
	if err != nil {
		return node.Committed{}, err
	}
	return m.n.Mute(ctx, p.Room, p.Who, p.Reason, length)
}

func (m rpcMethods) deputy(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Deputize(ctx, p.Room, p.Who)
}

func (m rpcMethods) undeputy(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Undeputize(ctx, p.Room, p.Who)
}

func (m rpcMethods) deputies(ctx context.Context, p roomParams) (deputyList, error) {
	deputies, err := m.n.Deputies(ctx, p.Room)
	return deputyList{deputies}, err
}

func (m rpcMethods) transfer(ctx context.Context, p transferParams) (node.TransferInfo, error) {
	switch {
	case p.Off && p.Who != "":
		return node.TransferInfo{}, wrongParams("give either who or off")
	case p.Off:
		return m.n.StopTransfer(ctx, p.Room)
	}
	return m.n.Transfer(ctx, p.Room, p.Who)
}

func (m rpcMethods) take(ctx context.Context, p roomParams) (node.Committed, error) {
	return m.n.Take(ctx, p.Room)
}

func (m rpcMethods) voice(ctx context.Context, p voiceParams) (node.Committed, error) {
	length, err := lengthOf("for_s", p.ForS)
	if err != nil {
		return node.Committed{}, err
	}
	return m.n.Voice(ctx, p.Room, p.Who, length)
}

func (m rpcMethods) unvoice(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Unvoice(ctx, p.Room, p.Who)
}

func (m rpcMethods) hand(ctx context.Context, p handParams) (done, error) {
	return done{}, m.n.Hand(ctx, p.Room, !p.Down)
}

func (m rpcMethods) hands(ctx context.Context, p roomParams) (handsResult, error) {
	hands, err := m.n.Hands(ctx, p.Room)
	return handsResult{hands}, err
}

func (m rpcMethods) unmute(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Unmute(ctx, p.Room, p.Who)
}

func (m rpcMethods) unban(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Unban(ctx, p.Room, p.Who)
}

func (m rpcMethods) bans(ctx context.Context, p roomParams) (banList, error) {
	bans, err := m.n.Bans(ctx, p.Room)
	return banList{OrEmpty(bans)}, err
}

func (m rpcMethods) removals(ctx context.Context, p roomParams) (removalList, error) {
	all, err := m.n.Removals(ctx, p.Room)
	return removalList{OrEmpty(all)}, err
}

func (m rpcMethods) policy(ctx context.Context, p policyParams) (node.PolicyInfo, error) {
	return m.n.Policy(ctx, p.Room, p.PolicyChange)
}

func (m rpcMethods) renew(ctx context.Context, p roomParams) (node.Renewed, error) {
	return m.n.Renew(ctx, p.Room)
}

func (m rpcMethods) close(ctx context.Context, p closeParams) (done, error) {
	return done{}, m.n.CloseRoom(ctx, p.Room, p.Reason)
}
