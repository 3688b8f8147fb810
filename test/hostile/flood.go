package hostile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"

	"localchat/protocol"
)

// A Flood fills one thing of a node that a peer can fill. [Floods] is the list of them.
type Flood struct {
	Name string
	// Fills is the stream protocol, queue, map, cache or structure that it fills.
	Fills string
	// Member: the peers that flood were let in before.
	Member bool
	// Run floods by one identity until m's context ends. It counts in t what it has sent and what became of it.
	Run func(m *Peer, t *Tally)
}

// A Tally counts what a flood came to, by name. Many goroutines count in one.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int
	open   int // streams and connections that are held
}

// hold counts one more that is held, or one less.
func (t *Tally) hold(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open += n
}

func (t *Tally) held() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open
}

// Add counts n more of a thing.
func (t *Tally) Add(what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[string]int)
	}
	if _, known := t.counts[what]; known || len(t.counts) < maxTallied {
		t.counts[what] += n
	}
}

// maxTallied, in things counted: the texts of errors are among them.
const maxTallied = 40

// failed counts an error by what its cause says.
func (t *Tally) failed(err error) {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	text := err.Error()
	t.Add("error: "+text[:min(len(text), 60)], 1)
}

// Counts are all that was counted.
func (t *Tally) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// breath is the pause after something was refused, so that a flood that cannot go on does not spin.
const breath = 20 * time.Millisecond

// againstAll runs f against every node at once, again and again until m's context ends.
func (m *Peer) againstAll(t *Tally, f func(p peer.ID) error) {
	var all sync.WaitGroup
	for _, p := range m.Nodes {
		all.Go(func() {
			defer t.recovered()
			for m.Ctx.Err() == nil {
				if err := f(p); err != nil && m.Ctx.Err() == nil {
					t.failed(err)
					m.Pause(breath)
				}
			}
		})
	}
	all.Wait()
}

// recovered counts what an attack did not expect.
func (t *Tally) recovered() {
	if err := recover(); err != nil {
		t.failed(fmt.Errorf("panic: %v", err))
	}
}

// holds keeps as many streams open as each node lets it, up to most, and opens another for each that ends. begin writes to a
// stream; nothing that comes back is read but its end.
func (m *Peer) holds(t *Tally, id libprotocol.ID, most int, begin func(network.Stream) error) {
	m.againstAll(t, func(p peer.ID) error {
		room := make(chan struct{}, most)
		for m.Ctx.Err() == nil {
			select {
			case room <- struct{}{}:
			case <-m.Ctx.Done():
				return nil
			}
			s, err := m.unhurried(p, id)
			if err == nil {
				err = begin(s)
			}
			if err != nil {
				if s != nil {
					_ = s.Reset()
				}
				<-room
				if m.Ctx.Err() == nil {
					t.failed(err)
				}
				m.Pause(breath)
				continue
			}
			t.Add("streams", 1)
			t.hold(1)
			go func() {
				defer func() { <-room }()
				defer t.hold(-1)
				stop := context.AfterFunc(m.Ctx, func() { _ = s.Reset() })
				defer stop()
				var b [1]byte
				for {
					if _, err := s.Read(b[:]); err != nil {
						t.Add("streams ended", 1)
						_ = s.Reset()
						m.Pause(breath)
						return
					}
				}
			}()
		}
		return nil
	})
}

// unread keeps streams open on which it asks and reads no answer.
func (m *Peer) unread(t *Tally, id libprotocol.ID, most int, ask func() protocol.Frame) {
	m.againstAll(t, func(p peer.ID) error {
		var open []network.Stream
		defer func() {
			for _, s := range open {
				_ = s.Reset()
			}
		}()
		for m.Ctx.Err() == nil {
			s, err := m.unhurried(p, id)
			if err == nil {
				open = append(open, s)
				err = protocol.WriteFrame(s, ask())
			}
			if err != nil {
				return err
			}
			t.Add("streams", 1)
			if len(open) >= most {
				_ = open[0].Reset()
				open = open[1:]
			}
		}
		return nil
	})
}

// asks puts one question after the other, each on a stream of its own, and reads the answers. as many at once to each node.
func (m *Peer) asks(t *Tally, id libprotocol.ID, atOnce int, question func(i int) (req, reply protocol.Frame)) {
	var all sync.WaitGroup
	for w := range atOnce {
		all.Go(func() {
			i := w
			var mu sync.Mutex
			m.againstAll(t, func(p peer.ID) error {
				mu.Lock()
				i += atOnce
				req, reply := question(i)
				mu.Unlock()
				if err := m.Ask(p, id, req, reply); err != nil {
					return err
				}
				t.Add("answers", 1)
				return nil
			})
		})
	}
	all.Wait()
}

// unhurried opens a stream that may last.
func (m *Peer) unhurried(p peer.ID, id libprotocol.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(m.Ctx, 5*time.Second)
	defer cancel()
	return m.Host.NewStream(ctx, p, id)
}

// FloodNamed is the flood of that name.
func FloodNamed(name string) (Flood, bool) {
	i := slices.IndexFunc(Floods, func(f Flood) bool { return f.Name == name })
	if i < 0 {
		return Flood{}, false
	}
	return Floods[i], true
}
