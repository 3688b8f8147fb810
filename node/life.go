package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A room has one life. Its owner ends it, by a record that it signs or by leaving the room out of its own list. Members that
// have not heard yet go on to list it, so the end is remembered: what others say of such a room does not count any more.

// A roomOf is a room of that owner. The id of a room proves its owner together with the Create record alone, which a node that
// hears of an end may not have: an end counts for the room of that id only where the owner is the same.
type roomOf struct {
	id    protocol.RoomID
	owner peer.ID
}

// An ending is what is known of the end of a room.
type ending struct {
	close []byte // the owner's Close record; nil: the owner has said that it has no such room
	host  string // of the peer that said so
	known bool   // we were in that room: the record is handed on
	at    time.Time
}

// roomEnded remembers that a room has ended, and takes it out of what is found here. An end that the owner has signed stands
// for good; one that it has only said is taken back when the owner itself lists the room again.
func (l *loop) roomEnded(id protocol.RoomID, owner peer.ID, e ending) {
	key := roomOf{id, owner}
	old, was := l.directory.endings[key]
	if was {
		if e.close == nil {
			e.close = old.close
		}
		e.known = e.known || old.known
	} else if !l.placeEnding(e) {
		return
	}
	e.at = l.now()
	l.directory.endings[key] = e
	if f := l.directory.found[id]; f != nil && f.owner == owner {
		l.dropFound(id)
	}
}

// placeEnding makes room for an end: one of the same host gives way where that has its share, and the oldest where all places
// are taken. Ends of rooms that we were in do not give way to others.
func (l *loop) placeEnding(e ending) bool {
	ofHost := 0
	for _, o := range l.directory.endings {
		if o.host == e.host && !o.known {
			ofHost++
		}
	}
	full := len(l.directory.endings) >= maxEndings
	if e.known && !full || !full && ofHost < endingsOfHost {
		return true
	}
	var oldest roomOf
	var found bool
	for key, o := range l.directory.endings {
		if o.known && !e.known || !full && o.host != e.host {
			continue
		}
		if !found || o.at.Before(l.directory.endings[oldest].at) {
			oldest, found = key, true
		}
	}
	if found {
		delete(l.directory.endings, oldest)
	}
	return found
}

// lives reports whether from's word about a room of owner may count: only the owner brings back a room that it has said to
// have ended, and nobody brings back a room whose end it has signed.
func (l *loop) lives(id protocol.RoomID, owner, from peer.ID) bool {
	e, ended := l.directory.endings[roomOf{id, owner}]
	switch {
	case ended && (e.close != nil || from != owner):
		return false
	case ended:
		delete(l.directory.endings, roomOf{id, owner})
		return true
	}
	return from == owner || !l.speaksForItself(owner, id)
}

// speaksForItself reports whether an owner is connected and its own word on a room is to be waited for, or was that it has no
// such room.
func (l *loop) speaksForItself(owner peer.ID, id protocol.RoomID) bool {
	b := l.book.entry(owner)
	if b == nil || !l.n.connected(owner) {
		return false
	}
	return !b.heard && !l.wants(id, "") || b.whole && !b.shown[id]
}

// ownClose is the record that has ended r, nil if none is here.
func (r *room) ownClose() []byte {
	if n := len(r.records); r.state().Closed() && n > 0 {
		if _, ok := r.records[n-1].Body.(protocol.Close); ok {
			return r.records[n-1].Bytes()
		}
	}
	return nil
}

// noteEnd remembers the end of this room.
func (r *room) noteEnd() {
	r.l.roomEnded(r.id, r.authority(), ending{close: r.ownClose(), host: r.l.n.hostOf(r.authority()), known: true})
}

// takeEnd takes a Close record that a peer at host hands on.
func (l *loop) takeEnd(rec protocol.SignedRecord, host string) {
	if r := l.rooms[rec.RoomID()]; r != nil {
		if !r.owner() && rec.Author == r.authority() {
			r.takeRecord(rec)
		}
		return
	}
	l.roomEnded(rec.RoomID(), rec.Author, ending{close: rec.Bytes(), host: host})
}

// endsToHandOn are the Close records of rooms that we were in, the latest first.
func (l *loop) endsToHandOn() (records [][]byte) {
	var es []ending
	for _, e := range l.directory.endings {
		if e.known && e.close != nil {
			es = append(es, e)
		}
	}
	slices.SortFunc(es, func(a, b ending) int { return cmp.Or(b.at.Compare(a.at), slices.Compare(a.close, b.close)) })
	for _, e := range es[:min(len(es), protocol.MaxEnded)] {
		records = append(records, e.close)
	}
	return records
}

// openEnds verifies the Close records of an answer.
func openEnds(raw [][]byte) (ends []protocol.SignedRecord) {
	for _, b := range raw {
		rec, err := protocol.OpenRecord(b)
		if _, ok := rec.Body.(protocol.Close); err == nil && ok {
			ends = append(ends, rec)
		}
	}
	return ends
}

// noSuchRoom: the owner itself has answered that it has no such room, or that it has ended.
type noSuchRoom struct {
	room  protocol.RoomID
	owner peer.ID
}

func (e noSuchRoom) run(l *loop) (none, error) {
	l.roomEnded(e.room, e.owner, ending{host: l.n.hostOf(e.owner)})
	return none{}, nil
}
