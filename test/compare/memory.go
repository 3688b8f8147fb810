package main

import (
	"context"
	"fmt"
	"time"

	"localchat/test/driver"
)

// memory takes the resident set of a real localchat process: in no room, and then in a room whose other members are
// nodes of this process, after some lines.
func memory(members, lines int) (map[string]float64, error) {
	var s switchboard
	o, err := openOurs(members-1, s.ear())
	if err != nil {
		return nil, err
	}
	defer o.close()
	r := o.room.(*ourRoom)
	p, err := startRPC(address(members), "--peer", r.nodes[0].Info().Addrs[0])
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if err := p.ask("node.info", nil, nil); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second) // a node that has just started is not idle
	idle, err := resident(p.pid())
	if err != nil {
		return nil, err
	}
	if err := p.ask("room.join", driver.Obj{"room": r.room.String()}, nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.agree(ctx); err != nil {
		return nil, err
	}
	b := newBoard(members-1, lines)
	s.board.Store(b)
	tick := time.NewTicker(time.Second / 20)
	defer tick.Stop()
	for i := range lines {
		<-tick.C
		if err := b.say(r, i%(members-1), i); err != nil {
			return nil, err
		}
	}
	if whole, err := b.await(lines, patience); err != nil {
		return nil, err
	} else if whole < lines {
		return nil, fmt.Errorf("some members lack lines: %s", b.missing())
	}
	if err := p.heard(b.id, lines); err != nil {
		return nil, err
	}
	in, err := resident(p.pid())
	return map[string]float64{"no room": idle, "in room": in}, err
}
