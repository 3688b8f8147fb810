package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// These errors say why a page cannot be served at the moment.
var (
	ErrNoNode = errors.New("localchat does not run")
	ErrSilent = errors.New("localchat does not answer")
	ErrFull   = errors.New("too many programs are attached")
)

// These codes tell a page why its connection is closed, beside those of RFC 6455. page/rpc.js has them too.
const (
	closeNoNode      websocket.StatusCode = 4001
	closeFull        websocket.StatusCode = 4002
	closeSessionOver websocket.StatusCode = 4003
	closeSilent      websocket.StatusCode = 4004
)

// socket speaks JSON-RPC with a page.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		refuseMethod(w, "GET")
		return
	}
	in := s.known(r)
	if !s.ours(r) || in == nil {
		refuse(w, http.StatusForbidden, "no session")
		return
	}
	s.work.Add(1) // http.Server does not wait for a connection that has become a WebSocket
	defer s.work.Done()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered the request
	}
	if !s.access.open(in) {
		_ = conn.Close(closeFull, "too many pages are open")
		return
	}
	conn.SetReadLimit(s.cfg.MaxMessage)
	out := newSender(conn)
	defer out.end()
	err = s.cfg.Serve(in.ctx, &receiver{conn: conn}, out)
	s.access.leave(in, time.Now())
	s.cfg.Log.Info("a page is gone", "err", err)
	code, why := websocket.StatusNormalClosure, ""
	switch {
	case s.access.ctx.Err() != nil:
		code, why = websocket.StatusGoingAway, "localchat web has ended"
	case in.ctx.Err() != nil:
		code, why = closeSessionOver, "other browsers have taken its place"
	case errors.Is(err, ErrNoNode):
		code, why = closeNoNode, s.cfg.Again
	case errors.Is(err, ErrSilent):
		code, why = closeSilent, ErrSilent.Error()
	case errors.Is(err, ErrFull):
		code, why = closeFull, ErrFull.Error()
	case err != nil:
		code, why = websocket.StatusInternalError, "cut off"
	}
	_ = conn.Close(code, why)
}

// A receiver turns the messages of a page into lines.
type receiver struct {
	conn    *websocket.Conn
	message io.Reader // the message being read; nil: the next one has not begun
}

// Read implements io.Reader. The end of the connection, whatever the reason, is the end of the input.
func (r *receiver) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.message == nil {
		kind, message, err := r.conn.Reader(context.Background())
		if err != nil {
			return 0, io.EOF
		}
		if kind != websocket.MessageText {
			_ = r.conn.Close(websocket.StatusUnsupportedData, "JSON-RPC is text")
			return 0, io.EOF
		}
		r.message = message
	}
	n, err := r.message.Read(p)
	for i, b := range p[:n] {
		if b == '\n' || b == '\r' {
			p[i] = ' ' // which is the same JSON
		}
	}
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return 0, io.EOF
	case n == len(p):
		return n, nil // the next Read gets the end of the message again, and has room for the line break
	}
	r.message = nil
	p[n] = '\n'
	return n + 1, nil
}

// A sender sends each line as a message.
type sender struct {
	conn    *websocket.Conn
	ctx     context.Context
	end     context.CancelFunc
	message io.WriteCloser // the message being written; nil: the next one has not begun
}

func newSender(conn *websocket.Conn) *sender {
	s := &sender{conn: conn}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

// Write implements io.Writer. A page that does not read in time loses its connection.
func (s *sender) Write(p []byte) (int, error) {
	late := time.AfterFunc(writeWait, s.end)
	defer late.Stop()
	for rest := p; len(rest) > 0; {
		var line []byte
		var whole bool
		line, rest, whole = bytes.Cut(rest, []byte{'\n'})
		if err := s.write(line, whole); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (s *sender) write(line []byte, whole bool) error {
	if s.message == nil {
		message, err := s.conn.Writer(s.ctx, websocket.MessageText)
		if err != nil {
			return err
		}
		s.message = message
	}
	if _, err := s.message.Write(line); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	err := s.message.Close()
	s.message = nil
	return err
}
