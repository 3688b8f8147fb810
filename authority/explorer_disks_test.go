package authority

import (
	"crypto/sha256"
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// TestOldDisks plays the explorer's schedules with an authority whose disk is copied, and put back later. The explorer's model says what
// must follow:
//
//   - It is handed the records that it has signed since. Then its state is the latest one, and its books are those of the
//     copy plus what the records say: a removal is told without its text, a used invite stays used, an invite that was made
//     since is unknown, and one that was only revoked is open again. A claim that was made since is void. So the reason
//     can be given again, to another question, and is still shown to a person once.
//   - It is handed nothing, and goes on alone. Then it signs another log. Two nodes with the two logs prove the fork when
//     they meet. A frozen authority orders nothing, and still answers peers that are owed a reason.
func TestOldDisks(t *testing.T) {
	runs := *exploreRuns
	if sampled() {
		runs = min(runs, sampleRuns)
	} else {
		runs /= 4 // the other explorer has played these without disks
	}
	if told := exploreAll(t, runs, diskScheduleOf); told < int64(runs)/2 {
		t.Errorf("only %d reasons in %d runs: the schedules explore nothing", told, runs)
	}
}

type diskAct uint8

const (
	takeCopy diskAct = iota + 1
	putBack
	putBackAlone
)

// diskScheduleOf returns schedule n of a seed, in which the disk is copied and put back once or twice.
func diskScheduleOf(seed, n uint64, size int) []act {
	acts := scheduleOf(seed, n, size)
	r := rand.New(rand.NewPCG(seed<<2+5, n))
	for range 1 + r.IntN(2) {
		copied := 1 + r.IntN(size-2)
		back := copied + 1 + r.IntN(size-copied-1)
		acts[copied].disk, acts[back].disk = takeCopy, putBack
		if r.IntN(4) == 0 {
			acts[back].disk = putBackAlone
		}
	}
	return acts
}

// oldDisks has what the explorer knows of disks that were put back.
type oldDisks struct {
	copy *snapshot
	// given has the answers whose claims were lost with a disk.
	given map[string]bool
	// alone is set if the authority has gone on from the copy and signed other records.
	alone bool
	other []protocol.SignedRecord
	// pardons has the answers with pardons that were given before, and recovering is set while lost records come back.
	pardons    map[string]bool
	recovering bool
}

// A snapshot is a copy of the disk and the memory of the authority, and of the model.
type snapshot struct {
	disk    disk
	ledger  Ledger
	version [16]byte
	folk    []folk
	model   map[peer.ID]owed
	pleas   map[peer.ID]plea
	pardons map[given]string
	invited map[protocol.InviteID]invited
	given   map[given]string
	usedUp  map[protocol.InviteID]bool
	heard   State
	paces   []pace
	keys    []protocol.Key
	moved   map[uint64]time.Duration
}

func (e *explorer) diskActs(a act) {
	c := e.disks.copy
	switch {
	case e.disks.alone:
	case a.disk == takeCopy:
		e.note("the disk is copied")
		e.disks.copy = e.snapshot()
	case c == nil:
	case a.disk == putBackAlone && len(e.disk.records) > len(c.disk.records):
		e.note("the copy is put back, and nobody is there")
		e.goOnAlone(c)
	default:
		e.note("the copy is put back: %d records, of %d", len(c.disk.records), len(e.disk.records))
		e.putBack(c, a.how)
	}
}

func (e *explorer) snapshot() *snapshot {
	c := &snapshot{
		disk: copyDisk(e.disk), ledger: e.ledger, version: e.version, given: maps.Clone(e.given), usedUp: maps.Clone(e.usedUp),
		heard: e.heard, paces: slices.Clip(e.paces), keys: slices.Clip(e.keys), moved: e.moved, model: map[peer.ID]owed{}, invited: map[protocol.InviteID]invited{},
		pleas: map[peer.ID]plea{}, pardons: maps.Clone(e.pardons),
	}
	for p, m := range e.pleas {
		c.pleas[p] = *m
	}
	for p, m := range e.model {
		c.model[p] = *m
	}
	for id, i := range e.invited {
		c.invited[id] = *i
	}
	for _, f := range e.folk {
		g := *f
		g.claims = slices.Clip(f.claims)
		for j := range g.clients {
			g.clients[j].shown, g.clients[j].pardoned = maps.Clone(g.clients[j].shown), maps.Clone(g.clients[j].pardoned)
		}
		c.folk = append(c.folk, g)
	}
	return c
}

// books puts the books of the copy back, in the model and on the disk.
func (e *explorer) books(c *snapshot) {
	e.disk = copyDisk(c.disk)
	e.model, e.invited = map[peer.ID]*owed{}, map[protocol.InviteID]*invited{}
	for p, m := range c.model {
		e.model[p] = &m
	}
	for id, i := range c.invited {
		e.invited[id] = &i
	}
	e.pleas = map[peer.ID]*plea{}
	for p, m := range c.pleas {
		e.pleas[p] = &m
	}
	pardons := maps.Clone(e.disks.pardons)
	if pardons == nil {
		pardons = map[string]bool{}
	}
	for _, answer := range e.pardons {
		pardons[answer] = true
	}
	e.pardons, e.disks.pardons = maps.Clone(c.pardons), pardons
	given := maps.Clone(e.disks.given)
	if given == nil {
		given = map[string]bool{}
	}
	for _, answer := range e.given {
		given[answer] = true
	}
	e.given, e.disks.given = maps.Clone(c.given), given
	for i, f := range e.folk {
		g := c.folk[i]
		f.member, f.silent, f.admitted, f.left, f.standing = g.member, g.silent, g.admitted, g.left, protocol.Nonce{}
		f.nick, f.renamed, f.voice = g.nick, g.renamed, c.folk[i].voice
		f.deputy, f.bannedBy, f.mutedBy, f.out = g.deputy, g.bannedBy, g.mutedBy, g.out
	}
}

// load starts the authority, without Resumed.
func (e *explorer) load() {
	l, err := Load(e.disk.durable())
	if err != nil {
		e.violated(17, "it does not start: %v", err)
		return
	}
	e.ledger, e.moved = l, e.disk.banShift
	for _, f := range e.folk {
		f.out.lately = false // until it is resumed
	}
	h := sha256.Sum256(append(e.version[:], "load"...))
	e.version = [16]byte(h[:])
}

// putBack starts the authority with the copy of its disk, or goes on with a copy of its memory too, as if the whole machine was put
// back. Then it hands over the lost records.
func (e *explorer) putBack(c *snapshot, how uint8) {
	lost := e.disk.records[len(c.disk.records):]
	e.books(c)
	e.ledger, e.version, e.moved = c.ledger, c.version, c.moved
	machine := how&1 != 0
	if !machine {
		e.load()
	}
	if how&2 != 0 && len(lost) > 1 {
		if _, err := e.recover(lost[1:], 99); !errors.Is(err, ErrGap) {
			e.violated(21, "records are taken back over a gap: %v", err)
		}
	}
	pieces := [][]protocol.SignedRecord{lost}
	if how&4 != 0 && len(lost) > 0 {
		cut := int(how>>4) % len(lost)
		pieces = [][]protocol.SignedRecord{lost[:cut], lost[cut/2:]} // a part of them twice
	}
	for i, piece := range pieces {
		if how&8 != 0 { // the first time comes to nothing
			if _, err := e.recover(piece, doubtful(how>>4%3)); err != nil {
				e.violated(21, "it does not take back what it has signed: %v", err)
			}
		}
		if _, err := e.recover(piece, 99); err != nil {
			e.violated(21, "it does not take back what it has signed: %v", err)
		}
		if how&16 != 0 && i == 0 && !machine {
			e.load()
		}
	}
	e.disks.recovering = true
	for _, r := range lost {
		e.follow(r, "") // the texts are gone
		e.revokedBy(r)
	}
	e.disks.recovering = false
	e.recovered(len(lost) > 0)
	if !machine || len(lost) == 0 {
		e.restart()
		return
	}
	if len(e.ledger.knocks) > 0 {
		e.violated(21, "somebody still waits at the door for what may have been answered")
	}
	e.grace = e.now.Add(5 * time.Minute)
	if _, err := e.step(Resumed{}, 99); err != nil {
		e.violated(17, "it does not resume: %v", err)
	}
}

// recover steps the ledger with lost records, without the model, which has seen them already.
func (e *explorer) recover(rs []protocol.SignedRecord, crash int) ([]Effect, error) {
	r, version := e.ledgerStep(Recovered{rs})
	if r.err != nil {
		return nil, r.err
	}
	p, writes := find[Persist](r.effects)
	if writes && crash == diskFails {
		return nil, nil
	}
	if writes && crash == crashBefore {
		e.load()
		return nil, nil
	}
	if writes {
		e.disk.write(p.Batch)
	}
	e.ledger, e.version = r.next, version
	for _, effect := range r.effects {
		if c, ok := effect.(Commit); ok && c.Key != (protocol.Key{}) {
			e.violated(9, "a record that was taken back has a key")
		}
	}
	if writes && crash == crashAfter {
		e.load()
	}
	return r.effects, nil
}

// recovered checks what must be true when all records have been handed over, before Resumed.
func (e *explorer) recovered(some bool) {
	if e.broken != "" {
		return
	}
	if !reflect.DeepEqual(e.ledger.state, e.heard) {
		e.violated(21, "what was taken back makes another state")
	}
	if some && !e.closed() {
		if _, _, err := e.ledger.Step(e.env(), Rekey{}); err == nil {
			e.violated(9, "it starts an epoch from a key that is older than the log")
		}
	}
	for id := range e.ledger.invites {
		if e.usedUp[id] {
			e.violated(18, "an invite that was used is there again")
		}
	}
	for p, m := range e.model {
		if d, ok := e.disk.failures[p]; !m.acked && !e.past(m) && (!ok || d.Removal != m.removal || d.Kind != m.kind || d.Text != m.text) {
			e.violated(21, "%s is owed the reason of removal %d, %d %q; noted is %d, %d %q",
				e.folk[e.indexOf(p)].name, m.removal, m.kind, m.text, d.Removal, d.Kind, d.Text)
		}
	}
}

func (e *explorer) env() Env {
	env := e.self
	h := sha256.Sum256(e.version[:])
	env.Now, env.Rand = e.now, rand.NewChaCha8(h)
	return env
}

// goOnAlone starts the authority with the copy, without the lost records. The peers keep the records that they have.
func (e *explorer) goOnAlone(c *snapshot) {
	e.disks.alone, e.disks.other, e.wires = true, e.disk.records, nil
	e.books(c)
	e.heard, e.paces, e.keys, e.hashes, e.usedUp = c.heard, c.paces, c.keys, e.hashes[:len(c.disk.records):len(c.disk.records)], maps.Clone(c.usedUp)
	for i, f := range e.folk {
		g := c.folk[i]
		for j := range g.clients {
			now := f.clients[j]
			g.clients[j].shown, g.clients[j].pardoned = maps.Clone(g.clients[j].shown), maps.Clone(g.clients[j].pardoned)
			if now.seat.Nonce == g.clients[j].seat.Nonce {
				g.clients[j].have, g.clients[j].head = now.have, now.head
			}
		}
		g.standing = protocol.Nonce{}
		*f = g
	}
	e.version = c.version
	e.restart()
}

// fork checks that two logs prove the fork wherever they differ, and that a proof freezes a room.
func (e *explorer) fork() {
	a, b := e.disks.other, e.disk.records
	common := 0
	for common < min(len(a), len(b)) && a[common].Hash() == b[common].Hash() {
		common++
	}
	if common == min(len(a), len(b)) {
		return // one is the beginning of the other
	}
	as, bs := e.statesFrom(a, common), e.statesFrom(b, common)
	for i := common + 1; i <= len(a); i++ {
		for j := common + 1; j <= len(b); j++ {
			k := min(i, j) - 1
			for _, s := range []State{as[i-common], bs[j-common]} {
				if frozen, ok := s.Forked(a[k], b[k]); !ok || !frozen.Frozen() {
					e.violated(21, "record %d of two logs of %d and %d records proves no fork", k+1, i, j)
				}
			}
		}
	}
	for k := range common {
		if s, ok := e.heard.Forked(a[k], b[k]); ok || s.Frozen() {
			e.violated(21, "record %d, which is one, proves a fork", k+1)
		}
		if s, ok := e.heard.Forked(a[k], b[k+1]); ok || s.Frozen() {
			e.violated(21, "records %d and %d prove a fork", k+1, k+2)
		}
	}
	k := min(len(a), len(b)) - 1
	frozen, ok := e.ledger.Forked(a[k], b[k])
	if !ok || e.ledger.state.frozen {
		e.violated(21, "the authority sees no fork")
	}
	e.note("the authority sees the other log")
	h := sha256.Sum256(append(e.version[:], "frozen"...))
	e.ledger, e.version = frozen, [16]byte(h[:])
	e.frozen()
}

// statesFrom returns the states after each record of a log, from a record on.
func (e *explorer) statesFrom(log []protocol.SignedRecord, first int) []State {
	s, err := Replay(log[:first])
	states := []State{s}
	for _, r := range log[first:] {
		if err == nil {
			s, _, err = s.Apply(r)
		}
		states = append(states, s)
	}
	if err != nil {
		e.violated(4, "a log does not apply: %v", err)
	}
	return states
}

// frozen checks that a frozen authority accepts no order and answers polls as before.
func (e *explorer) frozen() {
	bob := e.folk[0].peer
	for _, ev := range []Event{
		Kick{Peer: bob}, Ban{Peer: bob}, Unban{bob}, Pardon{bob}, Leave{Peer: bob}, Rekey{}, Close{}, MakeInvite{}, Accept{bob}, SetPolicy{}, Deputize{bob}, Undeputize{Peer: bob}, Ordered{bob, Kick{Peer: bob}},
	} {
		if _, effects, err := e.ledger.Step(e.env(), ev); !errors.Is(err, ErrFrozen) || effects != nil {
			e.violated(21, "a frozen authority obeys: %T, %v", ev, err)
		}
	}
	for _, f := range e.folk {
		knock := Knock{Peer: f.peer, Request: protocol.JoinRequest{Room: e.heard.Room(), Nick: f.name}}
		for _, ev := range []Event{knock, Tick{}} {
			_, effects, _ := e.ledger.Step(e.env(), ev)
			if _, ok := find[Commit](effects); ok {
				e.violated(21, "a frozen authority signs: %T", ev)
			}
		}
	}
	for _, f := range e.folk {
		for _, c := range f.clients {
			if c.appellant.Asks() {
				e.answerAppeal(f, c.appellant.Ask(), 99)
			}
			if c.there && !c.seat.Done() {
				e.answerPoll(f.peer, protocol.PollRequest{
					Room: c.seat.Room, Nonce: c.seat.Nonce, Admission: c.seat.Admission, HaveSeq: c.have, Head: c.head,
				}, 99)
			}
		}
		if m := e.model[f.peer]; m != nil {
			for _, n := range []protocol.Nonce{m.nonce, {255, 1}} {
				if n != (protocol.Nonce{}) {
					e.answerPoll(f.peer, protocol.PollRequest{Room: e.heard.Room(), Nonce: n, Admission: m.admission}, 99)
				}
			}
		}
	}
	e.hold()
}
