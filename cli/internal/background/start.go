package background

import "os/exec"

// A Process has been started in the background.
type Process struct {
	Done <-chan struct{} // closed when it has ended
	cmd  *exec.Cmd
}

// Start starts a program that outlives this one: no terminal and no signal to our group reaches it. What it writes goes to log.
// It runs in dir, since one that stayed in our folder would keep that from being removed or unmounted. guard is deferred first
// in the goroutine that waits for its end.
func Start(program, dir string, args, environ []string, log *Log, guard func()) (*Process, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, environ, apart
	cmd.Stdout, cmd.Stderr = log.f, log.f
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer guard()
		_ = cmd.Wait() // the outcome is in its ProcessState
		close(done)
	}()
	return &Process{Done: done, cmd: cmd}, nil
}

// Exited reports whether it has ended.
func (p *Process) Exited() bool {
	select {
	case <-p.Done:
		return true
	default:
		return false
	}
}

// PID is its process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Code and How say how one that has exited has ended.
func (p *Process) Code() int   { return p.cmd.ProcessState.ExitCode() }
func (p *Process) How() string { return p.cmd.ProcessState.String() }

// Kill ends it at once.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it has ended
	<-p.Done
}
