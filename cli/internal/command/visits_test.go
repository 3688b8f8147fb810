package command

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/node"
)

// A slowLeaver is a node that takes until leave is closed to leave a room.
type slowLeaver struct {
	*clitest.Node
	leave chan struct{}
}

func (n slowLeaver) Leave(ctx context.Context, room string) error {
	err := n.Node.Leave(ctx, room)
	<-n.leave
	return err
}

// TestVisits: the room is left after the last of the visits that overlap, a visit that begins while the room is left enters it
// anew, and a room that somebody has joined to stay is not left.
func TestVisits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := slowLeaver{clitest.NewNode(), make(chan struct{})}
		host := Own{&Env{}, f}
		did := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if got := f.Did(); !slices.Equal(got, want) {
				t.Errorf("the node was asked %q, want %q", got, want)
			}
		}
		visit := func() func(context.Context) error {
			t.Helper()
			_, leave, err := host.Visit(t.Context(), node.JoinOptions{Room: "lab"})
			if err != nil {
				t.Fatal(err)
			}
			return leave
		}
		first, second := visit(), visit()
		_ = first(t.Context())
		_ = first(t.Context())
		did("join lab", "join lab")
		go second(t.Context())
		did("leave lab")
		entered := make(chan func(context.Context) error)
		go func() { entered <- visit() }()
		did("join lab") // we are still in it
		close(f.leave)
		third := <-entered
		did("join lab")

		host.Env.Visits.Keep(clitest.LabID)
		_ = third(t.Context())
		did()

		f.Joining = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		for range 2 {
			go host.Visit(ctx, node.JoinOptions{Room: "lab"})
		}
		did("join lab") // one knocks, and the other waits
		cancel()
		synctest.Wait()
	})
}
