package node

import (
	"context"
	"errors"
	"fmt"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Create makes a room and enters it as its owner. It fails with invalid (an impossible name, nick or policy) or exists (we own a room of
// that name already).
func (n *Node) Create(ctx context.Context, o CreateOptions) (RoomInfo, error) {
	if o.Nick == "" {
		o.Nick = n.cfg.Nick
	}
	return ask(ctx, n, createRoom{o})
}

type createRoom struct{ CreateOptions }

func (q createRoom) run(l *loop) (RoomInfo, error) {
	name, err := protocol.NormalizeRoomName(q.Name)
	if err != nil {
		return RoomInfo{}, badRoomName(err)
	}
	for _, r := range l.rooms {
		if r.owner() && !r.over() && protocol.Alike(r.label(), name) {
			return RoomInfo{}, &Error{Code: CodeExists, Text: "you own a room called " + r.label() + " already", Reason: fault.RoomExists}
		}
	}
	policy, err := q.apply(protocol.DefaultPolicy())
	if err != nil {
		return RoomInfo{}, err
	}
	// The Create record is shown to everybody, as the proof of the room's name and owner. It cannot change when the room becomes one for
	// invites only. So the subject is in a record of its own, which only members get.
	founding := policy
	founding.Subject = ""
	next, effects, err := l.decide(l.env(), authority.Ledger{}, authority.CreateRoom{Name: name, Nick: q.Nick, Policy: founding})
	var disk diskError
	switch {
	case errors.As(err, &disk):
		return RoomInfo{}, &Error{Code: CodeUnavailable, Text: fmt.Sprintf("the room was not made: cannot write to disk: %v", disk.error), Reason: fault.RoomNotKept}
	case err != nil:
		return RoomInfo{}, ruleError(name, err)
	}
	r := newRoom(l, next.State().Room())
	r.name = name
	r.desk.ledger = &next
	for _, e := range effects {
		if c, ok := e.(authority.Commit); ok {
			r.keep(c.Record)
			r.keys.step(c.Change, c.Key)
		}
	}
	l.enter(r)
	l.sayRooms()
	l.noteLook() // its owner is told of another room of that name
	l.saveKnown()
	if policy != founding {
		if err := r.desk.step(authority.SetPolicy{Policy: policy}); err != nil {
			return RoomInfo{}, ruleError(name, err)
		}
	}
	info := r.info()
	info.Words = l.n.words.of(l.n.self) // these were made with the node, so this takes no time
	return info, nil
}
