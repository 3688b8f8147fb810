//go:build !linux

package web

import "net"

func userOf(net.Conn) (int, error) { return 0, errCannotTell }
