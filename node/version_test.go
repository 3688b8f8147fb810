package node

import (
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/protocol"
)

// TestJoinAnotherVersion: a user that joins a node of another version is told so at once, however the node is named. The user at the
// other end is told too, once, when the two meet.
func TestJoinAnotherVersion(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, other := l.start("alice"), l.hosts[1]
		// The other node has protocols with our names and another version number.
		for _, id := range []libprotocol.ID{protocol.JoinID, protocol.RoomsID, protocol.PollID, protocol.SyncID} {
			name := id[:strings.LastIndexByte(string(id), '/')]
			other.SetStreamHandler(name+"/4", func(s network.Stream) { _ = s.Reset() })
		}
		invite := protocol.InviteText{Owner: other.ID(), Room: protocol.RoomID{1}, Token: protocol.Token{1}, Expires: time.Now().Add(time.Hour), Addrs: other.Addrs()}
		for _, o := range []JoinOptions{{Invite: invite.String()}, {Room: other.Addrs()[0].String()}, {Room: other.Addrs()[0].String() + "/p2p/" + other.ID().String()}} {
			began := time.Now()
			_, err := alice.Join(l.ctx(), o)
			if e := AsError(err); err == nil || !strings.Contains(e.Text, "runs another version of localchat") || e.Reason == "" {
				t.Errorf("%+v: %v, reason %q", o, err, e.Reason)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("%+v: after %v", o, took)
			}
		}
		until(l.subs["alice"], func(w Warning) bool { return w.Code == "version" })
	})
}

// TestOtherVersionIsReported: a node of an earlier or later version is reported once. A host that runs no localchat is not.
func TestOtherVersionIsReported(t *testing.T) {
	for id, said := range map[libprotocol.ID]int{
		"/localchat/rooms/1": 1, "/localchat/rooms/77": 1, "/other/rooms/1": 0, "/localchat/poll/1": 0,
	} {
		t.Run(string(id), func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				alice := l.start("alice")
				for _, h := range l.hosts[1:] {
					h.SetStreamHandler(id, func(s network.Stream) { _ = s.Reset() })
					must(alice.Dial(l.ctx(), h.Addrs()[0].String()+"/p2p/"+h.ID().String()))
				}
				time.Sleep(2 * roomsEvery) // simulated
				n := 0
				for _, w := range allOf[Warning](l.subs["alice"]) {
					if w.Code == "version" {
						n++
					}
				}
				if n != said {
					t.Errorf("reported %d times, not %d", n, said)
				}
			})
		})
	}
}
