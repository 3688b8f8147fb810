package node

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol"
)

// sham is a room with a name and an owner of its own for each number. Its record is never opened.
func sham(l *loop, from peer.ID, host, name string, n int, byOwner bool) protocol.RoomID {
	var id protocol.RoomID
	copy(id[:], fmt.Sprintf("%d %s", n, from))
	if l.directory.found[id] != nil || !l.place(from, host, id, name, byOwner) {
		return id
	}
	l.directory.found[id] = &foundRoom{looks: looks{name, protocol.Skeletons(name)}, from: from, host: host, byOwner: byOwner, seen: l.now(), first: l.now()}
	return id
}

// TestInventedRoomsHideNoRoom: however many rooms a peer invents, from however many addresses, a room of another peer has its place,
// and a room that is asked for has one in any case.
func TestInventedRoomsHideNoRoom(t *testing.T) {
	long(t)
	for _, c := range []struct {
		name               string
		hosts, peers, each int // peers of each host, rooms of each peer
		byOwner            bool
	}{
		{"one peer", 1, 1, protocol.MaxRooms, true},
		{"17 peers of one host", 1, 17, protocol.MaxRooms, true},
		{"ever new peers of one host", 1, 2000, protocol.MaxRooms, true},
		{"ten addresses", 10, 17, protocol.MaxRooms, true},
		{"a hundred addresses", 100, 2, protocol.MaxRooms, true},
		{"hearsay", 20, 2, protocol.MaxRooms, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := must(newLoop(&Node{self: "us", words: newWordBook()}, nil))
				flood := func() {
					for h := range c.hosts {
						for p := range c.peers {
							for i := range c.each {
								sham(l, peer.ID(fmt.Sprint("m", h, "-", p)), fmt.Sprint("host", h), "lab", i, c.byOwner)
							}
						}
					}
				}
				flood()
				if c.hosts == 1 && len(l.directory.found) > foundOfHost || c.peers*c.hosts == 1 && len(l.directory.found) > foundOfPeer || len(l.directory.found) > maxFound {
					t.Errorf("%d rooms are remembered", len(l.directory.found))
				}
				honest := sham(l, "alice", "her host", "den", 1, true)
				if l.directory.found[honest] == nil {
					t.Fatal("the room of another host has no place")
				}
				flood()
				if l.directory.found[honest] == nil {
					t.Error("the honest room is displaced")
				}
				// On the flooder's own host, after its eight rooms, only a room that is asked for has a place.
				l.want("Den")
				neighbour := sham(l, "bob", "host0", "den", 2, true)
				if l.directory.found[neighbour] == nil {
					t.Error("a room that is asked for by name has no place")
				}
				other := sham(l, "carol", "host0", "loft", 3, false)
				if delete(l.directory.found, other); l.directory.found[other] != nil {
					t.Fatal("a ninth room has a place")
				}
				l.want(other.String())
				for i := range 2 * foundOfPeer {
					sham(l, "carol", "host0", "loft", 100+i, false)
				}
				if sham(l, "carol", "host0", "loft", 3, false); l.directory.found[other] == nil {
					t.Error("a room that is asked for by id has no place")
				}
				if len(l.directory.found) > maxFound {
					t.Errorf("%d rooms are remembered", len(l.directory.found))
				}
			})
		})
	}
}

// TestWordBookDropsOneEntryAtATime: a full book of words drops one entry at a time, and none for a peer that it has already.
func TestWordBookDropsOneEntryAtATime(t *testing.T) {
	b := newWordBook()
	for i := range maxWords {
		b.words[peer.ID(fmt.Sprint(i))] = "word"
	}
	b.of("a stranger")
	if len(b.words) != maxWords {
		t.Errorf("%d words are kept", len(b.words))
	}
}

// TestWantedRoomsAreForgotten: the rooms that users ask for are bounded, and forgotten.
func TestWantedRoomsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := must(newLoop(&Node{self: "us", words: newWordBook()}, nil))
		for i := range 2 * maxWanted {
			l.want(fmt.Sprint("room ", i))
		}
		if len(l.directory.wanted) > maxWanted || !l.wants(protocol.RoomID{}, "ROOM 7") {
			t.Errorf("%d rooms are wanted", len(l.directory.wanted))
		}
		time.Sleep(wantedFor + 1) // simulated
		if l.want("another"); len(l.directory.wanted) != 1 || l.wants(protocol.RoomID{}, "room 7") {
			t.Errorf("%d rooms are still wanted", len(l.directory.wanted))
		}
	})
}

// TestHostAt: one machine can take any address of an IPv6 network, and any link-local one behind a card; they count as one. Behind
// another card there is another machine.
func TestHostAt(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.1/udp/2/quic-v1", true},
		{"/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1", false},
		{"/ip4/10.0.0.1/tcp/1", "/ip6/::ffff:10.0.0.1/tcp/1", true},
		{"/ip6/fd00::1/tcp/1", "/ip6/fd00::2/tcp/1", true},
		{"/ip6/fd00::1/tcp/1", "/ip6/fd00:0:0:1::1/tcp/1", false},
		{"/ip6zone/eth0/ip6/fe80::1/tcp/1", "/ip6zone/eth0/ip6/fe80::2/tcp/1", true},
		{"/ip6zone/eth0/ip6/fe80::1/tcp/1", "/ip6zone/eth1/ip6/fe80::1/tcp/1", false},
	} {
		a, b := hostAt(multiaddr.StringCast(c.a)), hostAt(multiaddr.StringCast(c.b))
		if a == "" || b == "" || (a == b) != c.same {
			t.Errorf("%s is at %q and %s at %q; the same: %v", c.a, a, c.b, b, c.same)
		}
	}
}
