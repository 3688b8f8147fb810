package attach

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"localchat/internal/private"
)

// A Host is what the process of a node gives to its [Server].
type Host struct {
	Version string
	Rank    Rank
	Log     *slog.Logger
	// Guard is deferred first in each goroutine.
	Guard func()
	// Serve serves one face until the face closes conn or ctx ends.
	Serve func(ctx context.Context, conn *Conn, hello Hello) error
}

// A Server listens on the socket of a data directory, which this process has locked.
type Server struct {
	host     Host
	listener net.Listener
	since    time.Time
	ctx      context.Context
	cancel   context.CancelFunc
	work     sync.WaitGroup

	mu      sync.Mutex // the goroutines of the connections meet here
	pending int        // connections that have not sent their hello yet
	faces   []*Face
}

// A Face is a command in another process that is attached since Since.
type Face struct {
	Hello
	Since time.Time
}

// Listen listens on the socket of dataDir, and serves it until [Server.Close]. If it fails, the node can run without a socket;
// then no other command can attach.
func Listen(dataDir string, host Host) (*Server, error) {
	all, err := places(dataDir)
	if err != nil {
		return nil, err
	}
	err = errors.New("every path of it would be too long")
	for _, path := range all {
		var l *net.UnixListener
		if l, err = listenAt(path); err != nil {
			host.Log.Info("no socket there", "path", path, "err", err)
			continue
		}
		s := &Server{host: host, listener: l, since: time.Now()}
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.work.Go(func() {
			defer host.Guard()
			s.accept()
		})
		return s, nil
	}
	return nil, err
}

func listenAt(path string) (*net.UnixListener, error) {
	if err := ready(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if s.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			s.host.Log.Warn("accept a face", "err", err)
			select {
			case <-time.After(acceptPause):
			case <-s.ctx.Done():
			}
			continue
		}
		if !s.admit() {
			_ = conn.Close()
			continue
		}
		s.work.Go(func() {
			defer s.host.Guard()
			s.serve(conn.(*net.UnixConn))
		})
	}
}

// admit counts a new connection as pending. It reports false if there are maxPending already.
func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending >= maxPending {
		return false
	}
	s.pending++
	return true
}

// serve serves one connection until its end.
func (s *Server) serve(unix *net.UnixConn) {
	defer unix.Close()
	stop := context.AfterFunc(s.ctx, func() { _ = unix.Close() })
	defer stop()
	conn := newConn(unix)
	var hello Hello
	err := sameUser(unix)
	if err == nil {
		hello, err = greet(conn)
	}
	s.mu.Lock()
	s.pending--
	var face *Face
	refusal := &Refusal{}
	switch {
	case err != nil:
	case s.full(hello.Control):
		refusal.Text = "too many programs are attached to the running localchat"
		err = refusal
	case hello.Rank > s.host.Rank:
		refusal.Text, refusal.Soon = "the localchat that uses the data directory is a command that will end soon", true
		err = refusal
	default:
		face = &Face{hello, time.Now()}
		s.faces = append(s.faces, face)
	}
	s.mu.Unlock()
	if err == nil {
		defer s.forget(face)
	}
	if err == nil || err == error(refusal) {
		if failed := s.welcome(conn, refusal); err == nil {
			err = failed
		}
	}
	if err == nil && stop() {
		served := make(chan struct{})
		stop = context.AfterFunc(s.ctx, func() {
			select {
			case <-served:
			case <-time.After(farewell):
				_ = unix.Close()
			}
		})
		defer stop()
		err = s.host.Serve(s.ctx, conn, hello)
		close(served)
	}
	s.host.Log.Info("a face is gone", "face", hello.Face, "pid", hello.PID, "err", err)
}

// full reports whether there is no place for one more face of its kind.
func (s *Server) full(control bool) bool {
	n, limit := 0, MaxFaces
	if control {
		limit = maxControls
	}
	for _, f := range s.faces {
		if f.Control == control {
			n++
		}
	}
	return n >= limit
}

func (s *Server) forget(face *Face) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faces = slices.DeleteFunc(s.faces, func(f *Face) bool { return f == face })
}

// greet reads the hello of another process.
func greet(conn *Conn) (Hello, error) {
	_ = conn.SetReadDeadline(time.Now().Add(HelloWait))
	var r request
	if err := readLine(conn.In, &r); err != nil {
		return Hello{}, err
	}
	if r.Method != method {
		return Hello{}, errNoHello
	}
	return r.Params, conn.SetReadDeadline(time.Time{})
}

func (s *Server) welcome(conn *Conn, refusal *Refusal) error {
	a := answer{Version: "2.0", ID: method, Result: &Welcome{PID: os.Getpid(), Version: s.host.Version, Since: s.since}}
	if refusal.Text != "" {
		const serverError = -32000
		a.Result, a.Error = nil, &failure{Code: serverError, Text: refusal.Text}
		a.Error.Data.Soon = refusal.Soon
	}
	line, err := json.Marshal(a)
	if err == nil {
		_, err = conn.Write(append(line, '\n'))
	}
	return err
}

// Faces returns the faces that are attached now.
func (s *Server) Faces() []Face {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Face, len(s.faces))
	for i, f := range s.faces {
		all[i] = *f
	}
	return all
}

// Drain accepts no further face, and waits until those that are attached have gone, for d at most.
func (s *Server) Drain(d time.Duration) {
	_ = s.listener.Close()
	gone := make(chan struct{})
	go func() {
		defer s.host.Guard()
		s.work.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(d):
	}
}

// Close removes the socket, ends every connection, and waits for the goroutines that serve them.
func (s *Server) Close() {
	s.cancel()
	_ = s.listener.Close()
	s.work.Wait()
	dir := filepath.Dir(s.listener.Addr().String())
	if filepath.Dir(dir) == private.RuntimeDir() {
		_ = os.Remove(dir) // the data directory may never be used again
	}
}
