package node

import (
	"errors"

	"localchat/authority"
	"localchat/node/internal/store"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// A stored room sleeps until this run of the node enters it: a short command is in one room at most, and a node can be started
// without its stored rooms. A peer that asks about a sleeping room of this node gets no answer, as if the owner were away, since
// a refusal would end a membership. A room wakes if the user asks for it by its name or ID.
type dormant struct {
	own   map[protocol.RoomID]dormantRoom
	seats map[protocol.RoomID]store.Seat
	// given has the logs of rooms that this node has given away, and candidates what it has got of rooms that it may be the owner of.
	given      map[protocol.RoomID]dormantRoom
	candidates map[protocol.RoomID]store.Candidate
}

type dormantRoom struct {
	ledger  authority.Ledger
	records []protocol.SignedRecord
}

// errDormant ends the stream of a request for a room that sleeps.
var errDormant = errors.New("the room sleeps")

// loadDormant reads the stored rooms.
func loadDormant(s *store.Store, self peer.ID) (d dormant, err error) {
	owned, err := s.Rooms()
	if err != nil {
		return d, err
	}
	d.own, d.given = make(map[protocol.RoomID]dormantRoom, len(owned)), make(map[protocol.RoomID]dormantRoom)
	for id, kept := range owned {
		ledger, err := authority.Load(kept)
		if err != nil {
			return d, s.Damaged(errors.Join(errors.New("room "+id.String()), err))
		}
		if room := (dormantRoom{ledger, kept.Records}); ledger.State().Authority() == self {
			d.own[id] = room
		} else {
			d.given[id] = room
		}
	}
	if d.candidates, err = s.Candidates(); err != nil {
		return d, err
	}
	d.seats, err = s.Seats()
	return d, err
}

// holds reports whether id is a sleeping room of this node.
func (d *dormant) holds(id protocol.RoomID) bool {
	_, own := d.own[id]
	return own
}

// wakeAll wakes all sleeping rooms.
func (l *loop) wakeAll() error {
	for id := range l.dormant.own {
		if err := l.wakeOwn(id); err != nil {
			return err
		}
	}
	for id := range l.dormant.seats {
		l.wakeSeat(id)
	}
	return nil
}

// wake wakes the sleeping rooms of that name or ID.
func (l *loop) wake(room string) error {
	for id, d := range l.dormant.own {
		if st := d.ledger.State(); namesRoom(room, id, st.Name()) && (id.String() == protocol.FoldName(room) || !st.Closed()) {
			if err := l.wakeOwn(id); err != nil {
				return err
			}
		}
	}
	for id, s := range l.dormant.seats {
		if namesRoom(room, id, s.Name) {
			l.wakeSeat(id)
		}
	}
	return nil
}

func (l *loop) wakeOwn(id protocol.RoomID) error {
	d := l.dormant.own[id]
	delete(l.dormant.own, id)
	r := newRoom(l, id)
	r.desk.ledger, r.resumed = &d.ledger, true
	r.replayed(d.records)
	if d.ledger.State().Closed() {
		l.enter(r)
		r.noteEnd()
		return nil // it only tells the members that have not heard yet
	}
	r.desk.recovering = newRecovery(r)
	l.enter(r)
	return r.desk.recover()
}

func (l *loop) wakeSeat(id protocol.RoomID) {
	s := l.dormant.seats[id]
	delete(l.dormant.seats, id)
	r := newRoom(l, id)
	r.membership.seat, r.resumed, r.name, r.membership.nick = &s.Seat, true, s.Name, s.Nick
	r.wakeLog()
	l.n.gate.TypeIn(parseAddrs(s.Lasting)...)
	l.book.want(s.Seat.Authority, parseAddrs(s.Addrs))
	l.enter(r)
}
