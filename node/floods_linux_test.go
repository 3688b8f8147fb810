//go:build !race

// The race detector multiplies the memory that this test measures.

package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// floodedEnv makes this test binary run as alice's node, with a room full of long texts.
const floodedEnv = "LOCALCHAT_TEST_FLOODED"

// maxResident, in bytes, bounds the memory of a node under any flood.
const maxResident = 96 << 20

func init() {
	if os.Getenv(floodedEnv) == "" {
		return
	}
	n := must(New(Config{Nick: "alice", Listen: []string{"/ip4/127.0.0.1/tcp/0"}}))
	ctx := context.Background()
	rules, all := openRoom(), HistoryAll
	rules.History = &all
	room := must(n.Create(ctx, CreateOptions{Name: "lab", PolicyChange: rules}))
	text := strings.Repeat("x", protocol.MaxText)
	for range 20 {
		must(n.Say(ctx, "lab", text, false))
	}
	sub := n.Subscribe(SubscribeOptions{})
	fmt.Println(n.host.Addrs()[0].String()+"/p2p/"+n.self.String(), room.ID)
	go func() {
		for ev := range sub.Events() {
			if w, ok := ev.Body.(Warning); ok {
				fmt.Println("warning", w.Code, w.Text)
			}
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// TestFloodsKeepANodeSmall: a node stays small under floods over real sockets, from strangers and from members, at ten addresses of
// this machine.
func TestFloodsKeepANodeSmall(t *testing.T) {
	long(t)
	for _, c := range []struct {
		name            string
		addresses, each int
		members         bool
		ways            []string
	}{
		{"strangers hold streams", 10, 12, false, []string{"nothing", "one byte", "slowly"}},
		{"strangers ask", 10, 6, false, []string{"not reading", "asking on", "end"}},
		{"members hold streams", 10, 1, true, []string{"nothing", "one byte", "slowly"}},
		{"members of one address do not read", 1, 10, true, []string{"not reading"}},
		{"members do not read", 10, 1, true, []string{"not reading", "asking on"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), floodedEnv+"=1")
			in, out := must(cmd.StdinPipe()), must(cmd.StdoutPipe())
			must(struct{}{}, cmd.Start())
			var floods int
			var reader sync.WaitGroup
			defer func() {
				in.Close()
				reader.Wait()
				_ = cmd.Wait()
				if floods > 1 {
					t.Errorf("%d floods are reported", floods)
				}
			}()
			lines := bufio.NewScanner(out)
			if !lines.Scan() {
				t.Fatal("alice does not start")
			}
			addr, id, _ := strings.Cut(lines.Text(), " ")
			reader.Go(func() {
				for lines.Scan() {
					t.Log(lines.Text())
					if strings.HasPrefix(lines.Text(), "warning flood") {
						floods++
					}
				}
			})
			s := &street{t: t}
			m := &mob{street: s, at: *must(peer.AddrInfoFromString(addr)), admissions: make(map[peer.ID]uint64)}
			m.room.ID = must(protocol.ParseRoomID(id))
			for a := range c.addresses {
				for range c.each {
					key, _, err := crypto.GenerateEd25519Key(random)
					must(struct{}{}, err)
					h := must(lan.NewHost(key, []string{fmt.Sprintf("/ip4/127.0.0.%d/tcp/0", 2+a)}))
					defer h.Close()
					m.hosts = append(m.hosts, h)
				}
			}
			if c.members {
				m.enter()
			}
			before := resident(t, cmd.Process.Pid)
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
			defer cancel()
			var wg sync.WaitGroup
			for i, h := range m.hosts {
				wg.Go(func() { m.attack(ctx, h, c.ways[i%len(c.ways)]) })
			}
			most, from := 0, make(map[string]bool)
			for ctx.Err() == nil {
				most = max(most, resident(t, cmd.Process.Pid))
				for _, h := range m.hosts {
					for _, conn := range h.Network().ConnsToPeer(m.at.ID) {
						from[originOf(conn.LocalMultiaddr()).String()] = true
					}
				}
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
				}
			}
			wg.Wait()
			t.Logf("%d MiB before, %d MiB at most; attacked from %d addresses", before>>20, most>>20, len(from))
			if most > maxResident {
				t.Errorf("%d MiB are resident", most>>20)
			}
			if len(from) < c.addresses {
				t.Errorf("it is attacked from %d addresses", len(from))
			}
		})
	}
}

// resident is the number of bytes of a process in memory.
func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return must(strconv.Atoi(kb)) << 10
}
