package command

import (
	"context"
	"time"

	"localchat/cli/internal/fail"
	"localchat/node"
)

// A Host is what a face uses of the process that runs the node, beside the node: its shared pages, the state of the network of its
// machine, and its log. For a node in this process the host is [Own]; the client of package rpc is the host of a node in another.
type Host interface {
	Share(ctx context.Context, room string, o ShareOptions) (Shared, error)
	// Shared returns the share of a room; it fails with not_found if there is none.
	Shared(ctx context.Context, room string) (Shared, error)
	Unshare(ctx context.Context, room string) error
	// MakeInvite makes an invite, with a page of its own if the room is shared.
	MakeInvite(ctx context.Context, room, nick string, expires time.Duration) (Invite, error)
	// Visit joins a room for a while. leave ends the visit. After the last visit, the node leaves the room if it had entered it only
	// for visits.
	Visit(ctx context.Context, o node.JoinOptions) (joined node.JoinedInfo, leave func(context.Context) error, err error)
	// Diagnose says what stops the machine from finding or reaching others.
	Diagnose(ctx context.Context) (Diagnosis, error)
	// ReadLog returns the last lines of the log, up to limit of them. With a limit of 0 it returns all that are kept.
	ReadLog(ctx context.Context, limit int) (LogLines, error)
}

// An Invite is an invite, with the address of a page for it if its room is shared.
type Invite struct {
	node.InviteInfo
	Page string `json:"page,omitempty"`
}

// LogLines are the last lines of a log, and the number of lines that are kept.
type LogLines struct {
	Lines []string `json:"lines"`
	Kept  int      `json:"kept"`
}

// A SettingInfo is the value of a setting that a new console begins with, and the values that it can have.
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

func (o Own) ReadLog(_ context.Context, limit int) (LogLines, error) {
	if limit <= 0 {
		limit = maxLogLines
	}
	lines, kept := o.Env.Ring.last(limit)
	return LogLines{lines, kept}, nil
}

// Settings returns the saved settings, with which a new console begins.
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

// Set saves a setting for consoles that are started later. Running consoles keep their own.
func (o Own) Set(_ context.Context, name, value string) error {
	s, err := settingOf(name, value)
	if err != nil {
		return err
	}
	if o.Env.Keep == nil {
		return &fail.Error{Code: fail.ExitFailure, Text: "settings are not saved by this program", Hint: "start it without --ephemeral"}
	}
	return o.Env.Keep(s, value)
}
