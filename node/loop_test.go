package node

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// Who reads the events has one before the loop goes on. The scheduler makes an exception once in 61 turns.
func TestAReaderGoesBeforeTheLoop(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := &Subscription{c: make(chan Event, EventQueue)}
	l := &loop{subs: map[*Subscription]struct{}{s: {}}}
	var read atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range s.c {
			read.Add(1)
		}
	}()
	const events = 200
	first := 0
	for i := range events {
		l.emit(nil, Gap{})
		if read.Load() > int64(i) {
			first++
		}
	}
	close(s.c)
	<-done
	if first < events*3/4 {
		t.Errorf("of %d events %d were read before the loop went on", events, first)
	}
}
