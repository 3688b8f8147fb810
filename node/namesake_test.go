package node

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestOwnerHearsOfANamesake: an owner that does not look is warned of another room with the name of its own, and told of no other room.
// It asks each node once for each room that begins, and stays connected to none. Somebody that joins by the name has to choose.
func TestOwnerHearsOfANamesake(t *testing.T) {
	onAStreet(t, func(s *street) {
		alice, bob, carol, dave := s.idles("alice"), s.idles("bob"), s.idles("carol"), s.idles("dave")
		lab := must(alice.Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		time.Sleep(time.Minute) // simulated: nobody looks any more
		asked := func() int {
			synctest.Wait()
			return must(ask(s.ctx(), alice, timesAsked{}))
		}
		before := asked()
		must(dave.Create(s.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
		time.Sleep(time.Minute) // simulated
		if n := asked() - before; n != 1 {
			t.Errorf("alice has asked %d times since there is another room", n)
		}
		before = asked()
		must(bob.Join(s.ctx(), JoinOptions{Room: "den"}))
		time.Sleep(time.Minute) // simulated
		must(struct{}{}, bob.Leave(s.ctx(), "den"))
		time.Sleep(time.Minute) // simulated
		if n := asked() - before; n != 0 {
			t.Errorf("alice has asked %d times since somebody was in the other room", n)
		}

		began := time.Now()
		twin := must(carol.Create(s.ctx(), CreateOptions{Name: "LÁB", PolicyChange: openRoom()}))
		w := until(s.subs["alice"], func(w Warning) bool { return w.Code == "ambiguous_room" })
		if took := time.Since(began); w.Peer != carol.self || took > 3*time.Second {
			t.Errorf("alice is warned of %v after %v", w, took)
		}
		until(s.subs["carol"], func(w Warning) bool { return w.Code == "ambiguous_room" && w.Peer == alice.self })
		if _, err := bob.Join(s.ctx(), JoinOptions{Room: "lab"}); codeOf(err) != CodeAmbiguous || !offers(err, lab.ID, twin.ID) {
			t.Errorf("bob joins by the name and is answered %v", err)
		}
		time.Sleep(visitLasts + 3*time.Second) // simulated
		if found, lost := count[RoomFound](s.subs["alice"]), count[RoomLost](s.subs["alice"]); found+lost > 0 {
			t.Errorf("alice, who does not look, is told of %d found and %d lost rooms", found, lost)
		}
		if l := s.linked(alice); len(l) > 0 {
			t.Errorf("alice is connected to %v", l)
		}
		// What was learned in silence is not in the way of somebody who looks.
		must(alice.Rooms(s.ctx()))
		until(s.subs["alice"], func(f RoomFound) bool { return f.Owner == carol.self })
	})
}

// TestOwnerThatComesBackHearsOfANamesake: a room of the name has begun while the owner's node was away.
func TestOwnerThatComesBackHearsOfANamesake(t *testing.T) {
	onAStreet(t, func(s *street) {
		s.idles("alice")
		must(s.nodes["alice"].Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		time.Sleep(time.Minute) // simulated
		s.stop("alice")
		carol := s.idles("carol")
		must(carol.Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		time.Sleep(time.Minute) // simulated
		s.idles("alice")
		until(s.subs["alice"], func(w Warning) bool { return w.Code == "ambiguous_room" && w.Peer == carol.self })
		until(s.subs["carol"], func(w Warning) bool { return w.Code == "ambiguous_room" && w.Peer == s.nodes["alice"].self })
	})
}

// TestInventedOwnersCostLittle: whatever is said by mDNS in the name of peers that exist or do not, an owner asks at most roomsASecond
// nodes in a second, and one of them at most once in namesakeAgain; and a namesake that begins meanwhile is heard of.
func TestInventedOwnersCostLittle(t *testing.T) {
	for _, invented := range []int{20, 150} {
		onAStreet(t, func(s *street) { s.inventOwners(invented) })
	}
}

func (s *street) inventOwners(invented int) {
	t := s.t
	alice, carol, dave, mute := s.idles("alice"), s.idles("carol"), s.idles("dave"), s.idles("mute")
	s.cut("alice", "mute") // its address takes packets and answers nothing
	must(alice.Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	must(dave.Create(s.ctx(), CreateOptions{Name: "den", PolicyChange: openRoom()}))
	must(dave.Join(s.ctx(), JoinOptions{Room: "lab"})) // so they are connected
	time.Sleep(time.Minute)                            // simulated
	before := must(ask(s.ctx(), alice, timesAsked{}))
	const lies, each = 1000, 100 * time.Millisecond
	dials, began := 0, time.Now()
	for i := range lies {
		alice.post(roomsSaid{dave.self, fmt.Sprintf("%08dlie", i)})
		made := peer.ID(fmt.Sprint("made up ", i%invented))
		alice.post(roomsSaid{made, fmt.Sprintf("%08dlie", i)})
		alice.post(peerFound{peer.AddrInfo{ID: made, Addrs: mute.host.Addrs()}})
		dials = max(dials, must(ask(s.ctx(), alice, hintsUnderWay{})))
		time.Sleep(each) // simulated
		if i == lies/2 {
			must(carol.Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		}
	}
	took := time.Since(began)
	if most := roomsASecond * (1 + int(hintTimeout/time.Second)); dials == 0 || dials > most {
		t.Errorf("%d dials at a time, of %d at most", dials, most)
	}
	if n, most := must(ask(s.ctx(), alice, timesAsked{}))-before, 3+2*int(took/namesakeAgain); n > most {
		t.Errorf("%d questions to two nodes in %v, of %d at most", n, took, most)
	}
	until(s.subs["alice"], func(w Warning) bool { return w.Code == "ambiguous_room" && w.Peer == carol.self })
}

// hintsUnderWay returns how many peers of none of our rooms are dialled now.
type hintsUnderWay struct{}

func (hintsUnderWay) run(l *loop) (int, error) { return l.book.hints, nil }
