//go:build !race

package node

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"localchat/node/internal/store"
)

// TestOwnersDiskFailsAtEveryCall: every single call by which a removal changes the owner's disk fails, because the disk is broken or
// full. The owner reports it and goes on. A change that it says has not happened has not happened, and can be ordered again. Where it
// cannot know, it says so, and its next life knows. The target is told once all the same.
func TestOwnersDiskFailsAtEveryCall(t *testing.T) {
	for _, fault := range some([]string{"eio", "enospc"}, 1) {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			bob := must(New(Config{Nick: "bob", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Version: "test"}))
			defer bob.Close()
			w := watch(t, "bob", bob)
			undone, doubts, call := 0, 0, 1
			for ; failing(t, w, fault, call, &undone, &doubts); call++ {
			}
			t.Logf("%d calls failed; %d kicks had to be ordered again, %d processes had to end", call-1, undone, doubts)
			if undone == 0 || doubts == 0 || call < 10 {
				t.Error("this has tested less than it claims")
			}
		})
	}
}

// failing is one round. It reports whether there was a call to fail.
func failing(t *testing.T, w *watcher, fault string, call int, undone, doubts *int) bool {
	const why = "too loud"
	dir := filepath.Join(t.TempDir(), "alice")
	o := run(t, dir, "none 0")
	defer func() { o.kill() }()
	o.do("create")
	joined := must(joinBy(w.sub.n, o.do("invite")))
	o.do(fmt.Sprintf("fault %s %d", fault, call))
	answer, _ := o.ask("kick " + why)
	failed := false
	if strings.HasPrefix(answer, "error unavailable: nothing has changed: cannot write to disk: ") {
		*undone++
		failed = true
		o.do("kick " + why)
	}
	told := make(chan Removed, 1)
	go func() { told <- until[Removed](w, nil) }()
	for waiting := true; waiting; {
		if o.do("broken") == "true" {
			*doubts++
			failed = true
			o.saysOfDisk(store.ErrInDoubt.Error())
			o.end()
			o = run(t, dir, "none 0")
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			must(w.sub.n.Dial(ctx, o.addr))
			cancel()
			if strings.Contains(answer, store.ErrInDoubt.Error()) {
				o.ask("kick " + why) // again, in case it has not happened; otherwise this is no error
			}
		}
		select {
		case r := <-told:
			if r.Text != why || r.Kind != "kicked" {
				t.Errorf("call %d: told %+v", call, r)
			}
			waiting = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	for begin := time.Now(); !failed && must(strconv.Atoi(o.do("count"))) < call && o.do("owed") != "0"; {
		if time.Since(begin) > patience {
			t.Fatalf("call %d: no acknowledgement", call)
		}
	}
	if !failed && must(strconv.Atoi(o.do("count"))) >= call {
		failed = true
		o.saysOfDisk("")
	}
	for _, ev := range w.seen {
		if _, refused := ev.Body.(Refused); refused && ev.Room == joined.ID {
			t.Errorf("call %d: refused: %s", call, w.story())
		}
	}
	return failed
}

func joinBy(n *Node, invite string) (JoinedInfo, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return n.Join(ctx, JoinOptions{Invite: invite})
}

// saysOfDisk waits for a warning about the disk.
func (p *process) saysOfDisk(what string) {
	p.t.Helper()
	ev, _ := p.event("warning disk cannot write to disk: ")
	if !strings.Contains(ev, what) {
		p.t.Errorf("it says %q, not %q", ev, what)
	}
}

// saidSoFar are the events that have arrived.
func (p *process) saidSoFar() (said string) {
	for {
		select {
		case ev := <-p.events:
			said += ev + "\n"
		default:
			return said
		}
	}
}

// TestMembersDiskFailsAtEveryCall: a member's process meets a fault at every single call by which its removal changes its disk. If it
// is killed, it is told by the end of its next life; if its face was told before, then of the same removal. With a failing disk it is
// told at once. It is never refused before it is told, and once a life has ended in order nothing more is reported.
func TestMembersDiskFailsAtEveryCall(t *testing.T) {
	for _, fault := range some([]string{"kill", "eio", "enospc"}, 1) {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			alice := must(New(Config{Nick: "alice", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Version: "test"}))
			defer alice.Close()
			must(alice.Create(t.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
			call, twice := 1, 0
			for ; memberFails(t, alice, fault, call, &twice); call++ {
			}
			t.Logf("%d calls; told in two lives %d times", call-1, twice)
			if call < 10 || twice == 0 {
				t.Error("this has tested less than it claims")
			}
		})
	}
}

func memberFails(t *testing.T, alice *Node, fault string, call int, twice *int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "bob")
	p := run(t, dir, "none 0")
	invite := must(alice.Invite(ctx, "lab", "bob", 0))
	p.do("join " + invite.Text)
	p.do(fmt.Sprintf("fault %s %d", fault, call))
	before := len(p.readCalls())
	must(alice.Kick(ctx, "lab", "bob", fmt.Sprint("call ", call)))
	first, told := p.event("removed")
	if !told && fault != "kill" {
		t.Fatalf("call %d: not told", call)
	}
	p.end()
	if n := p.times("removed"); n != 0 {
		t.Errorf("call %d: told %d times more in one life", call, n)
	}
	if calls := len(p.readCalls()) - before; calls < call-1 {
		return false
	}

	p = run(t, dir, "none 0")
	if !told {
		first, _ = p.event("removed")
	}
	if !strings.HasSuffix(first, fmt.Sprint("kicked call ", call)) {
		t.Errorf("call %d: told %q", call, first)
	}
	for begin := time.Now(); p.do("rooms") != "0"; {
		if time.Since(begin) > patience {
			t.Fatalf("call %d: the place does not end", call)
		}
	}
	p.end()
	close(p.events)
	for ev := range p.events {
		switch {
		case ev == first && told:
			*twice++
		case ev == "refused" && told && fault != "kill": // a fact that could not be written is forgotten
		default:
			t.Errorf("call %d: in the second life it is told %q", call, ev)
		}
	}

	p = run(t, dir, "none 0")
	if p.do("rooms") != "0" {
		t.Errorf("call %d: it still has a place", call)
	}
	p.end()
	if said := p.saidSoFar(); said != "" {
		t.Errorf("call %d: in the third life it is told %q", call, said)
	}
	return true
}

// times counts the waiting events that begin with prefix, and keeps them.
func (p *process) times(prefix string) (n int) {
	for range len(p.events) {
		ev := <-p.events
		if strings.HasPrefix(ev, prefix) {
			n++
		}
		p.events <- ev
	}
	return n
}

// TestFirstStartFailsAtEveryCall: the first start and the creation of a room meet a fault at every single call. The next start finds
// nothing half done, and a start that fails says what the user can do.
func TestFirstStartFailsAtEveryCall(t *testing.T) {
	for _, fault := range some([]string{"kill", "eio", "enospc"}, 1) {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			call := 1
			for ; firstStartFails(t, fault, call); call++ {
			}
			t.Log(call-1, "calls")
			if call < 20 {
				t.Error("this has tested less than it claims")
			}
		})
	}
}

func firstStartFails(t *testing.T, fault string, call int) bool {
	dir := filepath.Join(t.TempDir(), "new", "alice")
	p := run(t, dir, fmt.Sprintf("%s %d", fault, call))
	failed := false
	if p.addr == "" { // it does not start
		failed = true
		if said, _ := p.answer(); fault != "kill" && (!strings.HasPrefix(said, "failed unavailable cannot ") || strings.HasSuffix(said, "reason: ")) {
			t.Errorf("call %d: it says %q", call, said)
		}
	} else {
		said, alive := p.ask("create")
		failed = !alive || said != "done"
		if alive && said != "done" && !strings.Contains(said, "cannot write to disk: ") && !strings.Contains(said, store.ErrInDoubt.Error()) {
			t.Errorf("call %d: it says %q", call, said)
		}
		if alive {
			n, _ := p.ask("count")
			failed = failed || must(strconv.Atoi(n)) >= call
		}
	}
	p.kill()
	p = run(t, dir, "none 0")
	if p.addr == "" {
		said, _ := p.answer()
		t.Fatalf("call %d: the next start says %q", call, said)
	}
	if n := p.do("rooms"); n == "0" {
		p.do("create")
	}
	p.end()
	return failed
}
