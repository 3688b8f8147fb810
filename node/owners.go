package node

import (
	"cmp"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// owners are the owners of a room in their order. The last one owns it now. It is never empty where a room is known. Each of them but the
// first was given the room by the one before, in a record that both have signed. So a name that is pinned to one of them leads to the
// last one without a warning: an owner that is known has said itself which peer follows it.
type owners []peer.ID

// last returns the owner of the room, or "" if none is known.
func (o owners) last() peer.ID {
	if len(o) == 0 {
		return ""
	}
	return o[len(o)-1]
}

func (o owners) has(p peer.ID) bool { return slices.Contains(o, p) }

// ownersOf returns the owners that the Create record of a room and its transfers prove.
func ownersOf(create protocol.SignedRecord, transfers []protocol.SignedRecord) owners {
	o, seq := owners{create.Author}, create.Seq
	for i := range transfers {
		if next, at, moved := authority.Follow(create.RoomID(), o.last(), seq, transfers[i:i+1]); moved {
			o, seq = append(o, next), at
		}
	}
	return o
}

// owners are those that the log names; before the log is here, the one that the seat names.
func (r *room) owners() owners {
	if len(r.records) == 0 {
		return owners{r.authority()}
	}
	return ownersOf(r.records[0], r.state().Transfers())
}

// after returns the owners after p, which is the last one or was an owner once; nil if there are none.
func (o owners) after(p peer.ID) owners {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i] == p {
			return o[i+1:]
		}
	}
	return nil
}

// givenBy returns the owner by which a room was known here, if that owner has given it away since; otherwise nil.
func (l *loop) givenBy(id protocol.RoomID, f *foundRoom) *Named {
	known := l.knownOwner(id, f.looks, f.owners)
	if known == f.owner() || !f.owners.has(known) {
		return nil
	}
	nick := l.trusts.by[known].Nick
	if known == f.create.Author {
		nick = cmp.Or(nick, f.create.Body.(protocol.Create).Nick)
	}
	return &Named{known, nick}
}

// continues reports whether o are the owners of before and perhaps later ones.
func (o owners) continues(before owners) bool {
	return len(o) >= len(before) && slices.Equal(o[:len(before)], before)
}

// takeOwners notes the owners that an ad proves, and reports whether the ad may say more. One that knows fewer transfers is older. Two that
// contradict each other show that an owner has given the room to two peers; the one that this node knows by its pin counts, otherwise the
// first.
func (l *loop) takeOwners(id protocol.RoomID, f *foundRoom, a openedAd) bool {
	switch known := l.knownOwner(id, f.looks, a.owners); {
	case a.owners.continues(f.owners):
	case f.owners.continues(a.owners):
		return false
	case f.owners.has(known) || !a.owners.has(known):
		l.warnOfRoom(id, f.looks, Warning{
			Code: "ambiguous_room", Peer: a.owners.last(),
			Text: "the room " + f.name + " was given to two people, with the words " + f.words + " and " + a.words + "; ask the owner of before which one is right",
		})
		return false
	}
	if f.owner() != a.owners.last() {
		f.nick, f.words, f.addrs, f.byOwner = "", a.words, nil, false
	}
	f.owners = a.owners
	return true
}
