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

// turns has the requests about one room carried out in the order in which they were written, each when the one before it is
// done. Requests about other rooms do not wait: a join may wait for a person. Joins of one room do not wait for each other,
// so that an invite is of use while a knock waits; everything else about the room waits for them.
//
// A program may name one room in several ways, and some of them say nothing before a join is done: an address, or an id that
// this node has not seen yet. A request about a room that is not here waits for such a join too, as it may be about the room
// that the join enters. Without that wait it could only fail.
type turns struct {
	n command.Node

	mu    sync.Mutex // requests are lined up in the order of reading and end in any order
	lines map[node.RoomRef]*roomLine
}

// A roomLine is the requests under way about a room as it was named.
type roomLine struct {
	last     <-chan struct{}   // closed when the latest request that is no join is done; nil: there was none
	joins    []<-chan struct{} // those that came after it
	open     int               // requests that are not done
	entering int               // those of them that may bring this node into a room
}

func newTurns(n command.Node) *turns { return &turns{n: n, lines: make(map[node.RoomRef]*roomLine)} }

// A turn is the place of one request.
type turn struct {
	before []<-chan struct{}
	done   func()
}

// wait returns when everything before t is done.
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

// lineUp gives the next request its turn. It is called in the order of reading. ok is false for a request about no room.
func (q *turns) lineUp(ctx context.Context, method string, params string) (t turn, ok bool) {
	text, about := roomOf(method, params)
	if !about {
		return turn{}, false
	}
	ref := q.n.Ref(ctx, text)
	if method == "room.create" {
		ref.ID, ref.Here = node.RoomID{}, false // it is another one than the rooms that have the name
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

// sameRoom reports whether a and b are one room, and whether that is known.
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

// roomOf is the room that a request is about, as the program names it.
func roomOf(method string, params string) (text string, ok bool) {
	if !strings.HasPrefix(method, "room.") && method != "node.verify" {
		return "", false
	}
	var given map[string]json.RawMessage
	if json.Unmarshal([]byte(params), &given) != nil {
		return "", false // the method will say what is wrong with them
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

// inTurn is do for the request of ctx, which has been read just now: it waits for what was written before.
//
// jrpc2 takes up no request while a notification is carried out, which may be a join. So a notification goes on beside it.
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
			_, _ = run(t.ctx, req) // nobody asks what became of it
		})
		return nil, nil
	}
}

// finish waits at the end for the notifications under way, for DrainWait at most.
func (t *methodTable) finish(cancel context.CancelFunc) {
	timer := time.AfterFunc(DrainWait, cancel)
	defer timer.Stop()
	t.notes.Wait()
}
