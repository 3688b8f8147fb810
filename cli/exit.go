package cli

import (
	"context"
	"errors"
	"io"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
)

// finish writes err to w, in two lines, and returns the exit code of the program.
func finish(ctx context.Context, w io.Writer, err error) int {
	switch {
	case errors.Is(err, errStopped):
		return fail.ExitOK
	case errors.Is(context.Cause(ctx), fail.ErrInterrupted), errors.Is(err, fail.ErrInterrupted):
		return fail.ExitInterrupted
	case err == nil, errors.Is(err, fail.ErrOutputClosed):
		return fail.ExitOK
	}
	var e ended
	if errors.As(err, &e) {
		return e.code
	}
	return render.Failure(w, err)
}
