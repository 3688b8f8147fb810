package web

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"localchat/test/driver"
)

// another is a variable of the environment. If it is set, the program of this test asks the server that it names for its page, prints
// the answer and ends.
const another = "WEB_TEST_SERVER"

func TestMain(m *testing.M) {
	if host := os.Getenv(another); host != "" {
		c, err := net.Dial("tcp", host)
		if err == nil {
			_, err = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
		}
		if err == nil {
			_, err = os.Stdout.ReadFrom(c)
		}
		fmt.Println(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestAnotherUser: another user of the machine gets no answer.
func TestAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		driver.DidNotRun(t, "it needs root, to run a process as another user")
	}
	s := serve(t)
	asks := func(user uint32) string {
		out, err := driver.AsUser(user, t.TempDir(), another+"="+s.host)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return out
	}
	if got := asks(0); !strings.Contains(got, "<html") {
		t.Errorf("this user gets %q", got)
	}
	if got := asks(65534); strings.Contains(got, "HTTP") {
		t.Errorf("another user gets %q", got)
	}
}

func TestUserIn(t *testing.T) {
	const list = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1
   2: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 3 1 0 20 4 30 10 -1
`
	if user, err := userIn(strings.NewReader(list), "0100007F:D431", "0100007F:1F90"); user != 1001 || err != nil {
		t.Errorf("user %d, %v", user, err)
	}
	if user, err := userIn(strings.NewReader(list), "0100007F:D432", "0100007F:1F90"); !errors.Is(err, errNoSocket) {
		t.Errorf("user %d, %v", user, err)
	}
}

// TestUserOfMappedSocket: the user of a program that uses IPv6 for all connections is found too.
func TestUserOfMappedSocket(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Skip("no IPv6: ", err)
	}
	defer syscall.Close(fd)
	to := syscall.SockaddrInet6{Port: l.Addr().(*net.TCPAddr).Port, Addr: netip.MustParseAddr("::ffff:127.0.0.1").As16()}
	if err := syscall.Connect(fd, &to); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if user, err := userOf(c); user != os.Geteuid() || err != nil {
		t.Errorf("user %d, %v", user, err)
	}
}
