// Package web tests the page of `localchat web` in a browser. The tests themselves are in JavaScript, where Playwright drives
// Chromium; this package builds the program, makes their hosts, and runs them.
package web

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"localchat/test/driver"
	"localchat/test/netns"
)

var (
	pictures = flag.Bool("pictures", false, "save pictures of the page to a folder, and print its name")
	long     = flag.Bool("long", false, "run the test of 50,000 lines too")
	only     = flag.String("only", ".", "run only the tests in JavaScript whose names match this expression")
)

// moduleRoot is the root of the module, from the folder of this package.
const moduleRoot = "../.."

var program = sync.OnceValues(func() (bin string, err error) {
	if programDir, err = os.MkdirTemp("", "localchat-test-"); err != nil {
		return "", err
	}
	return driver.Build(moduleRoot, programDir, "localchat")
})

// programDir holds the built program; "" until a test asks for it.
var programDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if programDir != "" {
		os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// need ends a test that cannot run here.
func need(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves it out: it starts browsers")
	}
	why := ""
	if _, err := exec.LookPath("node"); err != nil {
		why = "needs node (Debian: nodejs)"
	} else if _, err := os.Stat(chromium); err != nil {
		why = "needs " + chromium + " (Debian: chromium)"
	} else if err := installed(); err != nil {
		why = "needs what npm ci installs in test/web: " + err.Error()
	}
	if why == "" {
		netns.Need(t)
		return
	}
	driver.DidNotRun(t, why)
}

const chromium = "/usr/bin/chromium"

// installed reports what is missing of the packages that the lock file names.
func installed() error {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		return err
	}
	var want struct {
		Packages map[string]struct {
			Version  string
			Optional bool
		}
	}
	if err := json.Unmarshal(lock, &want); err != nil {
		return err
	}
	for path, p := range want.Packages {
		if path == "" || p.Optional {
			continue
		}
		var got struct{ Version string }
		text, err := os.ReadFile(filepath.Join(filepath.FromSlash(path), "package.json"))
		if err == nil {
			err = json.Unmarshal(text, &got)
		}
		if err == nil && got.Version != p.Version {
			err = fmt.Errorf("%s is of version %s, not %s", path, got.Version, p.Version)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// run runs the tests of a JavaScript file with these hosts on one network.
func run(t *testing.T, file string, hosts ...string) {
	t.Helper()
	need(t)
	t.Parallel()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	network := netns.New(t)
	names := make(map[string]string)
	for i, name := range hosts {
		h := network.Host(name)
		h.Wire()
		h.IP("link set eth0 addrgenmode none up")
		h.IP("addr add fe80::%x/64 dev eth0 nodad", i+1)
		h.IP("addr add 10.78.0.%d/24 dev eth0", i+1)
		h.IP("route replace 224.0.0.0/4 dev eth0")
		names[name] = h.NS
	}
	settings, err := json.Marshal(map[string]any{
		"program": bin, "chromium": chromium, "hosts": names, "dir": t.TempDir(), "pictures": pictureDir(t), "long": *long,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "--test", "--test-reporter=spec", "--test-name-pattern="+*only, file)
	cmd.Env = append(os.Environ(), "WEB_TEST="+string(settings))
	out, err := cmd.CombinedOutput()
	if err != nil || testing.Verbose() {
		t.Logf("%s", out)
	}
	if err != nil || !strings.Contains(string(out), "pass ") || strings.Contains(string(out), "pass 0\n") {
		t.Errorf("%s: %v", file, err)
	}
}

// pictureDir is where pictures are saved, if they are asked for.
func pictureDir(t *testing.T) string {
	if !*pictures {
		return ""
	}
	dir := filepath.Join(os.TempDir(), "localchat-pictures")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Log("pictures are in", dir)
	return dir
}

// TestTypes: the modules of the page have the types that their comments say.
func TestTypes(t *testing.T) {
	need(t)
	t.Parallel()
	if out, err := exec.Command("node_modules/.bin/tsc", "-p", ".").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestModules: the modules of the page are ES modules, whatever a package.json above the checkout says.
func TestModules(t *testing.T) {
	need(t)
	t.Parallel()
	above := t.TempDir()
	const folder = "cli/internal/web"
	if err := os.CopyFS(filepath.Join(above, folder), os.DirFS(filepath.Join(moduleRoot, folder))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(above, "package.json"), []byte(`{"type": "commonjs"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "--input-type=module", "--eval", `await import("./`+folder+`/page/safe.js")`)
	cmd.Dir = above
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestJob: the main job: a room is created in a page, joined from a page and a console on other hosts; one is kicked in the page, and
// told why in its own.
func TestJob(t *testing.T) { run(t, "job.test.mjs", "a", "b", "c") }

// TestHold: nobody gets in without a link, and a page goes on when its node or its server comes back.
func TestHold(t *testing.T) { run(t, "hold.test.mjs", "a") }

// TestHostile: text of others stays text.
func TestHostile(t *testing.T) { run(t, "hostile.test.mjs", "a") }

// TestScale: 10,000 lines scroll; with -long, 50,000 come one by one.
func TestScale(t *testing.T) { run(t, "scale.test.mjs", "a") }

// TestLooks: the page is made for everybody: axe, the keyboard, narrow screens, both colour schemes.
func TestLooks(t *testing.T) { run(t, "looks.test.mjs", "a") }

// TestWake: a page that has slept goes on, and says what is so while it cannot. Bans end.
func TestWake(t *testing.T) { run(t, "wake.test.mjs", "a", "b") }

// TestProxy: a browser with a proxy reaches the page, or is told what to do.
func TestProxy(t *testing.T) { run(t, "proxy.test.mjs", "a") }
