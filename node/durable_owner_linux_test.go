//go:build !race

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"localchat/authority"
	"localchat/node/internal/store"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/peer"
)

// targetHas is the number of the last record and of the last key that a target says it has: there is never news for it.
const targetHas = 1 << 20

// A target is a member that is to lose its place. It polls by itself, with one nonce, and keeps every answer: a
// member's node would be told the same, and has no second chance.
type target struct {
	t     *testing.T
	n     *Node
	owner peer.ID
	seat  authority.Seat

	mu      sync.Mutex // shared by its poll and the test
	reason  []byte     // the answer
	refused bool
	acked   bool // the acknowledgement was read, or may have been
}

// silence ends a room's poll without an event, and returns the room's seat.
type silence struct{ room protocol.RoomID }

func (q silence) run(l *loop) (authority.Seat, error) {
	r := l.rooms[q.room]
	if r == nil {
		return authority.Seat{}, errors.New("no such room")
	}
	seat := *r.membership.seat
	l.forget(r)
	return seat, nil
}

// enterAs makes n a member of p's room, and a target.
func (p *process) enterAs(n *Node) *target {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	joined := must(n.Join(ctx, JoinOptions{Invite: p.do("invite")}))
	return &target{t: p.t, n: n, owner: joined.Owner, seat: must(ask(ctx, n, silence{joined.ID}))}
}

// poll asks until there is a definite answer or the owner is dead, and acknowledges a reason.
func (m *target) poll(p *process) {
	for {
		before := p.isDead()
		if done := m.pollOnce(); done || before {
			return
		}
		select {
		case <-p.dead:
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (m *target) pollOnce() (done bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := m.n.open(ctx, m.owner, protocol.PollID)
	if err != nil {
		return false
	}
	defer s.Reset()
	_ = s.SetDeadline(time.Now().Add(patience))
	q := protocol.PollRequest{Room: m.seat.Room, Nonce: m.seat.Nonce, Admission: m.seat.Admission, HaveSeq: targetHas, Head: protocol.Hash{1}, HaveKey: targetHas}
	for {
		var reply protocol.PollReply
		if err := protocol.WriteFrame(s, &protocol.PollAsk{Request: &q}); err != nil {
			return false
		}
		if err := protocol.ReadFrame(s, &reply); err != nil {
			return false
		}
		if reply.Member != nil {
			q.HavePresence = reply.Member.Presence
			continue
		}
		m.note(reply)
		if reply.Reason == nil {
			return true
		}
		return m.ack(s)
	}
}

func (m *target) note(reply protocol.PollReply) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case reply.Reason == nil:
		m.refused = true
		if m.reason == nil {
			m.t.Error("refused before it was told")
		}
	case m.reason == nil:
		m.reason = reply.Reason
	case !bytes.Equal(m.reason, reply.Reason):
		m.t.Error("two answers to one nonce")
	}
}

// ack waits until the owner has read the acknowledgement.
func (m *target) ack(s interface {
	io.ReadWriter
	CloseWrite() error
},
) bool {
	r, err := protocol.OpenReason(m.reason)
	if err != nil {
		m.t.Error(err)
		return true
	}
	m.mu.Lock()
	m.acked = true
	m.mu.Unlock()
	a := protocol.PollAck{Room: m.seat.Room, Removal: r.Removal, Nonce: m.seat.Nonce}
	if protocol.WriteFrame(s, &protocol.PollAsk{Ack: &a}) != nil || s.CloseWrite() != nil {
		return true
	}
	_, _ = s.Read(make([]byte, 1)) // the end of the stream
	return true
}

// with is the answer to one request with a nonce.
func (m *target) with(nonce protocol.Nonce) protocol.PollReply {
	m.t.Helper()
	var reply protocol.PollReply
	s := must(m.n.open(context.Background(), m.owner, protocol.PollID))
	defer s.Reset()
	q := protocol.PollRequest{Room: m.seat.Room, Nonce: nonce, Admission: m.seat.Admission, HaveSeq: m.seat.Admission, Head: protocol.Hash{1}, HaveKey: 1 << 20}
	if err := errors.Join(s.SetDeadline(time.Now().Add(patience)), protocol.WriteFrame(s, &protocol.PollAsk{Request: &q}), protocol.ReadFrame(s, &reply)); err != nil {
		m.t.Fatal(err)
	}
	return reply
}

// The states of a target on an owner's disk, in the order in which they come.
const (
	notRemoved = iota
	waiting
	claimed
	acknowledged // with a room that has ended the whole room may be gone
)

// read is the state of the target in the store in dir. Anything else is a failure of the test.
func (m *target) read(dir string) (int, error) {
	s, err := store.Open(dir)
	if err != nil {
		return 0, err
	}
	rooms, err := s.Rooms()
	if err := errors.Join(err, s.Close()); err != nil {
		return 0, err
	}
	d, ok := rooms[m.seat.Room]
	if !ok {
		return acknowledged, nil
	}
	l, err := authority.Load(d)
	if err != nil {
		return 0, err
	}
	_, member := l.State().Member(m.n.self)
	out := !member || l.State().Closed()
	var f authority.Failure
	for _, x := range l.Failures() {
		if x.Peer == m.n.self {
			f = x
		}
	}
	switch {
	case !out && f.Peer == "":
		return notRemoved, nil
	case !out:
		return 0, errors.New("a member with a failure")
	case f.Peer == "", f.Acked:
		return acknowledged, nil
	case !f.Claimed:
		return waiting, nil
	case f.Nonce != m.seat.Nonce:
		return 0, errors.New("claimed by another nonce")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reason != nil && !bytes.Equal(f.Answer, m.reason) {
		return 0, errors.New("the kept answer is not the given one")
	}
	return claimed, nil
}

// allows reports whether a disk may hold a state, after the answers that the target has received and sent.
func (m *target) allows(state int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reason == nil {
		return state < acknowledged
	}
	return state == claimed || state == acknowledged && m.acked
}

// TestOwnerIsKilledAtEveryDiskCall: the owner's process is killed before every single call by which a removal changes its disk: the
// kick, the claim, the acknowledgement. Then the power fails as well: every call that was not synced yet may be missing or torn. Then
// either the target is not removed yet, or it is removed and the reason waits, or it is removed and the same bytes are there for the
// same nonce. If the owner holds the target's poll, the reason never waits: the removal and the claim are one write. Started again,
// the owner tells the reason once and refuses every other nonce.
func TestOwnerIsKilledAtEveryDiskCall(t *testing.T) {
	long(t)
	for _, plan := range []struct {
		order string
		held  bool
	}{{"kick", true}, {"close", true}, {"kick", false}} {
		name := plan.order
		if !plan.held {
			name += " without a held poll"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bob := must(New(Config{Nick: "bob", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Version: "test"}))
			defer bob.Close()
			states, images := make(map[int]int), 0
			calls := 1
			for ; killed(t, bob, plan.order, plan.held, calls, states, &images); calls++ {
			}
			t.Logf("killed before each of %d calls: %d left it not removed, %d waiting, %d claimed, %d acknowledged; %d power failures",
				calls-1, states[notRemoved], states[waiting], states[claimed], states[acknowledged], images)
			for state := range acknowledged + 1 {
				if want := state != waiting || !plan.held; (states[state] > 0) != want {
					t.Errorf("kills have left state %d: %v, want %v", state, !want, want)
				}
			}
		})
	}
}

// killed is one such round. It reports whether there was a call at which to kill.
func killed(t *testing.T, bob *Node, order string, held bool, call int, states map[int]int, images *int) bool {
	dir := filepath.Join(t.TempDir(), "alice")
	o := run(t, dir, "none 0")
	defer func() { o.kill() }()
	o.do("create")
	m := o.enterAs(bob)
	disk := newPlatter(o)
	polled := make(chan struct{})
	poll := func() { defer close(polled); m.poll(o) }
	const why = "too loud"
	if held {
		go poll()
		o.awaitHeld()
		o.do(fmt.Sprintf("fault kill %d", call))
		o.order(order + " " + why)
	} else {
		o.do("drop")
		o.do(fmt.Sprintf("fault kill %d", call))
		o.ask(order + " " + why)
		go poll()
	}
	<-polled
	dead := o.endOfRemoval(order)
	o.kill() // at the latest
	where := fmt.Sprintf("killed at call %d", call)
	m.afterPowerFailures(where, disk, images)
	state, err := m.read(dir)
	if err != nil || !m.allows(state) {
		t.Fatalf("%s: the state is %d, %v", where, state, err)
	}
	if !dead {
		return false
	}
	states[state]++

	o = run(t, dir, "none 0")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	must(bob.Dial(ctx, o.addr))
	if state == notRemoved {
		o.do(order + " " + why)
	}
	other := protocol.Nonce{1}
	if state == waiting || state == notRemoved {
		m.poll(o) // the first nonce is answered; a second is refused
	} else if again := m.with(m.seat.Nonce); state == claimed {
		m.note(again)
	} else if again.Reason != nil {
		t.Errorf("%s: the reason is told again after the acknowledgement", where)
	}
	r, err := protocol.OpenReason(m.reason)
	if err != nil || r.Text != why || r.Nonce != m.seat.Nonce {
		t.Errorf("%s: told %+v, %v", where, r.Reason, err)
	}
	if m.with(other).Reason != nil {
		t.Errorf("%s: another nonce is answered", where)
	}
	return true
}

// awaitHeld waits until the poll of a target is held.
func (p *process) awaitHeld() {
	p.t.Helper()
	for begin := time.Now(); p.do("held") != "1"; {
		if time.Since(begin) > patience {
			p.t.Fatal("no poll is held")
		}
	}
}

// endOfRemoval waits until the process is dead, or has done everything that belongs to the removal.
func (p *process) endOfRemoval(order string) (dead bool) {
	p.t.Helper()
	for begin := time.Now(); time.Since(begin) < patience; {
		what := "owed"
		if order == "close" {
			what = "rooms"
		}
		left, alive := p.ask(what)
		switch {
		case strings.HasPrefix(left, "error"), left == "done": // the answer to the removal
		case !alive:
			return true
		case left == "0":
			return false
		}
	}
	p.t.Fatal("the removal does not end")
	return false
}

// A platter is the part of the owner's disk that is surely written, and the writes on their way there.
type platter struct {
	p       *process
	skip    int // number of earlier calls in the log
	durable []byte
}

// newPlatter begins with a store that is not being written to.
func newPlatter(p *process) *platter {
	return &platter{p: p, skip: len(p.readCalls()), durable: must(os.ReadFile(filepath.Join(p.dir, store.File)))}
}

// pending brings durable up to the last sync and returns the writes since then.
func (d *platter) pending() (writes []diskCall) {
	for _, c := range d.p.readCalls()[d.skip:] {
		switch c.Name {
		case "pwrite", "ftruncate":
			writes = append(writes, c)
		case "fdatasync", "fsync":
			for _, w := range writes {
				d.durable = w.on(d.durable)
			}
			writes = nil
		default:
			d.p.t.Fatal("unknown call", c.Name)
		}
	}
	return writes
}

// on is the file after the call.
func (c diskCall) on(file []byte) []byte {
	size := max(int64(len(file)), c.Off+int64(len(c.Data)))
	if c.Name == "ftruncate" {
		size = c.Off
	}
	after := make([]byte, size)
	copy(after, file)
	copy(after[min(c.Off, size):], c.Data)
	return after
}

// sector, in bytes: the unit that a disk writes whole.
const sector = 512

// crashes are the files that a power failure can leave: any of the pending writes done, and any one of them done in
// part.
func (d *platter) crashes() (files [][]byte) {
	writes := d.pending()
	if len(writes) > 10 {
		d.p.t.Fatal(len(writes), "writes without a sync")
	}
	for set := range 1 << len(writes) {
		file := d.durable
		for i, w := range writes {
			if set&(1<<i) != 0 {
				file = w.on(file)
			}
		}
		files = append(files, file)
	}
	for torn, w := range writes {
		for cut := sector; cut < len(w.Data); cut += sector {
			head, tail := w, w
			head.Data = w.Data[:cut]
			tail.Off, tail.Data = w.Off+int64(cut), w.Data[cut:]
			for _, part := range []diskCall{head, tail} {
				file := part.on(d.durable)
				for i, other := range writes {
					if i != torn {
						file = other.on(file)
					}
				}
				files = append(files, file, part.on(d.durable))
			}
		}
	}
	return files
}

// afterPowerFailures reads the state that each of them leaves.
func (m *target) afterPowerFailures(where string, d *platter, images *int) {
	m.t.Helper()
	dir := m.t.TempDir()
	seen := make(map[string]bool)
	for _, file := range d.crashes() {
		if seen[string(file)] {
			continue
		}
		seen[string(file)] = true
		*images++
		if err := os.WriteFile(filepath.Join(dir, store.File), file, 0o600); err != nil {
			m.t.Fatal(err)
		}
		if state, err := m.read(dir); err != nil || !m.allows(state) {
			m.t.Fatalf("%s, and the power fails: the state is %d, %v", where, state, err)
		}
	}
}
