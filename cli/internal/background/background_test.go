package background

import (
	"encoding/xml"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait; only a failing test gets there.
const patience = 20 * time.Second

// TestMain is a program that writes and waits, if its arguments say so.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		dir, _ := os.Getwd()
		_, _ = os.Stdout.WriteString("in " + dir + "\n")
		_, _ = os.Stderr.WriteString("said " + os.Getenv("WORD") + "\n")
		_, err := os.Stdin.Read(make([]byte, 1))
		if !errors.Is(err, io.EOF) {
			os.Exit(9)
		}
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func newLog(t *testing.T) *Log {
	t.Helper()
	log, err := OpenLog(filepath.Join(t.TempDir(), "a", "b.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

// TestLogStaysSmall: a log keeps the last lines, whole, and no more than it may.
func TestLogStaysSmall(t *testing.T) {
	log := newLog(t)
	const lines = 3 * maxLog / 100
	for i := range lines {
		line := strconv.Itoa(i) + strings.Repeat("x", 98-len(strconv.Itoa(i))) + "\n"
		if n, err := log.Write([]byte(line)); err != nil || n != len(line) {
			t.Fatalf("written %d, %v", n, err)
		}
	}
	raw, err := os.ReadFile(log.f.Name())
	if err != nil || len(raw) > maxLog || len(raw) < maxLog/2-100 {
		t.Fatalf("it has %d bytes, %v", len(raw), err)
	}
	all := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	for i, line := range slices.Backward(all) {
		if want := strconv.Itoa(lines-len(all)+i) + "x"; !strings.HasPrefix(line, want) || len(line) != 98 {
			t.Fatalf("line %d is %q, want %s…", i, line, want)
		}
	}
	if _, err := log.Write([]byte(strings.Repeat("y", 2*maxLog))); err != nil {
		t.Error(err)
	}
	if size, err := log.Size(); err != nil || size > maxLog {
		t.Errorf("after a long one: %d, %v", size, err)
	}
}

// TestLogSince: what came after a moment is told, also if the log was cut meanwhile.
func TestLogSince(t *testing.T) {
	log := newLog(t)
	say := func(text string) {
		if _, err := log.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got := log.Since(0); len(got) > 0 {
		t.Errorf("of nothing: %q", got)
	}
	say("first\n")
	before, err := log.Size()
	if err != nil {
		t.Fatal(err)
	}
	if got := log.Since(before); len(got) > 0 {
		t.Errorf("nothing has come, and it says %q", got)
	}
	say("second\nthird\n")
	if got := log.Since(before); !slices.Equal(got, []string{"second", "third"}) {
		t.Errorf("since then: %q", got)
	}
	if got := log.Since(0); !slices.Equal(got, []string{"first", "second", "third"}) {
		t.Errorf("in all: %q", got)
	}
	if got := log.Since(before + 1<<20); len(got) != 3 {
		t.Errorf("of one that was cut: %q", got)
	}
}

// TestLogOfOthers: a log that others can read, or a link, is not written.
func TestLogOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLog(path); err == nil {
		t.Error("it writes to a file that others can read")
	}
}

// TestStart: what is started is apart from us, writes into the log, and its end is seen.
func TestStart(t *testing.T) {
	log := newLog(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p, err := Start(self, dir, []string{"child"}, append(os.Environ(), "WORD=hello"), log, func() {})
	if err != nil {
		t.Fatal(err)
	}
	apartFrom(t, p)
	select {
	case <-p.Done:
	case <-time.After(patience):
		t.Fatal("it waits for input")
	}
	if !p.Exited() || p.Code() != 3 || !strings.Contains(p.How(), "3") {
		t.Errorf("it ended with %d, %s", p.Code(), p.How())
	}
	if got := log.Since(0); !slices.Contains(got, "said hello") || !slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, filepath.Base(dir)) }) {
		t.Errorf("it says %q", got)
	}
}

// TestNotify: systemd is told in one datagram.
func TestNotify(t *testing.T) {
	if err := Notify("", Ready); err != nil {
		t.Errorf("told to nobody: %v", err)
	}
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Skip("no such socket here:", err)
	}
	defer l.Close()
	if err := Notify(path, Ready); err != nil {
		t.Fatal(err)
	}
	_ = l.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, 100)
	n, err := l.Read(got)
	if err != nil || string(got[:n]) != "READY=1" {
		t.Errorf("told %q, %v", got[:n], err)
	}
	if err := Notify(path+"x", Ready); err == nil {
		t.Error("told to nobody, without an error")
	}
}

// TestUnits: what the manual shows is what the document shows, and each manager can read its own.
func TestUnits(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/service.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range Units {
		for _, text := range []string{"\n" + u.Text + "```", u.Enter, "`" + u.File + "`"} {
			if text != "``" && !strings.Contains(string(doc), text) {
				t.Errorf("docs/service.md lacks, of %s, %q", u.Manager, text)
			}
		}
		switch u.Manager {
		case "systemd":
			systemdReads(t, u.Text)
		case "launchd":
			plistReads(t, u.Text)
		}
	}
}

func systemdReads(t *testing.T, text string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log("there is no systemd-analyze: what it would say of the unit is not known")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "localchat.service")
	// It looks whether the program is there, and the manual page.
	text = strings.Replace(text, "/usr/local/bin/localchat", self, 1)
	if err := os.WriteFile(path, []byte(regexp.MustCompile("(?m)^Documentation=.*\n").ReplaceAllString(text, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("systemd-analyze", "verify", "--user", path)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "localchat.service") {
		t.Errorf("systemd-analyze: %v: %s", err, out)
	}
}

func plistReads(t *testing.T, text string) {
	t.Helper()
	in := xml.NewDecoder(strings.NewReader(text))
	depth, elements := 0, 0
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
			elements++
		case xml.EndElement:
			depth--
		}
	}
	if depth != 0 || elements < 10 {
		t.Errorf("it has %d elements, %d of them open", elements, depth)
	}
}
