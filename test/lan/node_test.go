package lan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// obj is a JSON object.
type obj map[string]any

// A node is a running `localchat rpc` on a host.
type node struct {
	*host
	cmd    *exec.Cmd
	in     io.WriteCloser
	stderr bytes.Buffer  // read after exited is closed
	exited chan struct{} // closed when the process has ended

	// mu is where the test and the reader of the process's output meet.
	mu      sync.Mutex
	lastID  int
	replies map[int]chan reply
	events  []*event
	more    chan struct{} // closed and made anew when events grows or the output ends
}

// An event is a notification of the node.
type event struct {
	obj
	at      time.Time // when the test read it
	awaited bool
}

// A reply answers a request.
type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *rpcError       `json:"error"`
	at     time.Time
}

// An rpcError is what a request failed with.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    struct {
		Code string `json:"code"`
		Hint string `json:"hint"`
		Nick string `json:"nick"`
	} `json:"data"`
}

// moduleRoot is the root of the module, from the folder of this package, in which go test runs it.
const moduleRoot = "../.."

// programDir holds the built program; "" until a test asks for it.
var programDir string

// program builds the command once for all tests.
var program = sync.OnceValues(func() (bin string, err error) {
	if err := openSources(); err != nil {
		return "", err
	}
	if programDir, err = os.MkdirTemp("", "localchat-test-"); err != nil {
		return "", err
	}
	bin = filepath.Join(programDir, "localchat")
	// The clock of such a build can be set from outside, by whoever starts it with clockEnv alone.
	if out, err := exec.Command("go", "build", "-tags", "shiftedclock", "-o", bin, "localchat").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, nil
})

// openSources opens every folder of the module, so that go test repeats no result from before a change in one of them: to
// go test, the built program is no part of this package.
func openSources() error {
	return filepath.WalkDir(moduleRoot, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" {
			return fs.SkipDir
		}
		return err
	})
}

func TestMain(m *testing.M) {
	// What runs in parallel here are networks of their own, which wait more than they work.
	flag.Set("test.parallel", strconv.Itoa(arenas))
	code := m.Run()
	if programDir != "" {
		os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// dirs are the host's own folders; that each host has its own runtime folder leaves mDNS as the only way to be found.
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
	cmd := exec.Command("ip", append([]string{"netns", "exec", h.ns, bin}, args...)...)
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
	n := &node{
		host: h, cmd: h.command(append([]string{"rpc", "--nick", h.name}, args...)...),
		exited: make(chan struct{}), replies: map[int]chan reply{}, more: make(chan struct{}),
	}
	n.cmd.Stderr = &n.stderr
	var err error
	if n.in, err = n.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go n.read(out)
	t.Cleanup(func() { n.end(t) })
	return n
}

// read takes what the node prints until its end: replies to who asked, events to the list.
func (n *node) read(out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		n.take(line, time.Now())
	}
	n.cmd.Wait()
	close(n.exited)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.replies {
		close(c)
	}
	n.replies = nil
	close(n.more)
	n.more = make(chan struct{})
}

func (n *node) take(line []byte, at time.Time) {
	var msg struct {
		ID     int    `json:"id"`
		Method string `json:"method"`
		Params obj    `json:"params"`
		reply
	}
	err := json.Unmarshal(line, &msg)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch c := n.replies[msg.ID]; {
	case err != nil:
		n.events = append(n.events, &event{obj: obj{"type": "not JSON", "text": string(line)}, at: at})
	case msg.Method == "event":
		n.events = append(n.events, &event{obj: msg.Params, at: at})
	case c != nil:
		delete(n.replies, msg.ID)
		msg.reply.at = at
		c <- msg.reply
	}
	close(n.more)
	n.more = make(chan struct{})
}

// A call is a request that has been sent.
type call struct {
	n      *node
	what   string
	at     time.Time // when it was sent
	answer chan reply
}

// begin sends a request.
func (n *node) begin(method string, params obj) *call {
	n.lan.t.Helper()
	c := &call{n: n, what: fmt.Sprint(method, " ", params), at: time.Now(), answer: make(chan reply, 1)}
	n.mu.Lock()
	n.lastID++
	id := n.lastID
	if n.replies == nil {
		close(c.answer)
	} else {
		n.replies[id] = c.answer
	}
	n.mu.Unlock()
	req := obj{"jsonrpc": "2.0", "id": id, "method": method}
	if params != nil {
		req["params"] = params
	}
	line, err := json.Marshal(req)
	if err != nil {
		n.lan.t.Fatal(err)
	}
	n.in.Write(append(line, '\n')) // an error means that the node has ended, which wait reports
	return c
}

// wait returns the answer, whatever it is.
func (c *call) wait() reply {
	t := c.n.lan.t
	t.Helper()
	r, ok := c.end()
	if !ok {
		t.Fatalf("%s: %s: the node has ended", c.n.name, c.what)
	}
	return r
}

// end returns the answer, as often as it is asked, or false if the node ended before it gave one.
func (c *call) end() (r reply, ok bool) {
	t := c.n.lan.t
	t.Helper()
	select {
	case r, ok = <-c.answer:
		if ok {
			c.answer <- r
		}
	case <-time.After(patience):
		t.Fatalf("%s: %s: no answer", c.n.name, c.what)
	}
	return r, ok
}

// ok returns the result of a request that must not fail.
func (c *call) ok() obj {
	t := c.n.lan.t
	t.Helper()
	r := c.wait()
	if r.Error != nil {
		t.Fatalf("%s: %s: %s (%s)", c.n.name, c.what, r.Error.Message, r.Error.Data.Code)
	}
	var result obj
	if err := json.Unmarshal(r.Result, &result); err != nil {
		t.Fatalf("%s: %s: result %s: %v", c.n.name, c.what, r.Result, err)
	}
	return result
}

// code returns the code that a request failed with, or "".
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

// fails is a request that must fail with code, and say what to do next.
func (n *node) fails(code, method string, params obj) {
	t := n.lan.t
	t.Helper()
	c := n.begin(method, params)
	switch r := c.wait(); {
	case r.Error == nil:
		t.Errorf("%s: %s: done, want it to fail as %s", n.name, c.what, code)
	case r.Error.Data.Code != code:
		t.Errorf("%s: %s: failed as %q (%s), want %s", n.name, c.what, r.Error.Data.Code, r.Error.Message, code)
	case r.Error.Data.Hint == "":
		t.Errorf("%s: %s: %s: no hint", n.name, c.what, r.Error.Message)
	}
}

// is reports whether o has all that want has.
func (o obj) is(want obj) bool {
	for k, v := range want {
		if fmt.Sprint(o[k]) != fmt.Sprint(v) {
			return false
		}
	}
	return true
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

// within is await for one that may not come; then it returns nil.
func (n *node) within(wait time.Duration, kind string, want obj) *event {
	t := n.lan.t
	t.Helper()
	deadline := time.After(wait)
	for {
		n.mu.Lock()
		more := n.more
		for _, e := range n.events {
			if !e.awaited && e.obj["type"] == kind && e.is(want) {
				e.awaited = true
				n.mu.Unlock()
				return e
			}
		}
		n.mu.Unlock()
		select {
		case <-more:
		case <-n.exited:
			t.Fatalf("%s: ended (%s) before event %s %v", n.name, n.cmd.ProcessState, kind, want)
		case <-deadline:
			return nil
		}
	}
}

// count returns how many events with the wanted fields have come.
func (n *node) count(kind string, want obj) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for _, e := range n.events {
		if e.obj["type"] == kind && e.is(want) {
			count++
		}
	}
	return count
}

// quit ends the input, so that the node leaves in order, and returns the exit code.
func (n *node) quit() int {
	n.in.Close()
	return n.code()
}

// kill ends the process as a power cut would.
func (n *node) kill() {
	n.cmd.Process.Signal(syscall.SIGKILL)
	n.code()
}

// freeze stops the process where it is, as a laptop's lid does; thaw lets it go on.
func (n *node) freeze() { n.cmd.Process.Signal(stopSignal) }
func (n *node) thaw()   { n.cmd.Process.Signal(continueSignal) }

// clockEnv says by how much setClock sets the wall clock of a node that is started with it, there and back.
const clockEnv = "TEST_CLOCK_OF_LOCALCHAT"

func (n *node) setClock() { n.cmd.Process.Signal(clockSignal) }

// seal lets the process write no byte more to any file; unseal ends that.
func (n *node) seal()   { n.limitFiles("0:") }
func (n *node) unseal() { n.limitFiles("unlimited:") }

func (n *node) limitFiles(size string) {
	n.lan.t.Helper()
	n.lan.run("prlimit", "--pid", strconv.Itoa(n.cmd.Process.Pid), "--fsize="+size)
}

// keep copies what nodes have on the host's disk, and returns where to; restore puts it back, while none runs.
func (h *host) keep() (dir string) {
	t := h.lan.t
	t.Helper()
	dir, err := os.MkdirTemp(h.lan.dir, h.name+"-")
	if err != nil {
		t.Fatal(err)
	}
	h.lan.run("cp", "-a", h.data()+"/.", dir)
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
	case <-n.exited:
	case <-time.After(patience):
		t.Errorf("%s: does not end", n.name)
		n.cmd.Process.Kill()
		<-n.exited
	}
	return n.cmd.ProcessState.ExitCode()
}

// end ends a node after its test, and tells what it saw if that failed.
func (n *node) end(t *testing.T) {
	n.in.Close()
	n.cmd.Process.Kill()
	<-n.exited
	if !t.Failed() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	t.Logf("---- %s (%s) stderr:\n%s", n.name, n.cmd.ProcessState, n.stderr.String())
	for _, e := range n.events {
		t.Log(e.at.Format("05.000"), n.name, e)
	}
}

// String is what of an event helps to understand a failed test.
func (e *event) String() string {
	line := fmt.Sprint(e.obj["type"])
	for _, k := range []string{"name", "nick", "kind", "text", "epoch", "late", "told", "for_s", "code"} {
		if v, ok := e.obj[k]; ok {
			line += fmt.Sprintf(" %s=%v", k, v)
		}
	}
	return line
}

// eventually waits for a condition that no event tells of.
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
