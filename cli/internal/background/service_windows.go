package background

import (
	"context"

	"golang.org/x/sys/windows/svc"
)

// Serve runs do, as a service if Windows has started this process as one. The service is stopped by the end of do's context.
func Serve(ctx context.Context, do func(context.Context) error) error {
	if is, err := svc.IsWindowsService(); err != nil || !is {
		return do(ctx)
	}
	s := &service{ctx: ctx, do: do}
	if err := svc.Run("localchat", s); err != nil { // Windows ignores the name here
		return err
	}
	return s.err
}

type service struct {
	ctx context.Context
	do  func(context.Context) error
	err error
}

// Execute implements svc.Handler.
func (s *service) Execute(_ []string, asked <-chan svc.ChangeRequest, tell chan<- svc.Status) (ownCode bool, code uint32) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	const accepts = svc.AcceptStop | svc.AcceptShutdown
	tell <- svc.Status{State: svc.Running, Accepts: accepts}
	done := make(chan error, 1)
	go func() { done <- s.do(ctx) }()
	stopping := false
	for {
		select {
		case s.err = <-done:
			if s.err != nil && !stopping {
				return true, 1
			}
			return false, 0
		case r := <-asked:
			switch r.Cmd {
			case svc.Interrogate:
				tell <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				stopping = true
				tell <- svc.Status{State: svc.StopPending}
				cancel()
			}
		}
	}
}
