package render

import (
	"fmt"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/node"
)

// TestHintIsBounded: a hint lists up to maxChoices choices, and says how many more there are.
func TestHintIsBounded(t *testing.T) {
	hint := "choose one:" + strings.Repeat("\n  lab", maxChoices)
	if got := Hint(hint); len(got) != 1+maxChoices {
		t.Errorf("%d lines for %d choices", len(got), maxChoices)
	}
	if got := Hint(hint + "\n  lab\n  lab"); len(got) != 2+maxChoices || got[1+maxChoices] != "  and 2 more" {
		t.Errorf("%q for two choices more", got)
	}
}

// TestRemovalsAreBounded: of more than maxRemovals removals, the latest are tracked.
func TestRemovalsAreBounded(t *testing.T) {
	var rs Removals
	for i := range maxRemovals + 2 {
		rs.Note(node.RemovalProgress{Peer: clitest.PeerID(fmt.Sprint("peer", i)), Total: 1}, clitest.Noon)
	}
	if len(rs) != maxRemovals || rs[0].Peer != clitest.PeerID("peer2") {
		t.Errorf("%d removals are tracked, want the last %d", len(rs), maxRemovals)
	}
}
