package web

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

var errNoSocket = errors.New("no socket of this machine")

// userOf returns the user at the other end of a connection from this machine. The kernel lists all sockets with their users.
func userOf(c net.Conn) (int, error) {
	there, here := c.RemoteAddr().(*net.TCPAddr).AddrPort(), c.LocalAddr().(*net.TCPAddr).AddrPort()
	for name, form := range map[string]func(netip.AddrPort) string{"/proc/net/tcp": socket4, "/proc/net/tcp6": socket6} {
		list, err := os.Open(name)
		if err != nil {
			return 0, errCannotTell // no /proc
		}
		defer list.Close()
		if user, err := userIn(list, form(there), form(here)); !errors.Is(err, errNoSocket) {
			return user, err
		}
	}
	return 0, errNoSocket
}

// userIn returns the user of the socket with these two ends in a list of the kernel.
func userIn(list io.Reader, local, remote string) (int, error) {
	const colLocal, colRemote, colUser = 1, 2, 7
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		if cols := strings.Fields(lines.Text()); len(cols) > colUser && cols[colLocal] == local && cols[colRemote] == remote {
			return strconv.Atoi(cols[colUser])
		}
	}
	return 0, errors.Join(errNoSocket, lines.Err())
}

// socket4 returns one end of a connection in the form in which the kernel lists it: numbers of 32 bits, in the byte order of the
// machine.
func socket4(a netip.AddrPort) string {
	ip := a.Addr().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), a.Port())
}

// socket6 returns the form for a program that uses IPv6 for all connections.
func socket6(a netip.AddrPort) string {
	ip := a.Addr().As16()
	var b strings.Builder
	for i := 0; i < len(ip); i += 4 {
		fmt.Fprintf(&b, "%08X", binary.NativeEndian.Uint32(ip[i:]))
	}
	return fmt.Sprintf("%s:%04X", b.String(), a.Port())
}
