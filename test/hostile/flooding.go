package hostile

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A flooding is a running flood, by one identity or many.
type flooding struct {
	ctx    context.Context
	cancel context.CancelFunc
	room   protocol.RoomID
	owner  peer.ID
	nodes  []peer.AddrInfo
	tally  Tally
	runs   sync.WaitGroup

	// mu is needed because floods make identities while stop may run.
	mu    sync.Mutex
	hosts []host.Host
}

// floods begins the flood of an order. It returns when every identity is connected, is a member if the flood needs that, and holds
// as much as it can.
func (a *agent) floods(do order) {
	what, ok := FloodNamed(do.Flood)
	if !ok {
		panic("no such flood: " + do.Flood)
	}
	f := &flooding{room: must(protocol.ParseRoomID(do.Room)), nodes: infos(do.Nodes)}
	f.owner = f.nodes[0].ID
	f.ctx, f.cancel = context.WithCancel(a.ctx)
	a.flood = f
	var peers []*Peer
	for i, from := range do.From {
		m := f.identity(from)
		peers = append(peers, m)
		var connecting sync.WaitGroup
		for _, ai := range f.nodes {
			connecting.Go(func() {
				if err := m.Host.Connect(f.ctx, ai); err != nil {
					f.tally.failed(err)
				}
			})
		}
		connecting.Wait()
		if !what.Member {
			continue
		}
		invite := must(protocol.ParseInvite(do.Invites[i]))
		if code := m.Join(fmt.Sprint("mallory", i), invite.Token); code != protocol.JoinAdmitted {
			panic(fmt.Sprint("not let in: ", code))
		}
		f.runs.Go(m.Poll)
	}
	for _, m := range peers {
		f.runs.Go(func() {
			defer f.tally.recovered()
			what.Run(m, &f.tally)
		})
	}
	f.fills()
}

// fills waits until the number of streams and connections held no longer grows: then the nodes let in no more.
func (f *flooding) fills() {
	const moment, longest = 500 * time.Millisecond, 5 * time.Second
	for begun, before := time.Now(), -1; time.Since(begun) < longest; {
		now := f.tally.held()
		if now <= before {
			return
		}
		before = now
		time.Sleep(moment)
	}
}

// identity returns a peer with a new key at that address. It has no connection yet.
func (f *flooding) identity(from string) *Peer {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	h := must(NewHost(key, from))
	f.mu.Lock()
	f.hosts = append(f.hosts, h)
	f.mu.Unlock()
	m := New(f.ctx, h, f.room, f.owner, nil)
	m.knows(f.nodes)
	m.From = from
	m.Another = func() *Peer { return f.identity(from) }
	return m
}

// stop ends the flood and returns its counts.
func (f *flooding) stop() map[string]int {
	f.cancel()
	f.closeHosts() // ends the requests that wait for an answer
	f.runs.Wait()
	f.closeHosts() // again, for hosts that were made meanwhile
	return f.tally.Counts()
}

func (f *flooding) closeHosts() {
	f.mu.Lock()
	defer f.mu.Unlock()
	var closing sync.WaitGroup
	for _, h := range f.hosts {
		closing.Go(func() { h.Close() })
	}
	closing.Wait()
	f.hosts = nil
}
