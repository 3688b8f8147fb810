package lan

import "syscall"

// There are no such signals here, nor the network namespaces of the tests that send them.
const (
	stopSignal     = syscall.Signal(-1)
	continueSignal = syscall.Signal(-1)
	clockSignal    = syscall.Signal(-1)
)
