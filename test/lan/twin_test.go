package lan

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// liarEnv makes the test binary a process that lies by mDNS until it is killed. Its value is the lies.
const liarEnv = "LOCALCHAT_TEST_LIAR"

// lies are the false announcements: that the peer Spoofed is at those Addrs, multiaddrs without /p2p. The process
// invents the rest.
type lies struct {
	Spoofed string
	Addrs   []string
}

// strangers is the number of invented nodes that the liar announces.
const strangers = 1000

// lie starts the liar on the host.
func (h *host) lie(l lies) {
	t := h.lan.t
	t.Helper()
	what, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.Command(os.Args[0], "-test.run", "^TestLiarProcess$")
	cmd.Env = append(os.Environ(), liarEnv+"="+string(what))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	ready, isReady, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()
	cmd.ExtraFiles = []*os.File{isReady}
	err = cmd.Start()
	isReady.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code >= 0 {
			t.Errorf("the liar has ended by itself, exit %d:\n%s", code, said.String())
		}
	})
	// A querier that asks while the lies are still being made hears only a few, and by their number asks again only after
	// this test is over.
	if _, err := io.ReadAll(ready); err != nil {
		t.Fatal(err)
	}
}

func TestLiarProcess(t *testing.T) {
	what := os.Getenv(liarEnv)
	if what == "" {
		t.Log("nothing to do here: this is a process of TestLANEvilTwin")
		return
	}
	var l lies
	if err := json.Unmarshal([]byte(what), &l); err != nil {
		t.Fatal(err)
	}
	iface, err := net.InterfaceByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	packets := l.packets(t)
	for network, group := range map[string]string{"udp4": "224.0.0.251", "udp6": "ff02::fb"} {
		to := &net.UDPAddr{IP: net.ParseIP(group), Port: 5353}
		conn, err := net.ListenMulticastUDP(network, iface, to)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// Anybody on the link can send with the hop limit that a listener checks for.
		p4, p6 := ipv4.NewPacketConn(conn), ipv6.NewPacketConn(conn)
		if network == "udp6" {
			to.Zone = iface.Name
			err = errors.Join(p6.SetHopLimit(255), p6.SetMulticastHopLimit(255))
		} else {
			err = errors.Join(p4.SetTTL(255), p4.SetMulticastTTL(255))
		}
		if err != nil {
			t.Fatal(err)
		}
		go answerAll(conn, to, packets)
	}
	os.NewFile(3, "ready").Close() // the first of the process's extra files
	<-t.Context().Done()           // the test is killed
}

// answerAll answers every query with all packets in turn, a hundred at once, to the querier alone or to all if no query
// comes: a querier listens for a moment only.
func answerAll(conn *net.UDPConn, group *net.UDPAddr, packets [][]byte) {
	heard := make([]byte, 9000)
	for next := 0; ; {
		conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, to, err := conn.ReadFromUDP(heard)
		if err != nil {
			to = group
		}
		if to.Port == group.Port && err == nil {
			continue // an answer, perhaps our own
		}
		conn.WriteToUDP(packets[0], to) // a full buffer is no matter
		for range 100 {
			conn.WriteToUDP(packets[next], to)
			next = (next + 1) % len(packets)
		}
	}
}

// packets are the spoofed answer, then packets that are no answers, and then the strangers.
func (l lies) packets(t *testing.T) [][]byte {
	spoofed, err := announce("spoofed", l.Spoofed, l.Addrs...)
	if err != nil {
		t.Fatal(err)
	}
	header := []byte{0, 0, 0x84, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}
	all := [][]byte{
		spoofed,
		{},
		{0},
		header, append(header[:12:12], 0xc0, 12, 0, 12, 0, 1), bytes.Repeat([]byte{0xff}, 1400),
		spoofed[:len(spoofed)/2],
	}
	for i := range strangers {
		_, key, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		id, err := peer.IDFromPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		addr := fmt.Sprintf("/ip4/10.77.0.%d/udp/%d/quic-v1", 100+i%100, 4000+i)
		packet, err := announce(fmt.Sprint("stranger", i), id.String(), addr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, packet)
	}
	return all
}

// announce is one answer as a node of ours would give it.
func announce(name, id string, addrs ...string) ([]byte, error) {
	const service = "_localchat._udp.local."
	header := func(name string, rrtype uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: 120}
	}
	var txt []string
	for _, a := range addrs {
		txt = append(txt, "dnsaddr="+a+"/p2p/"+id)
	}
	instance, host := name+"."+service, name+".local."
	msg := dns.Msg{Compress: true}
	msg.Response, msg.Authoritative = true, true
	msg.Answer = []dns.RR{
		&dns.PTR{Hdr: header(service, dns.TypePTR), Ptr: instance},
		&dns.SRV{Hdr: header(instance, dns.TypeSRV), Port: 4001, Target: host},
		&dns.TXT{Hdr: header(instance, dns.TypeTXT), Txt: txt},
		&dns.A{Hdr: header(host, dns.TypeA), A: net.IPv4(10, 77, 0, 99)},
	}
	return msg.Pack()
}

// TestLANEvilTwin has a room of the same name, an owner of the same nick, and a host that lies by mDNS about the true
// owner and a thousand absent peers. Nobody is led to the wrong room without being asked.
func TestLANEvilTwin(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	people := l.people("alice", "bob")
	alice, bob := people[0], people[1]
	lab := alice.do("room.create", obj{"name": "lab", "access": "open"})["id"]
	bob.do("room.join", obj{"room": "lab"}) // so bob knows alice
	converse("lab", "before", alice, bob)
	bob.do("room.leave", obj{"room": "lab"})

	eve := l.host("eve").start("--nick", "alice")
	twin := eve.do("room.create", obj{"name": "LAB", "access": "open"})["id"]
	var spoof lies
	spoof.Spoofed = fmt.Sprint(alice.peer())
	for _, a := range eve.addrs() {
		spoof.Addrs = append(spoof.Addrs, strings.Split(a, "/p2p/")[0])
	}
	l.host("liar").lie(spoof)

	carol := l.host("carol").start()
	for _, owner := range []*node{alice, eve} {
		carol.await("room_found", obj{"owner": owner.peer()})
		bob.await("room_found", obj{"owner": owner.peer()})
	}
	carol.await("warning", obj{"code": "ambiguous_room"})
	eventually(t, "carol has heard the lies", func() bool {
		carol.do("room.list", nil) // a node asks again sooner when its user looks at the rooms
		peers := carol.peers()
		return len(peers) > 100 && strings.Contains(fmt.Sprint(peers[spoof.Spoofed]["addrs"]), eve.addr)
	})
	carol.fails("ambiguous", "room.join", obj{"room": "lab"})
	words := map[any]bool{}
	for _, r := range carol.do("room.list", nil)["rooms"].([]any) {
		words[r.(map[string]any)["words"]] = true
	}
	if len(words) != 2 {
		t.Errorf("the owners of the two rooms are shown as %v", words)
	}
	_, said, code := l.host("dora").run("send", "lab", "whoever reads this", "--ephemeral")
	if code != 2 || !strings.Contains(said, fmt.Sprint(lab)) || !strings.Contains(said, fmt.Sprint(twin)) {
		t.Errorf("send to two rooms of one name: exit %d, said %q; want 2 and both ids", code, said)
	}
	carol.do("room.join", obj{"room": lab})

	bob.await("warning", obj{"code": "owner_key", "peer": eve.peer()})
	if joined := bob.do("room.join", obj{"room": "lab"}); joined["id"] != lab {
		t.Errorf("bob knows alice and is led to %v", joined)
	}
	converse("lab", "among lies", alice, bob, carol)

	// After alice's room has closed there is one room of that name, and it is not the one that bob knows.
	alice.do("room.close", obj{"room": "lab"})
	bob.await("removed", obj{"kind": "closed"})
	carol.await("removed", obj{"kind": "closed"})
	bob.quit()
	if _, said, code := bob.run("send", "lab", "whoever reads this"); code != 6 || !strings.Contains(said, fmt.Sprint(twin)) {
		t.Errorf("send to the twin of a known room: exit %d, said %q; want 6 and how to join it all the same", code, said)
	}
	if n := eve.count("member_joined", nil) + eve.count("knock", nil) + eve.count("message", nil); n != 0 {
		t.Errorf("eve's room was entered %d times, and no user asked for it", n)
	}

	// Nodes that have not met yet find each other all the same, by the room's ID. They cannot tell whether the room is the
	// only one of its name while there are more strangers than can be asked.
	erin := l.host("erin").start()
	den := erin.do("room.create", obj{"name": "den", "access": "knock"})["id"].(string)
	carol.knock(den, erin)
	converse("den", "among lies", erin, carol)
	carol.do("room.join", obj{"room": twin}) // a user that asks for it gets it
	eve.await("member_joined", obj{"nick": "carol"})
	if n := len(carol.peers()); n > peersBound {
		t.Errorf("carol remembers %d peers, and %d are the most", n, peersBound)
	}
	keepsSmall(t, alice, carol, erin)
}

// peersBound is the most peers that a node remembers beside those of its rooms.
const peersBound = 256 + 8

// peers are those that a node knows of, by ID.
func (n *node) peers() map[any]map[string]any {
	n.lan.t.Helper()
	known := map[any]map[string]any{}
	for _, p := range n.do("node.peers", nil)["peers"].([]any) {
		fields := p.(map[string]any)
		known[fields["peer"]] = fields
	}
	return known
}
