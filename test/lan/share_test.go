package lan

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A plainConsole is a running plain console with its keyboard.
type plainConsole struct {
	name  string
	t     *testing.T
	cmd   *exec.Cmd
	keys  io.WriteCloser
	lines chan string // closed at the end of the output
	said  []string    // lines that sees has read
}

// plain starts a command into which the test types.
func (h *host) plain(cmd *exec.Cmd) *plainConsole {
	t := h.lan.t
	t.Helper()
	p := &plainConsole{name: h.name, t: t, cmd: cmd, lines: make(chan string, 1000)}
	var err error
	if p.keys, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			p.lines <- scan.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		for range p.lines {
		}
		cmd.Wait()
	})
	return p
}

func (p *plainConsole) types(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// sees waits for a line that has want in it, and returns it.
func (p *plainConsole) sees(want string) string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, open := <-p.lines:
			if !open {
				p.t.Fatalf("%s never sees %q; it has ended:\n%s", p.name, want, strings.Join(p.said, "\n"))
			}
			if p.said = append(p.said, line); strings.Contains(line, want) {
				return line
			}
		case <-deadline:
			p.t.Fatalf("%s never sees %q:\n%s", p.name, want, strings.Join(p.said, "\n"))
		}
	}
}

// leaves ends the input, and checks that the program ends in order.
func (p *plainConsole) leaves() {
	p.t.Helper()
	p.keys.Close()
	for line := range p.lines {
		p.said = append(p.said, line)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("%s ends with %v:\n%s", p.name, err, strings.Join(p.said, "\n"))
	}
}

// bare returns a command for a host without our program: the home is empty, and only the named programs are there.
func (h *host) bare(programs []string, name string, args ...string) *exec.Cmd {
	t := h.lan.t
	t.Helper()
	bin := filepath.Join(h.home, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		path, err := exec.LookPath(p)
		if err == nil {
			err = os.Symlink(path, filepath.Join(bin, p))
		}
		if err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	cmd := h.Command(filepath.Join(bin, name), args...)
	cmd.Env = []string{"PATH=" + bin, "USER=" + h.name, "HOME=" + h.home, "TMPDIR=" + h.home + "/tmp"}
	cmd.Dir = h.home
	return cmd
}

// newcomer lists the programs that a guest has before localchat.
var newcomer = []string{"sh", "curl", "chmod", "tar", "gzip"}

// curl gets a page as somebody without the program does; false: there is no answer.
func (h *host) curl(args ...string) (string, bool) {
	out, err := h.bare(newcomer, "curl", append([]string{"-s", "--max-time", "20"}, args...)...).Output()
	return string(out), err == nil
}

// shares waits until p says where its page is, and returns the address.
func (p *plainConsole) shares() string {
	p.t.Helper()
	return strings.TrimPrefix(p.sees("-- http://10."), "-- ")
}

// lineOf is the line to type on a system, from a page for a terminal.
func lineOf(t *testing.T, page, system string) string {
	t.Helper()
	line := regexp.MustCompile(`\n` + system + `, .*:\n\n +(.*)\n`).FindStringSubmatch(page)
	if line == nil {
		t.Fatalf("the page has no line for %s:\n%s", system, page)
	}
	return line[1]
}

// TestLANShare: an empty host with curl and a shell gets the program from the page of localchat share and says a first line. The
// program has the sum that the page and the owner's console show. The page is for this network only, and ends with the program.
func TestLANShare(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	a, b := l.host("alice"), l.host("bob")
	alice := a.plain(a.command("share", "lab", "--plain", "--invites", "1"))
	url := alice.shares()
	sum := alice.sees("  localchat_linux_")

	begin := time.Now()
	page, ok := b.curl(url)
	if !ok {
		t.Fatal("there is no page")
	}
	line := lineOf(t, page, "Linux")
	bob := b.plain(b.bare(newcomer, "sh", "-c", line))
	bob.sees("-- in lab: ")
	in := time.Since(begin)
	bob.types("hello from nothing")
	alice.sees("<bob> hello from nothing")
	t.Logf("from an empty host: in the room after %.2f s, the first line is heard after %.2f s", in.Seconds(), time.Since(begin).Seconds())

	got, err := filepath.Glob(b.home + "/localchat_linux_*")
	if err != nil || len(got) != 1 {
		t.Fatalf("the line has got %q, %v", got, err)
	}
	raw, err := os.ReadFile(got[0])
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(raw)
	hash := hex.EncodeToString(digest[:])
	if !strings.Contains(page, hash) || !strings.Contains(strings.ReplaceAll(sum, " ", ""), "--"+hash[:32]) {
		t.Errorf("%s has come with the sum %s; the console says %q, and the page\n%s", got[0], hash, sum, page)
	}
	t.Logf("the program has %.1f MB", float64(len(raw))/1e6)

	// The one invite is used, and no page shows it any more.
	eventually(t, "the used invite is gone from the page", func() bool {
		page, _ := b.curl(url)
		return strings.Contains(page, "All invites of this page are used.") && !strings.Contains(page, "LOCALCHAT:")
	})
	// A machine of another network is not answered, although there is a route to it.
	const far = "198.51.100.7"
	b.IP("addr add %s/32 dev lo", far)
	a.IP("route add %s/32 via %s", far, b.addr)
	if page, ok := b.curl("--interface", far, url); ok || page != "" {
		t.Errorf("from another network:\n%s", page)
	}
	for _, path := range []string{"get/", "get/../../etc/passwd", "get/SHA256SUMS", "i/x"} {
		if answer, _ := b.curl("--path-as-is", url+path); answer != "there is no such page\n" {
			t.Errorf("%s: %s", path, answer)
		}
	}

	alice.types("/close see you tomorrow")
	bob.sees("see you tomorrow")
	eventually(t, "the page is gone with the program", func() bool { _, ok := b.curl(url); return !ok })
	bob.keys.Close()
	alice.leaves()
}

// TestLANShareForPrograms: a program shares a room and ends that, as a person does, and another share has the same port again.
// A guest without an invite knocks. The page is gone with the room, while the program goes on.
func TestLANShareForPrograms(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	a, b := l.host("alice"), l.host("bob")
	alice := a.start()
	alice.do("room.create", obj{"name": "lab"})
	for range 2 {
		made := alice.do("room.share", obj{"room": "lab", "invites": 0, "port": 8080})
		url := "http://" + a.addr + ":8080/"
		if at, _ := made["urls"].([]any); len(at) != 1 || at[0] != url {
			t.Errorf("it is shared at %v", made["urls"])
		}
		if r := alice.begin("room.share", obj{"room": "lab"}).wait(); r.Error == nil || r.Error.Data.Code != "exists" {
			t.Errorf("a second time: %s, %v", r.Result, r.Error)
		}
		page, ok := b.curl(url)
		if !ok || strings.Contains(page, "LOCALCHAT:") || !strings.HasSuffix(lineOf(t, page, "Linux"), " join lab") {
			t.Errorf("the page is\n%s", page)
		}
		alice.do("room.unshare", obj{"room": "lab"})
		if page, ok := b.curl(url); ok {
			t.Errorf("it is still there:\n%s", page)
		}
	}
	alice.do("room.share", obj{"room": "lab", "invites": 0, "port": 8080})
	page, _ := b.curl("http://" + a.addr + ":8080/")
	bob := b.plain(b.bare(newcomer, "sh", "-c", lineOf(t, page, "Linux")))
	alice.await("knock", obj{"nick": "bob"})
	alice.do("room.accept", obj{"room": "lab", "who": "bob"})
	bob.sees("-- in lab: ")
	bob.leaves()
	alice.do("room.close", obj{"room": "lab"})
	eventually(t, "the page is gone with the room", func() bool { _, ok := b.curl("http://" + a.addr + ":8080/"); return !ok })
}
