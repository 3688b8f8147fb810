package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestNothingIsCutSilently: every reply that is incomplete says so.
func TestNothingIsCutSilently(t *testing.T) {
	f := clitest.NewNode()
	for i := range 60 {
		f.Said = append(f.Said, clitest.Spoken(i, fmt.Sprint("build ", i)))
	}
	for i := range node.MaxPeers - 1 {
		f.Others = append(f.Others, node.PeerInfo{Peer: clitest.PeerID(fmt.Sprint("peer", i))})
	}
	ring := &command.LogRing{}
	for i := range 41 {
		_, _ = fmt.Fprintln(ring, "entry", i)
	}
	lab := command.Room{ID: clitest.LabID.String(), Name: "lab"}
	answer := func(run func(context.Context, command.Call) (command.Reply, error), args ...string) string {
		t.Helper()
		r, err := run(t.Context(), command.Call{Node: f, Args: args, Room: lab, Env: &command.Env{Ring: ring}})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(r.Lines)
	}
	has := func(what, got, want string, is bool) {
		t.Helper()
		if strings.Contains(got, want) != is {
			t.Errorf("%s says %q; %q in it: %v", what, got, want, !is)
		}
	}
	has("/search", answer(runOf("search"), "build"), "the last 50 of 60 lines", true)
	has("/search for less", answer(runOf("search"), "build 1"), "11 lines found among those kept here", true)
	has("/log", answer(runOf("log")), "the last 40 of 41 lines", true)
	has("/net", answer(runOf("net")), "there may be more", true)
	f.Forgotten, f.Fetching = 1234, true
	save := filepath.Join(t.TempDir(), "lab.txt")
	for what, got := range map[string]string{"/search": answer(runOf("search"), "build"), "/save": answer(runOf("save"), save)} {
		has(what, got, "1234 lines were dropped early", true)
		has(what, got, "missing lines are still being fetched", true)
	}

	f.Said, f.Others, f.Forgotten, f.Fetching, ring = f.Said[:50], f.Others[1:], 0, false, &command.LogRing{}
	has("/search for all", answer(runOf("search"), "build"), "last", false)
	has("/search for all", answer(runOf("search"), "build"), "forgotten", false)
	_, _ = fmt.Fprintln(ring, "entry")
	has("/log", answer(runOf("log")), "the last", false)
	has("/net", answer(runOf("net")), "more", false)
}

func TestRPCSaysThatThereIsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := sit(t, f, "rpc")
		for method, whole := range map[string]string{"room.history": `{"messages":[],"directs":[]}`, "node.peers": `,"connected":true,"rtt_ms":1.4}]}`} {
			if got := ask(t, d, request(1, method, map[bool]string{true: `"room":"lab"`}[method == "room.history"])); !strings.Contains(got, whole) {
				t.Errorf("%s: %s, want in it %s", method, got, whole)
			}
		}
		f.Forgotten, f.Fetching, f.Others = 7, true, make([]node.PeerInfo, node.MaxPeers)
		if got := ask(t, d, request(1, "room.history", `"room":"lab"`)); !strings.Contains(got, `"more":7,"fetching":true}`) {
			t.Errorf("room.history: %s", got)
		}
		if got := ask(t, d, request(1, "node.peers", "")); !strings.Contains(got, `"may_be_more":true}`) {
			t.Errorf("node.peers: %s", got)
		}
		d.leaves(fail.ExitOK)
	})
}
