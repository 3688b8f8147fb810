package command

import (
	"slices"
	"strings"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// CompletionContext is the context of a completion: the current room, the other rooms, and the first argument.
type CompletionContext struct {
	Roster
	In    []Room          // rooms that we are in
	Found []node.RoomInfo // rooms on this network
	Table []*Command
	First string // the first argument, if the second is being completed
}

// A PeerRef is a peer that a command may name.
type PeerRef struct {
	Nick string
	Peer node.PeerID
}

// PeerWords returns the words for peers in a command: nicks, or the ID of a peer whose nick is misleading or looks like
// another.
func PeerWords(all []PeerRef) []string {
	words := make([]string, len(all))
	for i, n := range all {
		words[i] = n.Nick
	}
	doubles := node.Doubles(words)
	for i, n := range all {
		if n.Nick == "" || doubles[i] || string(safe.Name(n.Nick)) != n.Nick || node.Hides(n.Nick) || strings.ContainsAny(n.Nick, " \u00a0") {
			words[i] = n.Peer.String()
		}
	}
	return words
}

// Others returns all members except us.
func Others(k CompletionContext) []string {
	var all []PeerRef
	for _, m := range k.Members {
		if !m.Self {
			all = append(all, PeerRef{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// othersAndKnocks returns all members except us, and the peers that knock.
func othersAndKnocks(k CompletionContext) []string {
	var all []PeerRef
	for _, m := range k.all() {
		if !m.Self {
			all = append(all, PeerRef{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// verifiedOnes returns the verified ones among members and knocking peers.
func verifiedOnes(k CompletionContext) []string {
	var all []PeerRef
	for _, m := range k.all() {
		if m.Verified {
			all = append(all, PeerRef{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// ignoredOnes returns the ignored ones among members and knocking peers.
func ignoredOnes(k CompletionContext) []string {
	var all []PeerRef
	for _, m := range k.all() {
		if m.Ignored {
			all = append(all, PeerRef{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// deputiesOf returns the deputies, and notDeputies the other members except us.
func deputiesOf(k CompletionContext) []string  { return k.byRole(node.RoleDeputy) }
func notDeputies(k CompletionContext) []string { return k.byRole(node.RoleMember) }

func (k CompletionContext) byRole(role node.Role) []string {
	var all []PeerRef
	for _, m := range k.Members {
		if m.Role == role && !m.Self {
			all = append(all, PeerRef{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// mutedOnes returns the muted members.
func mutedOnes(k CompletionContext) []string {
	return membersThat(k, func(m node.MemberInfo) bool { return m.Muted })
}

// voicedOnes returns the members with a voice.
func voicedOnes(k CompletionContext) []string {
	return membersThat(k, func(m node.MemberInfo) bool { return m.Voiced })
}

// askingOnes returns the members that ask for a voice or, if none does, the others.
func askingOnes(k CompletionContext) []string {
	if asking := membersThat(k, func(m node.MemberInfo) bool { return m.Hand }); len(asking) > 0 {
		return asking
	}
	return Others(k)
}

func membersThat(k CompletionContext, is func(node.MemberInfo) bool) []string {
	var all []PeerRef
	for _, m := range k.Members {
		if is(m) {
			all = append(all, PeerRef{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// everybody returns all members.
func everybody(k CompletionContext) []string {
	var all []PeerRef
	for _, m := range k.Members {
		all = append(all, PeerRef{m.Nick, m.Peer})
	}
	return PeerWords(all)
}

func justYes(CompletionContext) []string { return []string{yes} }

// AtTheDoor returns the peers that knock.
func AtTheDoor(k CompletionContext) []string {
	var all []PeerRef
	for _, n := range k.Knocks {
		all = append(all, PeerRef{n.Nick, n.Peer})
	}
	return PeerWords(all)
}

// atTheDoorOrAll returns the peers that knock, and "all".
func atTheDoorOrAll(k CompletionContext) []string { return append(AtTheDoor(k), "all") }

// pardonable returns the peers that have appealed, and those that are banned.
func pardonable(k CompletionContext) []string {
	var all []PeerRef
	for _, a := range k.Appeals {
		all = append(all, PeerRef{a.Nick, a.Peer})
	}
	for _, b := range k.Bans {
		if ref := (PeerRef{b.Nick, b.Peer}); !slices.Contains(all, ref) {
			all = append(all, ref)
		}
	}
	return PeerWords(all)
}

// Banned returns the peers that are banned.
func Banned(k CompletionContext) []string {
	var all []PeerRef
	for _, b := range k.Bans {
		all = append(all, PeerRef{b.Nick, b.Peer})
	}
	return PeerWords(all)
}

func othersOrOff(k CompletionContext) []string { return append(Others(k), off) }

func openInvites(k CompletionContext) []string {
	var all []string
	for _, i := range k.Invites {
		all = append(all, i.ID)
	}
	return all
}

// roomsIn returns the rooms that we are in. Two rooms with similar names are named by their ids.
func roomsIn(k CompletionContext) []string {
	var all [][2]string
	for _, r := range k.In {
		all = append(all, [2]string{r.Name, r.ID})
	}
	return RoomWords(all)
}

// roomsOut returns the rooms that can be joined, named in the same way.
func roomsOut(k CompletionContext) []string {
	var all [][2]string
	for _, r := range k.Found {
		if !r.In {
			all = append(all, [2]string{r.Name, r.ID.String()})
		}
	}
	return RoomWords(all)
}

// RoomWords returns the words for rooms, given as name and id.
func RoomWords(rooms [][2]string) []string {
	words := make([]string, len(rooms))
	for i, r := range rooms {
		words[i] = r[0]
	}
	doubles := node.Doubles(words)
	for i, r := range rooms {
		if doubles[i] || string(safe.Name(r[0])) != r[0] || node.Hides(r[0]) {
			words[i] = r[1]
		}
	}
	return words
}

// namesOf returns the names of the entries of a table.
func namesOf[T any](table []T, name func(T) string) []string {
	all := make([]string, len(table))
	for i, entry := range table {
		all[i] = name(entry)
	}
	return all
}

func CommandNames(k CompletionContext) []string {
	return namesOf(k.Table, func(c *Command) string { return c.Name })
}

func policyTargets(CompletionContext) []string {
	return namesOf(policyTable, func(p policySetting) string { return p.name })
}

// policyValues returns the possible values of the policy that the first argument names.
func policyValues(k CompletionContext) []string {
	for _, p := range policyTable {
		if p.name == k.First {
			return p.words
		}
	}
	return nil
}

// A Completion holds the words that may replace the word at the cursor.
type Completion struct {
	Stem  string // the text before the word being completed
	Words []string
	End   string // put after the chosen word
}

// Keep returns c with only the words that begin with part, ignoring case.
func (c Completion) Keep(part string) Completion {
	var kept []string
	for _, w := range c.Words {
		if node.StartsName(part, w) {
			kept = append(kept, w)
		}
	}
	c.Words = kept
	return c
}
