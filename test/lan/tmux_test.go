package lan

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// The tests of this file use the full-screen console: the built program in a terminal on each host.

// A terminal is a window of 90 by 20 on a host, with a shell in it.
type terminal struct {
	*host
	socket string
	clears int // how often anew has cleared the screen
}

// prompt is the shell's prompt.
const prompt = "READY>"

// terminal opens a terminal, with more variables for its shell.
func (h *host) terminal(env ...string) *terminal {
	t := h.lan.t
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatalf("%s needs tmux (Debian: tmux)", t.Name())
	}
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	w := &terminal{host: h, socket: filepath.Join(h.home, "run", "tmux")}
	// The environment is that of command, which runs the program without a shell.
	cmd := h.Command("tmux", "-S", w.socket, "-f", "/dev/null", "new-session", "-d", "-x", "90", "-y", "20", "sh")
	cmd.Env = append(h.command().Env, "PS1="+prompt, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "SHELL=/bin/sh", "ENV=")
	cmd.Env[0] += ":" + filepath.Dir(bin)
	cmd.Env = append(cmd.Env, env...)
	cmd.Dir = h.home
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s saw last:\n%s", h.name, w.screen())
		}
	})
	w.sees(prompt)
	return w
}

// tmux runs a tmux command for the terminal.
func (w *terminal) tmux(args ...string) string {
	w.lan.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", w.socket}, args...)...).CombinedOutput()
	if err != nil {
		w.lan.t.Fatalf("tmux %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// screen is the present content of the terminal.
func (w *terminal) screen() string { return w.tmux("capture-pane", "-p") }

// types types a line and enters it. press presses keys by tmux's names.
func (w *terminal) types(line string) {
	w.lan.t.Helper()
	w.tmux("send-keys", "-l", "--", line)
	w.press("Enter")
}

func (w *terminal) press(keys ...string) {
	w.lan.t.Helper()
	w.tmux(append([]string{"send-keys"}, keys...)...)
}

// sees waits until all of these are on the screen at once.
func (w *terminal) sees(wanted ...string) string {
	w.lan.t.Helper()
	var s string
	eventually(w.lan.t, w.name+" sees "+strings.Join(wanted, " and "), func() bool {
		s = w.screen()
		for _, want := range wanted {
			if !strings.Contains(s, want) {
				return false
			}
		}
		return true
	})
	return s
}

// loses waits until none of these is on the screen.
func (w *terminal) loses(unwanted string) {
	w.lan.t.Helper()
	eventually(w.lan.t, w.name+" no longer sees "+unwanted, func() bool { return !strings.Contains(w.screen(), unwanted) })
}

// agrees answers the question on the screen with yes. A question that may have come in the middle of a word takes no
// letter at once, so the answer is repeated.
func (w *terminal) agrees() {
	w.lan.t.Helper()
	const again = 1500 * time.Millisecond
	var pressed time.Time
	eventually(w.lan.t, w.name+"'s question is answered", func() bool {
		asked := strings.Contains(w.screen(), "[y] yes")
		if asked && time.Since(pressed) > again {
			w.press("y")
			pressed = time.Now()
		}
		return !asked
	})
}

// anew types text at a shell whose screen has been cleared, so that nothing that an earlier program has shown is seen again.
func (w *terminal) anew(text string) {
	w.lan.t.Helper()
	w.clears++
	w.types(fmt.Sprintf("clear; echo cleared $((%d-0))", w.clears))
	w.sees(fmt.Sprintf("cleared %d", w.clears))
	w.types(text)
}

// isBack checks that the shell has its terminal again as it was, with the normal screen, the cursor, echo, and no
// reports, and that the program ended with this code.
func (w *terminal) isBack(code string) {
	t := w.lan.t
	t.Helper()
	w.sees(prompt)
	w.types("echo ended with $?; stty -a")
	s := w.sees("ended with "+code, " echo ")
	if !regexp.MustCompile(`[^-]icanon`).MatchString(s) {
		t.Errorf("the terminal is not as it was before:\n%s", s)
	}
	modes := w.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag}")
	if modes != "0 1 0 0\n" {
		t.Errorf("alternate screen, cursor, mouse, keypad are %q, want 0 1 0 0", modes)
	}
}

// processes are those of the program in the window, first the one that holds the terminal.
func (w *terminal) processes() []string {
	out, _ := exec.Command("ip", "netns", "pids", w.NS).Output()
	var found []string
	for _, pid := range strings.Fields(string(out)) {
		if name, _ := os.ReadFile("/proc/" + pid + "/comm"); strings.TrimSpace(string(name)) == "localchat" {
			found = append(found, pid)
		}
	}
	return found
}

// unfolded is a screen as one row, without the line breaks and the marks of continued rows.
func unfolded(screen string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(screen), " "), " | ", " ")
}

// TestConsole is an evening in a room: knock, talk, resize, kick, and the last screen of each user.
func TestConsole(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice, bob := l.host("alice").terminal(), l.host("bob").terminal()
	alice.types("localchat create lab --ephemeral")
	alice.sees("you own lab, as alice", "@ alice  owner, you", "[2:lab]")
	bob.types("localchat join lab --ephemeral")
	alice.sees("? bob knocks: F5 lets in")
	alice.press("F5")
	bob.sees("you are in lab, as bob", "owner alice online", "+ bob  you")
	alice.sees("+ bob  member", "2 members")

	bob.types("hello alice")
	alice.sees(">", "<bob> hello alice")
	alice.press("first", "C-j", "second", "M-Enter", "third", "Enter")
	bob.sees("<alice> first ", "       | second ", "       | third ")

	bob.tmux("resize-window", "-x", "40", "-y", "10")
	bob.loses("MEMBERS")
	bob.sees("<alice> first", "lab>")
	bob.tmux("resize-window", "-x", "90", "-y", "20")
	bob.sees("MEMBERS", "<bob> hello alice")

	alice.press("/ki", "Tab", "bo", "Tab", "too loud", "Enter")
	last := bob.sees("you were kicked from lab by alice: too loud", "hint: you may ask to come back: /join lab", "you are no longer in this room")
	if strings.Contains(last, "hello alice") || strings.Contains(last, "MEMBERS") || strings.Contains(last, "unreachable") {
		t.Errorf("the room was not cleared, or looks like a lost network:\n%s", last)
	}
	alice.sees("bob was kicked by alice: too loud", "1 member ")
	bob.types("/quit")
	bob.sees("localchat: no longer in lab: kicked by alice: too loud", "hint: you may ask to come back")
	bob.isBack("5")
	alice.types("/quit")
	alice.isBack("0")
	for _, h := range []*terminal{alice, bob} {
		if out, _ := exec.Command("find", h.home, "-type", "f", "-not", "-path", "*/run/*").Output(); len(out) > 0 {
			t.Errorf("%s kept something on disk, although --ephemeral: %s", h.name, out)
		}
	}
}

// TestConsoleLobby starts without a command: rooms appear by themselves, and disappear.
func TestConsoleLobby(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	bob := l.host("bob").terminal()
	bob.types("localchat --ephemeral")
	bob.sees("Rooms on this network", "none found so far", "[1:lobby]")
	alice := l.host("alice").start("--ephemeral")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob.sees("> lab  open", "1 member", "owner's words: ")
	bob.press("Enter")
	bob.sees("you are in lab, as bob", "[2:lab]")
	bob.types("/create den")
	bob.sees("you own den", "[3:den]")
	alice.say("lab", "bob: are you there?")
	bob.sees("2:lab +1 !1")
	bob.press("M-2")
	bob.sees("<alice> bob: are you there?", "[2:lab]")
	bob.press("M-1")
	bob.sees("; you are in", "; yours")
	bob.press("C-d")
	bob.isBack("0")
}

// TestConsoleLostNetwork: a lost network is a banner that counts the time, and disappears when the network is back.
func TestConsoleLostNetwork(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").start("--ephemeral")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob := l.host("bob").terminal()
	bob.types("localchat join lab --ephemeral")
	bob.sees("you are in lab, as bob")
	bob.Unplug()
	bob.sees("! no connection to any node for 0:1", "owner alice unreachable for 0:1", "MEMBERS")
	bob.Plug()
	bob.sees("owner is back after", "owner alice online")
	bob.loses("! no connection")
}

// TestConsoleEnds ends the console in every way there is; the shell has its terminal again each time.
func TestConsoleEnds(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	w := l.host("alice").terminal()
	signal := func(name string, which int) func() {
		return func() {
			if out, err := exec.Command("kill", "-"+name, w.processes()[which]).CombinedOutput(); err != nil {
				t.Fatalf("kill: %v: %s", err, out)
			}
		}
	}
	const keeper, console = 0, 1
	for _, end := range []struct {
		name, code, says string
		do               func()
	}{
		{"quit", "0", "", func() { w.types("/quit") }},
		{"Ctrl-D", "0", "", func() { w.press("C-d") }},
		{"Ctrl-C twice", "0", "", func() { w.press("x", "C-c", "C-c"); w.sees("Ctrl-C again"); w.press("C-c") }},
		{"SIGTERM", "130", "", signal("TERM", keeper)},
		{"SIGHUP", "130", "", signal("HUP", keeper)},
		{"SIGTERM to the console", "130", "", signal("TERM", console)},
		{"crash of the runtime", "70", "localchat: internal error", signal("ABRT", console)},
		{"SIGKILL", "70", "localchat: internal error", signal("KILL", console)},
	} {
		w.types("clear; localchat create lab --ephemeral --no-mdns 2>words")
		w.sees("you own lab, as alice")
		end.do()
		w.isBack(end.code)
		words, err := os.ReadFile(filepath.Join(w.home, "words"))
		if err != nil || !strings.Contains(string(words), end.says) || end.says == "" && len(words) > 0 {
			t.Errorf("%s: standard error is %q (%v), want %q", end.name, words, err, end.says)
		}
	}
}

// TestConsoleStops stops the console by Ctrl-Z and continues it.
func TestConsoleStops(t *testing.T) {
	t.Parallel()
	w := newLAN(t).host("alice").terminal()
	w.types("set -m; localchat create lab --ephemeral --no-mdns")
	w.sees("you own lab, as alice")
	w.press("C-z")
	w.sees("Stopped", prompt)
	w.types("fg")
	w.sees("you own lab, as alice", "lab>")
	w.press("C-d")
	w.isBack("0")
}

// TestConsoleLooks: the console has no colour where none is wanted, and is plain on a dumb terminal.
func TestConsoleLooks(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	for name, env := range map[string]string{"colour": "COLORTERM=", "NO_COLOR": "NO_COLOR=1"} {
		w := l.host(strings.ToLower(name[:2])).terminal(env)
		w.types("localchat create lab --ephemeral --no-mdns")
		w.sees("you own lab, as " + w.name)
		coloured := regexp.MustCompile("\x1b\\[[0-9;]*3[0-7]").MatchString(w.tmux("capture-pane", "-p", "-e"))
		if coloured != (name == "colour") {
			t.Errorf("%s: there is colour on the screen: %v", name, coloured)
		}
		w.press("C-d")
		w.isBack("0")
	}
	w := l.host("dumb").terminal()
	w.types("TERM=dumb localchat create lab --ephemeral --no-mdns; echo ended with $?")
	w.sees("-- you own lab, as dumb")
	if s := w.screen(); strings.Contains(s, "MEMBERS") || strings.Contains(s, "F1 help") {
		t.Errorf("a full screen on a dumb terminal:\n%s", s)
	}
	w.types("/quit")
	w.sees("ended with 0")
}

// TestConsoleScripts: on a terminal that counts by characters, every word of a long line in any script is on the screen, the column
// beside the lines stays in place, and pasted text arrives unchanged.
func TestConsoleScripts(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice := l.host("alice").start("--ephemeral")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob := l.host("bob").terminal()
	bob.types("localchat join lab --ephemeral")
	bob.sees("you are in lab, as bob", "MEMBERS 2")
	// Letters of a later Unicode than the terminal's have no width there, so the words use old ones.
	for i, words := range []string{
		"नमस्ते क्षत्रिय प्रार्थना", "தமிழ் நன்றி கொள்கை", "বাংলা ক্ষমা", "ภาษาไทย กำลัง น้ำ", "ខ្មែរ ស្វាគមន៍", "မြန်မာ ကျေးဇူး", "ພາສາລາວ ນ້ຳ",
		"👩👩👧👦 ❤ 🇩🇪 👍🏽", "👩\u200d👧 🏴\u200d☠\ufe0f", "你好 a日 한국", "e\u0301a\u0308 n\u0303",
	} {
		var pieces []string
		for n := range 60 {
			ws := strings.Fields(words)
			pieces = append(pieces, fmt.Sprint(ws[n%len(ws)], n))
		}
		end := fmt.Sprintf("end%d.", i)
		alice.say("lab", strings.Join(append(pieces, end), " "))
		var talk strings.Builder
		for _, row := range strings.Split(bob.sees(end), "\n") {
			said, _, beside := strings.Cut(row, "│")
			if _, first, is := strings.Cut(said, "<alice>"); is {
				talk.Reset()
				said = first
			}
			if _, next, is := strings.Cut(said, "| "); is {
				said = next
			}
			talk.WriteString(said + " ")
			if strings.Contains(row, "<alice>") && !beside {
				t.Errorf("nothing is beside the talk: %q", row)
			}
		}
		on := strings.Fields(talk.String())
		for _, p := range pieces {
			if p = strings.NewReplacer("\u200d", "", "\ufe0f", "").Replace(p); !slices.Contains(on, p) {
				t.Errorf("not on the screen: %q", p)
			}
		}
	}
	for _, text := range []string{"if x {\n\ty\tz\n}", "می\u200cخواهم", "👨\u200d👩\u200d👧\u200d👦", "e\u0301"} {
		bob.tmux("set-buffer", text)
		bob.tmux("paste-buffer", "-p", "-d")
		bob.press("Enter")
		alice.await("message", obj{"nick": "bob", "text": text})
	}
	bob.sees("<bob> if x {", "|         y       z")
}

// click presses and releases the left button where text is on the screen, as a terminal reports it.
func (w *terminal) click(text string) {
	w.lan.t.Helper()
	w.sees(text)
	for y, row := range strings.Split(w.screen(), "\n") {
		if before, _, found := strings.Cut(row, text); found {
			at := fmt.Sprintf("%d;%d", utf8.RuneCountInString(before)+1, y+1)
			w.tmux("send-keys", "-l", "\x1b[<0;"+at+"M\x1b[<0;"+at+"m")
			return
		}
	}
}

// TestConsoleVerify: words are compared at the door. The mark stays with the key over a restart of both, and another key under that
// nick has no mark. The list is operated with the mouse.
func TestConsoleVerify(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	alice, bob := l.host("alice").terminal(), l.host("bob").terminal()
	alice.types("localchat create lab")
	alice.sees("you own lab, as alice")
	bob.types("localchat join lab")
	bar := unfolded(alice.sees("? bob knocks: F5 lets in", "lab>"))
	words := regexp.MustCompile(`F6 turns away; their words: ((?:[a-z]+ ){8})lab>`).FindStringSubmatch(bar)
	if words == nil {
		t.Fatalf("bob's eight words are not in the bar:\n%s", bar)
	}
	alice.types("/set mouse on")
	alice.sees("-- mouse on")
	alice.click("│ ? bob knocks")
	alice.sees(">? bob knocks", "v verify")
	alice.press("v")
	if s := unfolded(alice.sees("did bob (", "[y] yes  [n] no")); !strings.Contains(s, "side by side? "+words[1]+"[y] yes") {
		t.Errorf("the question does not have the words that bob knocked with, %q:\n%s", words[1], s)
	}
	alice.agrees()
	alice.sees("-- ✓ bob (", "?✓bob verified", "? bob (✓ verified) knocks")
	alice.click("lab>")
	alice.loses("v unverify")
	alice.press("F5")
	bob.sees("you are in lab, as bob", "+ bob  you")
	alice.sees("+✓bob  verified")
	bob.types("/quit")
	bob.isBack("0")
	alice.press("C-d")
	alice.isBack("0")

	alice.anew("localchat create lab")
	alice.sees("lab is your room from last time", "!✓bob  offline, verified")
	bob.anew("localchat join lab")
	bob.sees("you are in lab again, as bob")
	alice.sees("+✓bob  verified")
	bob.types("/leave")
	bob.sees("you left lab")
	bob.press("C-d")
	bob.isBack("0")
	alice.sees("bob left")
	bob.anew("localchat join lab --ephemeral")
	alice.sees("? bob (! another key) knocks", "! bob knocks, and is not the bob you verified", "?!bob another key")
	alice.press("F5")
	alice.sees("+!bob  another key")
}

// TestConsoleOwnerKey: a room's name is known as that of another owner's room. The room is entered after a yes, and its name known as
// the new owner's from then on.
func TestConsoleOwnerKey(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	bob := l.host("bob").terminal()
	alice := l.host("alice").start("--ephemeral")
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	bob.types("localchat join lab")
	bob.sees("you are in lab, as bob")
	bob.types("/verify alice")
	bob.sees("[y] yes")
	bob.press("y")
	bob.sees("@✓alice  owner, verified")
	alice.do("room.close", obj{"room": "lab"})
	bob.sees("lab was closed by alice")
	bob.types("/quit")
	bob.isBack("5")
	alice.quit()
	eve := l.host("eve").start("--ephemeral", "--nick", "alice")
	eve.do("room.create", obj{"name": "lab", "access": "open"})
	words := func(n *node) string { return n.do("node.info", nil)["words"].(string) }

	asked := func() {
		t.Helper()
		s := unfolded(bob.sees("[y] yes  [n] no"))
		if !strings.Contains(s, "lab has a different owner from the one you know. Known: alice (✓ verified, ~") || !strings.Contains(s, "words "+words(eve)+". Join anyway") {
			t.Errorf("the question does not name both owners:\n%s", s)
		}
	}
	bob.anew("localchat join lab")
	asked()
	bob.press("n")
	bob.sees("localchat: the room lab has a different owner from the one you know", "hint: if that is right, join it by its id")
	bob.isBack("6")
	bob.anew("localchat join lab --plain")
	bob.sees("localchat: the room lab has a different owner from the one you know", "hint: if that is right, join it by its id")
	bob.isBack("6")

	bob.anew("localchat")
	bob.sees("> lab  open", "; ! not the owner you know; ")
	bob.press("Enter")
	asked()
	bob.press("y")
	bob.sees("you are in lab, as bob", "@!alice  another key, o", "! alice is here, and is not the alice you")
	bob.types("/quit")
	bob.isBack("0")
	bob.anew("localchat join lab")
	bob.sees("you are in lab again, as bob", "@!alice  another key, o")
}
