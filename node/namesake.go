package node

import (
	"cmp"
	"time"

	"localchat/protocol"
)

// A namesake is a room of another owner whose name is that of one of our own rooms, or looks like it. The owner is told of it, since people
// who join by the name have to choose one; also if nobody here looks for rooms. So the node of an owner asks each node once that owns other
// rooms than before, by what it says by mDNS. What it answers is compared with the names of our own rooms and then forgotten: no reader is
// told of rooms for which it does not look.

// askForNames asks the peers whose own rooms have changed, or dials them first, roomsASecond of them at a time.
func (l *loop) askForNames(now time.Time) {
	if !l.ownsRoom() {
		return
	}
	var es []*bookEntry
	for _, e := range l.book.entries {
		if e.newOwn > 0 && e.says != "" && !e.asking && !e.dialing && now.Sub(e.asked) >= namesakeAgain && (now.Sub(e.visited) >= namesakeAgain || l.n.connected(e.peer)) {
			es = append(es, e)
		}
	}
	turn := func(e *bookEntry) time.Time {
		if l.n.connected(e.peer) { // perhaps for this
			return time.Time{}
		}
		return e.visited
	}
	for _, e := range longestAgo(es, roomsASecond, turn) {
		e.newOwn--
		e.visited = now
		l.visit(e)
	}
}

// ownsRoom reports whether this node owns a room that has not ended.
func (l *loop) ownsRoom() bool {
	for _, r := range l.rooms {
		if r.owner() && !r.over() {
			return true
		}
	}
	return false
}

// namesake returns a room of our own that has this name or one that looks like it, or nil.
func (l *loop) namesake(name looks) *room {
	for _, id := range l.order {
		if r := l.rooms[id]; r.owner() && !r.over() && shareOne(r.skeletons(), name.skeletons) {
			return r
		}
	}
	return nil
}

// compareNames compares the rooms that a peer owns or lists with our own.
func (l *loop) compareNames(e roomsAnswered) {
	for _, a := range e.ads {
		id, name := a.create.RoomID(), a.create.Body.(protocol.Create).Name
		if l.lives(id, a.owners.last(), e.peer) {
			l.warnNamesake(id, &foundRoom{create: a.create, looks: looks{name, protocol.Skeletons(name)}, owners: a.owners, words: a.words})
		}
	}
}

// warnNamesake warns the owner of a room here of another one with its name. It reports whether there is such a room.
func (l *loop) warnNamesake(id protocol.RoomID, f *foundRoom) bool {
	if r := l.namesake(f.looks); r == nil || r.id == id || f.owner() == l.n.self {
		return false // id is ours, by a transfer that this list does not have
	}
	l.warnOfRoom(id, f.looks, Warning{Code: "ambiguous_room", Peer: f.owner(), Text: "a room called " + f.name + " is already on this network, owned by " + cmp.Or(f.ownerNick(), "somebody") + " (" + f.words + "), or one with a similar name; people who join by name have to choose one"})
	return true
}

// warnNamesakes warns the user if two rooms have one name, or names that look alike, or if a name has another owner than last time.
func (l *loop) warnNamesakes(id protocol.RoomID, f *foundRoom) {
	for other, g := range l.directory.found {
		if other != id && shareOne(g.skeletons, f.skeletons) && g.owner() != f.owner() {
			l.warnOfRoom(id, f.looks, Warning{Code: "ambiguous_room", Peer: f.owner(), Text: "two rooms are called " + f.name + ", or similar; compare the owners' words before you join one"})
			break
		}
	}
	if l.warnNamesake(id, f) {
		return
	}
	if known := l.knownOwner(id, f.looks, f.owners); known != "" && !f.owners.has(known) {
		l.warnOfRoom(id, f.looks, Warning{Code: "owner_key", Peer: f.owner(), Text: "a room called " + f.name + " has a different owner from the one you know"})
	}
}

// warnOfRoom warns of a room, but rarely of one name and the names that look like it: a hostile peer can make up new rooms at no cost.
func (l *loop) warnOfRoom(id protocol.RoomID, name looks, w Warning) {
	key := w.Code + " " + name.skeletons[0]
	if last, ok := l.warned[key]; ok && l.now().Sub(last) < attemptEvery {
		return
	}
	if len(l.warned) >= maxFound {
		clear(l.warned)
	}
	l.warned[key] = l.now()
	l.tell(id, name.name, w)
}
