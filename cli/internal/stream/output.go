package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// An outlet is standard output or standard error. Write stops waiting for a reader soon after the program has to end: a terminal
// that is stopped (Ctrl-S, an ssh without a network), or a program that does not read its pipe, must not keep the node from
// leaving its rooms. Nothing can interrupt write(2), so it runs in a goroutine that may be left behind.
//
// An outlet has Fd and the other methods that drawing on a terminal needs, but none of the methods of os.File that would bypass
// Write.
type outlet struct {
	file  *os.File
	ended <-chan struct{} // closed when the program has to end
	turn  chan struct{}   // holds a value while a goroutine writes
	stuck chan struct{}   // closed by the first Write that gives up
	once  sync.Once
}

var errStuck = errors.New("nobody reads the output")

// Outlet returns an outlet of w if w is an *os.File, and otherwise w.
func Outlet(ctx context.Context, w io.Writer) io.Writer {
	f, ok := w.(*os.File)
	if !ok {
		return w
	}
	return &outlet{file: f, ended: ctx.Done(), turn: make(chan struct{}, 1), stuck: make(chan struct{})}
}

func (o *outlet) Write(p []byte) (int, error) {
	select {
	case <-o.stuck:
		return 0, errStuck
	default:
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	p = bytes.Clone(p) // the caller may reuse it when Write has given up
	go func() {
		select {
		case o.turn <- struct{}{}:
		case <-o.stuck:
			return
		}
		n, err := o.file.Write(p)
		<-o.turn
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-o.ended:
	}
	timer := time.NewTimer(lastWordsWait)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.n, r.err
	case <-o.stuck:
	case <-timer.C:
		o.once.Do(func() { close(o.stuck) })
	}
	return 0, errStuck
}

func (o *outlet) Read(p []byte) (int, error) { return o.file.Read(p) }
func (o *outlet) Close() error               { return o.file.Close() }
func (o *outlet) Fd() uintptr                { return o.file.Fd() }

// File returns the *os.File behind a stream, which may be an outlet, or nil.
func File(stream any) *os.File {
	switch s := stream.(type) {
	case *os.File:
		return s
	case *outlet:
		return s.file
	}
	return nil
}
