package node

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A liar is several identities that announce themselves, say ever new things of their rooms, and list what page returns.
type liar struct {
	addresses, each int // addresses, and identities of each
	// absent is the number of further identities that are announced, new ones every second, at an address where nobody is.
	absent int
	page   func(asked int, signed [][]byte) []protocol.RoomAd
}

// TestFloodsOfRoomsHideNobody: whatever many nodes announce and list, whoever looks has the rooms of others as soon as ever and as they are,
// for a bounded number of questions and places.
func TestFloodsOfRoomsHideNobody(t *testing.T) {
	long(t)
	const pages = 20
	var bait, longest [][]byte // made once: signing is slow
	for i := range pages * protocol.MaxRooms {
		bait = append(bait, foundation(fmt.Sprint("lab ", i), fmt.Sprint("owner", i)))
		longest = append(longest, foundation(strings.Repeat("é", protocol.MaxRoomNameRunes-4)+fmt.Sprintf("%4d", i), fmt.Sprint("owner", i)))
	}
	next := func(pool [][]byte) func(int, [][]byte) []protocol.RoomAd {
		return func(asked int, _ [][]byte) (ads []protocol.RoomAd) {
			for i := range protocol.MaxRooms {
				ads = append(ads, protocol.RoomAd{Create: pool[(asked*protocol.MaxRooms+i)%len(pool)], Access: protocol.Open, Members: protocol.MaxMembers})
			}
			return ads
		}
	}
	for name, c := range map[string]liar{
		"ten identities of one address, rooms that change": {addresses: 1, each: 10, page: next(bait)},
		"forty addresses": {addresses: 40, each: 1, page: next(bait)},
		"longest names":   {addresses: 4, each: 2, page: next(longest)},
		"what others have signed": {addresses: 3, each: 3, page: func(_ int, signed [][]byte) (ads []protocol.RoomAd) {
			for _, create := range signed {
				ads = append(ads, protocol.RoomAd{Create: create, Access: protocol.Open, Subject: "a lie", Members: 99})
			}
			return ads
		}},
		"thousands that are not there": {absent: 200},
	} {
		t.Run(name, func(t *testing.T) {
			onAStreet(t, func(s *street) {
				alice, carol, mute, dave := s.idles("alice"), s.idles("carol"), s.idles("mute"), s.start("dave")
				s.cut("dave", "mute") // its address takes packets and answers nothing
				sees := func(what string, within time.Duration, ok func([]RoomInfo) bool) {
					t.Helper()
					began := time.Now()
					for !ok(must(dave.Rooms(s.ctx()))) {
						if time.Sleep(20 * time.Millisecond); time.Since(began) > within { // simulated
							t.Errorf("dave does not see %s within %v", what, within)
							return
						}
					}
				}
				has := func(name string) func([]RoomInfo) bool {
					return func(rooms []RoomInfo) bool {
						return slices.ContainsFunc(rooms, func(r RoomInfo) bool { return r.Name == name })
					}
				}
				subject := "hers"
				lab := must(alice.Create(s.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Subject: &subject}}))
				old := must(carol.Create(s.ctx(), CreateOptions{Name: "old"}))
				sees("both rooms", patience, func(rooms []RoomInfo) bool { return has("lab")(rooms) && has("old")(rooms) })
				var signed [][]byte
				for _, id := range []RoomID{lab.ID, old.ID} {
					signed = append(signed, must(ask(s.ctx(), dave, createOf{id})))
				}
				must(struct{}{}, carol.CloseRoom(s.ctx(), "old", ""))
				sees("the end of a room", patience, func(rooms []RoomInfo) bool { return !has("old")(rooms) })

				var asked atomic.Int64
				var liars []peer.AddrInfo
				for a := range c.addresses {
					for i := range c.each {
						h := simHostAt(s.network, 500+a, 8000+i)
						defer h.Close()
						listsRooms(h, func() []protocol.RoomAd { return c.page(int(asked.Add(1)), signed) })
						liars = append(liars, peer.AddrInfo{ID: h.ID(), Addrs: h.Addrs()})
					}
				}
				before := must(ask(s.ctx(), dave, timesAsked{}))
				const steps, step = 100, 100 * time.Millisecond
				for i := range steps {
					said := liars
					for j := range c.absent / 10 { // all of them in a second
						said = append(said, peer.AddrInfo{ID: peer.ID(fmt.Sprint("made up ", i, " ", j)), Addrs: mute.host.Addrs()})
					}
					for _, ai := range said {
						dave.post(roomsSaid{ai.ID, fmt.Sprintf("%08dlie", i)})
						dave.post(peerFound{ai})
					}
					must(dave.Rooms(s.ctx()))
					time.Sleep(step) // simulated
					if i == steps/2 {
						must(alice.Create(s.ctx(), CreateOptions{Name: "den"}))
						sees("a room that begins meanwhile", time.Second+askAgain, has("den"))
					}
				}
				synctest.Wait()
				questions := must(ask(s.ctx(), dave, timesAsked{})) - before
				if most := (len(liars) + 2) * (int(steps*step/askAgain) + 3); questions > most {
					t.Errorf("%d questions, of %d at most", questions, most)
				}
				rooms := must(dave.Rooms(s.ctx()))
				if len(rooms) > min(maxFound, c.addresses*min(foundOfHost, c.each*foundOfPeer)+2) {
					t.Errorf("%d rooms are listed", len(rooms))
				}
				if at := slices.IndexFunc(rooms, func(r RoomInfo) bool { return r.ID == lab.ID }); at < 0 || rooms[at].Subject != subject || rooms[at].Access != AccessKnock || rooms[at].Members != 1 {
					t.Errorf("alice's room is %d in %+v", at, rooms)
				}
				if slices.ContainsFunc(rooms, func(r RoomInfo) bool { return r.ID == old.ID }) {
					t.Error("a room that has ended is back")
				}
				warned := 0
				for _, w := range allOf[Warning](s.subs["dave"]) {
					if w.Code == "ambiguous_room" {
						warned++
					}
				}
				if lost := count[RoomLost](s.subs["dave"]); warned > 1+int(steps*step/attemptEvery) || has("lab")(rooms) && lostRoom(s.subs["dave"], lab.ID) {
					t.Errorf("dave is warned %d times, and told of %d lost rooms, the first among them: %v", warned, lost, lostRoom(s.subs["dave"], lab.ID))
				}
				t.Logf("%d questions, %d rooms, %d warnings", questions, len(rooms), warned)
			})
		})
	}
}

// lostRoom reports whether a node was told that the room is lost.
func lostRoom(w *watcher, id RoomID) bool {
	return slices.ContainsFunc(w.drain(), func(ev Event) bool {
		_, lost := ev.Body.(RoomLost)
		return lost && ev.Room == id
	})
}

// listsRooms makes h answer a question for its rooms with what page returns.
func listsRooms(h host.Host, page func() []protocol.RoomAd) {
	h.SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
		defer s.Close()
		var q protocol.RoomsRequest
		if protocol.ReadFrame(s, &q) == nil {
			_ = protocol.WriteFrame(s, &protocol.RoomsReply{Rooms: page()})
		}
	})
}

// createOf returns the first record of a room that was found.
type createOf struct{ id RoomID }

func (q createOf) run(l *loop) ([]byte, error) { return l.directory.found[q.id].create.Bytes(), nil }
