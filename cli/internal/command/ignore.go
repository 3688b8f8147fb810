package command

import (
	"context"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

func runIgnore(ctx context.Context, c Call) (Reply, error) {
	i, err := c.Node.Ignore(ctx, c.Room.ID, c.Args[0], true)
	if err != nil {
		return Reply{}, err
	}
	return replied(
		render.NoticeMark+render.Nick(i.Nick, i.Peer)+" ("+render.Tail(i.Peer)+") is ignored: their lines and direct messages are not shown to you",
		"hint: /unignore "+render.PeerWord(c.Args[0], i.Peer)+" takes it back")
}

func runUnignore(ctx context.Context, c Call) (Reply, error) {
	i, err := c.Node.Ignore(ctx, c.Room.ID, c.Args[0], false)
	if err != nil {
		return Reply{}, err
	}
	return replied(render.NoticeMark + render.Nick(i.Nick, i.Peer) + " (" + render.Tail(i.Peer) + ") is no longer ignored")
}

func runIgnored(ctx context.Context, c Call) (Reply, error) {
	all, err := c.Node.Ignored(ctx)
	if err != nil {
		return Reply{}, err
	}
	lines := make([]safe.Text, 0, len(all)+1)
	for _, i := range all {
		lines = append(lines, "  "+render.Nick(i.Nick, i.Peer)+" ("+render.Tail(i.Peer)+") since "+render.Moment(i.At))
	}
	return replied(append(lines, render.Count(len(all), "person is", "people are")+" ignored")...)
}
