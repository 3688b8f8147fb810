package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/hint"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
	"localchat/node"
)

// Serve serves a program: it answers requests on standard input and output, and reports all events of the node. It returns at the
// end of input or when ctx ends.
func Serve(ctx context.Context, env *command.Env, n command.OwnNode) error {
	return serve(ctx, env, n, session{in: env.Stdin, out: env.Stdout, ahead: stream.MaxQueue, program: true})
}

// ServeFace is Serve for a face in another process, at the other end of a connection. A face that sends too many lines that are no
// JSON is cut off. If program is set, the face speaks for a program, and is served as Serve does. Any other face gets no events
// before it subscribes, and at its end ServeFace does not wait for the requests that have no answer yet. pid is its
// process; 0: this one.
func ServeFace(ctx context.Context, env *command.Env, n command.OwnNode, in io.Reader, out io.Writer, pid int, program bool) error {
	return serve(ctx, env, n, session{in: in, out: out, maxGarbage: maxGarbage, pid: pid, program: program})
}

// A session holds the differences between a program and a face.
type session struct {
	in         io.Reader
	out        io.Writer
	ahead      int  // number of lines that are read ahead
	maxGarbage int  // number of lines in a row that may be no JSON; 0: no bound
	pid        int  // of the process at the other end; 0: this one
	program    bool // report all events from the start, and at the end of input wait for the answers
}

func serve(ctx context.Context, env *command.Env, n command.OwnNode, s session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wire := newLineChannel(stream.Lines(ctx, s.in, MaxRequest, s.ahead, env.Guard), s.out)
	wire.maxGarbage = s.maxGarbage
	if s.program {
		wire.drainWait = DrainWait
	}
	tell := &teller{env: env, n: n}
	var server *jrpc2.Server
	visits, looked := &visits{}, &focus{process: env.Process}
	defer looked.set(false)
	table := rpcMethods{env: env, n: n, events: tell, visits: visits, focus: looked, pid: s.pid, cancelRequest: func(id string) { server.CancelRequest(id) }}.table()
	methods := &methodTable{env: env, ctx: ctx, drainWait: wire.drainWait, methods: table, turns: newTurns(n)}
	server = jrpc2.NewServer(methods, &jrpc2.ServerOptions{
		AllowPush: true, DisableBuiltin: true, Concurrency: noBound, // the methods have their own bounds
		NewContext: func() context.Context { return ctx },
	})
	tell.push = func(ev node.Event) error {
		raw, err := Event(ev)
		if err == nil {
			err = server.Notify(ctx, eventMethod, raw)
		}
		if err != nil {
			env.Log.Info("events can no longer be written", "type", ev.Body.Type(), "err", err)
			if wire.failed() { // nobody reads the answers either
				cancel()
			} // otherwise the input has ended, and earlier requests are still answered
		}
		return err
	}
	telling := make(chan struct{})
	if s.program { // a program that ends its input at once still gets the events of how things are
		wire.last = func() {
			<-telling
			tell.settle()
		}
	}
	server.Start(wire)
	if s.program {
		tell.start(node.SubscribeOptions{Lines: true})
	}
	close(telling)
	stopped := context.AfterFunc(ctx, func() {
		tell.settleWithin(farewell) // the last event may say why the node ends
		_ = wire.Close()            // never fails; Server.Stop would panic if a request came at the same time (jrpc2 1.3.6)
	})
	err := wire.cause(server.Wait())
	stopped()
	methods.finish(cancel)
	tell.end()
	over, stop := context.WithTimeout(context.WithoutCancel(ctx), command.RequestWait)
	defer stop()
	visits.end(over)
	return err
}

// Event returns an event as JSON: type, seq, time and room, then the fields of its body.
func Event(ev node.Event) (json.RawMessage, error) {
	head := struct {
		Type     string       `json:"type"`
		Seq      uint64       `json:"seq"`
		Time     time.Time    `json:"time"`
		Room     *node.RoomID `json:"room,omitempty"`
		RoomName string       `json:"room_name,omitempty"`
	}{Type: ev.Body.Type(), Seq: ev.Seq, Time: ev.Time, RoomName: ev.RoomName}
	if ev.Room != (node.RoomID{}) {
		head.Room = &ev.Room
	}
	front, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(withHint(ev.Body))
	if err != nil {
		return nil, err
	}
	if string(body) == "{}" {
		return front, nil
	}
	// Join the two objects into one. TestEventFields checks that they have no field name in common.
	front[len(front)-1] = ','
	return append(front, body[1:]...), nil
}

// withHint adds the hint for a program to a warning.
func withHint(body node.EventBody) any {
	w, ok := body.(node.Warning)
	if !ok {
		return body
	}
	return struct {
		node.Warning
		Hint string `json:"hint,omitempty"`
	}{w, hint.OfWarningForProgram(w.Code)}
}

// A lineChannel is the transport of JSON-RPC, with one message a line of bounded length. It reports the end of input only when
// every request before it is answered; otherwise a program that writes its requests and closes the pipe would get no answers.
//
// Recv is called by jrpc2's reader and Send by its handlers, under jrpc2's own lock.
type lineChannel struct {
	in     <-chan stream.Line
	out    io.Writer
	closed chan struct{} // closed by Close, because a read of standard input cannot be interrupted

	mu       sync.Mutex // guards the next fields, for Recv, Send and Close
	open     int        // number of requests read and not answered
	writeErr error      // of the first Send that failed
	ended    bool       // Close was called
	changed  *sync.Cond // signals a change of any of these

	maxGarbage int           // see session
	garbage    int           // number of lines in a row that were no JSON; owned by Recv
	drainWait  time.Duration // how long Recv waits for answers at the end of input
	last       func()        // called by Recv at the end of input, after that
}

func newLineChannel(in <-chan stream.Line, out io.Writer) *lineChannel {
	c := &lineChannel{in: in, out: out, closed: make(chan struct{}), last: func() {}}
	c.changed = sync.NewCond(&c.mu)
	return c
}

var _ channel.Channel = (*lineChannel)(nil)

// notJSON is what Recv returns for a line that is too long, or has an id that is not valid UTF-8. The server answers it with a parse
// error.
const notJSON = "not accepted"

var errGarbage = errors.New("too many lines that are no JSON-RPC")

// Recv implements channel.Channel. It reads nothing while maxOpen requests have no answer.
func (c *lineChannel) Recv() ([]byte, error) {
	if !c.awaitPlace() {
		return nil, io.EOF
	}
	select {
	case line, open := <-c.in:
		switch {
		case !open:
			c.drain()
			c.last()
			return nil, io.EOF
		case line.Err != nil || !namesItself([]byte(line.Text)):
			line.Text = notJSON
		}
		if c.garbage++; json.Valid([]byte(line.Text)) {
			c.garbage = 0
		}
		if c.maxGarbage > 0 && c.garbage > c.maxGarbage {
			return nil, errGarbage
		}
		c.count(answers([]byte(line.Text)))
		return []byte(line.Text), nil
	case <-c.closed:
		return nil, io.EOF
	}
}

// A requestHead has the fields of a request that say whether and how it is answered.
type requestHead struct {
	ID     json.RawMessage `json:"id"`
	Method *string         `json:"method"`
}

// requestsIn returns the requests in a line, or nil if the line cannot be read.
func requestsIn(line []byte) []requestHead {
	line = bytes.TrimSpace(line)
	batch := make([]requestHead, 1)
	var err error
	if bytes.HasPrefix(line, []byte{'['}) {
		err = json.Unmarshal(line, &batch)
	} else {
		err = json.Unmarshal(line, &batch[0])
	}
	if err != nil {
		return nil
	}
	return batch
}

// answers returns how many messages the server sends for a line: none for notifications, and one for anything else.
func answers(line []byte) int {
	batch := requestsIn(line)
	for _, r := range batch {
		if r.ID != nil || r.Method == nil {
			return 1
		}
	}
	if len(batch) == 0 {
		return 1
	}
	return 0
}

func (c *lineChannel) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += n
	c.changed.Broadcast()
}

// awaitPlace waits until one more request may be read. It reports false when the channel is closed.
func (c *lineChannel) awaitPlace() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.open >= maxOpen && c.writeErr == nil && !c.ended {
		c.changed.Wait()
	}
	return !c.ended
}

// drain waits until every request is answered, nothing can be written any more, drainWait has passed, or the channel is closed.
func (c *lineChannel) drain() {
	expired := false
	timer := time.AfterFunc(c.drainWait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		expired = true
		c.changed.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.open > 0 && c.writeErr == nil && !expired && !c.ended {
		c.changed.Wait()
	}
}

// pushed is the beginning of a notification of the server. Every other message is an answer.
var pushed = []byte(`{"jsonrpc":"2.0","method":`)

// Send implements channel.Channel.
func (c *lineChannel) Send(message []byte) error {
	_, err := c.out.Write(append(safe.EscapeJSON(message), '\n'))
	c.mu.Lock()
	if err != nil && c.writeErr == nil {
		c.writeErr = err
		c.changed.Broadcast()
	}
	c.mu.Unlock()
	if !bytes.HasPrefix(message, pushed) {
		c.count(-1)
	}
	return err
}

// failed reports whether nothing can be written any more.
func (c *lineChannel) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeErr != nil
}

// Close implements channel.Channel. The streams themselves belong to the process.
func (c *lineChannel) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.ended = true
		close(c.closed)
		c.changed.Broadcast()
	}
	return nil
}

// cause returns the error with which serve ends, given that of the server: the end of input is no error.
func (c *lineChannel) cause(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeErr != nil {
		return fail.Output(c.writeErr)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
