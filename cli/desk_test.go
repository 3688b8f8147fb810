package cli

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/node"
)

// A desk is a user at a console, with a keyboard and a screen. It runs in a synctest bubble: settle returns when every goroutine
// waits.
type desk struct {
	t     *testing.T
	f     *clitest.Node
	a     *app
	keys  *io.PipeWriter
	out   *clitest.Screen
	words *clitest.Screen
	code  chan int
	stop  context.CancelCauseFunc
}

// sit starts the program with args.
func sit(t *testing.T, f *clitest.Node, args ...string) *desk {
	t.Helper()
	d := newDesk(t, f)
	d.runs(args...)
	return d
}

func newDesk(t *testing.T, f *clitest.Node) *desk {
	t.Helper()
	in, keys := io.Pipe()
	d := &desk{t: t, f: f, keys: keys, code: make(chan int, 1)}
	d.a, d.out, d.words = newApp(t, f, in)
	return d
}

// runs runs the program with args until it waits.
func (d *desk) runs(args ...string) {
	ctx, stop := context.WithCancelCause(d.t.Context())
	d.stop = stop
	go func() { d.code <- d.a.run(ctx, args) }()
	synctest.Wait()
}

func (d *desk) types(line string) {
	d.t.Helper()
	if _, err := io.WriteString(d.keys, line+"\n"); err != nil {
		d.t.Fatal(err)
	}
	synctest.Wait()
}

func (d *desk) sees(want string) {
	d.t.Helper()
	synctest.Wait()
	if got := strings.TrimSuffix(withoutTimes(d.out.Take()), "\n"); got != want {
		d.t.Errorf("screen:\n%s\nwant:\n%s", got, want)
	}
}

func (d *desk) reads(want ...string) {
	d.t.Helper()
	synctest.Wait()
	got := d.words.Take()
	for _, w := range want {
		if !strings.Contains(got, w) {
			d.t.Errorf("standard error:\n%s\nwant in it: %s", got, w)
		}
	}
	if len(want) == 0 && got != "" {
		d.t.Errorf("standard error: %s", got)
	}
}

func (d *desk) did(want ...string) {
	d.t.Helper()
	synctest.Wait()
	if got := d.f.Did(); !slices.Equal(got, want) {
		d.t.Errorf("the node was asked %q, want %q", got, want)
	}
}

// ends checks that the program has ended with this exit code.
func (d *desk) ends(code int) {
	d.t.Helper()
	synctest.Wait()
	select {
	case got := <-d.code:
		if got != code {
			d.t.Errorf("exit %d, want %d; standard error:\n%s", got, code, d.words.Take())
		}
		if !d.f.Closed {
			d.t.Error("the node was not closed: no room heard that we left")
		}
	default:
		d.t.Fatal("the program goes on")
	}
}

// leaves closes the input and waits for the end.
func (d *desk) leaves(code int) {
	d.t.Helper()
	_ = d.keys.Close()
	d.ends(code)
}

// withoutTimes removes HH:MM from the lines, because it depends on the time zone of the test.
func withoutTimes(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > 6 && line[2] == ':' && line[5] == ' ' {
			lines[i] = line[6:]
		}
	}
	return strings.Join(lines, "\n")
}

func inRoom(t *testing.T, f *clitest.Node) *desk {
	t.Helper()
	f.MemberList = []node.MemberInfo{{Peer: clitest.AliceID, Nick: "alice", Role: "owner", Present: true}, {Peer: clitest.MeID, Nick: "bob", Role: "member", Self: true}}
	d := sit(t, f, "join", "lab")
	d.did("join lab")
	d.sees("-- you are in lab, as bob\n-- in lab: alice (owner), bob (you)")
	d.words.Take()
	return d
}

func asOwner(t *testing.T, f *clitest.Node) *desk {
	t.Helper()
	d := sit(t, f, "create", "lab")
	d.did("create lab")
	d.sees("-- you own lab, as bob\n-- others join with: localchat join lab, or with an invite: /invite")
	d.words.Take()
	return d
}
