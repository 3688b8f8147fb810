package cli

import (
	"strings"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// known is what completion knows: the room typed into, the other rooms, and the words in front.
type known struct {
	roster
	in    []here          // rooms that we are in
	found []node.RoomInfo // rooms on this network
	table []*command
	first string // the first argument, where the second is asked for
}

// A named is a peer that a command may name.
type named struct {
	nick string
	peer node.PeerID
}

// whoOf are the words for peers in a command: nicks, or the ID where a nick is not what it looks like, or another's looks
// like it.
func whoOf(all []named) []string {
	words := make([]string, len(all))
	for i, n := range all {
		words[i] = n.nick
	}
	doubles := node.Doubles(words)
	for i, n := range all {
		if n.nick == "" || doubles[i] || string(safe.Name(n.nick)) != n.nick || node.Hides(n.nick) || strings.ContainsAny(n.nick, " \u00a0") {
			words[i] = n.peer.String()
		}
	}
	return words
}

// others are the members but me.
func others(k known) []string {
	var all []named
	for _, m := range k.members {
		if !m.Self {
			all = append(all, named{m.Nick, m.Peer})
		}
	}
	return whoOf(all)
}

// othersAndKnocks are the members but me, and those who knock.
func othersAndKnocks(k known) []string {
	var all []named
	for _, m := range k.all() {
		if !m.Self {
			all = append(all, named{m.Nick, m.Peer})
		}
	}
	return whoOf(all)
}

// verifiedOnes are those of them who are verified.
func verifiedOnes(k known) []string {
	var all []named
	for _, m := range k.all() {
		if m.Verified {
			all = append(all, named{m.Nick, m.Peer})
		}
	}
	return whoOf(all)
}

func justYes(known) []string { return []string{yes} }

// atTheDoor are those who knock.
func atTheDoor(k known) []string {
	var all []named
	for _, n := range k.knocks {
		all = append(all, named{n.Nick, n.Peer})
	}
	return whoOf(all)
}

// atTheDoorOrAll are those who knock, and the word for all of them.
func atTheDoorOrAll(k known) []string { return append(atTheDoor(k), "all") }

func banned(k known) []string {
	var all []named
	for _, b := range k.bans {
		all = append(all, named{b.Nick, b.Peer})
	}
	return whoOf(all)
}

func openInvites(k known) []string {
	var all []string
	for _, i := range k.invites {
		all = append(all, i.ID)
	}
	return all
}

// roomsIn are the rooms that we are in, roomsOut those that can be joined; of two whose names look alike neither is named by it.
func roomsIn(k known) []string {
	var all [][2]string
	for _, r := range k.in {
		all = append(all, [2]string{r.name, r.id})
	}
	return roomNames(all)
}

func roomsOut(k known) []string {
	var all [][2]string
	for _, r := range k.found {
		if !r.In {
			all = append(all, [2]string{r.Name, r.ID.String()})
		}
	}
	return roomNames(all)
}

// roomNames makes words of names and ids.
func roomNames(rooms [][2]string) []string {
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

func commandNames(k known) []string {
	var all []string
	for _, c := range k.table {
		all = append(all, c.name)
	}
	return all
}

func settingTargets(known) []string {
	var all []string
	for _, s := range settingTable {
		all = append(all, s.name)
	}
	return all
}

func onOff(known) []string { return []string{"on", "off"} }

func policyTargets(known) []string {
	var all []string
	for _, p := range policyTable {
		all = append(all, p.name)
	}
	return all
}

// policyValues are the values that the policy named first can have.
func policyValues(k known) []string {
	for _, p := range policyTable {
		if p.name == k.first {
			return p.words
		}
	}
	return nil
}

// A completion is what may stand where the cursor is.
type completion struct {
	stem  string // the text before the word being completed
	words []string
	end   string // what follows the word
}

// completions of text, the cursor being at its end.
func (m *tui) completions(text string) completion {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
		return m.nickCompletions(text)
	}
	name, rest, complete := strings.Cut(text[1:], " ")
	if !complete {
		c := completion{stem: "/", end: " "}
		for _, cmd := range m.table {
			if permit(cmd, m.room()) == nil {
				c.words = append(c.words, cmd.name)
			}
		}
		return c.keep(name)
	}
	cmd, _ := lookUp(name, "", m.table)
	if cmd == nil || permit(cmd, m.room()) != nil {
		return completion{}
	}
	k := m.known()
	targets, word := cmd.targets, rest
	if first, second, more := strings.Cut(rest, " "); more && cmd.max > 1 {
		targets, word, k.first = cmd.values, second, first
	}
	if targets == nil {
		return m.nickCompletions(text)
	}
	return completion{stem: strings.TrimSuffix(text, word), words: targets(k), end: " "}.keep(word)
}

// known is what is known now.
func (m *tui) known() known {
	return known{roster: m.pane().roster, in: m.rooms(), found: m.lobby.rooms, table: m.table}
}

// nickCompletions completes the last word of text to a member: as an address at the beginning, as a name elsewhere.
func (m *tui) nickCompletions(text string) completion {
	at := strings.LastIndexAny(text, " \n@") + 1
	word := text[at:]
	if word == "" && !strings.HasSuffix(text, "@") {
		return completion{}
	}
	c := completion{stem: text[:at], words: others(known{roster: m.pane().roster}), end: " "}
	if at == 0 {
		c.end = ": "
	}
	return c.keep(word)
}

// keep leaves the words that begin with part, in any case.
func (c completion) keep(part string) completion {
	var kept []string
	for _, w := range c.words {
		if node.StartsName(part, w) {
			kept = append(kept, w)
		}
	}
	c.words = kept
	return c
}

// complete puts the next completion into the input, or the one before.
func (m *tui) complete(step int) {
	in := &m.input
	if in.cycle != nil {
		in.show(in.cycle, (in.turn+step+len(in.cycle))%len(in.cycle))
		return
	}
	c := m.completions(in.text())
	if len(c.words) == 0 {
		return
	}
	whole := make([]string, len(c.words))
	for i, w := range c.words {
		whole[i] = c.stem + w + c.end
	}
	in.stem = c.stem
	if step > 0 {
		step = 0
	}
	in.show(whole, (step+len(whole))%len(whole))
}

// show puts one of the lines of a cycle into the input. The only one there is ends the cycle.
func (c *composer) show(cycle []string, turn int) {
	c.set(cycle[turn])
	if len(cycle) > 1 {
		c.cycle, c.turn = cycle, turn
	}
}

// help is the row under the input: what the command being typed wants, and what Tab would put there.
func (m *tui) help() safe.Text {
	text := m.input.text()
	switch {
	case m.hint != "":
		return m.hint
	case m.input.cycle != nil:
		words := make([]string, len(m.input.cycle))
		for i, w := range m.input.cycle {
			words[i] = strings.TrimSpace(strings.TrimPrefix(w, m.input.stem))
		}
		return tabText(words, m.input.turn)
	case !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//"):
		return ""
	}
	name, rest, complete := strings.Cut(text[1:], " ")
	cmd, _ := lookUp(name, rest, m.table)
	c := m.completions(text)
	if cmd == nil && !complete && len(c.words) > 0 {
		if len(c.words) > 1 {
			return tabText(c.words, -1)
		}
		cmd, _ = lookUp(c.words[0], "", m.table)
	}
	if cmd == nil {
		return "there is no such command; /help lists them, and //text says /text"
	}
	line := safe.Phrase(cmd.synopsis()) + "  "
	if permit(cmd, m.room()) != nil {
		return line + "is for " + safe.Phrase(cmd.who.String())
	}
	if complete && len(c.words) > 0 {
		line += tabText(c.words, -1) + "  "
	}
	return line + safe.Phrase(cmd.help)
}

// tabText are the words that Tab goes through, the one shown in brackets.
func tabText(words []string, turn int) safe.Text {
	shown := make([]safe.Text, len(words))
	for i, w := range words {
		shown[i] = safe.Name(w)
		if i == turn {
			shown[i] = "[" + shown[i] + "]"
		}
	}
	return "Tab: " + safe.Join(shown, "  ")
}
