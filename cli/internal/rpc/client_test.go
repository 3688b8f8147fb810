package rpc

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// An attachment is a fake node, and a client that is attached to it.
type attachment struct {
	*Client
	f     *clitest.Node
	there net.Conn // the node's end
	ended chan error
}

// attach attaches a client to f. It is called in a synctest bubble.
func attach(t *testing.T, f *clitest.Node) *attachment {
	t.Helper()
	here, there := net.Pipe()
	a := &attachment{f: f, there: there, ended: make(chan error, 1)}
	log := slog.New(slog.DiscardHandler)
	env := &command.Env{Stderr: io.Discard, Log: log}
	go func() {
		a.ended <- ServeFace(context.Background(), env, f, there, there, 0, false)
		_ = there.Close()
	}()
	a.Client = NewClient(&command.Env{Stderr: io.Discard, Log: log}, here, bufio.NewReader(here))
	return a
}

func (a *attachment) leaves(t *testing.T) {
	t.Helper()
	_ = a.Close()
	if err := <-a.ended; err != nil {
		t.Error(err)
	}
}

// TestEventsComeThrough: each event reaches a face in another process unchanged.
func TestEventsComeThrough(t *testing.T) {
	seen := make(map[string]bool)
	for _, body := range append(clitest.Events(), node.RoomLost{Name: "lab"}, node.KnockGone{Nick: "x"}, node.MemberLeft{Nick: "x"}, node.Left{}) {
		seen[body.Type()] = true
		want := node.Event{Seq: 7, Time: clitest.Noon, Room: clitest.LabID, RoomName: "lab", Body: body}
		raw, err := Event(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeEvent(raw)
		again, failed := Event(got)
		if err != nil || failed != nil || got.Body.Type() != body.Type() || string(again) != string(raw) {
			t.Errorf("%s becomes\n%s, %v, %v", raw, again, err, failed)
		}
	}
	for of := range bodies {
		if !seen[of] {
			t.Errorf("no %s was tried", of)
		}
	}
	if len(seen) != len(bodies) {
		t.Errorf("%d types are known, and there are %d", len(bodies), len(seen))
	}
	if _, err := decodeEvent([]byte(`{"type":"of the future"}`)); !errors.Is(err, errUnknownEvent) {
		t.Errorf("an unknown event: %v", err)
	}
}

// TestErrorsComeThrough: an error of a node has the same text, hint and exit code at an attached face as in its own process.
func TestErrorsComeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attach(t, clitest.NewNode())
		for _, want := range []error{
			&node.Error{Code: node.CodeNotOwner, Text: "only the owner kicks", Reason: "owner only"},
			&node.Error{Code: node.CodeRefused, Text: "banned", Reason: "banned for a time", RetryAfter: 90 * time.Second, Until: clitest.Noon},
			&node.Error{Code: node.CodeAmbiguous, Text: "several", Reason: "several rooms there", At: "[::1]:4001", More: 3, Rooms: []node.Choice{{Room: clitest.LabID, Name: "lab", Owner: "eve", Words: "amber"}, {Room: clitest.DenID, Name: "lab"}}},
			&node.Error{Code: node.CodeInvalid, Text: "too long", Reason: "bad reason", Limit: 400},
			&node.Error{Code: node.CodeUnavailable, Network: true, Text: "no network", Reason: "no network"},
			clitest.NickTaken("dave2"), clitest.ChangeOf("lab"), context.DeadlineExceeded,
		} {
			a.f.Errors["kick"] = want
			_, err := a.Kick(t.Context(), "lab", "dave", "")
			text, hint, code := fail.Explain(err)
			wantText, wantHint, wantCode := fail.Explain(want)
			if text != wantText || hint != wantHint || code != wantCode {
				t.Errorf("%q, %q, %d\nwant %q, %q, %d", text, hint, code, wantText, wantHint, wantCode)
			}
		}
		if _, err := a.Say(t.Context(), "lab", "a\xffb", false); err == nil || len(a.f.Did()) != 8 {
			t.Errorf("text that JSON cannot hold was said: %v", err)
		}
		a.leaves(t)
		_, err := a.Kick(t.Context(), "lab", "dave", "")
		if _, hint, code := fail.Explain(err); hint == "" || code != fail.ExitFailure {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestEventsComeBeforeTheirAnswer: the events of a request come before its answer.
func TestEventsComeBeforeTheirAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attach(t, clitest.NewNode())
		events, stop := a.Listen(node.SubscribeOptions{})
		for range 100 {
			if _, err := a.Say(t.Context(), "lab", "hello", false); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"message", "delivered"} {
				select {
				case ev := <-events:
					if ev.Body.Type() != want {
						t.Fatalf("%s instead of %s", ev.Body.Type(), want)
					}
				default:
					t.Fatalf("no %s, and the line is said", want)
				}
			}
		}
		stop()
		a.leaves(t)
	})
}

// TestSlowFaceGetsAGap: a face that takes no events loses some and is told how many. Its requests are answered meanwhile.
func TestSlowFaceGetsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attach(t, clitest.NewNode())
		events, stop := a.Listen(node.SubscribeOptions{})
		const n = node.EventQueue + 500
		for i := range n {
			a.f.Emit(clitest.Spoken(i, "hello"))
			if i%100 == 0 {
				synctest.Wait()
			}
		}
		if a.Info().Nick != "bob" {
			t.Error("it is not answered")
		}
		lines, lost := 0, 0
		take := func() {
			for len(events) > 0 {
				switch b := (<-events).Body.(type) {
				case node.Message:
					lines++
				case node.Gap:
					lost += b.Lost
				}
			}
		}
		take()
		a.f.Emit(clitest.Spoken(n, "hello"))
		synctest.Wait()
		take()
		if lines+lost != n+1 || lost != 500 {
			t.Errorf("%d lines and %d lost of %d", lines, lost, n+1)
		}
		stop()
		a.leaves(t)
	})
}

// TestRemovalIsShownWhenTaken: the node is told that a removal was shown when the face has taken the event, and not before.
func TestRemovalIsShownWhenTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attach(t, clitest.NewNode())
		events, stop := a.Listen(node.SubscribeOptions{})
		a.f.Emit(node.Removed{Kind: "kicked", Removal: 7})
		time.Sleep(time.Minute) // of the bubble
		if did := a.f.Did(); len(did) > 0 {
			t.Errorf("nobody has taken it: %q", did)
		}
		<-events
		time.Sleep(time.Second)
		if did := a.f.Did(); len(did) != 1 || did[0] != "shown lab 7" {
			t.Errorf("it was taken: %q", did)
		}
		a.f.Emit(node.Removed{Kind: "kicked", Removal: 8})
		<-events
		stop() // at once, as a command does whose room this was
		if did := a.f.Did(); len(did) != 1 || did[0] != "shown lab 8" {
			t.Errorf("the face has ended: %q", did)
		}
		a.leaves(t)
	})
}

// TestAskedComesThrough: a face is told that its join waits for a person.
func TestAskedComesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Asking = func(context.Context) error { return nil }
		a := attach(t, f)
		asked := make(chan string, 1)
		_, err := a.Join(t.Context(), node.JoinOptions{Room: "lab", Asked: func(room string, until time.Time) { asked <- room + until.Sub(clitest.Noon).String() }})
		if got := <-asked; err != nil || got != "lab10m0s" {
			t.Errorf("%q, %v", got, err)
		}
		a.leaves(t)
	})
}

// TestGarbageCutsOff: a few lines in a row that are no JSON are answered with an error each; more end the connection. Another face
// notices nothing.
func TestGarbageCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		other, bad := attach(t, f), attach(t, f)
		go func() {
			for i := range maxGarbage + 1 {
				if i == maxGarbage/2 {
					_, _ = bad.conn.Write([]byte("no JSON\n" + requestOf(99, "node.info", "") + "\n")) // in between a good one
				}
				_, _ = bad.conn.Write([]byte(strings.Repeat("x", 100) + "\n"))
			}
			for range maxGarbage {
				_, _ = bad.conn.Write([]byte("{\n"))
			}
		}()
		if err := <-bad.ended; !errors.Is(err, errGarbage) {
			t.Errorf("it ends with %v", err)
		}
		if other.Info().Nick != "bob" {
			t.Error("another face is cut off")
		}
		_ = bad.Close()
		other.leaves(t)
	})
}

// TestAnswersAreBounded: a line of as many bytes as are allowed is read, and a longer one is an error.
func TestAnswersAreBounded(t *testing.T) {
	const limit = 100
	line := strings.Repeat("x", limit-1) + "\n"
	in := bufio.NewReaderSize(strings.NewReader(line+"x"+line), 16)
	if got, err := readAnswer(in, limit); string(got) != line || err != nil {
		t.Errorf("a line of %d bytes: %q, %v", limit, got, err)
	}
	if got, err := readAnswer(in, limit); !errors.Is(err, errTooLong) {
		t.Errorf("a longer one: %q, %v", got, err)
	}
}

// TestManyRequestsAreReadNoFurther: while maxOpen requests have no answer, no more are read. In the end all are answered.
func TestManyRequestsAreReadNoFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Slow = make(chan struct{})
		f.Quiet = true
		here, there := net.Pipe()
		env := &command.Env{Stderr: io.Discard, Log: slog.New(slog.DiscardHandler)}
		ended := make(chan error, 1)
		go func() { ended <- ServeFace(context.Background(), env, f, there, there, 0, true) }()
		answered := make(chan int, 1)
		go func() {
			n := 0
			for in := bufio.NewScanner(here); in.Scan(); {
				n++
			}
			answered <- n
		}()
		const n = 3 * maxOpen
		var written atomic.Int32
		go func() {
			for i := range n {
				_, _ = io.WriteString(here, requestOf(i, "room.say", `"room":"lab","text":"hello"`)+"\n")
				written.Add(1)
			}
		}()
		synctest.Wait()
		if got := written.Load(); got < maxOpen || got > maxOpen+100 {
			t.Errorf("%d requests were read", got)
		}
		close(f.Slow)
		synctest.Wait()
		if said := len(f.Did()); said != n || written.Load() != n {
			t.Errorf("%d lines were said, of %d", said, written.Load())
		}
		_ = here.Close()
		if got := <-answered; got != n {
			t.Errorf("%d answers", got)
		}
		<-ended
	})
}

// TestCancelComesThrough: a join that is cancelled at the face is cancelled at the node.
func TestCancelComesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		taken := make(chan error, 1)
		f.Asking = func(ctx context.Context) error {
			<-ctx.Done()
			taken <- ctx.Err()
			return ctx.Err()
		}
		a := attach(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		joined := make(chan error, 1)
		go func() {
			_, err := a.Join(ctx, node.JoinOptions{Room: "lab"})
			joined <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-joined; !errors.Is(err, context.Canceled) {
			t.Errorf("the join ends with %v", err)
		}
		if err := <-taken; !errors.Is(err, context.Canceled) {
			t.Errorf("at the node: %v", err)
		}
		synctest.Wait() // for the answer of the node, which the client drops
		a.leaves(t)
	})
}
