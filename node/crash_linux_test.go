//go:build !race

// The race detector sees nothing of another process, and slows the start of each of the hundreds of processes here.

package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// dirEnv and logEnv make this test binary run as a node instead: its data directory, and the log of its wall.
const (
	dirEnv = "LOCALCHAT_TEST_DIR"
	logEnv = "LOCALCHAT_TEST_DISK_LOG"
)

// The node's process must not reach the tests, nor their check for leaked goroutines.
func init() {
	if dir := os.Getenv(dirEnv); dir != "" {
		if err := serveOrders(dir); err != nil {
			fmt.Println("failed", AsError(err).Code, err, "reason:", AsError(err).Reason)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// serveOrders runs a node behind a wall and follows the orders on standard input until that ends. Each order has an
// answer of one line. The events that a user would see come in between, in lines that begin with "event".
func serveOrders(dir string) error {
	w, err := raiseWall(dir, os.Getenv(logEnv))
	if err != nil {
		return fmt.Errorf("%s: %w", noWall, err)
	}
	in := bufio.NewScanner(os.Stdin)
	if err := armed(w, in); err != nil {
		return err
	}
	n, err := New(Config{DataDir: dir, Nick: filepath.Base(dir), Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Version: "test"})
	if err != nil {
		return err
	}
	sub := n.Subscribe(SubscribeOptions{})
	told := make(chan struct{})
	go func() {
		defer close(told)
		for ev := range sub.Events() {
			switch b := ev.Body.(type) {
			case Removed:
				fmt.Println("event removed", b.Removal, b.Kind, b.Text)
			case Refused:
				fmt.Println("event refused")
			case Warning:
				fmt.Println("event warning", b.Code, b.Text)
			}
		}
	}()
	fmt.Println("ready", n.host.Addrs()[0].String()+"/p2p/"+n.self.String())
	for in.Scan() {
		order, rest, _ := strings.Cut(in.Text(), " ")
		answer, err := obey(n, w, order, rest)
		if err != nil {
			answer = fmt.Sprintf("error %s: %v", AsError(err).Code, err)
		}
		fmt.Println(answer)
	}
	err = n.Close()
	<-told
	return err
}

// armed reads the first order, which is for the wall: the start is to meet faults too.
func armed(w *wall, in *bufio.Scanner) error {
	if !in.Scan() {
		return io.ErrUnexpectedEOF
	}
	_, err := obey(nil, w, "fault", in.Text())
	return err
}

// obey knows these orders: fault WHAT CALL, count; create, invite, kick, close; join INVITE; rooms, owed, broken; held, and drop, for the polls of targets.
func obey(n *Node, w *wall, order, rest string) (answer any, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch order {
	case "fault":
		what, at, _ := strings.Cut(rest, " ")
		call, err := strconv.Atoi(at)
		w.order(what, call)
		return "armed", err
	case "count":
		return w.count(), nil
	case "create":
		access := AccessInvite
		_, err = n.Create(ctx, CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &access}})
	case "invite":
		i, err := n.Invite(ctx, "lab", "", 0)
		return i.Text, err
	case "kick":
		_, err = n.Kick(ctx, "lab", "bob", rest)
	case "close":
		err = n.CloseRoom(ctx, "lab", rest)
	case "rooms": // those of the loop, including closed ones
		return ask(ctx, n, roomCount{})
	case "owed":
		return ask(ctx, n, owedCount{})
	case "join":
		_, err = n.Join(ctx, JoinOptions{Invite: rest})
	case "held":
		return ask(ctx, n, heldCount{})
	case "drop":
		return ask(ctx, n, dropHeld{})
	case "broken":
		return ask(ctx, n, storeBroken{})
	default:
		return nil, fmt.Errorf("unknown order %q", order)
	}
	return "done", err
}

type (
	roomCount   struct{}
	owedCount   struct{}
	storeBroken struct{}
	heldCount   struct{}
	dropHeld    struct{}
)

func (roomCount) run(l *loop) (int, error) { return len(l.rooms), nil }

// run counts the polls of targets that are held.
func (heldCount) run(l *loop) (held int, err error) {
	for _, r := range l.rooms {
		for _, h := range r.desk.polls.held {
			if h.req.HaveSeq == targetHas {
				held++
			}
		}
	}
	return held, nil
}

// run drops all polls that are held, as if their streams were reset.
func (dropHeld) run(l *loop) (dropped int, err error) {
	for _, r := range l.rooms {
		dropped += len(r.desk.polls.held)
		r.desk.polls.stop()
	}
	return dropped, nil
}

// run counts the peers that have still to be told, or to confirm that they were.
func (owedCount) run(l *loop) (owed int, err error) {
	for _, r := range l.rooms {
		for _, f := range r.desk.ledger.Failures() {
			if r.desk.ledger.Owes(f.Peer, l.now()) {
				owed++
			}
		}
	}
	return owed, nil
}

func (storeBroken) run(l *loop) (bool, error) { return l.store.Broken() != nil, nil }

// A process is such a node.
type process struct {
	t       *testing.T
	dir     string
	log     string // of its wall
	addr    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan string
	events  chan string
	dead    chan struct{}
}

// run starts a node in dir, with a fault for its start, and waits until it is ready or dead.
func run(t *testing.T, dir, fault string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	log := filepath.Join(t.TempDir(), "calls")
	cmd.Env = append(os.Environ(), dirEnv+"="+dir, logEnv+"="+log)
	cmd.Stderr = os.Stderr
	p := &process{
		t: t, dir: dir, log: log, cmd: cmd, in: must(cmd.StdinPipe()),
		answers: make(chan string, 64), events: make(chan string, 64), dead: make(chan struct{}),
	}
	out := bufio.NewScanner(must(cmd.StdoutPipe()))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.dead)
		for out.Scan() {
			if ev, ok := strings.CutPrefix(out.Text(), "event "); ok {
				p.events <- ev
			} else {
				p.answers <- out.Text()
			}
		}
		_ = p.cmd.Wait() // it was killed
	}()
	t.Cleanup(p.kill)
	p.order(fault)
	if first, ok := p.answer(); ok {
		addr, ready := strings.CutPrefix(first, "ready ")
		switch {
		case ready:
			p.addr = addr
		case strings.Contains(first, noWall):
			needWall(t, first)
		default:
			p.answers <- first // the reason why it does not start
		}
	}
	return p
}

const noWall = "no wall before the disk"

// needWall ends a test that cannot run here: it fails in CI, where it must run, and elsewhere is skipped aloud.
func needWall(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(t.Name(), "DID NOT RUN:", why)
}

// order is written whether or not anybody still reads it.
func (p *process) order(text string) { _, _ = fmt.Fprintln(p.in, text) }

// answer is the next answer, and false if the process is dead.
func (p *process) answer() (string, bool) {
	select {
	case a := <-p.answers:
		return a, true
	case <-p.dead:
	}
	select {
	case a := <-p.answers:
		return a, true
	default:
		return "", false
	}
}

func (p *process) ask(text string) (string, bool) {
	p.order(text)
	return p.answer()
}

// do gives an order that must succeed.
func (p *process) do(text string) string {
	p.t.Helper()
	a, ok := p.ask(text)
	if !ok || strings.HasPrefix(a, "error") {
		p.t.Fatalf("%s: %s, alive: %v", text, a, ok)
	}
	return a
}

func (p *process) isDead() bool {
	select {
	case <-p.dead:
		return true
	default:
		return false
	}
}

// event waits for the next event that begins with prefix.
func (p *process) event(prefix string) (string, bool) {
	timeout := time.After(patience)
	for {
		select {
		case ev := <-p.events:
			if strings.HasPrefix(ev, prefix) {
				return ev, true
			}
			continue
		default:
		}
		select {
		case ev := <-p.events:
			if strings.HasPrefix(ev, prefix) {
				return ev, true
			}
		case <-p.dead:
			if len(p.events) == 0 {
				return "", false
			}
		case <-timeout:
			p.t.Fatalf("no %q", prefix)
		}
	}
}

// kill sends SIGKILL.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be dead already
	p.in.Close()
	<-p.dead
}

// end lets it close in order.
func (p *process) end() {
	p.t.Helper()
	p.in.Close()
	select {
	case <-p.dead:
	case <-time.After(patience):
		p.t.Fatal("it does not end")
	}
}
