package node

import (
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
)

// A node of an earlier or a later version is pointed out once, and a host that is no node of ours is not.
func TestAnotherVersionIsSaid(t *testing.T) {
	for id, said := range map[libprotocol.ID]int{
		"/localchat/rooms/1": 1, "/localchat/rooms/77": 1, "/other/rooms/1": 0, "/localchat/poll/1": 0,
	} {
		t.Run(string(id), func(t *testing.T) {
			simulate(t, 3, func(l *lan) {
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
					t.Errorf("said %d times, not %d", n, said)
				}
			})
		})
	}
}
