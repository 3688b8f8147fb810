package node

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"localchat/protocol"
)

// sortedIDs are the IDs of rooms, in the order of a list's pages.
func sortedIDs(rooms []RoomInfo) []RoomInfo {
	slices.SortFunc(rooms, func(a, b RoomInfo) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return rooms
}

// TestRoomOnLaterPage: a room is joined by its name, or by its ID, wherever it stands in its owner's list, and the other rooms of its
// page are not remembered for that.
func TestRoomOnLaterPage(t *testing.T) {
	long(t)
	simulate(t, 3, func(l *simLAN) {
		alice := l.start("alice")
		const rooms = 3*protocol.MaxRooms + 4 // a page of four after three full ones
		var made []RoomInfo
		for i := range rooms {
			made = append(made, must(alice.Create(l.ctx(), CreateOptions{Name: fmt.Sprintf("room %03d", i), PolicyChange: openRoom()})))
		}
		made = sortedIDs(made)
		bob := l.start("bob")
		time.Sleep(2 * roomsEvery) // simulated
		for _, at := range []int{0, protocol.MaxRooms - 1, protocol.MaxRooms, 2*protocol.MaxRooms + 5, rooms - 1} {
			room := made[at]
			begun := time.Now()
			if j, err := bob.Join(l.ctx(), JoinOptions{Room: room.Name}); err != nil || j.ID != room.ID {
				t.Errorf("the room at place %d is joined as %v: %v", at, j.ID, err)
				continue
			}
			t.Logf("place %d: joined after %v", at, time.Since(begun))
			must(struct{}{}, bob.Leave(l.ctx(), room.ID.String()))
		}
		var e *Error
		if _, err := bob.Join(l.ctx(), JoinOptions{Room: l.at("alice")}); !errors.As(err, &e) || e.Code != CodeAmbiguous || !strings.Contains(e.Text, fmt.Sprint(rooms, " rooms")) {
			t.Errorf("at her address, where there are %d rooms: %v", rooms, err)
		}
		last := made[rooms-2]
		if j, err := bob.Join(l.ctx(), JoinOptions{Room: last.ID.String()}); err != nil || j.ID != last.ID {
			t.Errorf("by its id the room at place %d is joined as %v: %v", rooms-2, j.ID, err)
		}
		time.Sleep(5 * roomsEvery) // simulated
		listed, more := len(must(bob.Rooms(l.ctx()))), must(bob.Unlisted(l.ctx()))
		if listed > foundOfPeer+maxWanted || listed+more != rooms {
			t.Errorf("of %d rooms bob lists %d, and %d more", rooms, listed, more)
		}
	})
}

// TestPagesWithoutEnd: a node whose list never ends costs one answer each time it is asked, and hides no room of others.
func TestPagesWithoutEnd(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		var pool [][]byte // made once: signing is slow
		for i := range 8 * protocol.MaxRooms {
			pool = append(pool, foundation(fmt.Sprint("bait ", i), fmt.Sprint("owner", i)))
		}
		asked, pages := 0, map[protocol.RoomID]bool{}
		l.hosts[1].SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
			defer s.Close()
			var q protocol.RoomsRequest
			if protocol.ReadFrame(s, &q) != nil {
				return
			}
			pages[q.After] = true
			reply := &protocol.RoomsReply{More: protocol.MaxUnlisted}
			for range protocol.MaxRooms {
				reply.Rooms = append(reply.Rooms, protocol.RoomAd{Create: pool[asked%len(pool)], Access: protocol.Open})
				asked++
			}
			_ = protocol.WriteFrame(s, reply)
		})
		r := make(rumours, 8)
		bob := l.startOn(2, "bob", "", r)
		r <- l.infoOf(1)
		alice := l.startOn(0, "alice", "", nil)
		var made []RoomInfo
		for i := range protocol.MaxRooms + 1 {
			made = append(made, must(alice.Create(l.ctx(), CreateOptions{Name: fmt.Sprintf("room %03d", i), PolicyChange: openRoom()})))
		}
		last := sortedIDs(made)[protocol.MaxRooms]
		r <- l.infoOf(0)
		begun := time.Now()
		if j, err := bob.Join(l.ctx(), JoinOptions{Room: last.Name}); err != nil || j.ID != last.ID {
			t.Fatalf("the last room of alice's is joined as %v: %v", j.ID, err)
		}
		took := time.Since(begun)
		if most := (int(took/lookAgain) + 2) * protocol.MaxRooms; asked > most {
			t.Errorf("in %v %d rooms were taken from the endless list, want %d at most", took, asked, most)
		}
		if listed := len(must(bob.Rooms(l.ctx()))); listed > 2*foundOfPeer+1 {
			t.Errorf("%d rooms are listed", listed)
		}
		t.Logf("joined after %v; %d rooms on %d pages were shown", took, asked, len(pages))
	})
}
