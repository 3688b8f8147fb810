package onlink

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestWatch: a new address, and an interface that goes up, are reported at once.
func TestWatch(t *testing.T) {
	if _, err := exec.LookPath("ip"); err != nil || os.Getuid() != 0 {
		text := "TestWatch DID NOT RUN: it needs root and ip, to change the addresses of a network namespace of its own"
		if os.Getenv("CI") == "true" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	done := make(chan error, 1)
	changed := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan bool, 1)
	go func() {
		runtime.LockOSThread() // and the thread ends with the goroutine, since its namespace is another one
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		fd, err := changesSocket()
		if err != nil {
			done <- err
			return
		}
		go func() { ended <- watchSocket(ctx, fd, func() { changed <- struct{}{} }) }()
		for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", "10.9.8.7/24", "dev", "lo"}} {
			if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v: %s", args, err, out)
			}
			select {
			case <-changed:
			case <-time.After(5 * time.Second):
				t.Errorf("nothing is reported after ip %v", args)
			}
			for len(changed) > 0 { // an interface that goes up gets addresses too
				<-changed
			}
		}
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	cancel()
	if !<-ended {
		t.Error("it is said that the system no longer tells of changes")
	}
}
