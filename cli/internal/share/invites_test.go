package share

import (
	"net/netip"
	"testing"
)

// TestInvitesAreHandedAround: each address sees an invite of its own, the same each time, as long as there are enough. However many
// addresses look, no invite is used up by that. A used invite is shown to nobody.
func TestInvitesAreHandedAround(t *testing.T) {
	at := func(n byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, n}) }
	table := newInviteTable([]Invite{{ID: "a", Text: "A"}, {ID: "b", Text: "B"}, {ID: "c", Text: "C"}})
	see := func(n byte, want string) {
		t.Helper()
		if got, ok := table.of(at(n)); got.ID != want || ok != (want != "") {
			t.Errorf("address %d sees %q, want %q", n, got.ID, want)
		}
	}
	see(1, "a")
	see(2, "b")
	see(1, "a")
	see(3, "c")
	see(4, "a") // the one that was given first
	see(2, "b")
	see(1, "b")
	table.keep(map[string]bool{"a": true, "c": true}) // b is used
	see(1, "c")
	see(4, "a")
	table.keep(map[string]bool{"c": true})
	see(4, "c")
	if left := table.left(); len(left) != 1 || left[0] != "c" {
		t.Errorf("left are %q", left)
	}
	table.keep(nil)
	see(1, "")
	if _, ok := newInviteTable(nil).of(at(1)); ok {
		t.Error("an empty table has an invite")
	}
}
