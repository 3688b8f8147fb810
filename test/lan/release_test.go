package lan

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"localchat/test/driver"
)

// dpkg runs dpkg on a system of its own, in root.
func dpkg(t *testing.T, root string, args ...string) {
	t.Helper()
	cmd := exec.Command("dpkg", append([]string{"--root=" + root, "--log=/dev/null"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// tree lists the files of a system, but for what dpkg keeps for itself.
func tree(t *testing.T, root string) (all []string) {
	t.Helper()
	err := filepath.Walk(root, func(path string, _ os.FileInfo, err error) error {
		if name := strings.TrimPrefix(path, root); err == nil && !strings.HasPrefix(name, "/var/lib/dpkg") {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestLANRelease makes the release for this machine twice, with the same bytes, and installs its package into a system that has
// nothing else. There the installed program makes a room, and is joined from another host with the program out of the archive.
// A third host gets the archive from the page of a share. Removed, the package leaves nothing.
func TestLANRelease(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	var sums [][]byte
	var dist string
	for range 2 {
		dist = t.TempDir()
		cmd := exec.Command("go", "run", "./test/release", "-only", "linux/"+runtime.GOARCH, "-o", dist, "-version", "v0.0.1-test")
		cmd.Dir = moduleRoot
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
		}
		made, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, made)
	}
	if !bytes.Equal(sums[0], sums[1]) {
		t.Errorf("two releases differ:\n%s\n%s", sums[0], sums[1])
	}
	check := exec.Command("sha256sum", "-c", "SHA256SUMS")
	check.Dir = dist
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("the sums: %v\n%s", err, out)
	}

	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "home"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	empty := tree(t, root)
	begin := time.Now()
	debs, _ := filepath.Glob(filepath.Join(dist, "*_linux_"+runtime.GOARCH+".deb"))
	dpkg(t, root, append([]string{"-i"}, debs...)...)
	unpacked := time.Since(begin)
	installed := tree(t, root)
	for _, want := range []string{
		"/usr/bin/localchat", "/usr/share/man/man1/localchat.1", "/usr/share/man/man1/localchat-join.1", "/usr/share/doc/localchat/copyright",
		"/usr/share/doc/localchat/LICENSES-OF-OTHERS.txt", "/usr/share/bash-completion/completions/localchat",
		"/usr/share/zsh/vendor-completions/_localchat", "/usr/share/fish/vendor_completions.d/localchat.fish",
	} {
		if !slices.Contains(installed, want) {
			t.Errorf("the package has no %s", want)
		}
	}

	program, err := os.ReadFile(filepath.Join(root, "usr/bin/localchat"))
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(moduleRoot)
	if err != nil {
		t.Fatal(err)
	}
	modules, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{here, strings.TrimSpace(string(modules))} {
		if bytes.Contains(program, []byte(folder+"/")) {
			t.Errorf("the program names a folder of the machine that made it: %s", folder)
		}
	}

	// Alice has the package: in her system there is no file but those of it, and the program needs no other. Bob has the
	// program alone, out of the archive.
	start := func(name string, program ...string) *node {
		h := l.host(name)
		cmd := h.Command(program[0], append(program[1:], "rpc", "--ephemeral", "--nick", name)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/home"}
		d, err := driver.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		n := &node{host: h, Process: d}
		t.Cleanup(func() { n.end(t) })
		return n
	}
	begin = time.Now()
	alice := start("alice", "chroot", root, "/usr/bin/localchat")
	if v := alice.do("node.info", nil)["version"]; v != "v0.0.1-test" {
		t.Errorf("the installed program says that it is %v", v)
	}
	alice.do("room.create", obj{"name": "lab", "access": "open"})
	t.Logf("from the .deb to a room: %.2f s, of which dpkg takes %.2f s", (unpacked + time.Since(begin)).Seconds(), unpacked.Seconds())
	begin = time.Now()
	archives, _ := filepath.Glob(filepath.Join(dist, "*_linux_"+runtime.GOARCH+".tar.gz"))
	stick := t.TempDir()
	l.Run("tar", append([]string{"-xz", "-C", stick, "--strip-components=1", "-f"}, archives...)...)
	bob := start("bob", stick+"/localchat")
	bob.do("room.join", obj{"room": "lab"})
	bob.say("lab", "hello from a stick")
	alice.hear(bob, "hello from a stick")
	t.Logf("from the archive to the first line that is heard: %.2f s", time.Since(begin).Seconds())
	converse("lab", "hello", alice, bob)

	// Olga hands the release out. Carol gets the archive from the page.
	o, c := l.host("olga"), l.host("carol")
	cmd := o.Command(stick+"/localchat", "share", "den", "--plain", "--ephemeral", "--release", dist)
	cmd.Env = []string{"USER=olga", "HOME=" + o.home}
	olga := o.plain(cmd)
	url := olga.shares()
	begin = time.Now()
	page, _ := c.curl(url)
	line := lineOf(t, page, "Linux")
	if len(archives) != 1 || !strings.Contains(line, "/get/"+filepath.Base(archives[0])+" && tar ") {
		t.Errorf("the page gives the line %s", line)
	}
	carol := c.plain(c.bare(newcomer, "sh", "-c", line))
	carol.sees("-- in den: ")
	carol.types("hello from the page")
	olga.sees("<carol> hello from the page")
	t.Logf("from the page to the first line that is heard: %.2f s", time.Since(begin).Seconds())
	carol.leaves()
	olga.leaves()
	alice.quit()
	bob.quit()

	dpkg(t, root, "--purge", "localchat")
	if left := tree(t, root); !slices.Equal(left, empty) {
		t.Errorf("the package is removed, and there are still %q", left)
	}
}
