//go:build !windows

package cli

import "syscall"

// apart starts a program in a session of its own, so that an interrupt at our terminal does not end it.
var apart = &syscall.SysProcAttr{Setsid: true}
