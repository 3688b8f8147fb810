package command

import (
	"context"
	"time"

	"localchat/cli/internal/fail"
	"localchat/node"
)

// A Host is the process that runs the node, as far as a face wants more of it than the node: the pages that it shares, what its
// machine's network is like, and its log. A node in another process is one; for a node of this process, it is [Own].
type Host interface {
	Share(ctx context.Context, room string, o ShareOptions) (Shared, error)
	// Shared returns the share of a room; it fails with not_found if there is none.
	Shared(ctx context.Context, room string) (Shared, error)
	Unshare(ctx context.Context, room string) error
	// MakeInvite makes an invite, with a page of its own if the room is shared.
	MakeInvite(ctx context.Context, room, nick string, expires time.Duration) (Invite, error)
	// Visit joins a room for a while. leave ends the visit; if the node entered the room for this, or for another visit that is
	// over, it leaves it.
	Visit(ctx context.Context, o node.JoinOptions) (joined node.JoinedInfo, leave func(context.Context) error, err error)
	// Diagnose says what stops the machine from finding or reaching others.
	Diagnose(ctx context.Context) (Diagnosis, error)
	// ReadLog returns the last lines of the log, at most so many; 0: all that are kept.
	ReadLog(ctx context.Context, most int) (LogLines, error)
}

// An Invite is an invite, with the address of a page for it if its room is shared.
type Invite struct {
	node.InviteInfo
	Page string `json:"page,omitempty"`
}

// LogLines are the last lines of a log, of so many that are kept.
type LogLines struct {
	Lines []string `json:"lines"`
	Kept  int      `json:"kept"`
}

// A SettingInfo is a setting with which a console begins, and its possible values.
type SettingInfo struct {
	Name   string   `json:"name"`
	Value  string   `json:"value"`
	Values []string `json:"values"`
	Help   string   `json:"help"`
}

// host returns the host of the node of c.
func (c Call) host() Host { return c.Env.Host(c.Node) }

// Own is the [Host] of a node of this process.
type Own struct {
	Env  *Env
	Node OwnNode
}

func (o Own) Share(ctx context.Context, room string, options ShareOptions) (Shared, error) {
	return o.Env.Shares.Start(ctx, o.Env, o.Node, room, options)
}

func (o Own) Shared(ctx context.Context, room string) (Shared, error) {
	if s, on := o.Env.Shares.Of(o.Node.Ref(ctx, room).ID.String()); on {
		return s, nil
	}
	return Shared{}, errNotShared
}

func (o Own) Unshare(ctx context.Context, room string) error {
	if !o.Env.Shares.Stop(o.Node.Ref(ctx, room).ID.String()) {
		return errNotShared
	}
	return nil
}

var errNotShared = &node.Error{Code: node.CodeNotFound, Text: "nothing is shared for that room"}

func (o Own) MakeInvite(ctx context.Context, room, nick string, expires time.Duration) (Invite, error) {
	made, err := o.Node.Invite(ctx, room, nick, expires)
	if err != nil {
		return Invite{}, err
	}
	return Invite{made, o.Env.Shares.Page(o.Node.Ref(ctx, room).ID.String(), made)}, nil
}

func (o Own) Visit(ctx context.Context, options node.JoinOptions) (joined node.JoinedInfo, leave func(context.Context) error, err error) {
	return o.Env.Visits.enter(ctx, o.Node, options)
}

func (o Own) Diagnose(ctx context.Context) (Diagnosis, error) {
	p, err := PatientOf(ctx, o.Node)
	if err != nil {
		return Diagnosis{}, err
	}
	return o.Env.Doctor(ctx, p), nil
}

func (o Own) ReadLog(_ context.Context, most int) (LogLines, error) {
	if most <= 0 {
		most = maxLogLines
	}
	lines, kept := o.Env.Ring.last(most)
	return LogLines{lines, kept}, nil
}

// Settings returns the settings with which a console begins, as they are kept now.
func (o Own) Settings(context.Context) ([]SettingInfo, error) {
	show := o.Env.Show
	if o.Env.Kept != nil {
		var err error
		if show, err = o.Env.Kept(); err != nil {
			return nil, err
		}
	}
	all := make([]SettingInfo, 0, len(SettingTable))
	for _, s := range SettingTable {
		all = append(all, SettingInfo{Name: s.Name, Value: s.Get(&show), Values: s.Values, Help: s.Help})
	}
	return all, nil
}

// Set keeps a setting for the consoles that begin later. Those that run keep theirs.
func (o Own) Set(_ context.Context, name, value string) error {
	s, err := settingOf(name, value)
	if err != nil {
		return err
	}
	if o.Env.Keep == nil {
		return &fail.Error{Code: fail.ExitFailure, Text: "nothing is kept for the next start", Hint: "start the program without --ephemeral"}
	}
	return o.Env.Keep(s, value)
}
