package tui

import (
	"fmt"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/node"
)

// TestLobbyOfManyRooms: if not all rooms fit, the chosen one is on the screen, with the number of those above and below.
func TestLobbyOfManyRooms(t *testing.T) {
	var rooms []node.RoomInfo
	for i := range 40 {
		rooms = append(rooms, node.RoomInfo{ID: node.RoomID{byte(i + 1)}, Name: fmt.Sprintf("room%02d", i), Owner: clitest.AliceID, Words: "amber kiwi", Access: "open", Members: 2})
	}
	for _, size := range []struct{ width, height int }{{200, 60}, {90, 16}, {60, 20}, {60, 13}, {40, 8}} {
		for _, n := range []int{1, 5, 40} {
			for at := range n {
				m := &tui{lobby: lobby{rooms: rooms[:n], at: at}, window: window{width: size.width}}
				rows, of := m.lobbyRows(size.width, size.height)
				if len(rows) > size.height || len(rows) != len(of) {
					t.Fatalf("%v: %d rows", size, len(rows))
				}
				seen, shown := map[int]bool{}, ""
				for i, r := range rows {
					seen[of[i]] = true
					shown += string(r.text) + "\n"
				}
				delete(seen, -1)
				if !seen[at] {
					t.Errorf("%v: room %d of %d is chosen, and not there:\n%s", size, at, n, shown)
				}
				above, below := 0, 0
				for above < n && !seen[above] {
					above++
				}
				for below < n && !seen[n-1-below] {
					below++
				}
				if above+len(seen)+below != n {
					t.Errorf("%v: of %d rooms %d are shown, not one after another", size, n, len(seen))
				}
				if (above > 0) != strings.Contains(shown, fmt.Sprint("  ", above, " more above")) || (below > 0) != strings.Contains(shown, fmt.Sprint("  ", below, " more below")) {
					t.Errorf("%v: %d are above and %d below:\n%s", size, above, below, shown)
				}
			}
		}
	}
}
