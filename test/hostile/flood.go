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

// A Flood fills one resource of a node. [Floods] lists them.
type Flood struct {
	Name string
	// Fills names the stream protocol, queue, map, cache or structure that it fills.
	Fills string
	// Member is set if the peers that flood are members.
	Member bool
	// Run floods with one identity until the context of m ends. It counts in t the messages sent and their results.
	Run func(m *Peer, t *Tally)
}

// A Tally counts the results of a flood, by name. Many goroutines share it.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int
	open   int // number of streams and connections held
}

// hold adds n to the streams and connections held.
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

// Add adds n to a count.
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

// maxTallied is how many different things are counted: the texts of errors are among them.
const maxTallied = 40

// failed counts an error by the text of its cause.
func (t *Tally) failed(err error) {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	text := err.Error()
	t.Add("error: "+text[:min(len(text), 60)], 1)
}

// Counts returns all counts.
func (t *Tally) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// breath is the pause after a refusal, so that a flood that cannot go on does not spin.
const breath = 20 * time.Millisecond

// againstAll runs f against every node at the same time, again and again until the context of m ends.
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

// recovered counts a panic: something that an attack did not expect.
func (t *Tally) recovered() {
	if err := recover(); err != nil {
		t.failed(fmt.Errorf("panic: %v", err))
	}
}

// holds keeps as many streams open as each node allows, up to most, and opens another for each that ends. begin writes to a
// stream. Nothing is read from it, except its end.
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

// unread keeps streams open, asks on each, and reads no answer.
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

// asks sends question after question, each on a stream of its own, atOnce at the same time to each node, and reads the answers.
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

// unhurried opens a stream without a deadline.
func (m *Peer) unhurried(p peer.ID, id libprotocol.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(m.Ctx, 5*time.Second)
	defer cancel()
	return m.Host.NewStream(ctx, p, id)
}

// FloodNamed returns the flood with that name.
func FloodNamed(name string) (Flood, bool) {
	i := slices.IndexFunc(Floods, func(f Flood) bool { return f.Name == name })
	if i < 0 {
		return Flood{}, false
	}
	return Floods[i], true
}
