package command

import (
	"context"
	"time"

	"localchat/node"
)

// A Node is what the faces use of a node. [Live] is a node in this process, and the client of package rpc is one in another. Tests
// use a fake, which can produce every event and error without a network.
type Node interface {
	Info() node.Info
	Peers(ctx context.Context) ([]node.PeerInfo, error)
	Dial(ctx context.Context, addr string) (node.PeerID, error)
	Rooms(ctx context.Context) ([]node.RoomInfo, error)
	Unlisted(ctx context.Context) (int, error)
	Create(ctx context.Context, o node.CreateOptions) (node.RoomInfo, error)
	Join(ctx context.Context, o node.JoinOptions) (node.JoinedInfo, error)
	Leave(ctx context.Context, room string) error
	Say(ctx context.Context, room, text string, action bool) (string, error)
	Tell(ctx context.Context, room, who, text string) (node.TellInfo, error)
	SetAway(ctx context.Context, away bool, text string) error
	Members(ctx context.Context, room string) (node.MembersInfo, error)
	Verify(ctx context.Context, room, who string, verified bool) (node.Verification, error)
	Verified(ctx context.Context) ([]node.Verification, error)
	Ignore(ctx context.Context, room, who string, ignored bool) (node.IgnoredInfo, error)
	Ignored(ctx context.Context) ([]node.IgnoredInfo, error)
	History(ctx context.Context, room string) (node.HistoryInfo, error)
	Invite(ctx context.Context, room, nick string, expires time.Duration) (node.InviteInfo, error)
	Invites(ctx context.Context, room string) ([]node.InviteInfo, error)
	Uninvite(ctx context.Context, room, id string) error
	Knocks(ctx context.Context, room string) ([]node.KnockInfo, error)
	Accept(ctx context.Context, room, who string) error
	Deny(ctx context.Context, room, who, reason string) error
	Kick(ctx context.Context, room, who, reason string) (node.Committed, error)
	Ban(ctx context.Context, room, who, reason string, d time.Duration) (node.Committed, error)
	Mute(ctx context.Context, room, who, reason string, d time.Duration) (node.Committed, error)
	Unmute(ctx context.Context, room, who string) (node.Committed, error)
	Deputize(ctx context.Context, room, who string) (node.Committed, error)
	Undeputize(ctx context.Context, room, who string) (node.Committed, error)
	Deputies(ctx context.Context, room string) ([]node.DeputyInfo, error)
	Transfer(ctx context.Context, room, who string) (node.TransferInfo, error)
	StopTransfer(ctx context.Context, room string) (node.TransferInfo, error)
	Take(ctx context.Context, room string) (node.Committed, error)
	Voice(ctx context.Context, room, who string, d time.Duration) (node.Committed, error)
	Unvoice(ctx context.Context, room, who string) (node.Committed, error)
	Hand(ctx context.Context, room string, up bool) error
	Hands(ctx context.Context, room string) ([]node.Hand, error)
	Unban(ctx context.Context, room, who string) (node.Committed, error)
	Appeal(ctx context.Context, room, text string) (node.AppealSent, error)
	Appeals(ctx context.Context, room string) ([]node.AppealInfo, error)
	Pardon(ctx context.Context, room, who string) (node.Committed, error)
	Warn(ctx context.Context, room, who, text string) (node.Committed, error)
	SetNick(ctx context.Context, room, nick string) (string, error)
	Audit(ctx context.Context, room string, after uint64) (node.AuditInfo, error)
	Records(ctx context.Context, room string, after uint64) (node.RecordsInfo, error)
	Bans(ctx context.Context, room string) ([]node.BanInfo, error)
	Removals(ctx context.Context, room string) ([]node.RemovalProgress, error)
	Policy(ctx context.Context, room string, change node.PolicyChange) (node.PolicyInfo, error)
	CloseRoom(ctx context.Context, room, reason string) error
	Renew(ctx context.Context, room string) (node.Renewed, error)
	// Listen starts a stream of events; see [node.Node.Subscribe]. stop ends it.
	Listen(o node.SubscribeOptions) (events <-chan node.Event, stop func())
	Close() error
}

// An OwnNode is a node that runs in this process.
type OwnNode interface {
	Node
	// Ref says which room a text names, without asking anybody.
	Ref(ctx context.Context, text string) node.RoomRef
	// Shown says that our removal from a room has been shown.
	Shown(ctx context.Context, room node.RoomID, removal uint64) error
}

// Live makes a Node of a running node.
type Live struct{ *node.Node }

func (n Live) Listen(o node.SubscribeOptions) (<-chan node.Event, func()) {
	s := n.Subscribe(o)
	return s.Events(), s.Close
}
