package share

import (
	"net/netip"
	"sync"
)

// An inviteTable gives each address an invite to see. The handlers of requests and the goroutine that calls keep meet at mu.
//
// An invite is for one person, so each address sees its own. Seeing one uses up nothing: when every invite has been seen by
// some address, the one that was first given away is shown again. Only its use, which the owner's node reports, takes an
// invite away.
type inviteTable struct {
	mu    sync.Mutex
	seats []seat
	given int // so far
}

// A seat is one invite, and the address that saw it last.
type seat struct {
	Invite
	to    netip.Addr
	given int // when, in the order of giving; 0: never
	used  bool
}

func newInviteTable(all []Invite) *inviteTable {
	t := &inviteTable{}
	for _, i := range all {
		t.seats = append(t.seats, seat{Invite: i})
	}
	return t
}

// of returns the invite that the address sees; false if all are used.
func (t *inviteTable) of(addr netip.Addr) (Invite, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var best *seat
	for i := range t.seats {
		switch s := &t.seats[i]; {
		case s.used:
		case s.to == addr:
			return s.Invite, true
		case best == nil || s.given < best.given:
			best = s
		}
	}
	if best == nil {
		return Invite{}, false
	}
	t.given++
	best.to, best.given = addr, t.given
	return best.Invite, true
}

// keep takes away the invites that are not open any more.
func (t *inviteTable) keep(open map[string]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.seats {
		t.seats[i].used = !open[t.seats[i].ID]
	}
}

// left returns the IDs of the invites that have not been used.
func (t *inviteTable) left() (ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.seats {
		if !s.used {
			ids = append(ids, s.ID)
		}
	}
	return ids
}
