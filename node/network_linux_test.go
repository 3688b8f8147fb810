package node

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"localchat/node/internal/fault"
)

// forgetIPv6 has the system refuse sockets of IPv6 to this thread, as a kernel without IPv6 does. The thread ends with its
// goroutine.
func forgetIPv6() error {
	runtime.LockOSThread()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SOCKET, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 16}, // its first argument
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.AF_INET6, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(syscall.EAFNOSUPPORT)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}

// TestListenWithoutIPv6: a port of all addresses is had also on a machine that has no IPv6, and is refused there too if it is
// taken. An address of IPv6 that somebody names is not to be had.
func TestListenWithoutIPv6(t *testing.T) {
	taken, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	if err := mayListen([]string{fmt.Sprintf("/ip6/::/tcp/%d", port)}); err != nil {
		t.Fatalf("this machine has no IPv6: %v", err)
	}
	done := make(chan error)
	go func() {
		done <- forgetIPv6()
		done <- tryListen("tcp6", "[::]:0")
		listenWithout6(t, port)
		close(done)
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil {
		t.Error("IPv6 can be had, so that nothing was tried")
	}
	<-done
}

func listenWithout6(t *testing.T, taken int) {
	for addr, want := range map[string]bool{
		"/ip6/::/tcp/0": true, "/ip6/::/udp/0/quic-v1": true, "/ip4/0.0.0.0/udp/0/quic-v1": true,
		"/ip6/::1/tcp/0": false, "/ip6/::1/udp/0/quic-v1": false, fmt.Sprintf("/ip4/0.0.0.0/tcp/%d", taken): false, fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", taken): false,
	} {
		if err := mayListen([]string{addr}); (err == nil) != want {
			t.Errorf("without IPv6, at %s: %v", addr, err)
		}
	}
}

// TestPortInUse: a port that another program has, for one family or for both, is not shared with it, even if that program would: libp2p
// does.
func TestPortInUse(t *testing.T) {
	shares := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) {
			err = errors.Join(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		}), err)
	}}
	for name, config := range map[string]net.ListenConfig{"for itself": {}, "to share": shares} {
		for _, network := range []string{"tcp4", "tcp6", "tcp", "udp4", "udp6", "udp"} {
			port := 0
			if strings.HasPrefix(network, "tcp") {
				l, err := config.Listen(t.Context(), network, ":0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				port = l.Addr().(*net.TCPAddr).Port
			} else {
				c, err := config.ListenPacket(t.Context(), network, ":0")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				port = c.LocalAddr().(*net.UDPAddr).Port
			}
			addrs, err := ListenAddrs([]string{strconv.Itoa(port)})
			if err != nil {
				t.Fatal(err)
			}
			var e *Error
			if err := mayListen(addrs); !errors.As(err, &e) || e.Reason != fault.AddressInUse || !strings.Contains(e.Text, network[:3]+"/"+strconv.Itoa(port)) {
				t.Errorf("a %s port that another program has %s: %v", network, name, err)
			}
		}
	}
}
