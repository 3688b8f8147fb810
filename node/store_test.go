package node

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"localchat/authority"
	"localchat/node/internal/store"
)

// TestLogThatDoesNotFitTogether: a log whose records are valid but do not fit together stops the node too, with the room's name.
func TestLogThatDoesNotFitTogether(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("bob", "carol")
	dir := t.TempDir()
	st := must(store.Open(dir))
	err := errors.Join(st.SaveBatch(w.ID(), authority.Batch{Records: slices.Delete(slices.Clone(w.Records), 1, 2)}), st.Close())
	if err != nil {
		t.Fatal(err)
	}
	before := must(os.ReadFile(filepath.Join(dir, store.File)))
	if _, err := New(Config{DataDir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}}); err == nil || !strings.Contains(err.Error(), "room ") {
		t.Errorf("the error is %v", err)
	}
	if !bytes.Equal(must(os.ReadFile(filepath.Join(dir, store.File))), before) {
		t.Error("the file was touched")
	}
}

// TestNodeStartsAgain: a node that starts again on its stored data owns its rooms. While it runs, no second node can.
func TestNodeStartsAgain(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{DataDir: dir, Nick: "alice", Listen: []string{"/ip4/127.0.0.1/tcp/0"}}
	n := must(New(cfg))
	room := must(n.Create(t.Context(), CreateOptions{Name: "lab"}))
	if _, err := New(cfg); !AsError(err).Locked {
		t.Errorf("a second node: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = must(New(cfg))
	defer n.Close()
	rooms := must(n.Rooms(t.Context()))
	if len(rooms) != 1 || rooms[0].ID != room.ID || !rooms[0].Mine || !rooms[0].In || n.Info().Peer != room.Owner {
		t.Errorf("it has %+v", rooms)
	}
	if b, err := n.Bans(t.Context(), "lab"); err != nil || len(b) != 0 {
		t.Error(b, err)
	}
}
