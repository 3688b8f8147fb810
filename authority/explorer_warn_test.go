package authority

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// ofMember says which kinds of reasons are told to a member that stays one: they wait behind each other, and others replace them all.
func ofMember(kind protocol.ReasonKind) bool {
	return kind == protocol.Muted || kind == protocol.Warned
}

// queueOf returns what p is owed, in order.
func (e *explorer) queueOf(p peer.ID) []owed {
	m := e.model[p]
	if m == nil {
		return nil
	}
	all := append([]owed{*m}, m.next...)
	all[0].next = nil
	return all
}

func (e *explorer) setQueue(p peer.ID, all []owed) {
	if len(all) == 0 {
		delete(e.model, p)
		return
	}
	m := all[0]
	m.next = slices.Clone(all[1:])
	e.model[p] = &m
}

// first returns what p is told next, with those behind it; nil if there is nothing.
func (e *explorer) first(p peer.ID) *owed {
	all := e.queueOf(p)
	if len(all) == 0 || !ofMember(all[0].kind) {
		return e.model[p]
	}
	for i, m := range all {
		if !e.past(&m) {
			if i == 0 {
				return e.model[p]
			}
			m.next = slices.Clone(all[i+1:])
			return &m
		}
	}
	return nil
}

// await puts m behind what p is owed: a mute replaces a mute, and of too many the oldest is forgotten.
func (e *explorer) await(p peer.ID, m *owed) {
	all := slices.DeleteFunc(e.queueOf(p), func(old owed) bool {
		return !ofMember(old.kind) || m.kind == protocol.Muted && old.kind == protocol.Muted
	})
	all = append(all, *m)
	e.setQueue(p, all[max(len(all)-8, 0):])
}

// forgetNotices: nobody is told of a mute or a warning in a membership that it has ended itself.
func (e *explorer) forgetNotices(p peer.ID) {
	if m := e.model[p]; m != nil && ofMember(m.kind) {
		delete(e.model, p)
	}
}

// noticesFor returns the numbers of the mutes and warnings that a client has to be told when all is well.
func (e *explorer) noticesFor(f *folk, c *client) (all []uint64) {
	m := e.first(f.peer)
	if m == nil || !ofMember(m.kind) || m.admission != c.seat.Admission || m.claimed && m.nonce != c.seat.Nonce {
		return nil
	}
	for _, o := range append([]owed{*m}, m.next...) {
		if !e.past(&o) {
			all = append(all, o.removal)
		}
	}
	return all
}
