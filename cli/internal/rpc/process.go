package rpc

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/creachadair/jrpc2"

	"localchat/cli/internal/command"
	"localchat/node"
)

type shutdownParams struct {
	Force bool `json:"force,omitempty"`
}

var errNoProcess = jrpc2.Errorf(serverError, "this node cannot be asked for that").
	WithData(errorData{Code: node.CodeUnavailable, Hint: "end the process that runs it"})

// status says what runs, where it is, and what is attached.
func (m rpcMethods) status(ctx context.Context, _ noParams) (command.Status, error) {
	p := m.env.Process
	if p == nil {
		return command.Status{}, errNoProcess
	}
	s := command.Status{
		PID: os.Getpid(), Face: p.Face, Version: p.Version, Since: p.Since, Log: p.Log,
		Rooms: []command.Seat{}, Faces: OrEmpty(p.Others(m.pid)),
	}
	if p.Unnotified != nil {
		if err := p.Unnotified(ctx); err != nil {
			s.NoDesktop = err.Error()
		}
	}
	rooms, err := m.n.Rooms(ctx)
	if err != nil {
		return s, err
	}
	for _, r := range rooms {
		if !r.In {
			continue
		}
		seat := command.Seat{ID: r.ID, Name: r.Name, Members: r.Members}
		members, err := m.n.Members(ctx, r.ID.String())
		if err != nil {
			continue // we have just left it
		}
		for _, member := range members.Members {
			if member.Self {
				seat.Nick, seat.Role = member.Nick, member.Role
			}
		}
		s.Rooms = append(s.Rooms, seat)
	}
	return s, nil
}

// shutdown ends the process of the node, in order. What would end with it has to be named by force.
func (m rpcMethods) shutdown(_ context.Context, p shutdownParams) (done, error) {
	process := m.env.Process
	if process == nil {
		return done{}, errNoProcess
	}
	var also []string
	if m.pid != 0 && process.Face != command.Background {
		also = append(also, fmt.Sprintf("%s (process %d), which runs the node", process.Face, os.Getpid()))
	}
	for _, f := range process.Others(m.pid) {
		also = append(also, fmt.Sprintf("%s (process %d)", f.Face, f.PID))
	}
	if len(also) > 0 && !p.Force {
		return done{}, jrpc2.Errorf(serverError, "this would end %s", strings.Join(also, ", ")).
			WithData(errorData{Code: node.CodeUnavailable, Hint: "end them first, or force it"})
	}
	process.End()
	return done{}, nil
}

// Status is what the process of the node says of itself.
func (c *Client) Status(ctx context.Context) (command.Status, error) {
	var s command.Status
	err := c.ask(ctx, "node.status", noParams{}, &s)
	return s, err
}

// Shutdown ends the process of the node; see [rpcMethods.shutdown].
func (c *Client) Shutdown(ctx context.Context, force bool) error {
	return c.ask(ctx, "node.shutdown", shutdownParams{force}, &done{})
}
