package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"localchat/node/internal/store"
)

// ownTwoAndVisitOne makes a data directory of a node that owns two rooms, one with a ban and an invite, and is a member
// of a third.
func ownTwoAndVisitOne(t *testing.T, dir string, host *Node) {
	t.Helper()
	n := must(New(Config{Nick: "alice", DataDir: dir, Listen: loopback, Peers: []string{host.Info().Addrs[0]}}))
	must(n.Create(t.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	must(n.Create(t.Context(), CreateOptions{Name: "-- x; rm", PolicyChange: openRoom()}))
	must(n.Ban(t.Context(), "lab", personaID("mallory").String(), "spam", 0))
	must(n.Invite(t.Context(), "lab", "", 0))
	must(n.Join(t.Context(), JoinOptions{Room: "office"}))
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

// asideWarnings are the warnings that a new subscriber receives.
func asideWarnings(t *testing.T, n *Node) (texts []string) {
	t.Helper()
	sub := n.Subscribe(SubscribeOptions{})
	defer sub.Close()
	for {
		select {
		case ev := <-sub.Events():
			if w, ok := ev.Body.(Warning); ok && w.Code == "identity" {
				texts = append(texts, w.Text)
			}
		default:
			return texts
		}
	}
}

// TestAnotherIdentityLeavesTheRooms: a user that moves the identity away, as the hints advise after a leak, starts as a new peer. The
// node says once which rooms and places stay behind. Their data stays, through a second change too, and comes back with the key, bans
// included.
func TestAnotherIdentityLeavesTheRooms(t *testing.T) {
	host := must(New(Config{Nick: "host", Listen: loopback}))
	defer host.Close()
	must(host.Create(t.Context(), CreateOptions{Name: "office", PolicyChange: openRoom()}))
	dir := t.TempDir()
	ownTwoAndVisitOne(t, dir, host)
	key := filepath.Join(dir, store.IdentityFile)
	start := func() *Node {
		t.Helper()
		n, err := New(Config{Nick: "alice", DataDir: dir, Listen: loopback, Peers: []string{host.Info().Addrs[0]}})
		if err != nil {
			t.Fatalf("the node does not start: %v", err)
		}
		return n
	}
	stop := func(n *Node) {
		t.Helper()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
	for round := range 2 { // a new identity, and another one
		if err := os.Rename(key, key+string('1'+rune(round))); err != nil {
			t.Fatal(err)
		}
		n := start()
		said := strings.Join(asideWarnings(t, n), "\n")
		for want, in := range map[string]bool{
			"does not own": true, "lab": true, "kept aside": true, // the second one owns a room of that name
			"-- x; rm": round == 0, "place in office": round == 0,
		} {
			if strings.Contains(said, want) != in {
				t.Errorf("round %d: %q in %q", round, want, said)
			}
		}
		for _, r := range must(n.Rooms(t.Context())) {
			if r.Mine || r.In {
				t.Errorf("round %d: the new identity is in %s", round, r.Name)
			}
		}
		must(n.Create(t.Context(), CreateOptions{Name: "lab", PolicyChange: openRoom()})) // the name is free
		stop(n)
		n = start()
		if again := asideWarnings(t, n); len(again) > 0 {
			t.Errorf("round %d: said again: %q", round, again)
		}
		if bans, err := n.Bans(t.Context(), "lab"); err != nil || len(bans) != 0 {
			t.Errorf("round %d: the new room has bans %v, %v", round, bans, err)
		}
		stop(n)
	}
	if err := os.Rename(key+"1", key); err != nil {
		t.Fatal(err)
	}
	n := start()
	defer stop(n)
	if bans := must(n.Bans(t.Context(), "lab")); len(bans) != 1 {
		t.Errorf("the bans of the old room are %v", bans)
	}
	if invites := must(n.Invites(t.Context(), "lab")); len(invites) != 1 {
		t.Errorf("the invites of the old room are %v", invites)
	}
	if in := must(n.Join(t.Context(), JoinOptions{Room: "office"})); in.Owner != host.self {
		t.Errorf("the old identity's place is %+v", in)
	}
	// The two later identities had a room each.
	if said := strings.Join(asideWarnings(t, n), "\n"); !strings.Contains(said, "lab") {
		t.Errorf("of the rooms of the third identity it says %q", said)
	}
}

// TestAnotherIdentityThatResumesNothing: while the identity is gone, its seat is shown to nobody, and a node that resumes no rooms
// leaves its rooms alone.
func TestAnotherIdentityThatResumesNothing(t *testing.T) {
	host := must(New(Config{Nick: "host", Listen: loopback}))
	defer host.Close()
	must(host.Create(t.Context(), CreateOptions{Name: "office", PolicyChange: openRoom()}))
	dir := t.TempDir()
	ownTwoAndVisitOne(t, dir, host)
	key := filepath.Join(dir, store.IdentityFile)
	if err := os.Rename(key, key+".old"); err != nil {
		t.Fatal(err)
	}
	n := must(New(Config{Nick: "alice", DataDir: dir, Listen: loopback, NoResume: true}))
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(key+".old", key); err != nil {
		t.Fatal(err)
	}
	n = must(New(Config{Nick: "alice", DataDir: dir, Listen: loopback}))
	defer n.Close()
	if bans := must(n.Bans(t.Context(), "lab")); len(bans) != 1 {
		t.Errorf("the bans are %v", bans)
	}
}
