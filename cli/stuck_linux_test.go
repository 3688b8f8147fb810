package cli

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"localchat/cli/internal/fail"
	"localchat/test/driver"
)

// TestStuckTerminal: bob's terminal no longer takes output while alice talks, because somebody pressed Ctrl-S or the network under
// an ssh is gone. A signal still ends his program, and the room hears that he left. The same holds if the output is a pipe that
// nobody reads.
func TestStuckTerminal(t *testing.T) {
	t.Parallel()
	type stuck struct {
		name string
		args []string
		tty  bool
		// group is set if the signal goes to all processes of the terminal, as a hangup does.
		group bool
	}
	for _, s := range []stuck{
		{"full screen", []string{"join", "ADDR"}, true, false},
		{"full screen, all of its processes", []string{"join", "ADDR"}, true, true},
		{"plain", []string{"join", "ADDR", "--plain"}, true, false},
		{"plain with editing", []string{"join", "ADDR", "--plain=edit"}, true, false},
		{"tail", []string{"tail", "ADDR"}, true, false},
		{"tail --json in a pipe", []string{"tail", "ADDR", "--json"}, false, false},
		{"plain in a pipe", []string{"join", "ADDR"}, false, false},
		{"JSON-RPC", []string{"rpc"}, false, false},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
			t.Run(s.name+"/"+sig.String(), func(t *testing.T) {
				t.Parallel()
				h := newHousehold(t)
				alice := h.start("create", "lab", "--open", "--nick", "alice", "--no-mdns")
				alice.types("/net\n")
				addr := "127.0.0.1:" + alice.sees(`/ip4/127.0.0.1/tcp/(\d+)`)[1]
				args := append([]string{}, s.args...)
				for i := range args {
					if args[i] == "ADDR" {
						args[i] = addr
					}
				}
				bob := h.command(append(args, "--nick", "bob", "--no-mdns", "--ephemeral")...)
				bob.Env = append(bob.Env, "TERM=xterm-256color")
				stick := func() {} // a pipe that nobody reads needs no help to block
				if s.tty {
					master, slave := openTerminal(t)
					bob.Stdin, bob.Stdout, bob.Stderr = slave, slave, slave
					bob.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
					go io.Copy(io.Discard, master)
					stick = func() {
						if err := unix.IoctlSetInt(int(slave.Fd()), unix.TCXONC, unix.TCOOFF); err != nil {
							t.Error(err)
						}
					}
				} else {
					r, w, err := os.Pipe()
					if err != nil {
						t.Fatal(err)
					}
					defer r.Close()
					defer w.Close()
					in, err := bob.StdinPipe()
					if err != nil {
						t.Fatal(err)
					}
					bob.Stdout, bob.Stderr = w, w
					if s.args[0] == "rpc" {
						fmt.Fprintf(in, `{"jsonrpc":"2.0","id":1,"method":"room.join","params":{"room":%q}}`+"\n", addr)
					}
					defer in.Close()
				}
				if err := bob.Start(); err != nil {
					t.Fatal(err)
				}
				defer bob.Process.Kill()
				alice.sees(`bob joined`)
				told := []string(nil)
				for deadline := time.Now().Add(scriptWait); told == nil; { // until bob's node has a message
					if time.Now().After(deadline) {
						t.Fatalf("no message reaches bob; %s", alice)
					}
					alice.types("/msg bob hello\n")
					told = alice.Sees(alice.Out, regexp.MustCompile(`you to bob`), time.Second/5)
				}
				stick()
				// More than any terminal or pipe keeps for its reader.
				long := strings.Repeat("x", 8000)
				for range 40 {
					alice.types(long + "\n")
				}
				alice.types("the last word\n")
				alice.sees(`the last word`)
				alice.types("/msg bob are you there?\n")
				alice.sees(`you to bob`)
				pid := bob.Process.Pid
				if s.group {
					pid = -pid
				}
				began := time.Now()
				if err := syscall.Kill(pid, sig); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- bob.Wait() }()
				select {
				case <-ended:
				case <-time.After(scriptWait):
					t.Fatal("bob's program goes on")
				}
				t.Log("ended after", time.Since(began).Round(time.Millisecond))
				if code := bob.ProcessState.ExitCode(); code != fail.ExitInterrupted {
					t.Errorf("ended with %d, want %d", code, fail.ExitInterrupted)
				}
				alice.sees(`bob left`)
			})
		}
	}
}

// openTerminal makes a pseudo-terminal: master is its screen and keyboard, and slave is the file for the program.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	if err := unix.IoctlSetWinsize(int(slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// start runs the program in the household.
func (h household) start(args ...string) person {
	h.t.Helper()
	p, err := driver.StartProgram(h.command(args...))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(p.Stop)
	return person{p, h.t}
}

// A person is a user at a program.
type person struct {
	*driver.Program
	t *testing.T
}

func (p person) types(text string) {
	p.t.Helper()
	if err := p.Type(text); err != nil {
		p.t.Fatal(err)
	}
}

// sees waits for a match of pattern in the output, after the previous one.
func (p person) sees(pattern string) []string {
	p.t.Helper()
	groups := p.Sees(p.Out, regexp.MustCompile(pattern), scriptWait)
	if groups == nil {
		p.t.Fatalf("%q is not seen; %s", pattern, p)
	}
	return groups
}
