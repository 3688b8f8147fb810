package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A household is the set of folders in which a user's program can leave files.
type household struct {
	t    *testing.T
	home string
}

func newHousehold(t *testing.T) household {
	t.Helper()
	h := household{t, t.TempDir()}
	for _, dir := range []string{"run", "tmp", "config/localchat", "work"} {
		if err := os.MkdirAll(filepath.Join(h.home, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// command returns a run of the real program in the household. It uses no network interface to look for others.
func (h household) command(args ...string) *exec.Cmd {
	cmd := exec.Command("localchat", append(args, "--interface", "lo", "--listen", "/ip4/127.0.0.1/tcp/0")...)
	cmd.Dir = filepath.Join(h.home, "work")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "USER=alice", "HOME=" + h.home, "TMPDIR=" + h.home + "/tmp"}
	for name, dir := range map[string]string{"RUNTIME_DIR": "run", "CONFIG_HOME": "config", "DATA_HOME": "data", "STATE_HOME": "state", "CACHE_HOME": "cache"} {
		cmd.Env = append(cmd.Env, "XDG_"+name+"="+filepath.Join(h.home, dir))
	}
	return cmd
}

// state lists each file and folder with its mode, size and time.
func (h household) state() (all []string) {
	err := filepath.WalkDir(h.home, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a running program has just renamed the file
		}
		if err != nil {
			return err
		}
		st, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			all = append(all, fmt.Sprint(path, st.Mode(), st.Size(), st.ModTime()))
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
	return all
}

// TestEphemeralLeavesNothing: with --ephemeral, the real program writes nothing to any folder of its user, neither while it runs
// nor later: no log and no peers, although the configuration asks for both, and no file for other nodes of this machine. Without
// --ephemeral, it leaves all of these.
func TestEphemeralLeavesNothing(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("an interrupt cannot be sent here")
	}
	kept := func(h household) (run, log bool) {
		for _, entry := range h.state() {
			run = run || strings.Contains(entry, ".addr")
			log = log || strings.Contains(entry, "chat.log")
		}
		return run, log
	}
	house, control := newHousehold(t), newHousehold(t)
	for _, h := range []household{house, control} {
		file := fmt.Sprintf("log_file = %q\nremember = true\n", filepath.Join(h.home, "chat.log"))
		if err := os.WriteFile(filepath.Join(h.home, "config/localchat/config.toml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := house.state()
	for _, args := range [][]string{{"id"}, {"rooms", "--wait", "1s"}, {"__complete", "join", ""}, {"doctor"}, {"config", "path"}, {"version"}} {
		out, err := house.command(append(args, "--ephemeral")...).CombinedOutput()
		if args[0] != "doctor" && err != nil { // doctor finds a fault here
			t.Errorf("%v: %v: %s", args, err, out)
		}
		if after := house.state(); !slices.Equal(before, after) {
			t.Errorf("%v leaves something:\n%s", args, strings.Join(after, "\n"))
		}
	}
	start := func(h household, args ...string) func() {
		cmd := h.command(append([]string{"create", "lab", "--open"}, args...)...)
		var errors strings.Builder
		cmd.Stderr = &errors
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return func() {
			_, _ = fmt.Fprintf(in, "hello\n/invite\n/log\n/quit\n")
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v: %s", err, errors.String())
			}
		}
	}
	endEphemeral, endControl := start(house, "--ephemeral"), start(control)
	for deadline := time.Now().Add(scriptWait); ; time.Sleep(10 * time.Millisecond) {
		if run, log := kept(control); run && log {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the one without --ephemeral leaves nothing either:\n%s", strings.Join(control.state(), "\n"))
		}
	}
	if now := house.state(); !slices.Equal(before, now) {
		t.Errorf("while it runs:\n%s", strings.Join(now, "\n"))
	}
	endEphemeral()
	endControl()
	if after := house.state(); !slices.Equal(before, after) {
		t.Errorf("after it:\n%s", strings.Join(after, "\n"))
	}
}

// TestFilesOfOthersAreNotTaken: a configuration file or log that another user could have created or can change is not used.
func TestFilesOfOthersAreNotTaken(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode bits here")
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for what, put := range map[string]func(path string){
		"a link":       func(path string) { do(os.Rename(path, path+"2")); do(os.Symlink(path+"2", path)) },
		"of mode 0666": func(path string) { do(os.Chmod(path, 0o666)) },
		"the group's":  func(path string) { do(os.Chmod(path, 0o620)) },
		"another user's": func(path string) {
			if os.Geteuid() == 0 {
				do(os.Chown(path, 12345, 12345))
			} else {
				do(os.Chmod(path, 0o602))
			}
		},
	} {
		for _, name := range []string{"config/localchat/config.toml", "work/log", "config/localchat"} {
			h := newHousehold(t)
			path := filepath.Join(h.home, name)
			do(os.WriteFile(filepath.Join(h.home, "config/localchat/config.toml"), []byte("nick = \"x\"\n"), 0o600))
			do(os.WriteFile(filepath.Join(h.home, "work/log"), []byte("before\n"), 0o600))
			if what == "of mode 0666" && name == "config/localchat" {
				do(os.Chmod(path, 0o777))
			} else {
				put(path)
			}
			out, err := h.command("id", "--ephemeral", "--log-file", "log").CombinedOutput()
			if err == nil || !strings.Contains(string(out), "hint: ") || !strings.Contains(string(out), filepath.Base(path)) {
				t.Errorf("%s that is %s is taken: %v: %s", name, what, err, out)
			}
			if raw, err := os.ReadFile(filepath.Join(h.home, "work/log")); err != nil || string(raw) != "before\n" {
				t.Errorf("%s that is %s: the log was written to: %q", name, what, raw)
			}
		}
	}
}
