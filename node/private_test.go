//go:build unix

package node

import (
	"os"
	"path/filepath"
	"testing"

	"localchat/node/internal/store"
)

// names are the files and folders below dir, without following links.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFilesOfOtherUsersAreRefused: a node takes no file and no folder that another user can have put there, or can change: it writes
// and changes nothing, and says what to do.
func TestFilesOfOtherUsersAreRefused(t *testing.T) {
	must0 := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	moved := func(path string) { must0(os.Rename(path, path+".real")); must0(os.Symlink(path+".real", path)) }
	mode := func(m os.FileMode) func(string) { return func(path string) { must0(os.Chmod(path, m)) } }
	foreign := func(path string) {
		if os.Geteuid() != 0 {
			t.Skip("only root can give a file away")
		}
		must0(os.Chown(path, 12345, 12345))
	}
	for what, c := range map[string]struct {
		file string // "": the directory itself
		do   func(path string)
	}{
		"a directory behind a link":            {"", moved},
		"a directory of mode 0777":             {"", mode(0o777)},
		"a directory of the group's":           {"", mode(0o770)},
		"a directory with the sticky bit":      {"", mode(0o777 | os.ModeSticky)},
		"another user's directory":             {"", foreign},
		"an identity behind a link":            {store.IdentityFile, moved},
		"another user's identity":              {store.IdentityFile, foreign},
		"an identity that the group may write": {store.IdentityFile, mode(0o620)},
		"a store behind a link":                {store.File, moved},
		"a store of mode 0666":                 {store.File, mode(0o666)},
		"a store that others can read":         {store.File, mode(0o604)},
		"another user's store":                 {store.File, foreign},
		"a store that is a link to another one": {store.File, func(path string) {
			other := t.TempDir()
			must0(must(store.Open(other)).Close())
			must0(os.Remove(path))
			must0(os.Symlink(filepath.Join(other, store.File), path))
		}},
		"a store that is a link to nowhere": {store.File, func(path string) { must0(os.Remove(path)); must0(os.Symlink(path+".nowhere", path)) }},
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			n := must(New(Config{Nick: "alice", DataDir: dir, Listen: loopback}))
			must(n.Create(t.Context(), CreateOptions{Name: "lab"}))
			must0(n.Close())
			c.do(filepath.Join(dir, c.file))
			before := names(t, filepath.Dir(dir))
			n, err := New(Config{Nick: "alice", DataDir: dir, Listen: loopback})
			if err == nil {
				n.Close()
				t.Fatal("the node starts")
			}
			if e := AsError(err); e.Reason == "" || e.Code == CodeInternal || e.Locked {
				t.Errorf("the error is %+v", e)
			}
			if after := names(t, filepath.Dir(dir)); len(after) != len(before) {
				t.Errorf("there was %d files, and are %d", len(before), len(after))
			}
		})
	}
}
