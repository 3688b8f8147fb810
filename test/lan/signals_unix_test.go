//go:build unix

package lan

import "syscall"

const (
	stopSignal     = syscall.SIGSTOP
	continueSignal = syscall.SIGCONT
	clockSignal    = syscall.SIGUSR2
)
