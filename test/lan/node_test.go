package lan

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"localchat/test/driver"
)

// A node is a running `localchat rpc` on a host.
type node struct {
	*host
	*driver.Process
}

type (
	obj   = driver.Obj
	event = driver.Event
	reply = driver.Reply
)

// noLimit is for an answer that is waited for until the node ends.
const noLimit = time.Duration(math.MaxInt64)

// moduleRoot is the root of the module, from the folder of this package, in which go test runs it.
const moduleRoot = "../.."

// programDir holds the built program; "" until a test asks for it.
var programDir string

// program builds the command once for all tests.
var program = sync.OnceValues(func() (bin string, err error) {
	if *manyProgram != "" {
		return *manyProgram, nil
	}
	if programDir, err = os.MkdirTemp("", "localchat-test-"); err != nil {
		return "", err
	}
	// The clock of such a build can be set from outside, but only by a process that starts it with clockEnv.
	return driver.Build(moduleRoot, programDir, "localchat", "-tags", "shiftedclock")
})

func TestMain(m *testing.M) {
	// The tests here have networks of their own and mostly wait, so more of them run at once than there are processors, the
	// usual limit.
	flag.Set("test.parallel", strconv.Itoa(arenas))
	code := m.Run()
	if programDir != "" {
		os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// dirs are the host's own folders. Each host has its own runtime folder, so mDNS is the only way to be found.
func (h *host) dirs() []string {
	return []string{h.home, h.data(), h.home + "/config", h.home + "/run", h.home + "/tmp"}
}

func (h *host) data() string { return h.home + "/data" }

// command is the program on this host, not started.
func (h *host) command(args ...string) *exec.Cmd {
	h.lan.t.Helper()
	bin, err := program()
	if err != nil {
		h.lan.t.Fatal(err)
	}
	cmd := h.Command(bin, args...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "USER=" + h.name, "HOME=" + h.home, "TMPDIR=" + h.home + "/tmp",
		"XDG_DATA_HOME=" + h.data(), "XDG_CONFIG_HOME=" + h.home + "/config", "XDG_RUNTIME_DIR=" + h.home + "/run",
	}
	if h.clock != 0 {
		cmd.Env = append(cmd.Env, clockEnv+"="+h.clock.String())
	}
	cmd.Dir = h.home
	return cmd
}

// run runs the program to its end and returns what it printed and its exit code.
func (h *host) run(args ...string) (stdout, stderr string, code int) {
	h.lan.t.Helper()
	cmd := h.command(args...)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Start(); err != nil {
		h.lan.t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		h.lan.t.Fatal(err)
	}
	return out.String(), words.String(), cmd.ProcessState.ExitCode()
}

// start starts a node on the host and returns when it answers. Its nick is the host's name.
func (h *host) start(args ...string) *node {
	h.lan.t.Helper()
	n := h.launch(args...)
	n.do("node.info", nil)
	return n
}

// launch starts a node and does not wait for it.
func (h *host) launch(args ...string) *node {
	t := h.lan.t
	t.Helper()
	d, err := driver.Start(h.command(append([]string{"rpc", "--nick", h.name}, args...)...))
	if err != nil {
		t.Fatal(err)
	}
	n := &node{host: h, Process: d}
	t.Cleanup(func() { n.end(t) })
	return n
}

// A call is a request that has been sent.
type call struct {
	*driver.Call
	n *node
}

// begin sends a request.
func (n *node) begin(method string, params obj) *call {
	return &call{Call: n.Begin(method, params), n: n}
}

// wait returns the answer, whatever it is.
func (c *call) wait() reply {
	t := c.n.lan.t
	t.Helper()
	r, ok := c.end()
	if !ok {
		t.Fatalf("%s: %s: the node has ended", c.n.name, c.What)
	}
	return r
}

// end returns the answer, as often as it is called, or false if the node ended before it gave one.
func (c *call) end() (r reply, ok bool) {
	t := c.n.lan.t
	t.Helper()
	r, err := c.Reply(patience)
	if errors.Is(err, driver.ErrNoAnswer) {
		t.Fatalf("%s: %s: no answer", c.n.name, c.What)
	}
	return r, err == nil
}

// ok returns the result of a request that must not fail.
func (c *call) ok() obj {
	t := c.n.lan.t
	t.Helper()
	r := c.wait()
	if r.Error != nil {
		t.Fatalf("%s: %s: %v", c.n.name, c.What, r.Error)
	}
	var result obj
	if err := json.Unmarshal(r.Result, &result); err != nil {
		t.Fatalf("%s: %s: result %s: %v", c.n.name, c.What, r.Result, err)
	}
	return result
}

// code returns the code of a failed request, or "".
func (c *call) code() string {
	c.n.lan.t.Helper()
	r := c.wait()
	if r.Error == nil {
		return ""
	}
	return r.Error.Data.Code
}

// do is a request that must not fail.
func (n *node) do(method string, params obj) obj {
	n.lan.t.Helper()
	return n.begin(method, params).ok()
}

// fails is a request that must fail with code, and with a hint.
func (n *node) fails(code, method string, params obj) {
	t := n.lan.t
	t.Helper()
	c := n.begin(method, params)
	switch r := c.wait(); {
	case r.Error == nil:
		t.Errorf("%s: %s: done, want it to fail as %s", n.name, c.What, code)
	case r.Error.Data.Code != code:
		t.Errorf("%s: %s: failed as %q (%s), want %s", n.name, c.What, r.Error.Data.Code, r.Error.Message, code)
	case r.Error.Data.Hint == "":
		t.Errorf("%s: %s: %s: no hint", n.name, c.What, r.Error.Message)
	}
}

// await waits for an event that has the wanted fields and that no earlier await has returned.
func (n *node) await(kind string, want obj) *event {
	t := n.lan.t
	t.Helper()
	e := n.within(patience, kind, want)
	if e == nil {
		t.Fatalf("%s: no event %s %v", n.name, kind, want)
	}
	return e
}

// within is await for an event that may not come; then it returns nil.
func (n *node) within(wait time.Duration, kind string, want obj) *event {
	t := n.lan.t
	t.Helper()
	e, err := n.Within(wait, kind, want)
	if err != nil {
		t.Fatalf("%s: ended (%s) before event %s %v", n.name, n.Cmd.ProcessState, kind, want)
	}
	return e
}

// count returns how many events with the wanted fields have come.
func (n *node) count(kind string, want obj) int {
	count := 0
	events, _ := n.Events(0)
	for _, e := range events {
		if e.Obj["type"] == kind && e.Is(want) {
			count++
		}
	}
	return count
}

// quit ends the input, so that the node leaves in order, and returns the exit code.
func (n *node) quit() int {
	n.CloseInput()
	return n.code()
}

// kill ends the process as a power cut would.
func (n *node) kill() {
	n.Cmd.Process.Signal(syscall.SIGKILL)
	n.code()
}

// freeze stops the process, as closing a laptop's lid does. thaw lets it go on.
func (n *node) freeze() { n.Cmd.Process.Signal(stopSignal) }
func (n *node) thaw()   { n.Cmd.Process.Signal(continueSignal) }

// clockEnv is by how much setClock moves the wall clock of a node that is started with it, back and forth.
const clockEnv = "TEST_CLOCK_OF_LOCALCHAT"

func (n *node) setClock() { n.Cmd.Process.Signal(clockSignal) }

// seal keeps the process from writing another byte to any file; unseal ends that.
func (n *node) seal()   { n.limitFiles("0:") }
func (n *node) unseal() { n.limitFiles("unlimited:") }

func (n *node) limitFiles(size string) {
	n.lan.t.Helper()
	n.lan.Run("prlimit", "--pid", strconv.Itoa(n.Cmd.Process.Pid), "--fsize="+size)
}

// keep copies the data of nodes on the host's disk, and returns the copy's folder. restore puts it back, while no node
// runs.
func (h *host) keep() (dir string) {
	t := h.lan.t
	t.Helper()
	dir, err := os.MkdirTemp(h.lan.dir, h.name+"-")
	if err != nil {
		t.Fatal(err)
	}
	h.lan.Run("cp", "-a", h.data()+"/.", dir)
	return dir
}

func (h *host) restore(dir string) {
	t := h.lan.t
	t.Helper()
	if err := os.RemoveAll(h.data()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, h.data()); err != nil {
		t.Fatal(err)
	}
}

// code waits for the end of the process and returns its exit code.
func (n *node) code() int {
	t := n.lan.t
	t.Helper()
	select {
	case <-n.Exited:
	case <-time.After(patience):
		t.Errorf("%s: does not end", n.name)
		n.Cmd.Process.Kill()
		<-n.Exited
	}
	return n.Cmd.ProcessState.ExitCode()
}

// end ends a node after its test, and logs its events if the test failed.
func (n *node) end(t *testing.T) {
	n.Stop()
	if !t.Failed() {
		return
	}
	t.Logf("---- %s (%s) stderr:\n%s", n.name, n.Cmd.ProcessState, n.Stderr())
	events, _ := n.Events(0)
	for _, e := range events {
		t.Log(e.At.Format("05.000"), n.name, e)
	}
}

// eventually waits for a condition that no event reports.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if !comes(cond) {
		t.Fatalf("never: %s", what)
	}
}

// comes waits until cond holds. It reports false if it never does.
func comes(cond func() bool) bool {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		if time.Now().After(deadline) {
			return false
		}
		<-tick.C
	}
	return true
}
