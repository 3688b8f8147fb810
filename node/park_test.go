package node

import (
	"context"
	"log/slog"
	"testing"

	"localchat/protocol"
)

// TestRequestWaitsInItsRoom: of several rooms that are resumed, a request waits in the one that it is about.
func TestRequestWaitsInItsRoom(t *testing.T) {
	n := &Node{self: personaID("alice"), signer: persona("alice"), log: slog.New(slog.DiscardHandler)}
	n.ctx, n.cancel = context.WithCancel(t.Context())
	defer n.cancel()
	l := must(newLoop(n, nil))
	var rooms []*room
	for i := range 8 {
		r := newRoom(l, protocol.RoomID{byte(i)})
		r.desk.recovering = newRecovery(r)
		l.rooms[r.id] = r
		rooms = append(rooms, r)
	}
	for _, r := range rooms {
		if !l.park(recoverDue{r.id}, r.desk.notReady()) {
			t.Fatalf("a request for room %d does not wait", r.id[0])
		}
	}
	for _, r := range rooms {
		if p := r.desk.recovering.parked; len(p) != 1 || p[0] != inboxEvent(recoverDue{r.id}) {
			t.Errorf("in room %d waits %v", r.id[0], p)
		}
	}
	if l.park(recoverDue{}, errClosed) {
		t.Error("a request waits that has failed for another reason")
	}
}
