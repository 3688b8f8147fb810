package node

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

// owners are the owners of a room in their order. The last one owns it now. It is never empty where a room is known.
type owners []peer.ID

// last returns the owner of the room, or "" if none is known.
func (o owners) last() peer.ID {
	if len(o) == 0 {
		return ""
	}
	return o[len(o)-1]
}

func (o owners) has(p peer.ID) bool { return slices.Contains(o, p) }
