package plain

import (
	"context"
	"errors"
	"strings"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A nickQuestion asks for another nick, since the one that the console was opened with is taken in its room.
type nickQuestion struct {
	err  error
	free string // the owner's proposal
}

// asksOfNick asks a person for another nick if the console's first command failed because the nick is taken. It reports whether it
// has asked.
func (c *console) asksOfNick(err error) bool {
	var e *node.Error
	if !c.interactive || c.ended || c.open.Target == "" || !errors.As(err, &e) || e.Nick == "" {
		return false
	}
	c.nick = &nickQuestion{err, e.Nick}
	c.askOfNick()
	return true
}

func (c *console) askOfNick() {
	c.print(render.AskMark + "that nick is taken: join as " + safe.Name(c.nick.free) + "? y, n, or another nick")
}

// answer takes a line as the answer to the question of the nick. It returns false for a command, which is carried out while the
// question stays.
func (c *console) answer(ctx context.Context, line string) bool {
	nick := strings.TrimSpace(line)
	switch strings.ToLower(nick) {
	case "y", "yes":
		nick = c.nick.free
	case "n", "no":
		c.failure = c.nick.err
		return true
	}
	if strings.HasPrefix(nick, "/") {
		return false
	}
	if err := node.CheckNick(nick); err != nil {
		c.complain(err)
		c.askOfNick()
		return true
	}
	c.nick = nil
	c.start(ctx, c.open.As(nick), nil, true)
	return true
}
