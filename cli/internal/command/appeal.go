package command

import (
	"context"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

func runAppeal(ctx context.Context, c Call) (Reply, error) {
	sent, err := c.Node.Appeal(ctx, "", c.Args[0])
	if err != nil {
		return Reply{}, err
	}
	return replied(render.AppealSent(sent))
}

func runPardon(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Pardon(ctx, c.Room.ID, c.Args[0])
	return Reply{}, err
}

func runAppeals(ctx context.Context, c Call) (Reply, error) {
	all, err := c.Node.Appeals(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	if len(all) == 0 {
		return replied(render.NoticeMark + "nobody has appealed")
	}
	var lines []safe.Text
	for _, a := range all {
		lines = append(lines, render.Appeal(node.Appeal(a)))
	}
	return replied(lines...)
}
