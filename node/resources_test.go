package node

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/multiformats/go-multiaddr"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// wire is what libp2p asks of the resource manager for a new connection.
func wire(r *resources, p peer.ID, ip string) network.ConnManagementScope {
	c, err := r.OpenConnection(network.DirInbound, false, multiaddr.StringCast("/ip4/"+ip+"/udp/4001/quic-v1"))
	if err != nil {
		return nil
	}
	if c.SetPeer(p) != nil {
		c.Done()
		return nil
	}
	return c
}

// TestConnectionsOfStrangersAreBounded: strangers that hold all the connections and streams they can get keep no member out, nor
// strangers at other addresses.
func TestConnectionsOfStrangersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission("bob")
		r := must(newResourceManager())
		defer r.Close()
		var open []network.ConnManagementScope
		connect := func(p peer.ID, ip string) bool {
			c := wire(r, p, ip)
			if c != nil {
				open = append(open, c)
			}
			return c != nil
		}
		r.judge.Store(a)
		held := 0
		for ip := range 10 {
			for i := range 2 * lan.ConnsPerHost {
				if connect(peer.ID(fmt.Sprint("m", ip, " ", i)), fmt.Sprintf("10.0.0.%d", ip+1)) {
					held++
				}
			}
		}
		if held >= strangerConns || held < strangerConns/2 {
			t.Errorf("ten addresses hold %d connections", held)
		}
		if !connect("honest", "10.0.1.1") {
			t.Error("a stranger of another address cannot connect")
		}
		for ip := range 1000 {
			connect(peer.ID(fmt.Sprint("n", ip)), fmt.Sprintf("10.1.%d.%d", ip/250, ip%250))
		}
		if r.strangers.taken != strangerConns {
			t.Errorf("%d connections of strangers", r.strangers.taken)
		}
		for range 3 {
			if !connect("bob", "10.0.2.1") {
				t.Error("a member cannot connect")
			}
		}
		// They open all the streams they can.
		var streams []network.StreamManagementScope
		fill := func(p peer.ID) (n int) {
			for {
				s, err := r.OpenStream(p, network.DirInbound)
				if err != nil {
					return n
				}
				streams = append(streams, s)
				n++
			}
		}
		if n := fill("honest"); n > strangerStreamsEach {
			t.Errorf("one stranger opens %d streams", n)
		}
		for p := range r.conns {
			if p != "bob" {
				fill(p)
			}
		}
		if r.ofStrangers.taken > strangerStreams || r.ofGuests.taken > 0 {
			t.Errorf("strangers hold %d streams", r.ofStrangers.taken)
		}
		if n := fill("bob"); n != guestStreamsEach+guestStreamsRoom {
			t.Errorf("a member opens %d streams", n)
		}
		// A stranger that is let in gives its place back, and takes one again when it is removed.
		a.guests.Store(&map[peer.ID]int{"bob": 1, "honest": 1})
		r.recount()
		if r.strangers.taken != strangerConns-1 {
			t.Errorf("%d connections of strangers when one has been let in", r.strangers.taken)
		}
		a.guests.Store(&map[peer.ID]int{})
		r.recount()
		if r.strangers.taken != strangerConns+3 {
			t.Errorf("%d connections of strangers when all are out", r.strangers.taken)
		}
		for _, s := range streams {
			s.Done()
			s.Done()
		}
		for _, c := range open {
			c.Done()
			c.Done()
		}
		if r.strangers.taken+r.ofGuests.taken+r.ofStrangers.taken+len(r.open)+len(r.conns) != 0 {
			t.Error("something is still counted after its end")
		}
	})
}

// TestTooManyConnectionsAreReportedOnce: connections that are refused before the peer is known count as a flood too, and nobody is
// disconnected for it.
func TestTooManyConnectionsAreReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission("bob")
		r := must(newResourceManager())
		defer r.Close()
		r.judge.Store(a)
		for range 100 * connsAtOnce {
			c, err := r.OpenConnection(network.DirInbound, true, multiaddr.StringCast("/ip4/10.0.0.1/tcp/4001"))
			if err == nil {
				c.Done()
			}
		}
		if fs := a.floods.due(time.Now()); len(fs) != 1 || !slices.Equal(fs[0].addrs, []string{"10.0.0.1"}) || !slices.Equal(fs[0].things, []string{"connections"}) {
			t.Errorf("reported %+v", fs)
		}
		if fs := a.floods.due(time.Now()); len(fs) > 0 || len(a.n.inbox) > 0 {
			t.Errorf("reported again: %+v, and %d peers are disconnected", fs, len(a.n.inbox))
		}
		if wire(r, "bob", "10.0.0.2") == nil {
			t.Error("a member of another address cannot connect")
		}
	})
}

// TestStreamOpeningIsBounded: a peer that opens and ends streams in a loop is slowed down before anything is read from them.
func TestStreamOpeningIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission("bob", "carol")
		r := must(newResourceManager())
		defer r.Close()
		r.judge.Store(a)
		for i, p := range []peer.ID{"mallory", "bob", "carol"} {
			defer wire(r, p, fmt.Sprintf("10.0.0.%d", i+1)).Done()
		}
		loop := func(p peer.ID) (n int) {
			for {
				s, err := r.OpenStream(p, network.DirInbound)
				if err != nil {
					return n
				}
				s.Done()
				n++
			}
		}
		if n := loop("mallory"); n != strangerOpensBurst {
			t.Errorf("a stranger opens %d streams", n)
		}
		if n := loop("bob"); n != guestOpensBurst+sharedGuestOpensBurst {
			t.Errorf("a member opens %d streams", n)
		}
		if n := loop("carol"); n != guestOpensBurst {
			t.Errorf("another member opens %d streams", n)
		}
		time.Sleep(10 * time.Second) // simulated
		if n := loop("mallory"); n > 10*strangerOpens+1 {
			t.Errorf("a stranger opens %d more streams in ten seconds", n)
		}
	})
}

// TestOtherStreamsAreBounded: libp2p's own streams are limited for one peer, and do not count with those of our protocols.
func TestOtherStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission("bob")
		a.services[protocol.PollID] = newService(pollQuota)
		r := must(newResourceManager())
		defer r.Close()
		r.judge.Store(a)
		loop := func(p peer.ID, id protocolID) (n int) {
			for range 500 {
				time.Sleep(time.Microsecond) // simulated
				s, err := r.OpenStream(p, network.DirInbound)
				if err == nil {
					if s.SetProtocol(id) == nil {
						n++
					}
					s.Done()
				}
			}
			return n
		}
		for i, p := range []peer.ID{"mallory", "trudy", "bob"} {
			defer wire(r, p, fmt.Sprintf("10.0.0.%d", i+1)).Done()
		}
		if n := loop("mallory", identify.IDPush); n != strangerOthersBurst {
			t.Errorf("a stranger opens %d streams", n)
		}
		if n := loop("trudy", protocol.PollID); n != strangerOpensBurst {
			t.Errorf("a stranger opens %d streams of ours", n)
		}
		if n := loop("bob", ping.ID); n != guestOthersBurst {
			t.Errorf("a member opens %d streams", n)
		}
		if n := loop("bob", protocol.PollID); n != 500 {
			t.Errorf("a member opens %d streams of ours", n)
		}
		if len(a.floods.due(time.Now())) == 0 {
			t.Error("nothing is reported")
		}
	})
}
