package node

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"
	"github.com/marcopolo/simnet"
	"github.com/multiformats/go-multiaddr"

	"localchat/internal/onlink"
	"localchat/node/internal/lan"
	"localchat/protocol"
	"localchat/test/hostile"
)

// testGate is a gate on 192.168.1.0/24 and 2001:db8:1::/64.
func testGate() *lan.Gate {
	return lan.NewGate(func() (onlink.Networks, error) {
		return onlink.Networks{netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("2001:db8:1::5/64"), netip.MustParsePrefix("fe80::5/64")}, nil
	}, false)
}

func multiaddrs(texts ...string) (as []multiaddr.Multiaddr) {
	for _, s := range texts {
		as = append(as, multiaddr.StringCast(s))
	}
	return as
}

// A packets counts the packets of a simulated network by destination.
type packets struct {
	mu  sync.Mutex // shared by the goroutines of the network and of the test
	out map[string]int
}

func (tr *packets) latency(p *simnet.Packet) time.Duration {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.out[ipOf(p.To)]++
	return time.Millisecond
}

// to is how many packets went to addresses with that prefix.
func (tr *packets) to(prefixes ...string) (n int) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for ip, sent := range tr.out {
		for _, p := range prefixes {
			if strings.HasPrefix(ip, p) {
				n += sent
			}
		}
	}
	return n
}

func (tr *packets) forget() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	clear(tr.out)
}

// The machines of these tests are on 1.0.0.0/16 and 1.77.0.0/24. No host is on the latter.
var (
	foreignAddrs = multiaddrs(
		"/ip4/203.0.113.7/udp/53/quic-v1", "/ip4/8.8.8.8/udp/443/quic-v1", "/ip4/1.200.0.9/udp/123/quic-v1", "/ip4/172.31.5.5/udp/22/quic-v1",
		"/ip4/127.0.0.1/udp/631/quic-v1", "/ip4/1.77.0.255/udp/9/quic-v1", "/ip6/::ffff:203.0.113.8/udp/53/quic-v1",
	)
	foreign = []string{"203.", "8.", "1.200.", "172.", "127.", "1.77.0.255", "::ffff:203."}
	near    = multiaddrs("/ip4/1.77.0.9/udp/4001/quic-v1")
)

const nobody = "1.77.0.9"

// An outskirt is a simulated network whose nodes are on known networks, and one host of mallory's that claims any
// addresses a test wants.
type outskirt struct {
	*simLAN
	traffic  *packets
	mallory  host.Host
	networks map[string]*atomic.Pointer[onlink.Networks] // of each node; a test may change them
	network  *simnet.Simnet
}

func onTheOutskirts(t *testing.T, says []multiaddr.Multiaddr, f func(o *outskirt)) {
	t.Helper()
	// The simulated network logs each packet to nowhere.
	was := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(was)
	synctest.Test(t, func(t *testing.T) {
		tr := &packets{out: make(map[string]int)}
		l, network := newLAN(t, 0, tr.latency)
		defer l.stop(network)
		o := &outskirt{simLAN: l, traffic: tr, networks: make(map[string]*atomic.Pointer[onlink.Networks]), network: network}
		o.mallory = o.host(100, libp2p.AddrsFactory(func([]multiaddr.Multiaddr) []multiaddr.Multiaddr { return says }))
		defer o.mallory.Close()
		f(o)
	})
}

// host is a host without a gate, at the address with that number in simnet.
func (o *outskirt) host(number int, more ...libp2p.Option) host.Host {
	return bareHost(o.network, number, 8000, append(more, libp2p.ResourceManager(must(newResourceManager())))...)
}

// node starts a node on the known networks. It knows no other peer.
func (o *outskirt) node(nick string, number int, anywhere bool) *Node {
	o.t.Helper()
	on := &atomic.Pointer[onlink.Networks]{}
	on.Store(&onlink.Networks{netip.MustParsePrefix("1.0.0.9/16"), netip.MustParsePrefix("1.77.0.5/24")})
	o.networks[nick] = on
	g := lan.NewGate(func() (onlink.Networks, error) { return *on.Load(), nil }, anywhere)
	n := must(New(Config{Nick: nick, Host: gatedHost(o.network, number, 8000, g), gate: g, Version: "test"}))
	o.index[nick], o.nodes[nick] = len(o.hosts), n
	o.hosts = append(o.hosts, n.host)
	o.subs[nick] = watch(o.t, nick, n)
	return n
}

func (o *outskirt) inLoop(n *Node, f func(*loop)) {
	o.t.Helper()
	must(ask(o.ctx(), n, inLoop(f)))
}

// lab is a room of alice's with bob and carol in it, and mallory if the caller says so.
func (o *outskirt) lab() RoomInfo {
	o.t.Helper()
	alice := o.node("alice", 0, false)
	lab := must(alice.Create(o.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	for i, nick := range []string{"bob", "carol"} {
		n := o.node(nick, 1+i, false)
		must(n.Dial(o.ctx(), alice.host.Addrs()[0].String()+"/p2p/"+alice.self.String()))
		must(n.Join(o.ctx(), JoinOptions{Room: "lab"}))
	}
	return lab
}

// enter makes mallory a member, which then goes away.
func (o *outskirt) enter(lab RoomInfo) *hostile.Peer {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o.cancels = append(o.cancels, cancel)
	alice := o.nodes["alice"]
	m := hostile.New(ctx, o.mallory, lab.ID, alice.self, []peer.AddrInfo{{ID: alice.self, Addrs: alice.host.Addrs()}})
	if code := m.Join("mallory", protocol.Token{}); code != protocol.JoinAdmitted {
		o.t.Fatal(code)
	}
	return m
}

// nothingLeaves checks a minute in which nodes try the addresses that they were told.
func (o *outskirt) nothingLeaves(what string) {
	o.t.Helper()
	time.Sleep(time.Minute) // simulated
	if n := o.traffic.to(foreign...); n > 0 {
		o.t.Errorf("%s: %d packets went to addresses outside our networks", what, n)
	}
	if o.traffic.to(nobody) == 0 {
		o.t.Errorf("%s: not even the addresses on our network were tried: this shows nothing", what)
	}
}

// TestIdentifyPointsNobodyElsewhere: a stranger claims by identify to be at addresses all over the world. Nobody dials them.
func TestIdentifyPointsNobodyElsewhere(t *testing.T) {
	onTheOutskirts(t, append(near, foreignAddrs...), func(o *outskirt) {
		bob := o.node("bob", 1, false)
		for range 10 {
			must(struct{}{}, o.mallory.Connect(o.ctx(), peer.AddrInfo{ID: bob.self, Addrs: bob.host.Addrs()}))
			time.Sleep(time.Second) // simulated: identified
			must(struct{}{}, o.mallory.Network().ClosePeer(bob.self))
			time.Sleep(5 * time.Second) // simulated
		}
		o.nothingLeaves("identify")
		o.inLoop(bob, func(l *loop) {
			for _, a := range l.addrsOf(o.mallory.ID()) {
				if !l.n.gate.Passes(o.mallory.ID(), a) {
					t.Errorf("%s is handed on", a)
				}
			}
		})
	})
}

// TestPresencePointsNobodyElsewhere: a member's addresses go to the whole room through the owner. Nobody dials those outside our
// networks, and the owner does not hand them on: not in its list of present members, not in its listing of rooms, and not in an
// invite.
func TestPresencePointsNobodyElsewhere(t *testing.T) {
	onTheOutskirts(t, append(near, foreignAddrs...), func(o *outskirt) {
		lab := o.lab()
		m := o.enter(lab)
		go m.Poll()
		time.Sleep(5 * time.Second) // simulated: mallory is present
		var handed []string
		o.inLoop(o.nodes["alice"], func(l *loop) {
			present := false
			for _, p := range l.rooms[lab.ID].desk.presence.withAddrs() {
				present = present || p.Peer == o.mallory.ID()
				handed = append(handed, formatAddrs(p.Addrs)...)
			}
			if !present {
				t.Error("mallory is not present: this shows nothing")
			}
			for _, ad := range must(listRooms{}.run(l)).Rooms {
				handed = append(handed, formatAddrs(ad.Addrs)...)
			}
		})
		inv := must(protocol.ParseInvite(must(o.nodes["alice"].Invite(o.ctx(), "lab", "", 0)).Text))
		handed = append(handed, formatAddrs(inv.Addrs)...)
		for _, a := range handed {
			if !strings.HasPrefix(a, "/ip4/1.0.") && a != near[0].String() {
				t.Errorf("alice hands on %s", a)
			}
		}
		o.nothingLeaves("presence")
	})
}

// TestAnOwnersListPointsNobodyElsewhere: an owner's list is a claim like any other peer's. It does not push out the right addresses
// either.
func TestAnOwnersListPointsNobodyElsewhere(t *testing.T) {
	onTheOutskirts(t, nil, func(o *outskirt) {
		lab := o.lab()
		o.enter(lab)
		time.Sleep(2 * time.Second) // simulated: the record of mallory's admission is everywhere
		must(struct{}{}, o.mallory.Close())
		bob := o.nodes["bob"]
		o.inLoop(bob, func(l *loop) {
			r := l.rooms[lab.ID]
			for i, addrs := range [][]multiaddr.Multiaddr{near, foreignAddrs} {
				r.membership.absence.take(&protocol.PollMember{Presence: r.membership.absence.presence + 1 + uint64(i), Present: []protocol.Presence{{Peer: o.mallory.ID(), Addrs: addrs}}})
			}
			if e := l.book.entry(o.mallory.ID()); e == nil || len(e.addrs) != 1 || !e.addrs[0].Equal(near[0]) {
				t.Errorf("bob's book has %+v", e)
			}
		})
		o.nothingLeaves("an owner's list")
	})
}

// TestAListingPointsNobodyElsewhere: a listing of rooms gives the address of each owner.
func TestAListingPointsNobodyElsewhere(t *testing.T) {
	onTheOutskirts(t, nil, func(o *outskirt) {
		bob := o.node("bob", 1, false)
		create := newLawRoom(t, "den").Records[0]
		ad := openedAd{protocol.RoomAd{Create: create.Bytes(), Access: protocol.Open, Addrs: append(near, foreignAddrs...)}, create, owners{create.Author}, "words of an owner"}
		for range 3 {
			o.inLoop(bob, roomsAnsweredBy(o.mallory.ID(), ad))
			ctx, cancel := context.WithTimeout(o.ctx(), 5*time.Second)
			if _, err := bob.Join(ctx, JoinOptions{Room: create.RoomID().String()}); err == nil {
				t.Error("bob has joined a room that nobody is in")
			}
			cancel()
		}
		o.nothingLeaves("a listing")
	})
}

func roomsAnsweredBy(p peer.ID, ads ...openedAd) func(*loop) {
	return func(l *loop) { roomsAnswered{peer: p, ads: ads}.handle(l) }
}

// TestPruneDialsNobody: a PRUNE of a member may carry signed addresses of other peers, which pubsub would connect to by itself. We
// dial none of them: that would bypass the book and its bounds.
func TestPruneDialsNobody(t *testing.T) {
	onTheOutskirts(t, nil, func(o *outskirt) {
		lab := o.lab()
		m := o.enter(lab)
		time.Sleep(2 * time.Second) // simulated: the record of mallory's admission is everywhere
		bob := o.nodes["bob"]
		must(struct{}{}, o.mallory.Connect(o.ctx(), peer.AddrInfo{ID: bob.self, Addrs: bob.host.Addrs()}))
		for i := range 10 {
			topic, backoff := protocol.LinesTopic, uint64(1)
			prune := &pb.ControlPrune{TopicID: &topic, Backoff: &backoff}
			for j := range 16 {
				prune.Peers = append(prune.Peers, signedPeer(t, fmt.Sprint("px", i, j), append(near, foreignAddrs...)))
			}
			if err := m.Push(bob.self, &pb.RPC{Control: &pb.ControlMessage{Prune: []*pb.ControlPrune{prune}}}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // simulated
		}
		time.Sleep(time.Minute) // simulated
		if n := o.traffic.to(append(foreign, nobody)...); n > 0 {
			t.Errorf("%d packets went to the peers of a PRUNE", n)
		}
		// Bob has read them: mallory is a member that he hears.
		must(bob.Say(o.ctx(), "lab", "here", false))
		until(o.subs["alice"], func(m Message) bool { return m.Text == "here" })
	})
}

func signedPeer(t *testing.T, name string, addrs []multiaddr.Multiaddr) *pb.PeerInfo {
	t.Helper()
	key := persona(name).PrivKey
	rec := &peer.PeerRecord{PeerID: personaID(name), Addrs: addrs, Seq: 1}
	env := must(record.Seal(rec, key))
	return &pb.PeerInfo{PeerID: []byte(rec.PeerID), SignedPeerRecord: must(env.Marshal())}
}

// TestAddressesOfTheLastNetwork: addresses that were right on one network are not dialled on the next, whatever their source, since
// another machine may be there. An address that the user types is dialled wherever it is.
func TestAddressesOfTheLastNetwork(t *testing.T) {
	onTheOutskirts(t, nil, func(o *outskirt) {
		bob := o.node("bob", 1, false)
		hint := func() {
			o.inLoop(bob, func(l *loop) {
				peerFound{peer.AddrInfo{ID: personaID("dave"), Addrs: near}}.handle(l)
				l.book.want(personaID("erin"), near)
			})
		}
		hint()
		time.Sleep(30 * time.Second) // simulated
		if o.traffic.to(nobody) == 0 {
			t.Fatal("an address on our network is not dialled")
		}
		o.networks["bob"].Store(&onlink.Networks{netip.MustParsePrefix("1.0.0.9/16")})
		time.Sleep(30 * time.Second) // simulated: dials under way have ended
		o.traffic.forget()
		hint()
		time.Sleep(time.Minute) // simulated
		if n := o.traffic.to(nobody); n > 0 {
			t.Errorf("%d packets went to an address of the last network", n)
		}
		_, _ = bob.Dial(o.ctx(), near[0].String()) // nobody is there
		if o.traffic.to(nobody) == 0 {
			t.Error("a typed address is not dialled")
		}
	})
}

// TestNodesOfOtherNetworks: a node of another network gets no connection, unless --from-anywhere allows it. A node there that the user
// dials is reached, remembered, and let in when it calls back.
func TestNodesOfOtherNetworks(t *testing.T) {
	onTheOutskirts(t, nil, func(o *outskirt) {
		far := o.host(200 << 16)
		defer far.Close()
		if !strings.HasPrefix(far.Addrs()[0].String(), "/ip4/1.200.") {
			t.Fatal(far.Addrs())
		}
		bob, carol := o.node("bob", 1, false), o.node("carol", 2, true)
		calls := func(n *Node) error {
			return far.Connect(o.ctx(), peer.AddrInfo{ID: n.self, Addrs: n.host.Addrs()})
		}
		_ = calls(bob)
		time.Sleep(time.Second) // simulated: the simulation's QUIC asks at the end of the handshake only
		if bob.connected(far.ID()) || len(far.Network().ConnsToPeer(bob.self)) > 0 {
			t.Error("bob lets a node of another network in")
		}
		if err := calls(carol); err != nil {
			t.Errorf("carol is open to all: %v", err)
		}
		at := far.Addrs()[0]
		must(bob.Dial(o.ctx(), at.String()+"/p2p/"+far.ID().String()))
		o.inLoop(bob, func(l *loop) {
			if as := l.addrsOf(far.ID()); len(as) != 1 || !as[0].Equal(at) {
				t.Errorf("bob knows it at %v", as)
			}
			if l.n.gate.Passes(personaID("dave"), multiaddr.StringCast("/ip4/1.200.0.9/udp/123/quic-v1")) {
				t.Error("every address of its network passes")
			}
		})
		// A peer of another network may be called back where it was seen: the address of its QUIC connection is where it
		// listens.
		if !carol.gate.Passes(far.ID(), at) || carol.gate.Passes(personaID("dave"), at) {
			t.Error("carol may not call the peer back, or may call another")
		}
	})
}

// TestAnInviteLeadsElsewhere: the addresses in an invite are dialled wherever they are: the user has entered the invite.
func TestAnInviteLeadsElsewhere(t *testing.T) {
	onTheOutskirts(t, nil, func(o *outskirt) {
		far := o.host(200 << 16)
		defer far.Close()
		bob := o.node("bob", 1, false)
		inv := protocol.InviteText{Owner: far.ID(), Room: protocol.RoomID{1}, Token: protocol.Token{1}, Expires: time.Now().Add(time.Hour), Addrs: far.Addrs()[:1]}
		ctx, cancel := context.WithTimeout(o.ctx(), 5*time.Second)
		defer cancel()
		_, err := bob.Join(ctx, JoinOptions{Invite: inv.String()})
		if !bob.connected(far.ID()) {
			t.Errorf("the inviter was not reached: %v", err)
		}
	})
}
