package node

import (
	"cmp"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A room that has ended does not begin again. Its owner ends it, by a record that it signs or by leaving the room out of its
// list. Members that have not heard of the end still list the room. So the end is remembered, and later such lists do not count.

// A roomOf is a room with its owner. The ID of a room proves the owner only together with the Create record, which a node that
// hears of an end may not have. So an end counts only for a room with that ID and that owner.
type roomOf struct {
	id    protocol.RoomID
	owner peer.ID
}

// An ending has what is known of the end of a room.
type ending struct {
	close []byte // the owner's Close record; nil: the owner has said that it has no such room
	host  string // of the peer that has reported it
	known bool   // we were in that room: the record is handed on
	at    time.Time
}

// roomEnded remembers that a room has ended, and removes it from the found rooms. An end that the owner has signed is final. One
// that it has only reported is undone if the owner itself lists the room again.
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
	if f := l.directory.found[id]; f != nil && f.owner() == owner {
		l.dropFound(id)
	}
}

// placeEnding frees a place for e. It forgets an end from the same host if that has its share, and the oldest end if all places
// are taken, but no end of a room that this node was in. It reports false if there is no place.
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

// lives reports whether a room of owner may be taken for alive since from lists it. If the owner has signed the end, it may not.
// If the owner has only reported the end, it may if from is the owner.
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

// speaksForItself reports whether an owner is connected and its own list is to be waited for, or does not have the room.
func (l *loop) speaksForItself(owner peer.ID, id protocol.RoomID) bool {
	b := l.book.entry(owner)
	if b == nil || !l.answers(b) {
		return false
	}
	return !b.heard && (!b.heralds || b.fresh || b.asking) && !l.wants(id, "") || b.whole && !b.shown[id]
}

// answers reports whether a peer can be asked: it is connected, or says by mDNS that there is something to ask it for.
func (l *loop) answers(b *bookEntry) bool {
	return l.n.connected(b.peer) || b.says != "" && b.pause == dialBackoffMin && l.now().Sub(b.seen) < hintLife
}

// ownClose returns the record that has ended r, or nil if it is not here.
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

// takeEnd takes a Close record that a peer at host has sent.
func (l *loop) takeEnd(rec protocol.SignedRecord, host string) {
	if r := l.rooms[rec.RoomID()]; r != nil {
		if !r.owner() && rec.Author == r.authority() {
			r.takeRecord(rec)
		}
		return
	}
	l.roomEnded(rec.RoomID(), rec.Author, ending{close: rec.Bytes(), host: host})
}

// endsToHandOn returns the Close records of rooms that this node was in, the latest first.
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

// noSuchRoom is the event that the owner has answered that it has no such room, or that the room has ended.
type noSuchRoom struct {
	room  protocol.RoomID
	owner peer.ID
}

func (e noSuchRoom) run(l *loop) (none, error) {
	l.roomEnded(e.room, e.owner, ending{host: l.n.hostOf(e.owner)})
	return none{}, nil
}
