package background

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// apart keeps a process out of our console, whose end would end it, and out of the group that gets our Ctrl-C.
var apart = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
