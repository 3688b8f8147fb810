package command

import (
	"strings"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// Known is what completion knows: the room typed into, the other rooms, and the words in front.
type Known struct {
	Roster
	In    []Room          // rooms that we are in
	Found []node.RoomInfo // rooms on this network
	Table []*Command
	First string // the First argument, where the second is asked for
}

// A Named is a peer that a command may name.
type Named struct {
	Nick string
	Peer node.PeerID
}

// PeerWords are the words for peers in a command: nicks, or the ID where a nick is not what it looks like, or another's looks
// like it.
func PeerWords(all []Named) []string {
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

// Others are the members but me.
func Others(k Known) []string {
	var all []Named
	for _, m := range k.Members {
		if !m.Self {
			all = append(all, Named{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// othersAndKnocks are the members but me, and those who knock.
func othersAndKnocks(k Known) []string {
	var all []Named
	for _, m := range k.all() {
		if !m.Self {
			all = append(all, Named{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

// verifiedOnes are those of them who are verified.
func verifiedOnes(k Known) []string {
	var all []Named
	for _, m := range k.all() {
		if m.Verified {
			all = append(all, Named{m.Nick, m.Peer})
		}
	}
	return PeerWords(all)
}

func justYes(Known) []string { return []string{yes} }

// AtTheDoor are those who knock.
func AtTheDoor(k Known) []string {
	var all []Named
	for _, n := range k.Knocks {
		all = append(all, Named{n.Nick, n.Peer})
	}
	return PeerWords(all)
}

// atTheDoorOrAll are those who knock, and the word for all of them.
func atTheDoorOrAll(k Known) []string { return append(AtTheDoor(k), "all") }

func Banned(k Known) []string {
	var all []Named
	for _, b := range k.Bans {
		all = append(all, Named{b.Nick, b.Peer})
	}
	return PeerWords(all)
}

func openInvites(k Known) []string {
	var all []string
	for _, i := range k.Invites {
		all = append(all, i.ID)
	}
	return all
}

// roomsIn are the rooms that we are in, roomsOut those that can be joined; of two whose names look alike neither is named by it.
func roomsIn(k Known) []string {
	var all [][2]string
	for _, r := range k.In {
		all = append(all, [2]string{r.Name, r.ID})
	}
	return RoomWords(all)
}

func roomsOut(k Known) []string {
	var all [][2]string
	for _, r := range k.Found {
		if !r.In {
			all = append(all, [2]string{r.Name, r.ID.String()})
		}
	}
	return RoomWords(all)
}

// RoomWords makes words of names and ids.
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

func CommandNames(k Known) []string {
	var all []string
	for _, c := range k.Table {
		all = append(all, c.Name)
	}
	return all
}

func settingTargets(Known) []string {
	var all []string
	for _, s := range SettingTable {
		all = append(all, s.Name)
	}
	return all
}

func onOff(Known) []string { return []string{"on", "off"} }

func policyTargets(Known) []string {
	var all []string
	for _, p := range policyTable {
		all = append(all, p.name)
	}
	return all
}

// policyValues are the values that the policy named first can have.
func policyValues(k Known) []string {
	for _, p := range policyTable {
		if p.name == k.First {
			return p.words
		}
	}
	return nil
}

// A Completion is what may stand where the cursor is.
type Completion struct {
	Stem  string // the text before the word being completed
	Words []string
	End   string // what follows the word
}

// Keep leaves the words that begin with part, in any case.
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
