package rpc

import (
	"fmt"
	"testing"

	"localchat/cli/internal/clitest"
)

// TestTurnsAreForgotten: finished requests leave nothing in memory.
func TestTurnsAreForgotten(t *testing.T) {
	q := newTurns(clitest.NewNode())
	var dones []func()
	for _, room := range []string{"lab", "den", "lab"} {
		for _, method := range []string{"room.join", "room.say"} {
			place, ok := q.lineUp(t.Context(), method, fmt.Sprintf(`{"room":%q}`, room))
			if !ok {
				t.Fatal("no turn")
			}
			dones = append(dones, place.done)
		}
	}
	for _, done := range dones {
		done()
	}
	if len(q.lines) > 0 {
		t.Errorf("%d rooms are kept", len(q.lines))
	}
}
