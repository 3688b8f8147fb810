package main

import (
	"fmt"
	"slices"
	"time"
)

// A kickBoard follows one removal: which members have heard that target is out, and when.
type kickBoard struct {
	target int
	heard  chan kickHeard
}

type kickHeard struct {
	member int
	at     time.Time
}

func (k *kickBoard) hear(member, target int) {
	if target == k.target {
		k.heard <- kickHeard{member, time.Now()}
	}
}

// kick removes members in turn and readmits each at once. It measures the time until the removed member is told, and
// the time until the last of the others knows, which from then on refuses the lines of the removed one.
func kick(c contender, members, kicks int) (map[string]float64, error) {
	var s switchboard
	r, err := s.open(c, members)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var told, last, again []time.Duration
	for i := range kicks {
		target := 1 + i%(members-1)
		k := &kickBoard{target: target, heard: make(chan kickHeard, 2*members)}
		s.kicks.Store(k)
		began := time.Now()
		if err := r.kick(target); err != nil {
			return nil, err
		}
		own, others, err := k.await(members)
		if err != nil {
			return nil, err
		}
		told, last = append(told, own.Sub(began)), append(last, others.Sub(began))
		if err := r.back(target); err != nil {
			return nil, fmt.Errorf("back: %w", err)
		}
		// A line of each member that reaches every other shows that the readmitted member is in.
		if err := s.warm(r, members); err != nil {
			return nil, err
		}
		again = append(again, s.board.Load().sorted()...)
	}
	slices.Sort(told)
	slices.Sort(last)
	slices.Sort(again)
	return map[string]float64{
		"told": at(told, 50), "told p90": at(told, 90), "told p99": at(told, 99),
		"last": at(last, 50), "last p90": at(last, 90), "last p99": at(last, 99),
		"again p99": at(again, 99), "again worst": at(again, 100),
	}, nil
}

// await waits until all members have heard.
func (k *kickBoard) await(members int) (own, others time.Time, err error) {
	timeout := time.After(patience)
	seen := map[int]bool{}
	for len(seen) < members {
		select {
		case h := <-k.heard:
			if seen[h.member] {
				continue
			}
			seen[h.member] = true
			if h.member == k.target {
				own = h.at
			} else if h.at.After(others) {
				others = h.at
			}
		case <-timeout:
			return own, others, fmt.Errorf("%d of %d have heard that %s is out", len(seen), members, memberName(k.target))
		}
	}
	return own, others, nil
}
