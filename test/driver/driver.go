// Package driver drives the built program from outside: a [Process] is `localchat rpc`, with which a test speaks JSON-RPC, and a
// [Program] is any command, whose lines a test types and reads.
package driver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"
)

// The reasons that there is no answer, or no event.
var (
	ErrEnded    = errors.New("the node has ended")
	ErrNoAnswer = errors.New("no answer in time")
)

// Obj is a JSON object.
type Obj map[string]any

// Is reports whether o has all fields of want.
func (o Obj) Is(want Obj) bool {
	for k, v := range want {
		if fmt.Sprint(o[k]) != fmt.Sprint(v) {
			return false
		}
	}
	return true
}

// A Process is a running `localchat rpc`.
type Process struct {
	Cmd    *exec.Cmd
	Exited chan struct{} // closed when the process has ended
	in     io.WriteCloser
	stderr bytes.Buffer // read after Exited is closed

	// mu is shared by the callers and the reader of the process's output.
	mu      sync.Mutex
	lastID  int
	replies map[int]chan Reply
	events  []*Event
	more    chan struct{} // closed and made anew when events grows or the output ends
}

// An Event is a notification of the node.
type Event struct {
	Obj
	At    time.Time // when it was read
	taken bool      // by Within
}

// String returns the fields of an event that help to understand a failed test.
func (e *Event) String() string {
	line := fmt.Sprint(e.Obj["type"])
	for _, k := range []string{"name", "nick", "kind", "text", "epoch", "late", "told", "for_s", "code"} {
		if v, ok := e.Obj[k]; ok {
			line += fmt.Sprintf(" %s=%v", k, v)
		}
	}
	return line
}

// A Reply answers a request.
type Reply struct {
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
	At     time.Time       `json:"-"` // when it was read
}

// An Error is the error of a failed request.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Code string `json:"code"`
		Hint string `json:"hint"`
		Nick string `json:"nick"`

		RetryAfterS float64 `json:"retry_after_s"`
	} `json:"data"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Data.Code) }

// Start starts cmd, which must be `localchat rpc` with some flags, or another program that answers JSON-RPC line by line.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Cmd: cmd, Exited: make(chan struct{}), replies: map[int]chan Reply{}, more: make(chan struct{})}
	cmd.Stderr = &p.stderr
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(out)
	return p, nil
}

// read takes the node's output until its end: replies go to the callers, events to the list.
func (p *Process) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		p.take(line, time.Now())
	}
	_ = p.Cmd.Wait() // the outcome is in its ProcessState
	close(p.Exited)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.replies {
		close(c)
	}
	p.replies = nil
	close(p.more)
	p.more = make(chan struct{})
}

func (p *Process) take(line []byte, at time.Time) {
	var msg struct {
		ID     int    `json:"id"`
		Method string `json:"method"`
		Params Obj    `json:"params"`
		Reply
	}
	err := json.Unmarshal(line, &msg)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch c := p.replies[msg.ID]; {
	case err != nil:
		p.events = append(p.events, &Event{Obj: Obj{"type": "not JSON", "text": string(line)}, At: at})
	case msg.Method == "event":
		p.events = append(p.events, &Event{Obj: msg.Params, At: at})
	case c != nil:
		delete(p.replies, msg.ID)
		msg.Reply.At = at
		c <- msg.Reply
	}
	close(p.more)
	p.more = make(chan struct{})
}

// A Call is a request that has been sent.
type Call struct {
	What   string
	At     time.Time // when it was sent
	answer chan Reply
}

// Begin sends a request and does not wait for the answer.
func (p *Process) Begin(method string, params Obj) *Call {
	c := &Call{What: fmt.Sprint(method, " ", params), At: time.Now(), answer: make(chan Reply, 1)}
	p.mu.Lock()
	p.lastID++
	id := p.lastID
	if p.replies == nil {
		close(c.answer)
	} else {
		p.replies[id] = c.answer
	}
	p.mu.Unlock()
	req := Obj{"jsonrpc": "2.0", "id": id, "method": method}
	if params != nil {
		req["params"] = params
	}
	line, err := json.Marshal(req)
	if err != nil {
		panic(err) // params come from the caller's code
	}
	_, _ = p.in.Write(append(line, '\n')) // an error means that the node has ended; Reply reports it
	return c
}

// Reply waits for the answer. Later calls return the same answer. It fails with ErrEnded or ErrNoAnswer.
func (c *Call) Reply(wait time.Duration) (Reply, error) {
	var r Reply
	var ok bool
	select {
	case r, ok = <-c.answer:
	default:
		select {
		case r, ok = <-c.answer:
		case <-time.After(wait):
			return Reply{}, ErrNoAnswer
		}
	}
	if !ok {
		return Reply{}, ErrEnded
	}
	c.answer <- r
	return r, nil
}

// Ended reports whether there is an answer, or the node has ended without one.
func (c *Call) Ended() bool {
	_, err := c.Reply(0)
	return !errors.Is(err, ErrNoAnswer)
}

// Do sends a request that must succeed. The result is stored in result, which may be nil.
func (p *Process) Do(wait time.Duration, method string, params Obj, result any) error {
	c := p.Begin(method, params)
	r, err := c.Reply(wait)
	if err == nil && r.Error != nil {
		err = r.Error
	}
	if err == nil && result != nil {
		err = json.Unmarshal(r.Result, result)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.What, err)
	}
	return nil
}

// Within waits for an event that has the wanted fields and that it has not returned before. It returns nil if none comes,
// and fails with ErrEnded if the node ends first.
func (p *Process) Within(wait time.Duration, kind string, want Obj) (*Event, error) {
	deadline := time.After(wait)
	for {
		p.mu.Lock()
		more := p.more
		for _, e := range p.events {
			if !e.taken && e.Obj["type"] == kind && e.Is(want) {
				e.taken = true
				p.mu.Unlock()
				return e, nil
			}
		}
		p.mu.Unlock()
		select {
		case <-more:
		case <-p.Exited:
			return nil, ErrEnded
		case <-deadline:
			return nil, nil
		}
	}
}

// Events returns the events so far, from the given index on. more is closed when there is another event or the node has ended.
func (p *Process) Events(from int) (events []*Event, more <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events[from:len(p.events):len(p.events)], p.more
}

// Forget hides all events so far from Within, and returns their number.
func (p *Process) Forget() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		e.taken = true
	}
	return len(p.events)
}

// CloseInput ends the node's input, so that it leaves in order.
func (p *Process) CloseInput() { _ = p.in.Close() } // an error means that it has ended

// Stop ends the process at once, and waits for its end.
func (p *Process) Stop() {
	p.CloseInput()
	_ = p.Cmd.Process.Kill() // an error means that it has ended
	<-p.Exited
}

// Stderr waits for the end of the node and returns what it wrote to standard error.
func (p *Process) Stderr() string {
	<-p.Exited
	return p.stderr.String()
}
