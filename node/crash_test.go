package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// ownerEnv and listenEnv make this test binary the owner of a room instead: its data directory, and where it listens.
const (
	ownerEnv  = "LOCALCHAT_TEST_OWNER"
	listenEnv = "LOCALCHAT_TEST_LISTEN"
)

// The owner's process must not come to the tests, nor to their check for goroutines.
func init() {
	if dir := os.Getenv(ownerEnv); dir != "" {
		if err := ownRoom(dir, os.Getenv(listenEnv)); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// ownRoom owns a room and does what it is told on standard input, until that ends: invite, kick REASON, member.
func ownRoom(dir, listen string) error {
	n, err := New(Config{DataDir: dir, Nick: "alice", Listen: []string{listen}, Version: "test"})
	if err != nil {
		return err
	}
	ctx := context.Background()
	rooms, err := n.Rooms(ctx)
	if err != nil {
		return err
	}
	if len(rooms) == 0 {
		access := "invite"
		if _, err := n.Create(ctx, CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &access}}); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		order, reason, _ := strings.Cut(in.Text(), " ")
		var answer any = order
		switch order {
		case "invite":
			var i InviteInfo
			i, err = n.Invite(ctx, "lab", "", 0)
			answer = i.Text
		case "kick":
			_, err = n.Kick(ctx, "lab", "bob", reason)
		case "member":
			var ms MembersInfo
			ms, err = n.Members(ctx, "lab")
			answer = len(ms.Members) > 1
		}
		if err != nil {
			return err
		}
		fmt.Println(answer)
	}
	return n.Close()
}

// An owner is such a process.
type owner struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startOwner(t *testing.T, dir, listen string) *owner {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), ownerEnv+"="+dir, listenEnv+"="+listen)
	cmd.Stderr = os.Stderr
	o := &owner{t: t, cmd: cmd, in: must(cmd.StdinPipe()), out: bufio.NewScanner(must(cmd.StdoutPipe()))}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := o.line(); got != "ready" {
		t.Fatalf("the owner says %q", got)
	}
	return o
}

func (o *owner) order(text string) {
	if _, err := fmt.Fprintln(o.in, text); err != nil {
		o.t.Fatal(err)
	}
}

func (o *owner) line() string {
	o.t.Helper()
	if !o.out.Scan() {
		o.t.Fatal("the owner is gone", o.out.Err())
	}
	return o.out.Text()
}

func (o *owner) ask(text string) string {
	o.t.Helper()
	o.order(text)
	return o.line()
}

// kill is SIGKILL; what it had still said does not matter.
func (o *owner) kill() {
	if err := o.cmd.Process.Kill(); err != nil {
		o.t.Fatal(err)
	}
	for o.out.Scan() {
	}
	_ = o.cmd.Wait() // it was killed
}

// The owner's process is killed at any moment of a kick and started again: the kick has not happened, or its target is told
// why, once.
func TestOwnerIsKilledWhileItKicks(t *testing.T) {
	const rounds = 20
	listener := must(net.Listen("tcp4", "127.0.0.1:0"))
	listen := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	dir := t.TempDir()
	o := startOwner(t, dir, listen)
	bob := must(New(Config{DataDir: t.TempDir(), Nick: "bob", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Version: "test"}))
	defer bob.Close()
	w := watch(t, "bob", bob)

	var takes time.Duration // a kick that is let be
	undone := 0
	for i := range rounds {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if _, err := bob.Join(ctx, JoinOptions{Invite: o.ask("invite")}); err != nil {
			t.Fatal(err)
		}
		cancel()
		reason := fmt.Sprintf("round %d", i)
		if i == 0 {
			began := time.Now()
			o.ask("kick " + reason)
			takes = time.Since(began)
		} else {
			o.order("kick " + reason)
			<-time.After(rand.N(2*takes + time.Millisecond)) // the moment
			o.kill()
			o = startOwner(t, dir, listen)
			if o.ask("member") == "true" {
				undone++
				o.ask("kick " + reason)
			}
		}
		if r := until[Removed](w, nil); r.Text != reason || r.Kind != "kicked" {
			t.Fatalf("told %+v in %s", r, reason)
		}
	}
	o.kill()
	t.Logf("a kick takes %v; %d of %d were not yet done when the owner was killed", takes, undone, rounds-1)
	told := 0
	for done := false; !done; {
		select {
		case ev := <-w.sub.Events():
			w.seen = append(w.seen, ev)
		default:
			done = true
		}
	}
	for _, ev := range w.seen {
		switch ev.Body.(type) {
		case Removed:
			told++
		case Refused:
			t.Errorf("refused: %s", w.story())
		}
	}
	if told != rounds {
		t.Errorf("told %d times in %d rounds", told, rounds)
	}
}
