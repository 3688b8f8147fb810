package node

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"localchat/node/internal/store"
)

// TestNodeWithDamagedIdentity: a node with a damaged identity does not start, makes no new identity, and leaves the directory free for
// another try.
func TestNodeWithDamagedIdentity(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, store.IdentityFile)
	if err := os.WriteFile(path, []byte{1, 2, 3}, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := New(Config{DataDir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
		if e := AsError(err); !e.Identity || e.Locked {
			t.Errorf("the error is %v", err)
		}
	}
	if !bytes.Equal(must(os.ReadFile(path)), []byte{1, 2, 3}) {
		t.Error("the file was touched")
	}
}

// TestEphemeralWritesNothing: an ephemeral node writes to none of the places where a program would.
func TestEphemeralWritesNothing(t *testing.T) {
	home := t.TempDir()
	for _, v := range []string{"HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"} {
		t.Setenv(v, home)
	}
	t.Chdir(home)
	n := must(New(Config{Nick: "alice", Listen: []string{"/ip4/127.0.0.1/tcp/0"}}))
	room := must(n.Create(t.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	must(n.Say(t.Context(), room.ID.String(), "hello", false))
	must(n.Invite(t.Context(), room.ID.String(), "", 0))
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if left := must(os.ReadDir(home)); len(left) != 0 {
		t.Errorf("there is %v", left)
	}
	if a, b := must(Identity("")), must(Identity("")); a.Peer == b.Peer || a.Peer == n.Info().Peer {
		t.Error("two ephemeral nodes have the same identity")
	}
}
