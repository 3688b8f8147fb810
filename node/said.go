package node

import (
	"encoding/base32"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A node says by mDNS, beside its addresses, a text that changes whenever the rooms change that others should ask it for: a hash of them,
// which tells nothing else. So whoever looks asks each node that has rooms once, and then only those whose rooms have changed. Nothing of
// this is proven, and it is only a reason to ask: a false text in the name of a peer costs one more question to it, at most one in
// askAgain, and hides nothing, since its next own text differs again. What there is in its rooms comes from the peer itself, over its
// authenticated connection. Peers that say nothing are asked as often as before.

// sayRooms says the text anew, if it has changed.
func (l *loop) sayRooms() {
	h, ok := l.n.cfg.Discovery.(Herald)
	if !ok {
		return
	}
	if text := l.roomsText(); l.directory.said == nil || *l.directory.said != text {
		l.directory.said = &text
		h.Announce(text)
	}
}

// roomsText returns a text that changes with the rooms that others should ask this node for: its own, those of owners that are away, and
// those whose end it hands on. It is "" if there are none. Its first half changes only with which rooms of its own there are.
func (l *loop) roomsText() string {
	own, all, any := fnv.New64a(), fnv.New64a(), false
	add := func(b ...byte) { any = true; all.Write(b) } // never fails
	for _, id := range slices.SortedFunc(slices.Values(l.order), compareRooms) {
		r := l.rooms[id]
		if !l.lists(r) || !r.owner() && r.membership.absence.since.IsZero() {
			continue
		}
		if r.owner() {
			own.Write(id[:])
		}
		p := r.state().Policy()
		add(id[:]...)
		add(byte(p.Access), byte(len(r.state().Transfers())))
		add(binary.AppendVarint(nil, int64(p.Retain/time.Second))...)
		if p.Access != protocol.Invite { // otherwise strangers are not told these, and could guess them from the hash
			add(binary.AppendVarint(nil, int64(r.state().Len()))...)
			add([]byte(p.Subject)...)
		}
	}
	var ends uint64 // their order does not matter
	for key, e := range l.directory.endings {
		if e.known && e.close != nil && l.now().Sub(e.at) < endSaid {
			any, ends = true, ends+binary.BigEndian.Uint64(key.id[:])
		}
	}
	if !any {
		return ""
	}
	half := func(hash uint64) string { return saidText.EncodeToString(binary.BigEndian.AppendUint64(nil, hash)[3:]) }
	return half(own.Sum64()) + half(all.Sum64()+ends)
}

// saidText writes five bytes as eight lower-case letters and digits, of which mDNS says sixteen.
var saidText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ownRooms returns the half of a text that changes with the rooms which its node owns.
func ownRooms(text string) string { return text[:min(len(text), 8)] }

// roomsSaid: a peer says something of its rooms, or somebody else does in its name.
type roomsSaid struct {
	peer peer.ID
	text string
}

func (e roomsSaid) handle(l *loop) {
	b := l.book.add(e.peer, nil, l.now())
	if b == nil || b.heralds && b.says == e.text {
		return
	}
	if ownRooms(b.says) != ownRooms(e.text) {
		b.newOwn = namesakeTries
	}
	b.fresh = b.heralds || e.text != "" // one that never had rooms has none to ask for
	b.heralds, b.says = true, e.text
	if b.fresh {
		b.heard = false
	}
	if l.directory.looking && l.due(b, l.now()) {
		l.visit(b)
	}
}

// due reports whether a peer is to be asked while somebody looks: it has said something new, or it has rooms and has not been asked for
// long, so that it is noticed if it has gone, or there is another page of its rooms and a user asks for a room that may be there. A
// peer that says nothing of its rooms is due whenever it is connected.
func (l *loop) due(e *bookEntry, now time.Time) bool {
	switch since := now.Sub(e.asked); {
	case !e.heralds:
		return true
	case e.fresh:
		return since >= askAgain
	case e.nextPage != protocol.RoomID{} && l.seeks():
		return since >= lookAgain
	default:
		return e.says != "" && since >= asksAgain*l.directory.roomsTurn
	}
}

// mayHint reports whether a peer of none of our rooms is to be dialled as soon as it is heard of.
func (l *loop) mayHint(e *bookEntry, now time.Time) bool {
	return l.directory.looking && (!e.heralds || e.fresh && l.due(e, now))
}

// visit asks a peer for its rooms, and connects to it first if need be.
func (l *loop) visit(e *bookEntry) {
	now := l.now()
	switch {
	case e.asking || e.dialing:
	case l.n.connected(e.peer):
		l.askRoomsOf(e, now, !l.directory.looking)
	case len(e.addrs) > 0 && !now.Before(e.next) && l.book.hints < maxHintDials:
		l.dial(e)
	}
}
