package web

import (
	"errors"
	"log/slog"
	"net"
)

// A gate is a listener that accepts connections of this user only. It closes all others without an answer.
type gate struct {
	net.Listener
	user int
	log  *slog.Logger
}

// errCannotTell means that the system does not say which user has made a connection.
var errCannotTell = errors.New("the system does not tell users apart here")

func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		user, err := userOf(c)
		switch {
		case errors.Is(err, errCannotTell), err == nil && (user == g.user || user == root):
			return c, nil
		}
		g.log.Warn("a connection of another user is refused", "user", user, "err", err)
		_ = c.Close()
	}
}

// root is let in: it can do anything in the name of this user anyway, and some systems forward ports as root.
const root = 0
