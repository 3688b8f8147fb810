package tui

import (
	"strings"

	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
)

// completions returns the completions of text, which ends at the cursor.
func (m *tui) completions(text string) command.Completion {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
		return m.nickCompletions(text)
	}
	name, rest, complete := strings.Cut(text[1:], " ")
	if !complete {
		c := command.Completion{Stem: "/", End: " "}
		for _, cmd := range m.table {
			if command.Permit(cmd, m.room()) == nil {
				c.Words = append(c.Words, cmd.Name)
			}
		}
		return c.Keep(name)
	}
	cmd, _ := command.LookUp(name, "", m.table)
	if cmd == nil || command.Permit(cmd, m.room()) != nil {
		return command.Completion{}
	}
	k := m.known()
	targets, word := cmd.Targets, rest
	if first, second, more := strings.Cut(rest, " "); more && cmd.Max > 1 {
		targets, word, k.First = cmd.Values, second, first
	}
	if targets == nil {
		return m.nickCompletions(text)
	}
	return command.Completion{Stem: strings.TrimSuffix(text, word), Words: targets(k), End: " "}.Keep(word)
}

// known returns the context of a completion.
func (m *tui) known() command.CompletionContext {
	return command.CompletionContext{Roster: m.tabs.shown().roster, In: m.rooms(), Found: m.lobby.rooms, Table: m.table}
}

// nickCompletions completes the last word of text to the nick of a member. At the beginning of a line it adds a colon.
func (m *tui) nickCompletions(text string) command.Completion {
	at := strings.LastIndexAny(text, " \n@") + 1
	word := text[at:]
	if word == "" && !strings.HasSuffix(text, "@") {
		return command.Completion{}
	}
	c := command.Completion{Stem: text[:at], Words: command.Others(command.CompletionContext{Roster: m.tabs.shown().roster}), End: " "}
	if at == 0 {
		c.End = ": "
	}
	return c.Keep(word)
}

// complete puts the next completion into the input, or the previous one if step is negative.
func (m *tui) complete(step int) {
	in := &m.input
	if in.cycle != nil {
		in.show(in.cycle, (in.turn+step+len(in.cycle))%len(in.cycle))
		return
	}
	c := m.completions(in.text())
	if len(c.Words) == 0 {
		return
	}
	whole := make([]string, len(c.Words))
	for i, w := range c.Words {
		whole[i] = c.Stem + w + c.End
	}
	in.stem = c.Stem
	if step > 0 {
		step = 0
	}
	in.show(whole, (step+len(whole))%len(whole))
}

// show puts one line of a cycle into the input. A cycle of one line ends with that.
func (c *composer) show(cycle []string, turn int) {
	c.set(cycle[turn])
	if len(cycle) > 1 {
		c.cycle, c.turn = cycle, turn
	}
}

// help returns the row under the input: the arguments of the command being typed, and the words that Tab offers.
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
	cmd, _ := command.LookUp(name, rest, m.table)
	c := m.completions(text)
	if cmd == nil && !complete && len(c.Words) > 0 {
		if len(c.Words) > 1 {
			return tabText(c.Words, -1)
		}
		cmd, _ = command.LookUp(c.Words[0], "", m.table)
	}
	if cmd == nil {
		return "there is no such command; /help lists them, and //text says /text"
	}
	line := safe.Phrase(cmd.Synopsis()) + "  "
	if command.Permit(cmd, m.room()) != nil {
		return line + "is for " + safe.Phrase(cmd.Role.String())
	}
	if complete && len(c.Words) > 0 {
		line += tabText(c.Words, -1) + "  "
	}
	return line + safe.Phrase(cmd.Help)
}

// tabText lists the words that Tab goes through, with the current one in brackets.
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
