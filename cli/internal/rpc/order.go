package rpc

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"

	"localchat/cli/internal/command"
	"localchat/node"
)

// turns makes the requests about one room run one after another, in the order of the input. Requests about other rooms do not wait
// for them, because a join may wait for a person. Joins of one room do not wait for each other, so that an invite can be used
// while a knock is waiting; every other request about the room waits for the joins before it.
//
// A program can name a room in several ways. For some of them, an address or an id that this node has not seen, the room is
// known only when its join is finished. So a request about a room that we are not in waits for such joins too, because it may
// be about their room. Without that wait it could only fail.
type turns struct {
	n command.OwnNode

	mu    sync.Mutex // needed because requests begin in the reader and end in their own goroutines
	lines map[node.RoomRef]*roomLine
}

// A roomLine holds the unfinished requests about a room, under one of its names.
type roomLine struct {
	last     <-chan struct{}   // closed when the latest request that is no join is finished; nil: there was none
	joins    []<-chan struct{} // one for each join after that request
	open     int               // number of unfinished requests
	entering int               // number of them that may make this node enter a room
}

func newTurns(n command.OwnNode) *turns { return &turns{n: n, lines: make(map[node.RoomRef]*roomLine)} }

// A turn is the place of a request in its line.
type turn struct {
	before []<-chan struct{}
	done   func()
}

// wait returns when every request before t is finished.
func (t turn) wait(ctx context.Context) error {
	for _, done := range t.before {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// lineUp returns the turn of the next request. It is called in the order of the input. ok is false for a request about no room.
func (q *turns) lineUp(ctx context.Context, method string, params string) (t turn, ok bool) {
	text, about := roomOf(method, params)
	if !about {
		return turn{}, false
	}
	ref := q.n.Ref(ctx, text)
	if method == "room.create" {
		ref.ID, ref.Here = node.RoomID{}, false // it is a new room, not one of those with this name
	}
	join := method == "room.join"
	entering := join || method == "room.create"

	q.mu.Lock()
	defer q.mu.Unlock()
	for other, line := range q.lines {
		same, known := sameRoom(ref, other)
		if !same && (known || ref.Here || entering || line.entering == 0) {
			continue
		}
		if line.last != nil {
			t.before = append(t.before, line.last)
		}
		if !join {
			t.before = append(t.before, line.joins...)
		}
	}
	line := q.lines[ref]
	if line == nil {
		line = &roomLine{}
		q.lines[ref] = line
	}
	over := make(chan struct{})
	if join {
		line.joins = append(line.joins, over)
	} else {
		line.last, line.joins = over, nil
	}
	line.open++
	if entering {
		line.entering++
	}
	t.done = func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		close(over)
		line.open--
		if entering {
			line.entering--
		}
		if line.open == 0 {
			delete(q.lines, ref)
		}
	}
	return t, true
}

// sameRoom reports whether a and b are the same room, and whether that is known.
func sameRoom(a, b node.RoomRef) (same, known bool) {
	var none node.RoomID
	switch {
	case a.ID != none && b.ID != none:
		return a.ID == b.ID, true
	case a.Name != "" && b.Name != "":
		return a.Name == b.Name, true
	}
	return false, false
}

// roomOf returns the room that a request is about, as the program names it.
func roomOf(method string, params string) (text string, ok bool) {
	if !strings.HasPrefix(method, "room.") && method != "node.verify" && method != "node.ignore" && method != "node.subscribe" {
		return "", false
	}
	var given map[string]json.RawMessage
	if json.Unmarshal([]byte(params), &given) != nil {
		return "", false // the method will report what is wrong with them
	}
	names := []string{"room", "invite"}
	if method == "room.create" {
		names = []string{"name"}
	}
	for _, name := range names {
		if raw, is := given[name]; is {
			return text, json.Unmarshal(raw, &text) == nil
		}
	}
	return "", false
}

// inTurn returns do for a request that has just been read. It waits for the requests before it.
//
// jrpc2 starts no other request while a notification runs, and that may be a join. So a notification gets a goroutine of its
// own.
func (t *methodTable) inTurn(ctx context.Context, do jrpc2.Handler) jrpc2.Handler {
	req := jrpc2.InboundRequest(ctx)
	place, about := t.turns.lineUp(ctx, req.Method(), req.ParamString())
	run := func(ctx context.Context, req *jrpc2.Request) (any, error) {
		if about {
			defer place.done()
			if err := place.wait(ctx); err != nil {
				return nil, rpcError(err)
			}
		}
		return do(ctx, req)
	}
	if !req.IsNotification() {
		return run
	}
	return func(_ context.Context, req *jrpc2.Request) (any, error) {
		t.notes.Go(func() {
			defer t.env.Guard()
			_, _ = run(t.ctx, req) // a notification has no answer
		})
		return nil, nil
	}
}

// finish waits until all notifications are finished. After drainWait it calls cancel, which ends them.
func (t *methodTable) finish(cancel context.CancelFunc) {
	timer := time.AfterFunc(t.drainWait, cancel)
	defer timer.Stop()
	t.notes.Wait()
}
