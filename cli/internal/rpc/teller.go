package rpc

import (
	"sync"
	"time"

	"localchat/cli/internal/command"
	"localchat/node"
)

// eventMethod and askedMethod are the methods of the notifications to a program.
const (
	eventMethod = "event"
	askedMethod = "asked"
)

// A teller reports the events of the node to a program, one stream of events at a time.
type teller struct {
	env  *command.Env
	n    command.Node
	push func(node.Event) error

	mu  sync.Mutex // the goroutines of the methods and of serve meet here
	now *telling   // nil: no events are reported
}

// A telling is one stream of events.
type telling struct {
	stop  func()
	asked chan chan struct{}
	done  chan struct{}
}

// start replaces the stream by a new one.
func (t *teller) start(o node.SubscribeOptions) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLocked()
	events, stop := t.n.Listen(o)
	s := &telling{stop: stop, asked: make(chan chan struct{}), done: make(chan struct{})}
	t.now = s
	go func() {
		defer t.env.Guard()
		defer close(s.done)
		t.run(s, events)
	}()
}

func (t *teller) run(s *telling, events <-chan node.Event) {
	for {
		select {
		case ev, open := <-events:
			if !open || t.push(ev) != nil {
				return
			}
		case reply := <-s.asked:
			for n := len(events); n > 0; n-- {
				if ev, open := <-events; !open || t.push(ev) != nil {
					close(reply)
					return
				}
			}
			close(reply)
		}
	}
}

// settle returns when all events so far are reported. So the program gets the events of a request before its answer.
func (t *teller) settle() {
	t.mu.Lock()
	s := t.now
	t.mu.Unlock()
	if s == nil {
		return
	}
	reply := make(chan struct{})
	select {
	case s.asked <- reply:
		<-reply
	case <-s.done:
	}
}

// settleWithin is settle, for d at most.
func (t *teller) settleWithin(d time.Duration) {
	settled := make(chan struct{})
	go func() {
		defer t.env.Guard()
		defer close(settled)
		t.settle()
	}()
	select {
	case <-settled:
	case <-time.After(d):
	}
}

// end ends the stream.
func (t *teller) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLocked()
}

func (t *teller) endLocked() {
	if t.now != nil {
		t.now.stop()
		<-t.now.done
		t.now = nil
	}
}
