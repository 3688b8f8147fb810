package attach

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"time"
)

// A Conn is one end of an attachment. It is read through In, which may have read ahead.
type Conn struct {
	net.Conn
	In       *bufio.Reader
	patience time.Duration // how long a write may take; 0: as long as it likes
}

func newConn(conn *net.UnixConn) *Conn {
	return &Conn{Conn: conn, In: bufio.NewReaderSize(conn, maxHello), patience: writeWait}
}

// Write writes all of p. It fails if that takes longer than writeWait; see also [Conn.WriteWithoutLimit].
func (c *Conn) Write(p []byte) (int, error) {
	if c.patience > 0 {
		if err := c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(p)
}

// WriteWithoutLimit lets every later write take as long as it likes.
func (c *Conn) WriteWithoutLimit() error {
	c.patience = 0
	return c.SetWriteDeadline(time.Time{})
}

// CloseWrite tells the other end that nothing more will be written.
func (c *Conn) CloseWrite() error { return c.Conn.(*net.UnixConn).CloseWrite() }

// ErrNobody is returned by [Dial] if no process serves the data directory.
var ErrNobody = errors.New("no localchat serves the data directory")

// Dial attaches to the process that runs the node of dataDir. It fails with [ErrNobody], with a [Refusal], or with another error
// if the process does not answer within [HelloWait].
func Dial(ctx context.Context, dataDir string, hello Hello) (*Conn, Welcome, error) {
	all, err := places(dataDir)
	if err != nil {
		return nil, Welcome{}, ErrNobody // the directory does not exist yet
	}
	ctx, cancel := context.WithTimeout(ctx, HelloWait)
	defer cancel()
	for _, path := range all {
		if fit(path) != nil {
			continue
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", path)
		if err != nil {
			if ctx.Err() != nil {
				return nil, Welcome{}, err
			}
			continue // a process that crashed has left the socket
		}
		c := newConn(conn.(*net.UnixConn))
		err = sameUser(conn.(*net.UnixConn))
		var w Welcome
		if err == nil {
			w, err = c.introduce(ctx, hello)
		}
		if err != nil {
			_ = c.Close()
			return nil, Welcome{}, err
		}
		return c, w, nil
	}
	return nil, Welcome{}, ErrNobody
}

func (c *Conn) introduce(ctx context.Context, hello Hello) (Welcome, error) {
	hello.PID = os.Getpid()
	line, err := json.Marshal(request{"2.0", method, method, hello})
	if err != nil {
		return Welcome{}, err
	}
	if _, err := c.Write(append(line, '\n')); err != nil {
		return Welcome{}, err
	}
	end, _ := ctx.Deadline()
	_ = c.SetReadDeadline(end)
	var a answer
	if err := readLine(c.In, &a); err != nil {
		return Welcome{}, err
	}
	switch {
	case a.Error != nil:
		return Welcome{}, &Refusal{a.Error.Text, a.Error.Data.Soon}
	case a.Result == nil:
		return Welcome{}, errNoHello
	}
	return *a.Result, c.SetReadDeadline(time.Time{})
}
