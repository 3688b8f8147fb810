package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A board follows numbered lines from their authors to every other member.
type board struct {
	id      int
	members int
	lines   []boardLine
	heard   []atomic.Bool // by line and member
	// delays are those of the heard lines, by hearer. Each is written by its member's goroutine, and read when all lines
	// have been followed to their end.
	delays [][]time.Duration
	late   atomic.Int64
	// done is called with a line that has reached every member.
	done func(number int)

	mu     sync.Mutex
	whole  int           // lines that have reached every member
	last   time.Duration // since epoch: when the last of them did
	more   chan struct{} // closed and made anew when whole grows
	failed error
}

type boardLine struct {
	said atomic.Int64 // since epoch
	left atomic.Int32 // members that have not heard it
}

// epoch keeps monotonic times in an int64.
var epoch = time.Now()

// Boards are numbered: a repeated line may come when the next board is in use.
var boards int

func newBoard(members, lines int) *board {
	boards++
	b := &board{
		id: boards, members: members, lines: make([]boardLine, lines), heard: make([]atomic.Bool, lines*members),
		delays: make([][]time.Duration, members), more: make(chan struct{}),
	}
	for i := range b.lines {
		b.lines[i].left.Store(int32(members - 1))
	}
	for i := range b.delays {
		b.delays[i] = make([]time.Duration, 0, lines)
	}
	return b
}

// say has the line's author say it, in the author's own goroutine or in turn.
func (b *board) say(r room, author, number int) error {
	text := lineText(b.id, number)
	b.lines[number].said.Store(int64(time.Since(epoch)))
	return r.say(author, text)
}

// hear takes a line that member has heard. A line heard twice by one member is a fault of the contender.
func (b *board) hear(member int, text string, late bool) {
	now := time.Since(epoch)
	id, number, err := lineNumber(text)
	if err == nil && id < b.id && late {
		return // a readmitted member is given the earlier lines of its memberships again
	}
	if err != nil || id != b.id || number >= len(b.lines) {
		b.fail(fmt.Errorf("%s heard %q, which is no line of this board", memberName(member), text))
		return
	}
	line := &b.lines[number]
	if b.heard[number*b.members+member].Swap(true) {
		b.fail(fmt.Errorf("%s heard line %d twice", memberName(member), number))
		return
	}
	if late {
		b.late.Add(1)
	}
	b.delays[member] = append(b.delays[member], now-time.Duration(line.said.Load()))
	if line.left.Add(-1) > 0 {
		return
	}
	b.mu.Lock()
	b.whole++
	b.last = time.Since(epoch)
	close(b.more)
	b.more = make(chan struct{})
	b.mu.Unlock()
	if b.done != nil {
		b.done(number)
	}
}

func (b *board) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed = err
	}
}

// await waits until lines lines have reached every member, for at most patience, and returns how many have.
func (b *board) await(lines int, patience time.Duration) (whole int, err error) {
	timeout := time.After(patience)
	for {
		b.mu.Lock()
		whole, more, err := b.whole, b.more, b.failed
		b.mu.Unlock()
		if whole >= lines || err != nil {
			return whole, err
		}
		select {
		case <-more:
		case <-timeout:
			return whole, nil
		}
	}
}

// missing lists the lines that members have not heard, for a failure. Author i has said line i.
func (b *board) missing() (list string) {
	for number := range b.lines {
		for member := range b.members {
			if b.lines[number].said.Load() > 0 && member != number%b.members && !b.heard[number*b.members+member].Load() {
				list += fmt.Sprintf("%s lacks line %d; ", memberName(member), number)
			}
		}
	}
	return list
}

// sorted returns all delays, the shortest first.
func (b *board) sorted() []time.Duration {
	all := slices.Concat(b.delays...)
	slices.Sort(all)
	return all
}

// at returns a percentile of sorted values.
func at(sorted []time.Duration, percent int) float64 {
	return float64(sorted[(len(sorted)-1)*percent/100].Nanoseconds()) / 1000
}

// A switchboard passes the events of an open room's ear to the present measurement.
type switchboard struct {
	board atomic.Pointer[board]
	kicks atomic.Pointer[kickBoard]
}

func (s *switchboard) ear() ear {
	return ear{
		line: func(member int, text string, late bool) {
			if b := s.board.Load(); b != nil {
				b.hear(member, text, late)
			}
		},
		removed: func(member, target int) {
			if k := s.kicks.Load(); k != nil {
				k.hear(member, target)
			}
		},
	}
}

// open opens a room in which a line of each member has reached all.
func (s *switchboard) open(c contender, members int) (opened, error) {
	r, err := c.open(members, s.ear())
	if err != nil {
		return opened{}, err
	}
	if err := s.warm(r, members); err != nil {
		r.close()
		return opened{}, err
	}
	return r, nil
}

// warm makes every member say a line, and waits until all have it.
func (s *switchboard) warm(r room, members int) error {
	b := newBoard(members, members)
	s.board.Store(b)
	for i := range members {
		if err := b.say(r, i, i); err != nil {
			return err
		}
	}
	whole, err := b.await(members, patience)
	if err == nil && whole < members {
		err = fmt.Errorf("only %d of %d first lines have reached everybody: %s", whole, members, b.missing())
	}
	return err
}

// A pace is the number and rate of the lines of [deliver].
type pace struct {
	lines int
	every time.Duration
}

// calm is how long a room that has just been filled takes until it is as quiet as an idle one.
const calm = 10 * time.Second

// deliver makes members say lines in turn at a steady pace and measures.
func deliver(c contender, members int, p pace) (map[string]float64, error) {
	var s switchboard
	r, err := s.open(c, members)
	if err != nil {
		return nil, err
	}
	defer r.close()
	b := newBoard(members, p.lines)
	s.board.Store(b)
	time.Sleep(min(c.rhythm, calm)) // there is no event for it
	before, err := meter(r.server)
	if err != nil {
		return nil, err
	}
	time.Sleep(c.rhythm) // measures the cost of a silent room
	quiet, err := meter(r.server)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for i := range p.lines {
		<-tick.C
		if err := b.say(r, i%members, i); err != nil {
			return nil, err
		}
	}
	whole, err := b.await(p.lines, patience)
	if err != nil {
		return nil, err
	}
	after, err := meter(r.server)
	if err != nil {
		return nil, err
	}
	delays := b.sorted()
	heard := float64(len(delays))
	// The cost of the silent room is subtracted from that of the lines.
	share := after.at.Sub(quiet.at).Seconds() / quiet.at.Sub(before.at).Seconds()
	net := func(quietly, loudly float64) float64 { return (loudly - share*quietly) / heard }
	return map[string]float64{
		"p50": at(delays, 50), "p99": at(delays, 99),
		"lost":         float64(p.lines - whole),
		"late":         float64(b.late.Load()),
		"bytes":        net(float64(quiet.wire-before.wire), float64(after.wire-quiet.wire)),
		"gross bytes":  float64(after.wire-quiet.wire) / heard,
		"packets":      net(float64(quiet.packets-before.packets), float64(after.packets-quiet.packets)),
		"allocs":       net(float64(quiet.allocs-before.allocs), float64(after.allocs-quiet.allocs)),
		"gross allocs": float64(after.allocs-quiet.allocs) / heard,
		"idle bytes":   float64(quiet.wire-before.wire) / quiet.at.Sub(before.at).Seconds() / float64(members),
		"idle cpu":     float64((quiet.cpu - before.cpu).Microseconds()) / quiet.at.Sub(before.at).Seconds() / float64(members),
	}, nil
}

// flood keeps window lines on their way for a while: an author says its next line when one of its own has reached every member.
func flood(c contender, members, window int, d time.Duration) (map[string]float64, error) {
	var s switchboard
	r, err := s.open(c, members)
	if err != nil {
		return nil, err
	}
	defer r.close()
	const mostLines = 400_000
	b := newBoard(members, mostLines)
	author := make([]atomic.Int32, mostLines)
	turns := make([]chan struct{}, members) // an author may say one line for each value
	for i := range turns {
		turns[i] = make(chan struct{}, window)
		for range window / members {
			turns[i] <- struct{}{}
		}
	}
	b.done = func(number int) { turns[author[number].Load()] <- struct{}{} }
	s.board.Store(b)
	before, err := meter(r.server)
	if err != nil {
		return nil, err
	}
	began := time.Since(epoch)
	var next atomic.Int64
	var wg sync.WaitGroup
	stop := time.After(d)
	over := make(chan struct{})
	for i := range members {
		wg.Go(func() {
			for {
				select {
				case <-turns[i]:
				case <-over:
					return
				}
				number := int(next.Add(1) - 1)
				if number >= mostLines {
					b.fail(fmt.Errorf("more than %d lines: let it last less long", mostLines))
					return
				}
				author[number].Store(int32(i))
				if err := b.say(r, i, number); err != nil {
					b.fail(err)
					return
				}
			}
		})
	}
	<-stop
	close(over)
	wg.Wait()
	said := int(next.Load())
	whole, err := b.await(said, patience)
	if err != nil {
		return nil, err
	}
	after, err := meter(r.server)
	if err != nil {
		return nil, err
	}
	heard := float64(whole * (members - 1))
	return map[string]float64{
		"lines/s": float64(whole) / (b.last - began).Seconds(),
		"cpu":     float64((after.cpu - before.cpu).Microseconds()) / heard,
		"allocs":  float64(after.allocs-before.allocs) / heard,
		"bytes":   float64(after.wire-before.wire) / heard,
		"lost":    float64(said - whole),
		"late":    float64(b.late.Load()),
	}, nil
}
