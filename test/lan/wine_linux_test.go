package lan

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"localchat/test/driver"
)

// A wine is a host that has Windows, as far as Wine imitates it.
type wine struct {
	*host
	program string
}

// needWine ends a test where there is no Wine, aloud.
func needWine(t *testing.T) {
	t.Helper()
	why := ""
	for _, tool := range []string{"wine", "wineboot", "wineserver"} {
		if _, err := exec.LookPath(tool); err != nil {
			why = "needs " + tool + " (Debian: wine, wine64)"
		}
	}
	if runtime.GOARCH != "amd64" {
		why = "the Windows program is for x86-64, and this machine is none"
	}
	if why == "" {
		return
	}
	text := t.Name() + " DID NOT RUN: " + why + ". Nothing of the Windows program was tried"
	if os.Getenv("CI") == "true" && runtime.GOARCH == "amd64" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// wineDisk is held by the test that uses Wine's disk.
var wineDisk sync.Mutex

// wine gives the host Windows, and the program for it. All that runs there shares the host's network. The disk of 700 MB is made once
// for all tests, which use it one after the other; the data of an earlier one is taken away.
func (h *host) wine() *wine {
	t := h.lan.t
	t.Helper()
	bin, err := windowsProgram()
	if err != nil {
		t.Fatal(err)
	}
	w := &wine{host: h, program: bin}
	wineDisk.Lock()
	t.Cleanup(func() {
		defer wineDisk.Unlock()
		_ = w.tool("wineserver", "-k").Run() // it fails if nothing runs there
		if err := w.tool("wineserver", "-w").Run(); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(w.disk()); err == nil {
		if err := os.RemoveAll(w.data()); err != nil {
			t.Fatal(err)
		}
		return w
	}
	if out, err := w.tool("wineboot", "-i").CombinedOutput(); err != nil {
		t.Fatalf("wineboot: %v\n%s", err, out)
	}
	// Go takes its random numbers from there, and Wine 8.0 does not have it.
	dll := filepath.Join(w.disk(), "windows", "system32", "bcryptprimitives.dll")
	if _, err := os.Stat(dll); errors.Is(err, fs.ErrNotExist) {
		err = os.WriteFile(dll, forwarder("bcryptprimitives.dll", "ProcessPrng", "advapi32.SystemFunction036"), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// prefix is where Wine keeps all that it has, and disk where drive C: is.
func (w *wine) prefix() string { return filepath.Join(programDir, "wine") }
func (w *wine) disk() string   { return filepath.Join(w.prefix(), "drive_c") }

// data is where the program keeps its data if nobody says otherwise.
func (w *wine) data() string {
	found, _ := filepath.Glob(w.disk() + "/users/*/AppData/Local")
	return filepath.Join(strings.Join(found, ""), "localchat")
}

func (w *wine) tool(name string, args ...string) *exec.Cmd {
	cmd := w.Command(name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "USER=" + w.name, "HOME=" + w.home, "WINEPREFIX=" + w.prefix(), "WINEDEBUG=-all"}
	cmd.Dir = w.home
	return cmd
}

func (w *wine) command(args ...string) *exec.Cmd {
	return w.tool("wine", append([]string{w.program}, args...)...)
}

func (w *wine) start(args ...string) *node {
	t := w.lan.t
	t.Helper()
	d, err := driver.Start(w.command(append([]string{"rpc", "--nick", w.name}, args...)...))
	if err != nil {
		t.Fatal(err)
	}
	n := &node{host: w.host, Process: d}
	t.Cleanup(func() { n.end(t) })
	n.do("node.info", nil)
	return n
}

// run runs the program with an input to its end.
func (w *wine) run(input string, args ...string) (stdout, stderr string, code int) {
	t := w.lan.t
	t.Helper()
	cmd := w.command(args...)
	var out, words bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &words
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), words.String(), cmd.ProcessState.ExitCode()
}

// windowsProgram builds the program for Windows, once for all tests, with one difference. Go asks Windows not to report unreachable
// networks (SIO_UDP_NETRESET), and opens no UDP socket if that is refused. Wine 8 refuses it, so this program ignores the refusal.
var windowsProgram = sync.OnceValues(func() (bin string, err error) {
	if _, err := program(); err != nil { // it makes programDir
		return "", err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", "net", "fd_windows.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	before, after, asks := strings.Cut(string(text), "windows.SIO_UDP_NETRESET")
	if !asks {
		return "", fmt.Errorf("%s asks no longer for SIO_UDP_NETRESET: build the program as it is", source)
	}
	changed := before + "windows.SIO_UDP_NETRESET" + strings.Replace(after, "if err != nil {", "if false {", 1)
	mine, file := filepath.Join(programDir, "fd_windows.go"), filepath.Join(programDir, "overlay.json")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: mine}})
	err = errors.Join(err, os.WriteFile(mine, []byte(changed), 0o600), os.WriteFile(file, overlay, 0o600))
	if err != nil {
		return "", err
	}
	return driver.BuildWindows(moduleRoot, programDir, "localchat", "-overlay", file, "-ldflags", "-s -w")
})

// forwarder makes a DLL for x86-64 that has no code: the one function that it exports is another DLL's. The layout is that of
// Microsoft's "PE Format".
func forwarder(name, export, to string) []byte {
	const (
		fileAlign = 0x200 // the headers fill the first part of the file, and the one section the second
		section   = 0x1000
	)
	var b bytes.Buffer
	put := func(fields ...any) {
		for _, f := range fields {
			_ = binary.Write(&b, binary.LittleEndian, f) // a bytes.Buffer takes all
		}
	}
	// The names come behind the export directory (40 bytes) and its three tables, of one entry each.
	const addresses, namePointers, ordinals, names = section + 40, section + 44, section + 48, section + 50
	exportAt := names + len(name) + 1
	toAt := exportAt + len(export) + 1
	size := uint32(toAt + len(to) + 1 - section)

	put([]byte("MZ"), make([]byte, 58), uint32(64))
	put([]byte("PE\x00\x00"), uint16(0x8664), uint16(1), uint32(0), uint32(0), uint32(0), uint16(240), uint16(0x2022)) // one section; a DLL
	put(uint16(0x20b), uint16(0), uint32(0), uint32(fileAlign), uint32(0), uint32(0), uint32(section))
	put(uint64(0x180000000), uint32(0x1000), uint32(fileAlign), uint16(6), uint16(0), uint32(0), uint16(6), uint16(0), uint32(0))
	put(uint32(2*section), uint32(fileAlign), uint32(0), uint16(3), uint16(0x100)) // for a console; NX
	put(uint64(1<<20), uint64(1<<12), uint64(1<<20), uint64(1<<12), uint32(0), uint32(16))
	put(uint32(section), size, make([]byte, 15*8)) // of the 16 directories, that of exports
	put([]byte(".rdata\x00\x00"), size, uint32(section), uint32(fileAlign), uint32(fileAlign), make([]byte, 12), uint32(0x40000040))
	put(make([]byte, fileAlign-b.Len()))

	put(make([]byte, 12), uint32(names), uint32(1), uint32(1), uint32(1), uint32(addresses), uint32(namePointers), uint32(ordinals))
	put(uint32(toAt), uint32(exportAt), uint16(0))
	put([]byte(name+"\x00"+export+"\x00"+to+"\x00"), make([]byte, fileAlign))
	return b.Bytes()[:2*fileAlign]
}

// TestLANWindows runs the program for Windows, with its data in the usual folder, beside a node on Linux. Each creates a room that
// the other finds by mDNS and enters, they talk, and each kicks the other and tells it why. The Windows host has two interfaces.
func TestLANWindows(t *testing.T) {
	t.Parallel()
	needWine(t)
	l := newLAN(t)
	h := l.host("bill")
	h.IP("link add eth1 type veth peer name eth2")
	h.IP("addr add 10.78.0.1/24 dev eth1")
	h.IP("link set eth1 up")
	h.IP("link set eth2 up")
	w := h.wine()
	bill, alice := w.start(), l.host("alice").start()

	bill.create("office")
	alice.knock("office", bill)
	converse("office", "hello", bill, alice)
	alice.create("lab")
	bill.knock("lab", alice)
	converse("lab", "hello", bill, alice)
	bill.do("room.tell", obj{"room": "lab", "who": "alice", "text": "for you alone"})
	alice.await("direct", obj{"nick": "bill", "text": "for you alone"})

	// A power cut: what was promised is on the disk.
	who := bill.peer()
	bill.kill()
	if _, err := os.Stat(filepath.Join(w.data(), "identity.key")); err != nil {
		t.Errorf("the data is elsewhere: %v", err)
	}
	bill = w.start("--interface", "eth0", "--listen", portTyped)
	if bill.peer() != who {
		t.Errorf("after a power cut it is %v, and was %v", bill.peer(), who)
	}
	bill.await("joined", obj{"name": "lab", "resumed": true})
	bill.await("joined", obj{"name": "office", "owner": true})
	converse("lab", "again", bill, alice)

	bill.do("room.kick", obj{"room": "office", "who": "alice", "reason": "office hours"})
	alice.await("removed", obj{"kind": "kicked", "text": "office hours", "by": who})
	bill.await("removal_progress", obj{"nick": "alice", "told": true})
	alice.do("room.kick", obj{"room": "lab", "who": "bill", "reason": "too loud"})
	bill.await("removed", obj{"kind": "kicked", "text": "too loud", "by": alice.peer()})
	bill.fails("not_member", "room.say", obj{"room": "lab", "text": "I am still here"})

	// Its data directory and its port are its own.
	if _, words, code := w.run("", "send", "office", "hello"); code != 7 || !strings.Contains(words, "\nhint: ") {
		t.Errorf("a second node with its data: exit %d, says %q", code, words)
	}
	for _, listen := range []string{portTyped, "/ip4/0.0.0.0/tcp/" + portTyped, "/ip4/0.0.0.0/udp/" + portTyped + "/quic-v1", "/ip6/::/tcp/" + portTyped, "/ip6/::/udp/" + portTyped + "/quic-v1"} {
		_, words, code := w.run("", "create", "den", "--ephemeral", "--plain", "--listen", listen)
		if code != 3 || !strings.Contains(words, "cannot listen at ") || !strings.Contains(words, "\nhint: ") {
			t.Errorf("a second node at %s: exit %d, says %q", listen, code, words)
		}
	}
	if code := bill.quit(); code != 0 {
		t.Errorf("end of input: exit %d", code)
	}
}

// TestLANWindowsPlain: the plain console of Windows takes lines as they end there, and writes them as they end everywhere.
func TestLANWindowsPlain(t *testing.T) {
	t.Parallel()
	needWine(t)
	w := newLAN(t).host("bill").wine()
	out, words, code := w.run("hello\r\n/quit\r\n", "create", "den", "--plain", "--nick", "bill")
	if code != 0 || !strings.Contains(out, "<bill> hello\n") || strings.Contains(out, "\r") {
		t.Errorf("exit %d, shows %q and says %q", code, out, words)
	}
}

// TestLANWindowsBackground: a node in the background starts, and says why it ends: Wine has no socket at which others could attach.
func TestLANWindowsBackground(t *testing.T) {
	t.Parallel()
	needWine(t)
	w := newLAN(t).host("bill").wine()
	_, words, code := w.run("", "up")
	if code != 1 || !strings.Contains(words, "the node did not come up: nothing could attach to a node on ") || !strings.Contains(words, "\nhint: ") {
		t.Errorf("up: exit %d, says %q", code, words)
	}
	if _, words, code := w.run("", "status"); code != 8 {
		t.Errorf("status: exit %d, says %q", code, words)
	}
}

// TestLANWindowsDoctor: doctor on Windows hears its own multicast. Wine has no table of neighbours, so doctor does not claim that
// nobody is there.
func TestLANWindowsDoctor(t *testing.T) {
	t.Parallel()
	needWine(t)
	out, words, code := newLAN(t).host("bill").wine().run("", "doctor")
	if code != 0 || !strings.Contains(out, "multicast from this machine comes back on eth0 IPv4, eth0 IPv6") || !strings.Contains(out, "note     no other node answers\n") {
		t.Errorf("exit %d, shows\n%s\nand says %q", code, out, words)
	}
}

// TestLANWindowsConsole: on Windows no terminal sets TERM, and there is a full screen nevertheless. It ends in the normal way by a
// key and by an interrupt, and at once when its keeper is gone. Wine draws it badly, so the test checks little of the screen.
func TestLANWindowsConsole(t *testing.T) {
	t.Parallel()
	needWine(t)
	l := newLAN(t)
	w := l.host("bill").wine()
	s := w.terminal("WINEPREFIX="+w.prefix(), "WINEDEBUG=-all")
	s.types("unset TERM")
	keeper := func() string { return w.processes()[0] }
	for _, end := range []struct {
		name string
		code string
		do   func()
	}{
		{"Ctrl-D", "0", func() { s.press("C-d") }},
		{"an interrupt", "130", func() { l.Run("kill", "-INT", keeper()) }},
		{"the keeper is killed", "137", func() { l.Run("kill", "-KILL", keeper()) }},
	} {
		s.types("clear; wine '" + w.program + "' create den --nick bill; echo ended with $?")
		s.sees("[2:den]")
		s.types("hello")
		s.sees("<bill> hello")
		end.do()
		s.sees("ended with " + end.code)
		eventually(t, end.name+": every process has ended", func() bool { return len(w.processes()) == 0 })
	}
}

// processes are those of the program, first the one that the shell has started.
func (w *wine) processes() []string {
	out, _ := exec.Command("ip", "netns", "pids", w.NS).Output()
	var found []string
	for _, pid := range strings.Fields(string(out)) {
		name, _ := os.ReadFile("/proc/" + pid + "/comm")
		if args, _ := os.ReadFile("/proc/" + pid + "/cmdline"); len(args) > 0 && strings.TrimSpace(string(name)) == filepath.Base(w.program) {
			found = append(found, pid)
		}
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return found
}
