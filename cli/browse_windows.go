package cli

import "syscall"

// apart starts a program in a group of its own, so that an interrupt at our console does not end it.
var apart = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
