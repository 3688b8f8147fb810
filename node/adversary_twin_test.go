package node

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol"
	"localchat/test/hostile"
)

// rumours is mDNS in the hands of an attacker: it reports whatever a test wants.
type rumours chan peer.AddrInfo

func (r rumours) Run(ctx context.Context, _ func() peer.AddrInfo, found func(peer.AddrInfo), _ func(netip.Addr)) error {
	for {
		select {
		case ai := <-r:
			found(ai)
		case <-ctx.Done():
			return nil
		}
	}
}

func (r rumours) Hurry() {}

// startOn makes a node on the given host that knows other peers by rumour alone.
func (l *simLAN) startOn(host int, nick, dir string, d Discovery) *Node {
	l.t.Helper()
	n := must(New(Config{Nick: nick, Host: l.hosts[host], gate: gateOf(l.hosts[host]), DataDir: dir, Discovery: d, Version: "test"}))
	l.index[nick], l.nodes[nick] = host, n
	l.subs[nick] = watch(l.t, nick, n)
	return n
}

func (l *simLAN) infoOf(host int) peer.AddrInfo {
	return peer.AddrInfo{ID: l.hosts[host].ID(), Addrs: l.hosts[host].Addrs()}
}

// strangers are absent peers at private addresses: libp2p stops dialling public ones after some number of failures.
func strangers(n int) []peer.AddrInfo {
	var ais []peer.AddrInfo
	for i := range n {
		_, pub, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			panic(err)
		}
		addr := multiaddr.StringCast(fmt.Sprintf("/ip4/10.9.%d.%d/udp/4001/quic-v1", i/250, 1+i%250))
		ais = append(ais, peer.AddrInfo{ID: must(peer.IDFromPublicKey(pub)), Addrs: []multiaddr.Multiaddr{addr}})
	}
	return ais
}

// spoofed reports the peer of a host at n addresses where it is not, one of them the attacker's.
func (l *simLAN) spoofed(host, attacker, n int) peer.AddrInfo {
	ai := peer.AddrInfo{ID: l.hosts[host].ID(), Addrs: l.hosts[attacker].Addrs()}
	for i := range n {
		ai.Addrs = append(ai.Addrs, multiaddr.StringCast(fmt.Sprintf("/ip4/10.8.%d.%d/udp/4001/quic-v1", i/250, 1+i%250)))
	}
	return ai
}

// tell repeats rumours, all of them every second, as an attacker's mDNS answers would.
func (r rumours) tell(ctx context.Context, ais ...peer.AddrInfo) {
	for ctx.Err() == nil {
		for _, ai := range ais {
			select {
			case r <- ai:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// TestFalseHints: mDNS reports as many absent peers as it lets through, and false addresses of the owner, one of them the attacker's.
// The owner is found again when it comes back.
func TestFalseHints(t *testing.T) {
	long(t)
	// The simulated network logs each packet to nowhere.
	was := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(was)
	simulate(t, 3, func(l *simLAN) {
		alice := l.startOn(0, "alice", "", nil)
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		r := make(rumours)
		bob := l.startOn(1, "bob", "", r)
		r <- l.infoOf(0)
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		ctx, cancel := context.WithCancel(context.Background())
		l.cancels = append(l.cancels, cancel)
		go r.tell(ctx, strangers(2*MaxPeers)...)
		go r.tell(ctx, l.spoofed(0, 2, protocol.MaxAddrs))
		time.Sleep(3 * time.Second) // simulated
		l.cut("alice", "bob")
		time.Sleep(20 * time.Second) // simulated
		l.heal()
		start := time.Now()
		until[OwnerBack](l.subs["bob"], nil)
		t.Log("back after", time.Since(start))
		if err := l.hearEachOther("alice", "bob"); err != nil {
			t.Fatal(err)
		}
		if peers := must(bob.Peers(l.ctx())); len(peers) > MaxPeers {
			t.Errorf("bob's book has %d peers", len(peers))
		}

		// A newcomer hears of the one true peer among all the false ones. It cannot tell whether the owner's room is the only
		// one of that name.
		q := make(rumours)
		carol := l.startOn(2, "carol", "", q)
		go q.tell(ctx, strangers(2*MaxPeers)...)
		go q.tell(ctx, l.infoOf(0))
		start = time.Now()
		_, err := carol.Join(l.ctx(), JoinOptions{Room: "lab"})
		t.Log("asked after", time.Since(start))
		if err == nil || codeOf(err) != CodeAmbiguous || !offers(err, lab.ID) {
			t.Fatalf("carol is answered %v", err)
		}
		must(carol.Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
	})
}

// TestTwinBehindFalseHints: the second of two rooms of one name is announced behind absent peers. While those are being tried, the
// first room is not taken for the only one.
func TestTwinBehindFalseHints(t *testing.T) {
	long(t)
	simulate(t, 3, func(l *simLAN) {
		alice, eve := l.startOn(0, "alice", "", nil), l.startOn(1, "eve", "", nil)
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		twin := must(eve.Create(l.ctx(), CreateOptions{Name: "LAB", Nick: "alice", PolicyChange: openRoom()}))
		r := make(rumours)
		carol := l.startOn(2, "carol", "", r)
		r <- l.infoOf(0)
		until(l.subs["carol"], func(f RoomFound) bool { return f.Name == "lab" })
		for _, ai := range append(strangers(MaxPeers-10), l.infoOf(1)) {
			r <- ai
		}
		_, err := carol.Join(l.ctx(), JoinOptions{Room: "lab"})
		if codeOf(err) != CodeAmbiguous || !offers(err, lab.ID, twin.ID) {
			t.Errorf("carol is answered %v", err)
		}
	})
}

// TestHintsAreTriedWithoutAPause: each of many false hints is tried as soon as there is room, so that all are tried within the time
// that a name takes to settle.
func TestHintsAreTriedWithoutAPause(t *testing.T) {
	long(t)
	simulate(t, 1, func(l *simLAN) {
		r := make(rumours)
		alice := l.startOn(0, "alice", "", r)
		began := time.Now()
		for _, ai := range strangers(MaxPeers) {
			r <- ai
		}
		left := func() (n int) {
			must(ask(l.ctx(), alice, inLoop(func(lp *loop) {
				for _, e := range lp.book.entries {
					if !e.heard {
						n++
					}
				}
			})))
			return n
		}
		for left() > 0 {
			time.Sleep(hintTimeout / 20) // simulated
		}
		rounds := (MaxPeers + maxHintDials - 1) / maxHintDials
		if took, most := time.Since(began), time.Duration(rounds)*hintTimeout+hintTimeout/2; took > most {
			t.Errorf("%d hints took %v, and %v are allowed", MaxPeers, took, most)
		}
	})
}

func (l *simLAN) hearEachOther(a, b string) error {
	for _, n := range []string{a, b} {
		if _, err := l.nodes[n].Say(l.ctx(), "lab", n+" is heard", false); err != nil {
			return err
		}
	}
	until(l.subs[a], func(m Message) bool { return m.Text == b+" is heard" })
	until(l.subs[b], func(m Message) bool { return m.Text == a+" is heard" })
	return nil
}

// TestEvilTwin: a second room has the same name, and its owner the same nick. Nobody is led there unasked, and a user that knows the
// owner is told.
func TestEvilTwin(t *testing.T) {
	simulate(t, 4, func(l *simLAN) {
		alice := l.startOn(0, "alice", "", nil)
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		eve := l.startOn(1, "eve", "", nil)
		r := make(rumours, 8)
		bob := l.startOn(2, "bob", t.TempDir(), r)
		r <- l.infoOf(0)
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(struct{}{}, bob.Leave(l.ctx(), "lab"))

		twin := must(eve.Create(l.ctx(), CreateOptions{Name: "LAB", Nick: "alice", PolicyChange: openRoom()}))
		q := make(rumours, 8)
		carol := l.startOn(3, "carol", "", q)
		q <- l.infoOf(0)
		q <- l.infoOf(1)
		r <- l.infoOf(1)
		until(l.subs["carol"], func(w Warning) bool { return w.Code == "ambiguous_room" })
		if _, err := carol.Join(l.ctx(), JoinOptions{Room: "lab"}); codeOf(err) != CodeAmbiguous {
			t.Errorf("carol knows neither owner and is answered %v", err)
		}
		until(l.subs["bob"], func(w Warning) bool { return w.Code == "owner_key" && w.Peer == eve.self })
		if j, err := bob.Join(l.ctx(), JoinOptions{Room: "lab"}); err != nil || j.ID != lab.ID {
			t.Errorf("bob knows alice and is led to %v, %v", j.ID, err)
		}
		must(struct{}{}, bob.Leave(l.ctx(), "lab"))
		must(struct{}{}, alice.CloseRoom(l.ctx(), "lab", ""))
		until(l.subs["bob"], func(e RoomLost) bool { return e.Owner == alice.self })
		if _, err := bob.Join(l.ctx(), JoinOptions{Room: "lab"}); codeOf(err) != CodeRefused || !AsError(err).Identity {
			t.Errorf("bob knows alice and is answered %v about eve's room", err)
		}
		if j, err := bob.Join(l.ctx(), JoinOptions{Room: twin.ID.String()}); err != nil || j.ID != twin.ID {
			t.Errorf("bob has confirmed and is answered %v", err)
		}
	})
}

// TestThousandRooms: a host shows ever new rooms of one name, of owners that nobody has met.
func TestThousandRooms(t *testing.T) {
	long(t)
	simulate(t, 3, func(l *simLAN) {
		var pool [][]byte // made once: signing is slow
		for i := range 2 * maxFound {
			pool = append(pool, foundation("lab", fmt.Sprint("owner", i)))
		}
		ads := 0
		l.hosts[1].SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
			defer s.Close()
			var q protocol.RoomsRequest
			if protocol.ReadFrame(s, &q) != nil {
				return
			}
			reply := &protocol.RoomsReply{}
			for range protocol.MaxRooms {
				ads++
				reply.Rooms = append(reply.Rooms, protocol.RoomAd{Create: pool[ads%len(pool)], Access: protocol.Open})
			}
			_ = protocol.WriteFrame(s, reply)
		})
		r := make(rumours, 8)
		bob := l.startOn(2, "bob", "", r)
		r <- l.infoOf(1)
		// A user watches the list all the time, so the node keeps asking.
		for range 100 {
			must(bob.Rooms(l.ctx()))
			time.Sleep(2 * lookAgain) // simulated
		}
		alice := l.startOn(0, "alice", "", nil)
		room := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		r <- l.infoOf(0)
		time.Sleep(2 * time.Second) // simulated
		rooms := must(bob.Rooms(l.ctx()))
		if len(rooms) > maxFound {
			t.Errorf("%d rooms are listed", len(rooms))
		}
		if j, err := bob.Join(l.ctx(), JoinOptions{Room: room.ID.String()}); err != nil || j.ID != room.ID {
			t.Errorf("the room that is there is answered %v", err)
		}
		synctest.Wait()
		warned := make(map[string]int)
		for _, w := range allOf[Warning](l.subs["bob"]) {
			warned[w.Code]++
		}
		t.Logf("%d rooms announced, %d listed, %v, %d found", ads, len(rooms), warned, count[RoomFound](l.subs["bob"]))
		if warned["flood"] != 1 || warned["ambiguous_room"] > 1 || len(warned) > 2 {
			t.Errorf("warned of %v", warned)
		}
	})
}

// foundation is the first record of a persona's room.
func foundation(name, owner string) []byte { return hostile.Foundation(persona(owner), random, name) }
