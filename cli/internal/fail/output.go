package fail

import (
	"errors"
	"io"
	"runtime"
	"syscall"
)

// ErrOutputClosed says that nobody reads standard output any more, as when head(1) has ended after some lines. A command that
// fails with it exits with [ExitOK].
var ErrOutputClosed = errors.New("standard output is closed")

// Output returns [ErrOutputClosed] for a failed write to standard output that nobody reads, and an [Error] for any other.
func Output(err error) error {
	if err == nil || errors.Is(err, ErrOutputClosed) {
		return err
	}
	if readerGone(err) {
		return ErrOutputClosed
	}
	return &Error{Code: ExitFailure, Text: "cannot write to standard output: " + err.Error(), Hint: "is the disk full? what was said or done before this stands"}
}

// readerGone reports whether a write failed because nobody reads any more.
func readerGone(err error) bool {
	const brokenPipe, pipeIsBeingClosed = syscall.Errno(109), syscall.Errno(232) // on Windows
	if runtime.GOOS == "windows" && (errors.Is(err, brokenPipe) || errors.Is(err, pipeIsBeingClosed)) {
		return true
	}
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}
