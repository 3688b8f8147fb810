package hostile

import "golang.org/x/sys/windows"

// sharePort lets the node under attack, or another honest node, have the same port.
func sharePort(fd uintptr) {
	_ = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_REUSEADDR, 1)
}
