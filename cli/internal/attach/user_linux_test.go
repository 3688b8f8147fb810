package attach

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"localchat/test/driver"
)

// another is a variable of the environment. If it is set, the program of this test connects to the socket that it names, and prints
// whether it was answered.
const another = "ATTACH_TEST_SOCKET"

func TestMain(m *testing.M) {
	if path := os.Getenv(another); path != "" {
		c, err := net.Dial("unix", path)
		if err == nil {
			_ = c.SetDeadline(time.Now().Add(HelloWait))
			_, _ = io.WriteString(c, `{"jsonrpc":"2.0","id":"attach","method":"attach","params":{}}`+"\n")
			var got []byte
			if got, err = io.ReadAll(c); len(got) > 0 {
				_, _ = os.Stdout.WriteString("answered")
			}
		}
		if errors.Is(err, syscall.EACCES) {
			_, _ = os.Stdout.WriteString("denied")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestAnotherUser: another user of the machine cannot connect to the socket, and is not answered even if the folder lets it in.
func TestAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		driver.DidNotRun(t, "it needs root, to run a process as another user")
	}
	dir := home(t)
	s := listen(t, dir, echo(t))
	path := s.listener.Addr().String()
	connects := func() string {
		out, err := driver.AsUser(65534, t.TempDir(), another+"="+path)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(out)
	}
	open := func(path string) {
		if err := driver.Open(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	open(dir)
	if got := connects(); got != "denied" {
		t.Errorf("another user at the socket: %q", got)
	}
	open(filepath.Dir(path))
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if got := connects(); got != "" {
		t.Errorf("another user at an open socket: %q", got)
	}
}
