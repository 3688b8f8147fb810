package rpc

import (
	"context"

	"localchat/node"
)

type (
	appealParams struct {
		Room string `json:"room,omitempty"`
		Text string `json:"text"`
	}
	appealList struct {
		Appeals []node.AppealInfo `json:"appeals"`
	}
)

func (m rpcMethods) appeal(ctx context.Context, p appealParams) (node.AppealSent, error) {
	return m.n.Appeal(ctx, p.Room, p.Text)
}

func (m rpcMethods) appeals(ctx context.Context, p roomParams) (appealList, error) {
	all, err := m.n.Appeals(ctx, p.Room)
	return appealList{OrEmpty(all)}, err
}

func (m rpcMethods) pardon(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Pardon(ctx, p.Room, p.Who)
}

func (c *Client) Appeal(ctx context.Context, room, text string) (node.AppealSent, error) {
	var r node.AppealSent
	err := c.ask(ctx, "room.appeal", appealParams{room, text}, &r)
	return r, err
}

func (c *Client) Appeals(ctx context.Context, room string) ([]node.AppealInfo, error) {
	var r appealList
	err := c.ask(ctx, "room.appeals", roomParams{room}, &r)
	return r.Appeals, err
}

func (c *Client) Pardon(ctx context.Context, room, who string) (node.Committed, error) {
	var r node.Committed
	err := c.ask(ctx, "room.pardon", whoParams{room, who}, &r)
	return r, err
}
