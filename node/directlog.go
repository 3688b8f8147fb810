package node

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A directLog keeps the direct messages of this node, those that came and those that were sent, for faces that come later. They are kept
// for as long as the lines of their room. The loop owns it.
type directLog struct {
	all   []keptDirect // oldest first
	bytes int          // of their text
}

type keptDirect struct {
	Direct
	room protocol.RoomID
	with peer.ID   // the other one of the two
	kept time.Time // by clock.even
}

// add keeps a message. If there are too many of one peer, or too many in all, the oldest of these go.
func (g *directLog) add(d keptDirect) {
	its, bytes := 1, len(d.Text)
	for _, k := range g.all {
		if k.with == d.with {
			its++
			bytes += len(k.Text)
		}
	}
	for i := 0; i < len(g.all) && (its > maxDirectsOfPeer || bytes > maxDirectBytesOfPeer); {
		if k := g.all[i]; k.with == d.with {
			its--
			bytes -= len(k.Text)
			g.remove(i)
			continue
		}
		i++
	}
	g.all, g.bytes = append(g.all, d), g.bytes+len(d.Text)
	for len(g.all) > maxDirects || g.bytes > maxDirectBytes {
		g.remove(0)
	}
}

func (g *directLog) remove(i int) {
	g.bytes -= len(g.all[i].Text)
	g.all = slices.Delete(g.all, i, i+1)
}

// expire forgets the messages of a room that were kept before a time, and returns their IDs.
func (g *directLog) expire(room protocol.RoomID, before time.Time) (ids []string) {
	g.all = slices.DeleteFunc(g.all, func(k keptDirect) bool {
		over := k.room == room && k.kept.Before(before)
		if over {
			ids = append(ids, k.ID)
			g.bytes -= len(k.Text)
		}
		return over
	})
	return ids
}

// direct tells every face of a direct message, and keeps it.
func (r *room) direct(d Direct, with peer.ID) {
	r.l.directLog.add(keptDirect{d, r.id, with, r.l.clock.Even()})
	r.l.emit(r, d)
}

// keptDirects returns the direct messages of the room that a face may be told again, the oldest first.
func (r *room) keptDirects() []Direct {
	all := []Direct{}
	for _, k := range r.l.directLog.all {
		if k.room == r.id && !r.l.ignores(k.with) {
			k.Backlog = true
			all = append(all, k.Direct)
		}
	}
	return all
}

// expireDirects forgets the direct messages that are older than the lines that the room keeps.
func (r *room) expireDirects() {
	if ids := r.l.directLog.expire(r.id, r.l.clock.Even().Add(-r.state().Policy().Retain)); len(ids) > 0 {
		r.l.emit(r, Expired{IDs: ids})
	}
}
