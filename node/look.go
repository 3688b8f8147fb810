package node

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// A node is connected to the members of its rooms. It asks others for their rooms only while somebody here looks: a user that asks for
// the list of rooms or for a room by its name, or a face that waits for rooms to be found. Afterwards it closes the connections that
// it has made for that. What mDNS shows meanwhile is only noted.

// noteLook notes that a user of this node looks for rooms.
func (l *loop) noteLook() {
	l.directory.asked = l.now()
	l.beginLook()
}

// looks reports whether somebody looks for rooms.
func (l *loop) looks(now time.Time) bool {
	if !l.directory.asked.IsZero() && now.Sub(l.directory.asked) <= lookLasts {
		return true
	}
	for s := range l.subs {
		if s.o.looks() {
			return true
		}
	}
	return false
}

// beginLook begins to ask the others if somebody looks and nobody did before. What they answered in an earlier look does not count:
// they may have other rooms now.
func (l *loop) beginLook() {
	now := l.now()
	if l.directory.looking || !l.looks(now) {
		return
	}
	l.directory.looking = true
	for _, e := range l.book.entries {
		e.heard = false
		e.fresh = e.fresh || e.says != "" && now.Sub(e.asked) > lookLasts
	}
	l.book.dialDue(l, now)
	l.lookHarder(lookEvery)
}

// tickLook asks the peers that are due while somebody looks, and otherwise closes what is left of a look.
func (l *loop) tickLook(now time.Time) {
	l.beginLook()
	if l.directory.looking = l.looks(now); l.directory.looking {
		l.askRooms(now)
	} else {
		l.askForNames(now)
	}
	l.endVisits(now)
}

// endVisits closes the connections that this node has made and does not need: those to peers that are in none of its rooms any more,
// or were asked for their rooms only. While somebody looks, it keeps those to peers that have to be asked again and again, since they
// do not say when their rooms change. A connection with an open stream is in use. One that the other side has made is for that side
// to close, since it may be in need of it.
func (l *loop) endVisits(now time.Time) {
	for _, c := range l.n.host.Network().Conns() {
		s, p := c.Stat(), c.RemotePeer()
		if e := l.book.entry(p); l.directory.looking && e != nil && (!e.heralds || e.asking || e.fresh) {
			continue
		}
		if s.Direction != network.DirOutbound || now.Sub(s.Opened) < visitLasts || len(c.GetStreams()) > 0 || l.needs(p) {
			continue
		}
		l.n.spawn(func(context.Context) {
			if err := c.Close(); err != nil {
				l.n.log.Debug("close", "peer", p, "err", err)
			}
		})
	}
}

// look is called when a user asks for the list of rooms, possibly every second, for hours.
func (l *loop) look() {
	l.noteLook()
	l.lookHarder(max(lookEvery, time.Duration(len(l.n.host.Network().Peers()))*time.Second/looksASecond))
	if now := l.now(); l.n.cfg.Discovery != nil && now.Sub(l.directory.hurried) >= hurryEvery {
		l.directory.hurried = now
		l.n.cfg.Discovery.Hurry()
	}
}

// needs reports whether this node has a use for a connection to p whoever asks: p is a guest, or has just become a peer that the book
// keeps connected.
func (l *loop) needs(p peer.ID) bool {
	e := l.book.entry(p)
	return e != nil && (e.wanted || e.fixed) || l.n.admission.isGuest(p)
}
