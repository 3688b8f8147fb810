package cli

import (
	"errors"
	"io"
	"runtime"
	"syscall"
)

// errOutputClosed says that whoever read our standard output has gone, as head does. It ends a command in order and is
// no failure.
var errOutputClosed = errors.New("standard output is closed")

// outputError is what a failed write to standard output means: its reader has gone, or what was to be written is lost.
func outputError(err error) error {
	if err == nil || errors.Is(err, errOutputClosed) {
		return err
	}
	if readerGone(err) {
		return errOutputClosed
	}
	return &failure{code: exitFailure, text: "cannot write to standard output: " + err.Error(), hint: "is the disk full? what was said or ordered before that stands"}
}

// readerGone reports whether a write failed because nobody reads any more.
func readerGone(err error) bool {
	const brokenPipe, pipeIsBeingClosed = syscall.Errno(109), syscall.Errno(232) // of Windows
	if runtime.GOOS == "windows" && (errors.Is(err, brokenPipe) || errors.Is(err, pipeIsBeingClosed)) {
		return true
	}
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// An output remembers that a write failed, for what writes without looking, as the help of a command does.
type output struct {
	io.Writer
	failed error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if o.failed == nil {
		o.failed = err
	}
	return n, err
}
