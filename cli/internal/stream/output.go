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

// An outlet is standard output or standard error. Its Write waits for a reader as long as the program runs, and no longer:
// a terminal that is stopped (Ctrl-S, an ssh without a network) or a program that does not read its pipe must not keep
// the node from leaving its rooms. Nothing can interrupt write(2), so it runs in a goroutine, and may be left there.
//
// It has Fd and the rest of a terminal's file, for those who draw on one, and none of the other methods of os.File: they
// would write past Write.
type outlet struct {
	file  *os.File
	ended <-chan struct{} // the program has been told to end
	turn  chan struct{}   // held by the goroutine that writes
	stuck chan struct{}   // closed by the first write that was given up
	once  sync.Once
}

var errStuck = errors.New("nobody reads the output")

// Outlet makes an outlet of w where it is a file of the system; else it is w.
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
	p = bytes.Clone(p) // the caller may use it again when we have given up
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

// File is the file of the system behind one of our streams, nil where there is none.
func File(stream any) *os.File {
	switch s := stream.(type) {
	case *os.File:
		return s
	case *outlet:
		return s.file
	}
	return nil
}
