//go:build unix

package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/lan"
	"localchat/protocol"
)

// crowdEnv makes this test binary run as the members of a room instead: how many, and the owner's address.
const crowdEnv = "LOCALCHAT_TEST_CROWD"

func init() {
	if spec := os.Getenv(crowdEnv); spec != "" {
		if err := beCrowd(spec); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// A crowd is all members of a room except the owner, in a process of their own, so that the owner's process uses
// resources for the owner alone. Each has its own identity, libp2p host and connection, and polls as our node does.
// None takes part in gossip.
type crowd struct {
	room  protocol.RoomID
	owner peer.AddrInfo
	out   sync.Mutex   // its goroutines meet at standard output
	bytes atomic.Int64 // over their streams
	all   []*crowdMember
}

type crowdMember struct {
	*crowd
	number int
	host   host.Host
	stream countedStream // opened by the first poll: a stream without a request is reset
	ask    protocol.PollRequest
	head   protocol.Hash
}

type countedStream struct {
	network.Stream
	bytes *atomic.Int64
}

func (s countedStream) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	s.bytes.Add(int64(n))
	return n, err
}

func (s countedStream) Write(b []byte) (int, error) {
	n, err := s.Stream.Write(b)
	s.bytes.Add(int64(n))
	return n, err
}

// perAddress is how many of a crowd share one loopback address: fewer than lan.ConnsPerHost.
const perAddress = lan.ConnsPerHost / 2

func beCrowd(spec string) error {
	var n int
	var room, addr string
	if _, err := fmt.Sscan(spec, &n, &room, &addr); err != nil {
		return err
	}
	owner, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return err
	}
	c := &crowd{room: must(protocol.ParseRoomID(room)), owner: *owner}
	for i := range n {
		m := &crowdMember{crowd: c, number: i}
		if err := m.connect(); err != nil {
			return err
		}
		c.all = append(c.all, m)
	}
	c.say("connected")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch order, arg, _ := strings.Cut(in.Text(), " "); order {
		case "poll":
			// The first member learns the whole log. The others report its hash as the one they have.
			for i, m := range c.all {
				have := uint64(n + 1)
				if i == 0 {
					have = 0
				}
				m.head = c.all[0].head
				if _, err := m.poll(have, have, 0); err != nil {
					return err
				}
				m.ask.HaveSeq = uint64(n + 1)
			}
			c.say("polled")
		case "hold":
			presence := must(strconv.ParseUint(arg, 10, 64))
			for _, m := range c.all {
				m.ask.HavePresence = presence
				go m.hold()
			}
		case "bytes":
			c.say("bytes", c.bytes.Load())
		}
	}
	return nil
}

func (c *crowd) say(words ...any) {
	c.out.Lock()
	defer c.out.Unlock()
	fmt.Println(words...)
}

func (m *crowdMember) connect() error {
	h, err := libp2p.New(
		libp2p.Identity(persona(crowdName(m.number)).PrivKey), libp2p.DisableRelay(), libp2p.DisableMetrics(),
		libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/127.0.1.%d/tcp/0", 1+m.number/perAddress)),
		libp2p.ResourceManager(&network.NullResourceManager{}),
	)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m.host = h
	return h.Connect(ctx, m.owner)
}

// poll asks once. The crowd was admitted in order, right after the room was created.
func (m *crowdMember) poll(seq, key, presence uint64) (protocol.PollReply, error) {
	if m.stream.Stream == nil {
		s, err := m.host.NewStream(context.Background(), m.owner.ID, protocol.PollID)
		if err != nil {
			return protocol.PollReply{}, err
		}
		m.stream = countedStream{s, &m.bytes}
	}
	m.ask = protocol.PollRequest{
		Room: m.room, Nonce: protocol.Nonce{1}, Admission: uint64(m.number + 2), HaveSeq: seq, HaveKey: key, HavePresence: presence,
	}
	if seq > 0 {
		m.ask.Head = m.head
	}
	var reply protocol.PollReply
	err := protocol.WriteFrame(m.stream, &protocol.PollAsk{Request: &m.ask})
	if err == nil {
		err = protocol.ReadFrame(m.stream, &reply)
	}
	if err == nil && reply.Member != nil && len(reply.Member.Records) > 0 {
		last, err := protocol.ScanRecord(reply.Member.Records[len(reply.Member.Records)-1])
		if err != nil {
			return reply, err
		}
		m.head = last.Hash()
	}
	return reply, err
}

// hold polls until the place is lost, and reports when it was told.
func (m *crowdMember) hold() {
	for {
		reply, err := m.poll(m.ask.HaveSeq, m.ask.HaveKey, m.ask.HavePresence)
		if err != nil {
			m.say("failed", m.number, err)
			return
		}
		if reply.Member == nil {
			m.say("told", time.Now().UnixNano(), len(reply.Reason))
			return
		}
		m.ask.HavePresence = reply.Member.Presence
		m.ask.HaveSeq += uint64(len(reply.Member.Records))
		for _, k := range reply.Member.Keys {
			m.ask.HaveKey = max(m.ask.HaveKey, k.Epoch)
		}
	}
}

// A crowded room is a room of alice's whose other members are a crowd.
type crowdedRoom struct {
	b      *testing.B
	alice  *Node
	events <-chan Event
	in     io.Writer
	out    chan []string
}

func fillRoom(b *testing.B, owner Config, members int) *crowdedRoom {
	b.Helper()
	r := &crowdedRoom{b: b, alice: must(New(owner)), out: make(chan []string, 2*members)}
	b.Cleanup(func() { r.alice.Close() })
	room := must(r.alice.Create(b.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
	r.loop(func(l *loop) {
		for i := range members - 1 {
			name := crowdName(i)
			must(struct{}{}, l.rooms[room].desk.step(authority.Knock{Peer: personaID(name), Request: protocol.JoinRequest{Room: room, Nick: name}}))
		}
	})
	cmd := exec.CommandContext(b.Context(), must(os.Executable()))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %s/p2p/%s", crowdEnv, members-1, room, r.alice.host.Addrs()[0], r.alice.self))
	cmd.Stderr = os.Stderr
	r.in = must(cmd.StdinPipe())
	out := must(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(r.out)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			r.out <- strings.Fields(lines.Text())
		}
		_ = cmd.Wait() // it is killed with the benchmark
	}()
	r.hears("connected")
	r.events = r.alice.Subscribe(SubscribeOptions{}).Events()
	return r
}

func (r *crowdedRoom) loop(f func(*loop)) {
	r.b.Helper()
	if _, err := ask(r.b.Context(), r.alice, inLoop(f)); err != nil {
		r.b.Fatal(err)
	}
}

// hears waits for a line of the crowd.
func (r *crowdedRoom) hears(word string) []string {
	r.b.Helper()
	timeout := time.After(3 * time.Minute)
	for {
		select {
		case line, open := <-r.out:
			if !open || line[0] == "failed" {
				r.b.Fatalf("the crowd: %v", line)
			}
			if line[0] == word {
				return line
			}
		case <-timeout:
			r.b.Fatalf("the crowd never reports %q", word)
		}
	}
}

func (r *crowdedRoom) tells(line string) { must(fmt.Fprintln(r.in, line)) }

// held waits until n polls are held.
func (r *crowdedRoom) held(n int) {
	r.b.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		got := 0
		r.loop(func(l *loop) {
			for _, room := range l.rooms {
				got += len(room.desk.polls.held)
			}
		})
		if got == n {
			return
		}
		if time.Now().After(deadline) {
			r.b.Fatalf("%d polls are held, of %d", got, n)
		}
	}
}

// settle lets every member ask once, which makes it present, and then holds all their polls.
func (r *crowdedRoom) settle(members int) {
	r.b.Helper()
	r.tells("poll")
	r.hears("polled")
	var presence uint64
	r.loop(func(l *loop) {
		for _, room := range l.rooms {
			presence = room.desk.presence.number
		}
	})
	r.tells(fmt.Sprintf("hold %d", presence))
	r.held(members - 1)
}

// bytes is the traffic of the crowd's poll streams, in both directions.
func (r *crowdedRoom) bytes() (n int64) {
	r.tells("bytes")
	return must(strconv.ParseInt(r.hears("bytes")[1], 10, 64))
}

// memory is the memory of the process, including the stacks of goroutines.
func memory() uint64 {
	runtime.GC()
	runtime.GC() // frees memory released by finalizers and pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// cpu is the processor time of the process, including time in the kernel.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHeldPolls holds the polls of a whole room. It reports the memory of the owner's process for each connection
// and for each poll held on it, and the processor time of an idle second for each poll: the answers after pollHold, and
// the pings that watch the connection. For -benchtime=1x.
func BenchmarkHeldPolls(b *testing.B) {
	for _, members := range []int{64, 256, 1000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			for range b.N {
				before := memory()
				r := fillRoom(b, Config{Nick: "alice", Listen: loopback}, members)
				connected := memory()
				r.settle(members)
				held := memory()
				const idle = pollHold + 5*time.Second
				used := cpu()
				time.Sleep(idle) // the cost of waiting is measured
				used = cpu() - used
				r.held(members - 1)
				polls := float64(members - 1)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric((float64(connected)-float64(before))/polls, "B/conn")
				b.ReportMetric((float64(held)-float64(connected))/polls, "B/poll")
				b.ReportMetric(float64(used.Microseconds())/polls/idle.Seconds(), "cpu-µs/s/poll")
			}
		})
	}
}

// BenchmarkKick removes members of a room that holds every member's poll, between processes on loopback. It reports the
// time until the removed member has its reason, the time until the last of the others has acknowledged record and key,
// the processor time of the owner's process, and the bytes on the members' poll streams, without gossip and encryption.
// For -benchtime=1x.
func BenchmarkKick(b *testing.B) {
	const kicks = 5
	for _, members := range []int{8, 64, 256} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			var told, applied, used time.Duration
			var bytes int64
			for range b.N {
				r := fillRoom(b, Config{Nick: "alice", Listen: loopback}, members)
				r.settle(members)
				for i := range kicks {
					sent, before, began := r.bytes(), cpu(), time.Now()
					must(r.alice.Kick(b.Context(), "lab", crowdName(i), "too loud"))
					at := must(strconv.ParseInt(r.hears("told")[1], 10, 64))
					for p := (RemovalProgress{}); p.Nick != crowdName(i) || p.Applied < p.Total; {
						p, _ = (<-r.events).Body.(RemovalProgress)
					}
					told += time.Unix(0, at).Sub(began)
					applied += time.Since(began)
					r.held(members - 2 - i)
					used += cpu() - before
					bytes += r.bytes() - sent
				}
			}
			n := float64(b.N * kicks)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(told.Microseconds())/n/1000, "told-ms")
			b.ReportMetric(float64(applied.Microseconds())/n/1000, "applied-ms")
			b.ReportMetric(float64(used.Microseconds())/n/1000, "owner-cpu-ms")
			b.ReportMetric(float64(bytes)/n, "stream-B")
		})
	}
}
