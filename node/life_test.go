package node

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// TestDormantRoomStaysListed: a room stays in the lists of others while its owner runs a short command: the owner's node says nothing
// about the room.
func TestDormantRoomStaysListed(t *testing.T) {
	onAStreet(t, func(s *street) {
		must(s.start("alice").Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(s.start("bob").Join(s.ctx(), JoinOptions{Room: "lab"}))
		s.start("dave")
		until(s.subs["dave"], func(f RoomFound) bool { return f.Name == "lab" })
		s.stop("alice")
		s.startDormant("alice")
		time.Sleep(2 * time.Minute) // simulated
		if n := count[RoomLost](s.subs["dave"]); n > 0 {
			t.Errorf("dave loses it %d times:%s", n, s.subs["dave"].story())
		}
		if rooms := must(s.nodes["dave"].Rooms(s.ctx())); len(rooms) != 1 {
			t.Errorf("dave lists %v", rooms)
		}
	})
}

// TestAnEndedRoomStaysEndedAfterRestarts: a closed room does not come back when its owner's node, which has told every member and so
// forgotten it, starts again among members that have not heard.
func TestAnEndedRoomStaysEndedAfterRestarts(t *testing.T) {
	onAStreet(t, func(s *street) {
		must(s.start("alice").Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		for _, nick := range []string{"bob", "carol"} {
			must(s.start(nick).Join(s.ctx(), JoinOptions{Room: "lab"}))
		}
		s.cut("alice", "carol")
		s.cut("bob", "carol")
		must(none{}, s.nodes["alice"].CloseRoom(s.ctx(), "lab", ""))
		until(s.subs["bob"], func(r Removed) bool { return r.Kind == "closed" })
		s.stop("alice")
		s.start("alice")
		s.stop("bob")
		s.start("bob")
		s.start("dave")
		time.Sleep(2 * time.Minute) // simulated
		for _, nick := range []string{"alice", "bob", "dave"} {
			if rooms := must(s.nodes[nick].Rooms(s.ctx())); len(rooms) != 0 {
				t.Errorf("%s lists %v", nick, rooms)
			}
		}
	})
}

// TestOnlyOwnerEndsRoom: only the owner ends a room, and only the owner takes back an end that it has announced and not signed.
func TestOnlyOwnerEndsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := must(newLoop(&Node{self: "us", words: newWordBook()}, nil))
		id := protocol.RoomID{1}
		l.roomEnded(id, "mallory", ending{close: []byte("signed by mallory")})
		if !l.lives(id, "alice", "bob") {
			t.Error("another peer's record ends the room")
		}
		l.roomEnded(id, "alice", ending{})
		if l.lives(id, "alice", "bob") {
			t.Error("hearsay brings the room back")
		}
		if !l.lives(id, "alice", "alice") || !l.lives(id, "alice", "bob") {
			t.Error("its owner does not bring the room back")
		}
		l.roomEnded(id, "alice", ending{close: []byte("signed by alice")})
		l.roomEnded(id, "alice", ending{})
		if l.lives(id, "alice", "bob") || l.lives(id, "alice", "alice") {
			t.Error("the room comes back after its owner has signed its end")
		}
	})
}

// TestInventedEndsAreBounded: ends can be invented by the thousand. They displace neither the ends of rooms that we were in nor those
// that other hosts have told of.
func TestInventedEndsAreBounded(t *testing.T) {
	for _, hosts := range []int{1, 10, 1000} {
		t.Run(fmt.Sprint(hosts, " addresses"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := must(newLoop(&Node{self: "us", words: newWordBook()}, nil))
				ours, hers := protocol.RoomID{1}, protocol.RoomID{2}
				l.roomEnded(ours, "alice", ending{close: []byte("x"), host: "hers", known: true})
				l.roomEnded(hers, "alice", ending{close: []byte("x"), host: "hers"})
				for i := range 4 * maxEndings {
					time.Sleep(time.Second) // simulated
					var id protocol.RoomID
					copy(id[4:], fmt.Sprint(i))
					l.roomEnded(id, peer.ID(fmt.Sprint("m", i)), ending{close: []byte("x"), host: fmt.Sprint("host", i%hosts)})
				}
				if len(l.directory.endings) > maxEndings || hosts == 1 && len(l.directory.endings) > endingsOfHost+2 {
					t.Errorf("%d ends are kept", len(l.directory.endings))
				}
				if l.lives(ours, "alice", "bob") {
					t.Error("the end of our own room is forgotten")
				}
				if hosts == 1 && l.lives(hers, "alice", "bob") {
					t.Error("the end that another host told of is forgotten")
				}
				if got := l.endsToHandOn(); len(got) != 1 {
					t.Errorf("%d ends are handed on", len(got))
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		l := must(newLoop(&Node{self: "us", words: newWordBook()}, nil))
		for i := range 4 * maxEndings { // rooms that we were in, too
			l.roomEnded(protocol.RoomID{byte(i), byte(i >> 8)}, "alice", ending{close: []byte(fmt.Sprint(i)), known: true})
		}
		if len(l.directory.endings) > maxEndings || len(l.endsToHandOn()) != protocol.MaxEnded {
			t.Errorf("%d ends are kept, %d handed on", len(l.directory.endings), len(l.endsToHandOn()))
		}
	})
}
