package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"localchat/node/internal/fault"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// tree is every file below dir with its content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		files[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// identity is the peer whose key is stored in dir.
func identity(dir string) (peer.ID, error) {
	k, err := Identity(dir)
	if err != nil {
		return "", err
	}
	return peer.IDFromPrivateKey(k)
}

func TestIdentityIsMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "data")
	first := must(identity(dir))
	st := must(os.Stat(filepath.Join(dir, IdentityFile)))
	if st.Mode() != 0o600 || must(os.Stat(dir)).Mode().Perm() != 0o700 {
		t.Errorf("the key's mode is %v", st.Mode())
	}
	before := tree(t, dir)
	if len(before) != 1 {
		t.Errorf("beside the key there is %v", before)
	}
	second := must(identity(dir))
	if first != second || first == "" {
		t.Errorf("first %s, then %s", first, second)
	}
	if after := tree(t, dir); len(after) != 1 || after[filepath.Join(dir, IdentityFile)] != before[filepath.Join(dir, IdentityFile)] {
		t.Error("reading has changed the file")
	}
}

// TestConcurrentFirstStartsAgree: many first starts at once agree on one key, and leave no other files.
func TestConcurrentFirstStartsAgree(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		var wg sync.WaitGroup
		peers := make([]peer.ID, 8)
		for i := range peers {
			wg.Go(func() {
				p, err := identity(dir)
				if err != nil {
					t.Error(err)
				}
				peers[i] = p
			})
		}
		wg.Wait()
		for _, p := range peers {
			if p != peers[0] || p == "" {
				t.Fatalf("they are %v", peers)
			}
		}
		if left := tree(t, dir); len(left) != 1 {
			t.Fatalf("%d files are left", len(left))
		}
	}
}

// TestLeftoverOfACrash: the remains of a start that was killed are no obstacle, whatever its process number: in a container that is
// always the same.
func TestLeftoverOfACrash(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, IdentityFile+".1.new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, IdentityFile+"."+strconv.Itoa(os.Getpid())+".new")
	if err := os.WriteFile(mine, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := identity(dir); err != nil {
		t.Error(err)
	}
}

// TestDamagedIdentity: a damaged key is never replaced and never used: every length, every bit.
func TestDamagedIdentity(t *testing.T) {
	dir := t.TempDir()
	must(identity(dir))
	path := filepath.Join(dir, IdentityFile)
	good := must(os.ReadFile(path))
	refused := func(what string, raw []byte) {
		t.Helper()
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := identity(dir)
		var e *fault.Error
		if !errors.As(err, &e) || !e.Identity || e.Code != fault.CodeInvalid || e.Reason == "" {
			t.Errorf("%s: %v, and it is %s", what, err, p)
		}
		if now := must(os.ReadFile(path)); !bytes.Equal(now, raw) || len(tree(t, dir)) != 1 {
			t.Errorf("%s: the file was touched", what)
		}
	}
	for n := range good {
		refused("truncated to "+strconv.Itoa(n), good[:n])
	}
	for bit := range 8 * len(good) {
		raw := bytes.Clone(good)
		raw[bit/8] ^= 1 << (bit % 8)
		refused("bit "+strconv.Itoa(bit)+" flipped", raw)
	}
	refused("zero-filled", make([]byte, len(good)))
	refused("text", []byte("not a key\n"))
	refused("too large", append(bytes.Clone(good), make([]byte, maxIdentity)...))
	refused("longer by one", append(bytes.Clone(good), 0))
	for _, kind := range []int{crypto.Secp256k1, crypto.ECDSA} {
		key, _, err := crypto.GenerateKeyPair(kind, 0)
		if err != nil {
			t.Fatal(err)
		}
		refused("another kind of key", must(crypto.MarshalPrivateKey(key)))
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	must(identity(dir))
}

// TestExposedIdentity: a key that others can read is refused, as ssh does, and its mode is not corrected silently: the user must learn
// that others may have read it.
func TestExposedIdentity(t *testing.T) {
	dir := t.TempDir()
	who := must(identity(dir))
	path := filepath.Join(dir, IdentityFile)
	for mode := range os.FileMode(0o1000) {
		if mode&0o400 == 0 {
			continue // root can read it all the same, others cannot
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		p, err := identity(dir)
		if mode&0o077 == 0 {
			if err != nil || p != who {
				t.Errorf("%04o: %v", mode, err)
			}
			continue
		}
		var e *fault.Error
		if !errors.As(err, &e) || !e.Identity || e.Code != fault.CodeInvalid || !strings.Contains(e.Text, "others can read") || e.Reason != fault.IdentityReadable || e.Path != path {
			t.Errorf("%04o: %v", mode, err)
		}
		if st := must(os.Stat(path)); st.Mode() != mode {
			t.Errorf("%04o: its mode is %v now", mode, st.Mode())
		}
	}
}

// TestIdentityThatIsNoFile: something that is no file is no reason for a new key either.
func TestIdentityThatIsNoFile(t *testing.T) {
	for what, put := range map[string]func(path string) error{
		"a directory":     func(path string) error { return os.Mkdir(path, 0o700) },
		"a dangling link": func(path string) error { return os.Symlink(path+"-elsewhere", path) },
		"a link to itself": func(path string) error {
			return os.Symlink(path, path)
		},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			if err := put(filepath.Join(dir, IdentityFile)); err != nil {
				t.Fatal(err)
			}
			_, err := identity(dir)
			var e *fault.Error
			if !errors.As(err, &e) || !e.Identity {
				t.Errorf("the error is %v", err)
			}
			if names := must(os.ReadDir(dir)); len(names) != 1 {
				t.Errorf("there are %v", names)
			}
		})
	}
}

// TestDataDirThatIsAFile: a data directory that cannot be one is reported, with advice.
func TestDataDirThatIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, asStore := Open(path)
	_, asIdentity := Identity(path)
	for _, err := range []error{asStore, asIdentity} {
		if e := fault.As(err); e.Code != fault.CodeUnavailable || e.Reason == "" {
			t.Errorf("the error is %v", err)
		}
	}
	if string(must(os.ReadFile(path))) != "mine" {
		t.Error("the file was touched")
	}
}
