package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/stream"
)

// keptBy is the environment variable with the process ID of our keeper.
const keptBy = "LOCALCHAT_KEPT_BY"

// An ended is the error of a child that has failed, with its exit code. The child has already reported the error.
type ended struct{ code int }

func (e ended) Error() string { return fmt.Sprintf("ended with %d", e.code) }

// keep runs this program again as a child, which gets the screen. If the child cannot restore the terminal, keep does: after a panic in
// a goroutine of a library, a fatal error of the runtime, or a kill. No program can do that for itself. keep holds the child's standard
// error back until the child ends, since it would disturb the screen.
func (a *app) keep(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	in, out := stream.File(a.Stdin), stream.File(a.Stdout)
	if in == nil || out == nil {
		return errors.New("this is no terminal")
	}
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return err
	}
	words := &head{limit: maxCrash}
	child := exec.CommandContext(ctx, self, a.args...)
	child.Stdin, child.Stdout, child.Stderr = in, out, words
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", keptBy, os.Getpid()))
	child.Cancel = func() error {
		if runtime.GOOS == "windows" {
			return nil // a system without signals: the event that ends us has reached the child too
		}
		return child.Process.Signal(syscall.SIGTERM)
	}
	child.WaitDelay = leaveWait
	err = child.Run()
	if child.ProcessState == nil {
		return err
	}
	code := child.ProcessState.ExitCode()
	// After a crash, the exit code is 2 and standard error has the stacks of all goroutines. After a kill, the code is negative.
	if code < 0 || code == 2 && bytes.Contains(words.kept, []byte("\ngoroutine ")) {
		_ = term.Restore(int(in.Fd()), before)
		_, _ = a.Stdout.Write([]byte(restored))
		_, _ = fmt.Fprintf(a.Stderr, "localchat: internal error: %v\nhint: please report this, with the lines below, if there are any\n", err)
		code = fail.ExitInternal
	}
	_, _ = a.Stderr.Write(words.kept)
	return ended{code}
}

// restored is the sequence that ends the modes of the console: the alternate screen, and reports of keys, pastes, focus and the mouse.
var restored = ansi.ResetModifyOtherKeys + ansi.PopKittyKeyboard(1) + ansi.ResetModeSynchronizedOutput +
	ansi.ResetModeAltScreenSaveCursor + ansi.SetModeTextCursorEnable + ansi.ResetModeBracketedPaste + ansi.ResetModeFocusEvent +
	ansi.ResetModeMouseButtonEvent + ansi.ResetModeMouseExtSgr + ansi.ResetStyle

// A head keeps the first limit bytes written to it and drops the rest.
type head struct {
	kept  []byte
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	h.kept = append(h.kept, p[:min(len(p), h.limit-len(h.kept))]...)
	return len(p), nil
}

// kept reports whether this process has, or had, a keeper.
func (a *app) kept() bool { return a.variable(keptBy) != "" }

// orphaned returns a function that reports whether the keeper has gone. Then nothing would restore the terminal after us.
func (a *app) orphaned() func() bool {
	keeper := a.variable(keptBy)
	if keeper == "" {
		return func() bool { return false }
	}
	if runtime.GOOS != "windows" {
		return func() bool { return keeper != fmt.Sprint(os.Getppid()) }
	}
	// On Windows the number of our parent stays the same when the parent has gone, but we can wait for the end of that process.
	gone := make(chan struct{})
	parent, err := os.FindProcess(os.Getppid())
	go func() {
		if err == nil {
			_, _ = parent.Wait()
		}
		close(gone)
	}()
	return func() bool {
		select {
		case <-gone:
			return true
		default:
			return false
		}
	}
}

// fullScreen reports whether there is a screen to use and nobody asked for the plain console.
func (a *app) fullScreen() bool {
	term := a.variable("TERM")
	draws := term != "" && term != "dumb" || term == "" && stream.ObeysEscapes(a.Stdout)
	return a.opts.plain == "" && draws && stream.IsTerminal(a.Stdin) && stream.IsTerminal(a.Stdout)
}
