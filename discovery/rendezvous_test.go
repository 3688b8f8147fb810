package discovery

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// bare returns an MDNS on a machine without a network interface.
func bare(dir string, ephemeral bool) *MDNS {
	d := New(Config{RuntimeDir: dir, Ephemeral: ephemeral})
	d.watch = func(context.Context, func()) bool { return false } // it polls
	d.list = func([]string) ([]nic, error) { return nil, nil }
	return d
}

func nodeFiles(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "localchat", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTwoNodesOnOneMachineWithoutCard(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	type sight struct {
		by int64
		of peer.AddrInfo
	}
	sights, done := make(chan sight, 64), make(chan error)
	start := func(seed int64, ephemeral bool) {
		go func() {
			me := peer.AddrInfo{ID: testPeer(seed), Addrs: addrs(listenAll...)}
			done <- bare(dir, ephemeral).Run(ctx, func() peer.AddrInfo { return me }, func(p peer.AddrInfo) {
				sights <- sight{seed, p}
			}, ignore)
		}()
	}
	start(1, false)
	start(2, false)
	start(3, true) // reads, and leaves nothing
	begin := time.Now()
	missing := []string{"1 sees 2", "2 sees 1", "3 sees 1", "3 sees 2"}
	for len(missing) > 0 {
		select {
		case s := <-sights:
			of := "1"
			if s.of.ID == testPeer(2) {
				of = "2"
			}
			if s.of.ID == testPeer(3) || s.of.ID == testPeer(s.by) {
				t.Errorf("%d sees %s", s.by, s.of)
			}
			want := []string{
				"/ip4/127.0.0.1/udp/40001/quic-v1", "/ip4/127.0.0.1/tcp/40002", "/ip6/::1/udp/40003/quic-v1", "/ip6/::1/tcp/40004",
			}
			if got := texts(s.of.Addrs); !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
			text := string('0'+rune(s.by)) + " sees " + of
			missing = slices.DeleteFunc(missing, func(m string) bool { return m == text })
		case <-ctx.Done():
			t.Fatalf("never: %v", missing)
		}
	}
	t.Logf("all found after %v", time.Since(begin).Round(time.Millisecond))
	if files := nodeFiles(t, dir); len(files) != 2 {
		t.Errorf("files while running: %v", files)
	}
	for _, f := range nodeFiles(t, dir) {
		if fi, err := os.Stat(f); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, fi.Mode(), err)
		}
	}
	cancel()
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if files := nodeFiles(t, dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestRendezvousFile(t *testing.T) {
	a := "/p2p/" + testPeer(2).String()
	head := fileMagic + "\nnet:[1]\n"
	l := networksOf([]nic{testNIC(2, "eth0", "192.168.1.5/24")})
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{
			"good", head + "dnsaddr=/ip4/127.0.0.1/tcp/1" + a + "\ndnsaddr=/ip4/192.168.1.5/tcp/1" + a + "\n",
			[]string{"/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.5/tcp/1"},
		},
		{"another namespace", strings.Replace(head, "[1]", "[2]", 1) + "dnsaddr=/ip4/127.0.0.1/tcp/1" + a, nil},
		{"a later form", "localchat rendezvous 2\nnet:[1]\ndnsaddr=/ip4/127.0.0.1/tcp/1" + a, nil},
		{"empty", "", nil},
		{"head only", head, nil},
		{"public", head + "dnsaddr=/ip4/8.8.8.8/tcp/1" + a, nil},
		{"binary", head + "\x00\xff\n\n\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, es, ok := parseFile(tt.text, "net:[1]", l)
			if ok != (tt.want != nil) || !slices.Equal(endpointTexts(es), tt.want) {
				t.Errorf("got %q, want %q", endpointTexts(es), tt.want)
			}
		})
	}
}

// TestRendezvousFolder: the file of a killed node is removed. Files that no node has made are neither read nor removed.
func TestRendezvousFolder(t *testing.T) {
	dir := t.TempDir()
	r := newRendezvous(Config{RuntimeDir: dir}, "me")
	es := expandHere(addrs(listenAll...), nil)
	now := time.Now()
	if err := r.announce(now, testPeer(1), es, nil); err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"me": "me"}
	// at returns the path of a node's file or, for a name without our suffix, of a file that no node makes.
	at := func(name string) string {
		suffix := filepath.Ext(name)
		if suffix != fileSuffix && suffix != tempSuffix || strings.HasPrefix(name, "not") {
			return filepath.Join(dir, "localchat", name)
		}
		who := strings.TrimSuffix(name, suffix)
		if labels[who] == "" {
			labels[who] = newLabel()
		}
		return filepath.Join(dir, "localchat", labels[who]+suffix)
	}
	mine, err := os.ReadFile(at("me.addr"))
	if err != nil {
		t.Fatal(err)
	}
	theirs := strings.ReplaceAll(string(mine), testPeer(1).String(), testPeer(2).String())
	write := func(name, text string, age time.Duration) {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(at(name), now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	write("young.addr", theirs, staleFile-time.Second)
	write("old.addr", theirs, staleFile+time.Second)
	write("future.addr", theirs, -staleFile-time.Second)
	write("half.tmp", theirs[:20], staleFile+time.Second)
	write("socket", "not a node's", time.Hour)
	strays := []string{"not.tmp", "not.addr", "not" + newLabel() + ".addr", "not-" + newLabel()[4:] + ".addr"}
	for _, name := range strays {
		write(name, theirs, time.Hour)
	}
	write("big.addr", theirs+strings.Repeat("x", maxFileSize), 0)
	if err := os.Mkdir(at("folder.addr"), 0o700); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink(at("young.addr"), at("link.addr")); err != nil {
			t.Fatal(err)
		}
	}
	var got []peer.ID
	look := func() {
		t.Helper()
		got = nil
		if err := r.look(now, nil, func(id peer.ID, _ []endpoint, _ []string) { got = append(got, id) }); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if !slices.Equal(got, []peer.ID{testPeer(2)}) {
		t.Errorf("found %v", got)
	}
	for name, want := range map[string]bool{
		"me.addr": true, "young.addr": true, "socket": true, "big.addr": true, "folder.addr": true, "not.tmp": true, "not.addr": true,
		"old.addr": false, "future.addr": false, "half.tmp": false,
	} {
		if _, err := os.Lstat(at(name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range strays {
		if _, err := os.Lstat(at(name)); err != nil {
			t.Errorf("a file that no node has made is gone: %v", err)
		}
	}
	// If the folder is removed, it is made again when the file is next written.
	if err := os.RemoveAll(at("")); err != nil {
		t.Fatal(err)
	}
	look()
	if err := r.announce(now.Add(rewriteFile), testPeer(1), es, nil); err != nil {
		t.Fatal(err)
	}
	r.close()
	if files := nodeFiles(t, dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestRendezvousRefusesSharedFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders have no mode bits here")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "localchat"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "localchat"), 0o777); err != nil {
		t.Fatal(err)
	}
	r := newRendezvous(Config{RuntimeDir: dir}, "me")
	es := expandHere(addrs(listenAll...), nil)
	if err := r.announce(time.Now(), testPeer(1), es, nil); err == nil || !strings.Contains(err.Error(), "not private") {
		t.Errorf("announce: %v", err)
	}
	if err := r.look(time.Now(), nil, nil); err == nil {
		t.Error("it was read")
	}
	if files := nodeFiles(t, dir); len(files) != 0 {
		t.Errorf("written: %v", files)
	}
}

// TestRendezvousFollowsNoLink: a link in place of the folder is not followed, wherever it leads: nothing is written there, and nothing
// removed. A folder of another user is not used either.
func TestRendezvousFollowsNoLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders have no owner that could be seen here")
	}
	es := expandHere(addrs(listenAll...), nil)
	for what, put := range map[string]func(t *testing.T, dir, target string){
		"a link": func(t *testing.T, dir, target string) { check(t, os.Symlink(target, dir)) },
		"a relative link": func(t *testing.T, dir, target string) {
			to, err := filepath.Rel(filepath.Dir(dir), target)
			check(t, err)
			check(t, os.Symlink(to, dir))
		},
		"a link of a link": func(t *testing.T, dir, target string) {
			check(t, os.Symlink(target, dir+"2"))
			check(t, os.Symlink(dir+"2", dir))
		},
		"a dangling link": func(t *testing.T, dir, _ string) { check(t, os.Symlink(dir+"-nowhere", dir)) },
		"a file":          func(t *testing.T, dir, _ string) { check(t, os.WriteFile(dir, nil, 0o600)) },
		"another user's": func(t *testing.T, dir, _ string) {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a folder away")
			}
			check(t, os.Mkdir(dir, 0o700))
			check(t, os.Chown(dir, 12345, 12345))
		},
		"the group's": func(t *testing.T, dir, _ string) { check(t, os.Mkdir(dir, 0o700)); check(t, os.Chmod(dir, 0o770)) },
	} {
		t.Run(what, func(t *testing.T) {
			runtimeDir, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
			check(t, os.Mkdir(target, 0o700))
			old := time.Now().Add(-time.Hour)
			for _, name := range []string{"draft.tmp", "notes.addr", newLabel() + ".addr"} {
				check(t, os.WriteFile(filepath.Join(target, name), []byte("mine"), 0o600))
				check(t, os.Chtimes(filepath.Join(target, name), old, old))
			}
			put(t, filepath.Join(runtimeDir, "localchat"), target)
			r := newRendezvous(Config{RuntimeDir: runtimeDir}, newLabel())
			if err := r.announce(time.Now(), testPeer(1), es, nil); err == nil {
				t.Error("it was written to")
			}
			if err := r.look(time.Now(), nil, nil); err == nil {
				t.Error("it was read")
			}
			r.at = time.Now() // as if it had been written before the folder was replaced
			r.close()
			left, err := os.ReadDir(target)
			if err != nil || len(left) != 3 {
				t.Errorf("in the target there is %v (%v)", left, err)
			}
		})
	}
}

// TestRendezvousLeavesOthersFiles: a file of another user in our folder is neither read nor removed.
func TestRendezvousLeavesOthersFiles(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	dir := t.TempDir()
	r := newRendezvous(Config{RuntimeDir: dir}, newLabel())
	check(t, r.announce(time.Now(), testPeer(1), expandHere(addrs(listenAll...), nil), nil))
	mine, err := os.ReadFile(filepath.Join(r.dir, r.name))
	check(t, err)
	theirs := strings.ReplaceAll(string(mine), testPeer(1).String(), testPeer(2).String())
	for _, age := range []time.Duration{0, time.Hour} {
		path := filepath.Join(r.dir, newLabel()+fileSuffix)
		check(t, os.WriteFile(path, []byte(theirs), 0o600))
		check(t, os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)))
		check(t, os.Chown(path, 12345, 12345))
		check(t, r.look(time.Now(), nil, func(id peer.ID, _ []endpoint, _ []string) { t.Errorf("read %s", id) }))
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRendezvousWithoutDirectory: without a runtime directory Run goes on, and logs it.
func TestRendezvousWithoutDirectory(t *testing.T) {
	r := newRendezvous(Config{RuntimeDir: filepath.Join(t.TempDir(), "missing")}, "me")
	if err := r.look(time.Now(), nil, nil); err != nil {
		t.Errorf("look: %v", err)
	}
	if err := r.announce(time.Now(), testPeer(1), expandHere(addrs(listenAll...), nil), nil); err == nil {
		t.Error("announce: no error")
	}
	r.close()
}
