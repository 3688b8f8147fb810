package rpc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A Client is a node in another process, which is reached over a connection. A face uses it as it uses a node in its own process.
//
// It is not the client of jrpc2, which may deliver messages in any order. Here an event is delivered before an answer that was
// written after it.
type Client struct {
	env  *command.Env
	conn io.ReadWriteCloser
	gone chan struct{} // closed by read when the connection has ended

	writing sync.Mutex // one request after the other

	mu    sync.Mutex       // the goroutines that call, and that of read, meet here
	last  int              // id of the last request
	calls map[string]*call // by the id of the request
	heard *heard           // nil: nobody listens
	info  node.Info        // the last that the node has given
	more  int              // number of rooms that the last list left out
}

// A call is a request that waits for its answer.
type call struct {
	answer chan wireAnswer // holds one
	asked  func(room string, until time.Time)
}

// A wireAnswer is a message of the node: an answer or a notification.
type wireAnswer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *wireError      `json:"error"`
}

type wireRequest struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method"`
	Params  any             `json:"params"`
}

type wireError struct {
	Message string    `json:"message"`
	Data    errorData `json:"data"`
}

// ErrGone is the error of every request after the process of the node has ended or has closed the connection.
var ErrGone = &fail.Error{
	Code: fail.ExitFailure, Text: "the localchat that ran the node has ended; what was still under way may not have been carried out",
	Hint: "start localchat again, and look",
}

// NewClient returns a client of the node at the other end of conn. in reads from conn. The client closes conn when either side ends
// the connection.
func NewClient(env *command.Env, conn io.ReadWriteCloser, in *bufio.Reader) *Client {
	c := &Client{env: env, conn: conn, gone: make(chan struct{}), calls: make(map[string]*call)}
	go func() {
		defer env.Guard()
		c.read(in)
	}()
	return c
}

// read handles the messages of the node until the connection ends.
func (c *Client) read(in *bufio.Reader) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		close(c.gone)
		_ = c.conn.Close() // so that a write that waits fails
		if c.heard != nil {
			c.heard.end()
		}
	}()
	for {
		line, err := readAnswer(in, maxAnswer)
		if err == nil {
			err = c.take(line)
		}
		if err != nil {
			c.env.Log.Info("the node in the other process is gone", "err", err)
			return
		}
	}
}

var errTooLong = errors.New("an answer is too long")

// readAnswer reads one line of at most limit bytes.
func readAnswer(in *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > limit {
			return nil, errTooLong
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

func (c *Client) take(line []byte) error {
	var a wireAnswer
	if err := decode(line, &a); err != nil {
		return err
	}
	switch a.Method {
	case eventMethod:
		ev, err := decodeEvent(a.Params)
		if errors.Is(err, errUnknownEvent) {
			return nil
		}
		if err == nil {
			c.hear(ev)
		}
		return err
	case askedMethod:
		var note askedNote
		if err := json.Unmarshal(a.Params, &note); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if call := c.calls[string(note.Request)]; call != nil && call.asked != nil {
			go func() {
				defer c.env.Guard()
				call.asked(note.Room, note.Until)
			}()
		}
		return nil
	case "":
		c.mu.Lock()
		defer c.mu.Unlock()
		if call := c.calls[string(a.ID)]; call != nil {
			delete(c.calls, string(a.ID))
			call.answer <- a
		}
	}
	return nil
}

// ask sends a request and waits for its answer, which it decodes into result.
func (c *Client) ask(ctx context.Context, method string, params, result any) error {
	return c.askAs(ctx, method, params, result, nil)
}

// askAs is ask. It calls asked if the node says that the owner of a room is asked; asked may be nil.
func (c *Client) askAs(ctx context.Context, method string, params, result any, asked func(string, time.Time)) error {
	if name := inexactParam(params); name != "" {
		return &fail.Error{Code: fail.ExitUsage, Text: "the " + name + " is not valid UTF-8; nothing was done", Hint: "the terminal or the file may be in another encoding: iconv converts it"}
	}
	waits := &call{answer: make(chan wireAnswer, 1), asked: asked}
	c.mu.Lock()
	c.last++
	id := strconv.Itoa(c.last)
	c.calls[id] = waits
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.calls, id)
	}()
	if err := c.write(wireRequest{"2.0", json.RawMessage(id), method, params}); err != nil {
		return err
	}
	select {
	case a := <-waits.answer:
		return a.into(result)
	case <-ctx.Done():
		// It is a notification, which has no answer.
		_ = c.write(wireRequest{Version: "2.0", Method: "node.cancel", Params: cancelParams{json.RawMessage(id)}})
		return ctx.Err()
	case <-c.gone:
	}
	select {
	case a := <-waits.answer: // it came just before the end
		return a.into(result)
	default:
		return ErrGone
	}
}

func (c *Client) write(r wireRequest) error {
	raw, err := safe.MarshalJSON(r)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if _, err := c.conn.Write(append(raw, '\n')); err != nil {
		return ErrGone
	}
	return nil
}

// into decodes the result of a request into result, or returns its error.
func (a wireAnswer) into(result any) error {
	if a.Error != nil {
		return a.Error.restored()
	}
	return decode(a.Result, result)
}

// restored returns the error as the node returned it in its own process.
func (e *wireError) restored() error {
	d := e.Data
	err := &node.Error{
		Code: d.Code, Text: e.Message, Reason: d.Reason, Identity: d.Identity, Network: d.Network, RetryAfter: time.Duration(d.RetryAfterS) * time.Second,
		Until: d.Until, Nick: d.Nick, Change: d.Change, Rooms: d.Rooms, More: d.More, Limit: d.Limit, At: d.At,
	}
	if err.Reason == "" && d.Hint != "" { // an error of JSON-RPC itself
		_, _, code := fail.Explain(err)
		return &fail.Error{Code: code, Text: e.Message, Hint: d.Hint}
	}
	return err
}

// A heard is the stream of events of a client.
type heard struct {
	*node.Queue
	ended   bool
	unshown []unshown // the removals of this node that the face may not have shown yet
}

type unshown struct {
	at      uint64 // number of the event in the queue
	room    node.RoomID
	removal uint64
}

func (h *heard) end() {
	if !h.ended {
		h.ended = true
		h.End()
	}
}

// Listen implements [command.Node]. A client has one stream of events at a time: another call ends the first.
func (c *Client) Listen(o node.SubscribeOptions) (<-chan node.Event, func()) {
	h := &heard{Queue: node.NewQueue()}
	c.mu.Lock()
	if c.heard != nil {
		c.heard.end()
	}
	select {
	case <-c.gone:
		h.end()
	default:
		c.heard = h
	}
	c.mu.Unlock()
	p := subscribeParams{Types: o.Types, Since: o.Since, Lines: o.Lines, Acks: true, NoLook: o.NoLook}
	if o.Room != (node.RoomID{}) {
		p.Room = o.Room.String()
	}
	ctx, cancel := context.WithTimeout(context.Background(), command.RequestWait)
	defer cancel()
	stop := func() {
		c.noteShown()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.heard == h {
			c.heard = nil
		}
		h.end()
	}
	if err := c.ask(ctx, "node.subscribe", p, &done{}); err != nil {
		stop()
	}
	return h.Events(), stop
}

func (c *Client) hear(ev node.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.heard
	if h == nil || !h.Push(ev) {
		return
	}
	switch b := ev.Body.(type) {
	case node.Removed:
		h.unshown = append(h.unshown, unshown{h.Pushed(), ev.Room, b.Removal})
	case node.Pardoned:
		h.unshown = append(h.unshown, unshown{h.Pushed(), ev.Room, b.Seq})
	case node.Warned:
		h.unshown = append(h.unshown, unshown{h.Pushed(), ev.Room, b.Seq})
	case node.Muted:
		h.unshown = append(h.unshown, unshown{h.Pushed(), ev.Room, b.Seq})
	default:
		return
	}
	c.noteSoon()
}

// noteSoon calls noteShown after shownCheck.
func (c *Client) noteSoon() {
	time.AfterFunc(shownCheck, func() {
		defer c.env.Guard()
		c.noteShown()
	})
}

// noteShown tells the node which removals and mutes the face has taken from its queue, and so shown.
func (c *Client) noteShown() {
	c.mu.Lock()
	h := c.heard
	if h == nil {
		c.mu.Unlock()
		return
	}
	var now []unshown
	for len(h.unshown) > 0 && h.unshown[0].at <= h.Taken() {
		now, h.unshown = append(now, h.unshown[0]), h.unshown[1:]
	}
	if len(h.unshown) > 0 && !h.ended {
		c.noteSoon()
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), command.RequestWait)
	defer cancel()
	for _, u := range now {
		if err := c.ask(ctx, "node.shown", shownParams{u.room.String(), u.removal}, &done{}); err != nil {
			c.env.Log.Info("a removal is not noted as shown", "err", err) // so the next face is told again
		}
	}
}

// Close ends the connection. The node runs on.
func (c *Client) Close() error {
	// Where it can, it ends its side first, and the node closes the connection when it has forgotten this face: a status that is
	// asked for after this does not show it.
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		select {
		case <-c.gone:
		case <-time.After(partingWait):
		}
	}
	err := c.conn.Close()
	<-c.gone
	return err
}

// seconds returns a duration as a parameter in seconds, rounded up.
func seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
