package share

import (
	"net/netip"
	"sync"
)

// An inviteTable chooses the invite that an address sees. The handlers of requests and the goroutine that calls keep meet at mu.
//
// An invite is for one person, so each address sees its own. Being seen does not use up an invite: when every invite has been
// shown to some address, the one that was shown first is shown to the next address too. Only its use, which the owner's node
// reports, takes an invite out of the table.
type inviteTable struct {
	mu      sync.Mutex
	entries []inviteEntry
	given   int // how often an invite was given to an address
}

// An inviteEntry is one invite, and the address that it was given to last.
type inviteEntry struct {
	Invite
	to    netip.Addr
	given int // the table's count when it was given; 0: never
	used  bool
}

func newInviteTable(all []Invite) *inviteTable {
	t := &inviteTable{}
	for _, i := range all {
		t.entries = append(t.entries, inviteEntry{Invite: i})
	}
	return t
}

// of returns the invite that the address sees, or false if all are used.
func (t *inviteTable) of(addr netip.Addr) (Invite, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var best *inviteEntry
	for i := range t.entries {
		switch e := &t.entries[i]; {
		case e.used:
		case e.to == addr:
			return e.Invite, true
		case best == nil || e.given < best.given:
			best = e
		}
	}
	if best == nil {
		return Invite{}, false
	}
	t.given++
	best.to, best.given = addr, t.given
	return best.Invite, true
}

// keep takes out the invites that are not open any more.
func (t *inviteTable) keep(open map[string]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.entries {
		t.entries[i].used = !open[t.entries[i].ID]
	}
}

// left returns the IDs of the invites that are still in the table.
func (t *inviteTable) left() (ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		if !e.used {
			ids = append(ids, e.ID)
		}
	}
	return ids
}
