package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"localchat/cli/internal/attach"
	"localchat/test/driver"
)

// says runs the program in the household to its end.
func (h household) says(args ...string) (out, words string, code int) {
	h.t.Helper()
	cmd := h.command(args...)
	var o, w strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &w
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return o.String(), w.String(), cmd.ProcessState.ExitCode()
}

// up starts a node in the background, which ends with the test, and returns its process ID.
func (h household) up(args ...string) (pid int) {
	h.t.Helper()
	out, words, code := h.says(append([]string{"up", "--json"}, args...)...)
	var of struct{ PID int }
	if err := json.Unmarshal([]byte(out), &of); err != nil || code != 0 {
		h.t.Fatalf("up %v ends with %d: %s%s", args, code, out, words)
	}
	h.t.Cleanup(func() { endNode(of.PID) })
	return of.PID
}

// rpc starts a program that speaks JSON-RPC.
func (h household) rpc(args ...string) *driver.Process {
	h.t.Helper()
	p, err := driver.Start(h.command(append([]string{"rpc"}, args...)...))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(p.Stop)
	return p
}

// do sends a request that has to succeed.
func do(t *testing.T, p *driver.Process, method string, params driver.Obj, result any) {
	t.Helper()
	if err := p.Do(scriptWait, method, params, result); err != nil {
		t.Fatal(err)
	}
}

// isMember reports whether somebody is in the room lab.
func isMember(t *testing.T, p *driver.Process, nick string) bool {
	t.Helper()
	var r struct{ Members []struct{ Nick string } }
	do(t, p, "room.members", driver.Obj{"room": "lab"}, &r)
	return slices.ContainsFunc(r.Members, func(m struct{ Nick string }) bool { return m.Nick == nick })
}

// TestKilledInAKick: the face that ordered a kick, the node in the background, or both are killed at some moment of the kick. If the
// kick was acknowledged, it holds, and its reason is told once. If not, it can be ordered again.
func TestKilledInAKick(t *testing.T) {
	t.Parallel()
	moments := map[string]func(order *driver.Call){
		"as it is ordered":   func(*driver.Call) {},
		"a moment later":     func(*driver.Call) { <-time.After(4 * time.Millisecond) },
		"as it is confirmed": func(order *driver.Call) { _, _ = order.Reply(scriptWait) },
	}
	for _, victim := range []string{"face", "node", "both"} {
		for name, moment := range moments {
			t.Run(victim+" "+name, func(t *testing.T) {
				t.Parallel()
				killedInAKick(t, victim, moment)
			})
		}
	}
}

func killedInAKick(t *testing.T, victim string, moment func(order *driver.Call)) {
	home, away := newHousehold(t), newHousehold(t)
	pid := home.up("--nick", "alice", "--no-mdns")
	face := home.rpc("--no-mdns")
	var info struct{ Addrs []string }
	do(t, face, "node.info", nil, &info)
	do(t, face, "room.create", driver.Obj{"name": "lab", "access": "open"}, nil)
	bob := away.rpc("--nick", "bob", "--no-mdns", "--peer", info.Addrs[0])
	do(t, bob, "room.join", driver.Obj{"room": "lab", "find_s": 20}, nil)
	do(t, bob, "node.info", nil, &info)
	if ev, err := face.Within(scriptWait, "member_joined", driver.Obj{"nick": "bob"}); ev == nil {
		t.Fatal("bob does not come in: ", err)
	}

	order := face.Begin("room.kick", driver.Obj{"room": "lab", "who": "bob", "reason": "too loud"})
	moment(order)
	if victim != "node" {
		face.Stop()
	}
	if victim != "face" {
		endNode(pid)
	}
	reply, err := order.Reply(scriptWait)
	acknowledged := err == nil && reply.Error == nil
	if victim != "face" {
		home.up("--nick", "alice", "--no-mdns", "--peer", info.Addrs[0])
	}
	after := home.rpc("--no-mdns")
	there := isMember(t, after, "bob")
	t.Logf("acknowledged: %v, still there: %v", acknowledged, there)
	if acknowledged && there {
		t.Error("a kick that was acknowledged is lost")
	}
	if there {
		do(t, after, "room.kick", driver.Obj{"room": "lab", "who": "bob", "reason": "too loud"}, nil)
	}
	if ev, err := bob.Within(scriptWait, "removed", driver.Obj{"kind": "kicked", "text": "too loud"}); ev == nil {
		t.Fatal("bob is not told: ", err)
	}
	// If a reason were told twice, it would come with the answer to a request of bob's node, such as this one.
	if r, err := bob.Begin("room.join", driver.Obj{"room": "lab"}).Reply(scriptWait); err != nil || r.Error != nil && r.Error.Data.Code != "refused" {
		t.Errorf("bob asks to come back: %v, %v", r.Error, err)
	}
	if ev, err := bob.Within(0, "removed", nil); ev != nil || err != nil {
		t.Errorf("bob is told again: %v, %v", ev, err)
	}
}

// TestServiceManager: a node in the foreground tells systemd when others can attach to it, and that it ends, and ends with 0.
func TestServiceManager(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	path := filepath.Join(h.home, "n")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	told := func(want string) {
		t.Helper()
		_ = l.SetReadDeadline(time.Now().Add(scriptWait))
		got := make([]byte, 100)
		if n, err := l.Read(got); err != nil || string(got[:n]) != want {
			t.Fatalf("told %q, %v, want %s", got[:n], err, want)
		}
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		cmd := h.command("up", "--foreground", "--no-mdns")
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+path)
		p, err := driver.StartProgram(cmd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		told("READY=1")
		if out, words, code := h.says("status"); code != 0 {
			t.Errorf("status of one that is ready: %d, %s%s", code, out, words)
		}
		if err := p.Cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		told("STOPPING=1")
		if code, ended := p.Ends(scriptWait); !ended || code != 0 {
			t.Errorf("after %v: %v, %d; %s", sig, ended, code, p)
		}
	}
}

// TestUpTogether: of several commands that start a node at once, one does, and all say which process it is.
func TestUpTogether(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	pids := make(chan int)
	const many = 4
	for range many {
		go func() {
			var of struct{ PID int }
			out, err := h.command("up", "--json", "--no-mdns").Output()
			if err == nil {
				err = json.Unmarshal(out, &of)
			}
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			pids <- of.PID
		}()
	}
	first := <-pids
	t.Cleanup(func() { endNode(first) })
	for range many - 1 {
		if pid := <-pids; pid != first {
			t.Cleanup(func() { endNode(pid) })
			t.Errorf("it is process %d, and %d", first, pid)
		}
	}
	if out, words, code := h.says("down", "--force"); code != 0 { // a node that came too late may still be attached
		t.Errorf("down: %d, %s%s", code, out, words)
	}
}

// TestDownAsks: at a terminal, down asks before it ends a node that somebody uses.
func TestDownAsks(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	alice := h.start("create", "lab", "--plain", "--no-mdns")
	alice.sees("you own lab")
	for _, c := range []struct {
		answer string
		code   int
	}{{"no", 1}, {"", 1}, {"yes", 0}} {
		master, slave := openTerminal(t)
		down := h.command("down")
		var words strings.Builder
		down.Stdin, down.Stdout, down.Stderr = slave, slave, &words
		if err := down.Start(); err != nil {
			t.Fatal(err)
		}
		answer := c.answer + "\n"
		if c.answer == "" {
			answer = "\x04" // the end of input
		}
		if _, err := master.WriteString(answer); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(scriptWait, func() { _ = down.Process.Kill() })
		_ = down.Wait()
		timer.Stop()
		if code := down.ProcessState.ExitCode(); code != c.code || !strings.Contains(words.String(), "this would end console (process ") {
			t.Errorf("after %q: %d, %s", c.answer, code, words.String())
		}
	}
	if code, ended := alice.Ends(scriptWait); !ended || code != 0 {
		t.Errorf("the console: %v, %d", ended, code)
	}
}

// TestEveryPlaceIsTaken: with as many programs attached as there may be, status still says what runs, and down ends it.
func TestEveryPlaceIsTaken(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	h.up("--no-mdns")
	var faces []*attach.Conn
	for {
		c, _, err := attach.Dial(t.Context(), filepath.Join(h.home, "data", "localchat"), attach.Hello{Face: "rpc", Rank: attach.Resident, Program: true})
		if err != nil {
			break
		}
		defer c.Close()
		faces = append(faces, c)
	}
	if len(faces) != attach.MaxFaces {
		t.Fatalf("%d are attached, not %d", len(faces), attach.MaxFaces)
	}
	if _, words, code := h.says("send", "lab", "hello"); code != 1 || !strings.Contains(words, "too many programs are attached") {
		t.Errorf("one more: %d, %s", code, words)
	}
	if out, words, code := h.says("status"); code != 0 || strings.Count(out, "face     rpc") != attach.MaxFaces {
		t.Errorf("status: %d, %s%s", code, out, words)
	}
	if _, words, code := h.says("down"); code != 1 || !strings.Contains(words, "this would end rpc") {
		t.Errorf("down asks: %d, %s", code, words)
	}
	if _, words, code := h.says("down", "--force"); code != 0 {
		t.Errorf("down: %d, %s", code, words)
	}
}

// TestPlacesOfTheSocket: real processes find each other although the data directory cannot hold a socket. If no place can hold one, they
// say why.
func TestPlacesOfTheSocket(t *testing.T) {
	t.Parallel()
	meets := func(h household, dir string) {
		t.Helper()
		pid := h.up("--data-dir", dir, "--no-mdns")
		if out, words, code := h.says("status", "--data-dir", dir); code != 0 || !strings.Contains(out, fmt.Sprint(pid)) {
			t.Errorf("status: %d, %s%s", code, out, words)
		}
		if _, words, code := h.says("down", "--data-dir", dir); code != 0 {
			t.Errorf("down: %d, %s", code, words)
		}
	}
	long := newHousehold(t)
	meets(long, filepath.Join(long.home, strings.Repeat("long", 30)))

	// This acts like a file system without sockets.
	none := newHousehold(t)
	dir := filepath.Join(none.home, "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	put := func(path string) {
		t.Helper()
		if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(dir, "attach"))
	meets(none, dir)
	put(filepath.Join(none.home, "run", "localchat"))
	_, words, code := none.says("up", "--data-dir", dir, "--no-mdns")
	if code != 1 || !regexp.MustCompile(`\nlocalchat: the node did not come up: nothing could attach .*\nhint: name a directory .*its log is `).MatchString(words) {
		t.Errorf("without any place: %d, %s", code, words)
	}
	if _, _, code := none.says("status", "--data-dir", dir); code != 8 {
		t.Errorf("status of what did not come up: %d", code)
	}

	// There is no place for the log either.
	put(filepath.Join(none.home, "state"))
	if _, words, code := none.says("up", "--no-mdns"); code != 2 || !strings.Contains(words, "cannot write the log of the node") || !strings.Contains(words, "\nhint: set XDG_STATE_HOME") {
		t.Errorf("without a place for the log: %d, %s", code, words)
	}

	// A node that keeps everything in memory lets nobody attach.
	memory := newHousehold(t)
	alice := memory.start("create", "lab", "--plain", "--ephemeral")
	alice.sees("you own lab")
	for _, entry := range memory.state() {
		if strings.Contains(entry, "attach") || strings.Contains(entry, "socket") {
			t.Errorf("--ephemeral makes %s", entry)
		}
	}
}

// TestSilentHolder: a data directory whose lock is held, without a socket that answers, ends every command in time.
func TestSilentHolder(t *testing.T) {
	t.Parallel()
	h := newHousehold(t)
	alice := h.start("create", "lab", "--plain", "--no-mdns")
	alice.sees("you own lab")
	if err := os.Remove(filepath.Join(h.home, "data", "localchat", "attach", "socket")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"up"}, {"down", "--force"}, {"status"}, {"send", "lab", "x"}, {"up", "--foreground"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			_, words, code := household{t, h.home}.says(append(args, "--no-mdns")...)
			if took := time.Since(began); code != 7 || !strings.Contains(words, "does not answer\nhint: ") || took > 2*time.Second+slack {
				t.Errorf("ended with %d after %v, %s", code, took, words)
			}
		})
	}
}

// slack is how much longer a busy machine may take.
const slack = 4 * time.Second

// TestReadOnlyDirectory: a node that cannot write does not come up, and says why.
func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("unshare"); err != nil || os.Geteuid() != 0 {
		t.Skip("only root can mount a read-only directory, and it needs unshare")
	}
	h := newHousehold(t)
	h.up("--no-mdns")
	if _, words, code := h.says("down"); code != 0 {
		t.Fatal(words)
	}
	dir := filepath.Join(h.home, "data")
	for _, args := range [][]string{{"up"}, {"up", "--foreground"}} {
		real := h.command(append(args, "--no-mdns")...)
		cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", `mount --bind -o ro "$0" "$0" && exec "$@"`, dir, real.Path}, real.Args[1:]...)...)
		cmd.Dir, cmd.Env = real.Dir, real.Env
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "read-only") || !strings.Contains(string(out), "\nhint: ") {
			t.Errorf("%v: %v, %s", args, err, out)
		}
	}
}
