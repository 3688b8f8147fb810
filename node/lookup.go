package node

import (
	"fmt"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// minPrefix of a peer ID that is taken for one, in characters.
const minPrefix = 4

// room finds a room of ours by id, or by a name that is unique here. An empty text is the only room there is.
func (l *loop) room(s string) (*room, error) {
	if s == "" && len(l.order) == 1 {
		return l.rooms[l.order[0]], nil
	}
	if id, err := protocol.ParseRoomID(s); err == nil && l.rooms[id] != nil {
		return l.rooms[id], nil
	}
	var found []*room
	for _, id := range l.order {
		r := l.rooms[id]
		if sameName(r.label(), s) {
			found = append(found, r)
		}
	}
	// A room that has ended lives on only to tell its members; a newer one of its name is meant.
	if len(found) > 1 {
		found = slices.DeleteFunc(found, (*room).over)
	}
	switch len(found) {
	case 0:
		return nil, l.notIn(s)
	case 1:
		return found[0], nil
	}
	hint := "name it by its id:"
	for _, r := range found {
		hint += "\n  " + r.id.String()
	}
	return nil, &Error{Code: Ambiguous, Text: fmt.Sprintf("you are in several rooms called %q", s), Hint: hint}
}

// notIn is the error for a room that we are not in: one that we were in, one that this network has, or one that nobody
// knows.
func (l *loop) notIn(s string) error {
	for id, f := range l.former {
		switch {
		case !sameName(f.name, s) && id.String() != s:
		case f.closed:
			return roomClosed(f.name)
		default:
			return notMember(f.name)
		}
	}
	for id, f := range l.found {
		if sameName(f.name, s) || id.String() == s {
			return notMember(f.name)
		}
	}
	return &Error{Code: NotFound, Text: fmt.Sprintf("you are in no room %q", s), Hint: "/rooms lists the rooms here; /join enters one"}
}

// ownRoom is a room that we are the authority of.
func (l *loop) ownRoom(s string) (*room, error) {
	r, err := l.room(s)
	if err != nil {
		return nil, err
	}
	if !r.owner() {
		return nil, &Error{Code: NotOwner, Text: "only the owner of " + r.label() + " may do that", Hint: "/members shows who that is"}
	}
	if r.recovering != nil {
		return nil, errRecovering
	}
	return r, nil
}

// A candidate is somebody whom a WHO may mean.
type candidate struct {
	peer peer.ID
	nick string
}

// find resolves a nick, a peer ID, or the start or end of one (screens show the end: all peer IDs start alike).
func find(who, where string, cs []candidate) (candidate, error) {
	who = strings.TrimPrefix(who, "@")
	// A person types bob and means Bob. Members' nicks differ by more than that, so it is never ambiguous.
	var hits []candidate
	for _, c := range cs {
		id := c.peer.String()
		if id == who || c.nick != "" && c.nick == who {
			return c, nil
		}
		if len(who) >= minPrefix && (strings.HasPrefix(id, who) || strings.HasSuffix(id, who)) || c.nick != "" && strings.EqualFold(c.nick, who) {
			hits = append(hits, c)
		}
	}
	switch len(hits) {
	case 0:
		return candidate{}, &Error{Code: NotFound, Text: fmt.Sprintf("there is no %q %s", who, where), Hint: "/members lists nicks and peers"}
	case 1:
		return hits[0], nil
	}
	names := make([]string, len(hits))
	for i, c := range hits {
		names[i] = fmt.Sprintf("%s (%s)", c.nick, protocol.ShortID(c.peer))
	}
	return candidate{}, &Error{Code: Ambiguous, Text: fmt.Sprintf("%q could be %s", who, strings.Join(names, ", ")), Hint: "nothing was done; give the nick, or more of the peer ID"}
}

func (r *room) findMember(who string) (authority.Member, error) {
	ms := r.current().Members()
	cs := make([]candidate, len(ms))
	for i, m := range ms {
		cs[i] = candidate{m.Peer, m.Nick}
	}
	c, err := find(who, "in "+r.label(), cs)
	if err != nil {
		return authority.Member{}, err
	}
	m, _ := r.current().Member(c.peer)
	return m, nil
}

// findKnown resolves somebody who is a member, has been one lately, or knocks.
func (r *room) findKnown(who string) (candidate, error) {
	if p, err := peer.Decode(who); err == nil {
		return candidate{p, r.nickOf(p)}, nil
	}
	st := r.current()
	var cs []candidate
	for _, m := range st.Members() {
		cs = append(cs, candidate{m.Peer, m.Nick})
	}
	if c, err := find(who, "in "+r.label(), cs); err == nil || AsError(err).Code == Ambiguous {
		return c, err
	}
	cs = nil
	for _, k := range r.ledger.Knocks() {
		cs = append(cs, candidate{k.Peer, k.Nick})
	}
	// The latest to lose its place under a nick is the one meant.
	seen := make(map[peer.ID]bool)
	nicks := make(map[string]bool)
	for i := len(r.records) - 1; i >= 0; i-- {
		p := subject(r.records[i].Body)
		rm, ended := st.Removed(p)
		if p == "" || seen[p] || !ended || nicks[rm.Nick] {
			continue
		}
		seen[p], nicks[rm.Nick] = true, true
		cs = append(cs, candidate{p, rm.Nick})
	}
	return find(who, "in "+r.label()+", at its door, or among those who left", cs)
}

// subject is the peer whose membership a record ends.
func subject(b protocol.Body) peer.ID {
	switch b := b.(type) {
	case protocol.Remove:
		return b.Peer
	case protocol.Leave:
		return b.Peer
	}
	return ""
}

func kindName(k protocol.ReasonKind) string {
	switch k {
	case protocol.Kicked:
		return "kicked"
	case protocol.Banned:
		return "banned"
	case protocol.Closed:
		return "closed"
	case protocol.Idle:
		return "idle"
	case protocol.InviteRevoked:
		return "invite-revoked"
	}
	return "other"
}

func accessName(a protocol.Access) string {
	switch a {
	case protocol.Open:
		return "open"
	case protocol.Invite:
		return "invite"
	}
	return "knock"
}

func parseAccess(s string) (protocol.Access, error) {
	switch s {
	case "open":
		return protocol.Open, nil
	case "knock":
		return protocol.Knock, nil
	case "invite":
		return protocol.Invite, nil
	}
	return 0, &Error{Code: Invalid, Text: fmt.Sprintf("%q is no kind of access", s), Hint: "one of open, knock, invite"}
}

func historyName(h protocol.History) string {
	switch h {
	case protocol.HistoryNone:
		return "none"
	case protocol.HistoryAll:
		return "all"
	}
	return "since-join"
}

func parseHistory(s string) (protocol.History, error) {
	switch s {
	case "none":
		return protocol.HistoryNone, nil
	case "since-join":
		return protocol.HistorySinceJoin, nil
	case "all":
		return protocol.HistoryAll, nil
	}
	return 0, &Error{Code: Invalid, Text: fmt.Sprintf("%q is no kind of history", s), Hint: "one of none, since-join, all"}
}

// firstWords is enough of a text to know it again.
func firstWords(s string) string {
	const runes = 40
	rs := []rune(s)
	if len(rs) <= runes {
		return s
	}
	return string(rs[:runes]) + "…"
}

// directID is the id of a direct message as faces see it.
func directID(id [16]byte) string { return fmt.Sprintf("%x", id[:]) }
