package fail

import (
	"errors"
	"io"
	"runtime"
	"syscall"
)

// ErrOutputClosed says that the reader of our standard output has gone, as head(1) goes after some lines. The command then
// ends without a failure.
var ErrOutputClosed = errors.New("standard output is closed")

// Output explains a failed write to standard output: its reader has gone, or the output is lost.
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
