package node

import (
	"fmt"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// MinIDPart is the number of characters of the shortest part of a peer ID that names a peer.
const MinIDPart = protocol.MinIDPart

// A Named is a peer that a WHO may mean: by its nick, or by its ID.
type Named struct {
	Peer peer.ID `json:"peer"`
	Nick string  `json:"nick"`
}

// ShortID returns the end of a peer ID, which faces show and which names the peer.
func ShortID(p peer.ID) string { return protocol.ShortID(p) }

// SameName reports whether a person who types one name means the other, of a peer or of a room.
func SameName(a, b string) bool { return protocol.SameName(a, b) }

// StartsName reports whether part may be the beginning of a name that a user types.
func StartsName(part, name string) bool {
	return strings.HasPrefix(protocol.FoldName(name), protocol.FoldName(part))
}

// Alike reports whether two names, of peers or of rooms, can be taken for each other.
func Alike(a, b string) bool { return protocol.Alike(a, b) }

// Hides reports whether a name has an invisible character.
func Hides(name string) bool { return strings.ContainsFunc(name, protocol.Invisible) }

// Doubles reports for each name whether another one is the same, or looks like it.
func Doubles(names []string) []bool {
	first := make(map[string]int) // by skeleton
	doubles := make([]bool, len(names))
	for i, name := range names {
		if name == "" {
			continue
		}
		for _, s := range protocol.Skeletons(name) {
			if other, taken := first[s]; taken {
				doubles[i], doubles[other] = true, true
			} else {
				first[s] = i
			}
		}
	}
	return doubles
}

// String returns the nick and the end of the ID, which a person can recognise and type.
func (n Named) String() string {
	if n.Nick == "" {
		return protocol.ShortID(n.Peer)
	}
	return fmt.Sprintf("%s (%s)", n.Nick, protocol.ShortID(n.Peer))
}

// Fits finds the peers of all that who may mean, each once. fits holds those that it names: it is their nick in any case,
// their ID, or its start or end. alike holds those with a nick that looks like it. No way of naming takes precedence:
// who names one peer only if fits has one and alike none.
func Fits(who string, all []Named) (fits, alike []Named) {
	who = strings.TrimLeft(strings.TrimSpace(who), "@~")
	add := func(to []Named, n Named) []Named {
		if slices.ContainsFunc(to, func(o Named) bool { return o.Peer == n.Peer }) {
			return to
		}
		return append(to, n)
	}
	for _, n := range all {
		if n.fits(who) {
			fits = add(fits, n)
		}
	}
	if who == "" {
		return fits, nil
	}
	keys := protocol.Skeletons(who)
	for _, n := range all {
		like := n.Nick != "" && slices.ContainsFunc(protocol.Skeletons(n.Nick), func(k string) bool { return slices.Contains(keys, k) })
		if like && !slices.ContainsFunc(fits, func(o Named) bool { return o.Peer == n.Peer }) {
			alike = add(alike, n)
		}
	}
	return fits, alike
}

func (n Named) fits(who string) bool {
	id := n.Peer.String()
	return n.Nick != "" && protocol.SameName(n.Nick, who) ||
		len(who) >= MinIDPart && (strings.HasPrefix(id, who) || strings.HasSuffix(id, who))
}

// FindWho returns the one peer that who names. where says in an error where it was searched for.
func FindWho(who, where string, all []Named) (Named, error) {
	fits, alike := Fits(who, all)
	switch {
	case len(fits) == 1 && len(alike) == 0:
		return fits[0], nil
	case len(fits) == 0 && len(alike) == 0:
		return Named{}, &Error{Code: CodeNotFound, Text: fmt.Sprintf("there is no %q %s", who, where), Reason: fault.NoSuchPerson}
	case len(fits) == 0:
		return Named{}, &Error{
			Code: CodeNotFound, Text: fmt.Sprintf("there is no %q %s, but a similar name: %s", who, where, listed(alike)),
			Reason: fault.PersonLooksAlike,
		}
	}
	return Named{}, &Error{
		Code: CodeAmbiguous, Text: fmt.Sprintf("%q could be %s", who, listed(append(fits, alike...))),
		Reason: fault.SeveralPeople,
	}
}

// listed returns a list of at most maxListed peers, for a person.
func listed(all []Named) string {
	names := make([]string, 0, len(all))
	for _, n := range all[:min(len(all), maxListed)] {
		names = append(names, n.String())
	}
	if more := len(all) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// A standing says what a peer is to a room.
type standing int

const (
	asMember standing = iota
	atDoor
	gone // no member any more
)

// whom finds the peer that who means among the members and, in a room of this node's own, the peers at the door and, if past
// is set, the recent members. A nick of a present member never means a past one.
func (r *room) whom(who string, past bool) (Named, standing, error) {
	st := r.state()
	places := make(map[peer.ID]standing)
	var all []Named
	for _, m := range st.Members() {
		all, places[m.Peer] = append(all, Named{m.Peer, m.Nick}), asMember
	}
	where := "in " + r.label()
	if r.owner() || st.IsDeputy(r.l.n.self) {
		where += ", or at its door"
		for _, k := range r.desk.door.waiting() {
			all, places[k.Peer] = append(all, Named{k.Peer, k.Nick}), atDoor
		}
	}
	if past {
		where += ", or among former members"
		fits, alike := Fits(who, all)
		byName := len(fits) > 0 || len(alike) > 0
		for _, n := range r.leavers(places) {
			if byName {
				n.Nick = ""
			}
			all, places[n.Peer] = append(all, n), gone
		}
	}
	n, err := FindWho(who, where, all)
	return n, places[n.Peer], err
}

// leavers returns the recent members that are not in here.
func (r *room) leavers(here map[peer.ID]standing) (all []Named) {
	st := r.state()
	for i := len(r.records) - 1; i >= 0; i-- {
		p := subject(r.records[i].Body)
		if _, is := here[p]; p == "" || is || slices.ContainsFunc(all, func(n Named) bool { return n.Peer == p }) {
			continue
		}
		if rm, ended := st.Removed(p); ended {
			all = append(all, Named{p, rm.Nick})
		}
	}
	return all
}

func (r *room) findMember(who string) (authority.Member, error) {
	n, where, err := r.whom(who, false)
	if err != nil {
		return authority.Member{}, err
	}
	if where != asMember {
		return authority.Member{}, &Error{Code: CodeNotFound, Text: n.String() + " is at the door of " + r.label() + ", and no member", Reason: fault.AtTheDoor}
	}
	m, _ := r.state().Member(n.Peer)
	return m, nil
}

// findKnown finds a member, a recent member or a peer at the door; or takes a whole peer ID of any peer.
func (r *room) findKnown(who string) (Named, error) {
	if p, ok := protocol.ParsePeer(who); ok {
		return Named{p, r.nickOf(p)}, nil
	}
	n, _, err := r.whom(who, true)
	return n, err
}

// subject is the peer of the membership that a record ends.
func subject(b protocol.Body) peer.ID {
	switch b := b.(type) {
	case protocol.Remove:
		return b.Peer
	case protocol.Leave:
		return b.Peer
	}
	return ""
}
