package command

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/node"
)

// A slowLeaver is a node whose Leave returns when leave is closed.
type slowLeaver struct {
	*clitest.Node
	leave chan struct{}
}

func (n slowLeaver) Leave(ctx context.Context, room string) error {
	err := n.Node.Leave(ctx, room)
	<-n.leave
	return err
}

// TestVisits: of several visits to a room, the last one to end leaves it. A visit that begins while the node is leaving enters the
// room again. A room that somebody has joined to stay is not left.
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
		did("join lab") // one asks to join, and the other waits
		cancel()
		synctest.Wait()
	})
}

// TestDoorsAreBounded: visitors that name one room after the other take no more memory than maxDoors rooms do.
func TestDoorsAreBounded(t *testing.T) {
	v := &Visits{}
	for i := range 2*maxDoors + 1 {
		v.door(node.RoomRef{Name: fmt.Sprint(i)})
		if len(v.doors) > maxDoors {
			t.Fatalf("%d rooms are remembered, want at most %d", len(v.doors), maxDoors)
		}
	}
}
