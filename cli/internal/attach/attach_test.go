package attach

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"localchat/internal/private"
)

// patience bounds every wait; only a test that fails waits so long.
const patience = 20 * time.Second

// echo returns a host that sends back each line of a face.
func echo(t *testing.T) Host {
	return Host{
		Version: "test", Rank: Resident, Log: slog.New(slog.DiscardHandler), Guard: func() {},
		Serve: func(ctx context.Context, conn *Conn, _ Hello) error {
			defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
			_, err := io.Copy(conn, conn.In)
			return err
		},
	}
}

// listen serves the socket of dir until the test ends.
func listen(t *testing.T, dir string, host Host) *Server {
	t.Helper()
	s, err := Listen(dir, host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// home returns a new data directory, and sets a new runtime directory.
func home(t *testing.T) string {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	xdg.Reload()
	t.Cleanup(xdg.Reload)
	return t.TempDir()
}

// says sends a line and returns the line that comes back.
func says(t *testing.T, conn *Conn, line string) string {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		t.Fatal(err)
	}
	back, err := conn.In.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(back, "\n")
}

func TestAttach(t *testing.T) {
	dir := home(t)
	if _, _, err := Dial(t.Context(), dir, Hello{}); !errors.Is(err, ErrNobody) {
		t.Errorf("without a node: %v", err)
	}
	s := listen(t, dir, echo(t))
	conn, welcome, err := Dial(t.Context(), dir, Hello{Face: "send", Rank: Passing})
	if err != nil {
		t.Fatal(err)
	}
	if welcome.Version != "test" || welcome.PID != os.Getpid() || time.Since(welcome.Since) > time.Hour {
		t.Errorf("welcomed with %+v", welcome)
	}
	if got := says(t, conn, "hello"); got != "hello" {
		t.Errorf("it says %q", got)
	}
	if faces := s.Faces(); len(faces) != 1 || faces[0].Face != "send" || faces[0].PID != os.Getpid() {
		t.Errorf("attached: %+v", faces)
	}
	for path, mode := range map[string]fs.FileMode{filepath.Join(dir, folder): 0o700 | fs.ModeDir, filepath.Join(dir, folder, name): 0o600 | fs.ModeSocket} {
		if st, err := os.Lstat(path); err != nil || runtime.GOOS != "windows" && st.Mode() != mode {
			t.Errorf("%s: %v, %v", path, st.Mode(), err)
		}
	}
	// A link to the directory leads to the same node.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if c, _, err := Dial(t.Context(), link, Hello{}); err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
	s.Close()
	if _, err := conn.In.ReadByte(); err == nil {
		t.Error("the connection outlives the node")
	}
	if _, err := os.Lstat(filepath.Join(dir, folder, name)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	if _, _, err := Dial(t.Context(), dir, Hello{}); !errors.Is(err, ErrNobody) {
		t.Errorf("after the end: %v", err)
	}
}

// TestStaleSocket: a socket that a crashed process has left is replaced. A file at its path that is no socket is not touched, and
// the node listens at the other path.
func TestStaleSocket(t *testing.T) {
	dir := home(t)
	path := filepath.Join(dir, folder, name)
	crashed := listen(t, dir, echo(t))
	crashed.listener.(*net.UnixListener).SetUnlinkOnClose(false)
	crashed.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Dial(t.Context(), dir, Hello{}); !errors.Is(err, ErrNobody) {
		t.Errorf("at a socket that was left: %v", err)
	}
	s := listen(t, dir, echo(t))
	if _, _, err := Dial(t.Context(), dir, Hello{}); err != nil {
		t.Error(err)
	}
	s.Close()

	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = listen(t, dir, echo(t))
	if at := s.listener.Addr().String(); filepath.Dir(filepath.Dir(at)) != private.RuntimeDir() {
		t.Errorf("it listens at %s", at)
	}
	if _, _, err := Dial(t.Context(), dir, Hello{}); err != nil {
		t.Error(err)
	}
	if raw, err := os.ReadFile(path); err != nil || string(raw) != "mine" {
		t.Errorf("the file is now %q, %v", raw, err)
	}
}

// TestLongPath: a data directory whose path is too long for a socket has its socket in the runtime directory, and two such
// directories have two sockets.
func TestLongPath(t *testing.T) {
	base := home(t)
	var servers []*Server
	for i := range 2 {
		dir := filepath.Join(base, strings.Repeat("long", 30), fmt.Sprint(i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		host := echo(t)
		host.Version = dir
		servers = append(servers, listen(t, dir, host))
		_, welcome, err := Dial(t.Context(), dir, Hello{})
		if err != nil || welcome.Version != dir {
			t.Errorf("in %s is %+v, %v", dir, welcome, err)
		}
		if at := servers[i].listener.Addr().String(); filepath.Dir(filepath.Dir(at)) != private.RuntimeDir() {
			t.Errorf("it listens at %s", at)
		}
	}
	for _, s := range servers {
		s.Close()
	}
	if left, err := os.ReadDir(private.RuntimeDir()); err != nil || len(left) > 0 {
		t.Errorf("left in the runtime directory: %v, %v", left, err)
	}
}

// TestOthersFolder: neither side uses a folder that other users can enter.
func TestOthersFolder(t *testing.T) {
	dir := home(t)
	at := filepath.Join(dir, folder)
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(at, 0o755); err != nil {
		t.Fatal(err)
	}
	s := listen(t, dir, echo(t))
	if got := s.listener.Addr().String(); filepath.Dir(got) == at {
		t.Error("it listens in a folder that others can enter")
	}
	l, err := net.Listen("unix", filepath.Join(at, name))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s.Close()
	if _, _, err := Dial(t.Context(), dir, Hello{}); !errors.Is(err, ErrNobody) {
		t.Errorf("attached to a socket that other users may have put there: %v", err)
	}
}

// TestThirtyTwoFaces: MaxFaces faces can attach, and one more when one of them has gone. Connections that send nothing do not count
// as faces.
func TestThirtyTwoFaces(t *testing.T) {
	dir := home(t)
	s := listen(t, dir, echo(t))
	var silent []net.Conn
	for range maxPending + 8 {
		c, err := net.Dial("unix", s.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent = append(silent, c)
	}
	for _, c := range silent { // each is closed in time
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a connection that says nothing is kept")
		}
	}
	var faces []*Conn
	for range MaxFaces {
		c, _, err := Dial(t.Context(), dir, Hello{Face: "tail", Rank: Staying})
		if err != nil {
			t.Fatal(err)
		}
		faces = append(faces, c)
	}
	var refusal *Refusal
	if _, _, err := Dial(t.Context(), dir, Hello{}); !errors.As(err, &refusal) || refusal.Soon {
		t.Errorf("one more: %v", err)
	}
	for range maxControls { // there is always a place for what asks what runs, or ends it
		c, _, err := Dial(t.Context(), dir, Hello{Face: "down", Control: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := says(t, c, "who is here?"); got != "who is here?" {
			t.Errorf("it says %q", got)
		}
	}
	if _, _, err := Dial(t.Context(), dir, Hello{Face: "down", Control: true}); !errors.As(err, &refusal) || refusal.Soon {
		t.Errorf("one more that ends it: %v", err)
	}
	for _, c := range faces {
		if got := says(t, c, "still here"); got != "still here" {
			t.Errorf("it says %q", got)
		}
	}
	faces[3].Close()
	for end := time.Now().Add(patience); ; {
		c, _, err := Dial(t.Context(), dir, Hello{})
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("after one has gone: %v", err)
		}
	}
}

// TestPending: no more than maxPending connections may owe their hello; one more is closed at once.
func TestPending(t *testing.T) {
	dir := home(t)
	s := listen(t, dir, echo(t))
	for range maxPending {
		if !s.admit() {
			t.Fatalf("fewer than %d connections may owe their hello", maxPending)
		}
	}
	if _, _, err := Dial(t.Context(), dir, Hello{}); err == nil || errors.Is(err, ErrNobody) {
		t.Errorf("one more: %v", err)
	}
	s.mu.Lock()
	s.pending--
	s.mu.Unlock()
	c, _, err := Dial(t.Context(), dir, Hello{})
	if err != nil {
		t.Fatalf("after one of them is gone: %v", err)
	}
	c.Close()
}

// TestRanks: a process serves the commands of its own rank and of lower ones.
func TestRanks(t *testing.T) {
	for _, own := range []Rank{Passing, Staying, Resident} {
		dir := home(t)
		host := echo(t)
		host.Rank = own
		listen(t, dir, host)
		for _, other := range []Rank{Passing, Staying, Resident} {
			_, _, err := Dial(t.Context(), dir, Hello{Rank: other})
			var refusal *Refusal
			if other <= own && err != nil || other > own && (!errors.As(err, &refusal) || !refusal.Soon) {
				t.Errorf("%v at a node of %v: %v", other, own, err)
			}
		}
	}
}

// TestNoHello: a connection that begins with something else than a hello, or with too long a line, is cut off. Other faces notice
// nothing.
func TestNoHello(t *testing.T) {
	dir := home(t)
	s := listen(t, dir, echo(t))
	good, _, err := Dial(t.Context(), dir, Hello{})
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range []string{
		"GET / HTTP/1.1\r\n", "\n", "{}\n", `{"jsonrpc":"2.0","id":"attach","method":"room.list","params":{}}` + "\n", strings.Repeat("x", 2*maxHello), strings.Repeat("[", maxHello/2) + "\n",
		`{"method":"attach","params":{"rank":"x"}}` + "\n",
	} {
		c, err := net.Dial("unix", s.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(c, first)
		if got, err := io.ReadAll(c); len(got) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.40q is answered %q, %v", first, got, err)
		}
		c.Close()
	}
	if got := says(t, good, "still here"); got != "still here" {
		t.Errorf("it says %q", got)
	}
}

// TestSilentNode: Dial waits HelloWait for a process that does not answer, and no longer.
func TestSilentNode(t *testing.T) {
	dir := home(t)
	if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, folder, name))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	if _, _, err := Dial(t.Context(), dir, Hello{}); err == nil || errors.Is(err, ErrNobody) {
		t.Errorf("attached: %v", err)
	}
	if took := time.Since(began); took < HelloWait || took > 2*HelloWait {
		t.Errorf("after %v", took)
	}
}

// TestFaceThatReadsNothing: a write to a face that reads nothing fails, so that the face is cut off.
func TestFaceThatReadsNothing(t *testing.T) {
	a, b := net.Pipe() // which has no buffer
	defer b.Close()
	c := &Conn{Conn: a, In: bufio.NewReader(a), patience: 50 * time.Millisecond}
	if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ends with %v", err)
	}
}
