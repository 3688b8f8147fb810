package node

import (
	"fmt"
	"testing"
	"time"

	"localchat/protocol"
)

// TestMoreRoomsThanAreListed: an owner with more rooms than an answer names, or than another node has places for, is not taken to have
// only those.
func TestMoreRoomsThanAreListed(t *testing.T) {
	for _, rooms := range []int{3, foundOfPeer, protocol.MaxRooms, protocol.MaxRooms + 8} {
		t.Run(fmt.Sprint(rooms), func(t *testing.T) {
			simulate(t, 2, func(l *simLAN) {
				alice := l.start("alice")
				for i := range rooms {
					must(alice.Create(l.ctx(), CreateOptions{Name: fmt.Sprintf("room %c%c", 'a'+i/10, 'k'+i%10), PolicyChange: openRoom()}))
				}
				bob := l.start("bob")
				time.Sleep(5 * roomsEvery) // simulated
				listed, more := len(must(bob.Rooms(l.ctx()))), must(bob.Unlisted(l.ctx()))
				if listed != min(rooms, foundOfPeer) || listed+more != rooms {
					t.Errorf("of %d rooms bob lists %d, and %d more", rooms, listed, more)
				}
				if more := must(alice.Unlisted(l.ctx())); more != 0 {
					t.Errorf("alice lacks %d of her own rooms", more)
				}
			})
		})
	}
}
