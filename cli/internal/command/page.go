package command

import "localchat/cli/internal/safe"

// A PageLine is a line of a page: a heading, a text, or what explains head.
type PageLine struct {
	Heading    bool
	Head, Text safe.Text
}

// lines as a page of text.
func textPage(lines []safe.Text) []PageLine {
	page := make([]PageLine, len(lines))
	for i, text := range lines {
		page[i].Text = text
	}
	return page
}

// helpPage explains the console to who types into room: a member is not shown what only the owner may do.
func helpPage(keys []safe.Text, table []*Command, room Room) []PageLine {
	lines := append([]PageLine{{Text: "Keys", Heading: true}}, textPage(keys)...)
	for _, group := range []struct {
		who     Who
		heading safe.Text
	}{{Everybody, "Commands"}, {Member, "In a room"}, {Owner, "In a room you own"}} {
		if group.who == Owner && room.ID != "" && !room.Owned {
			continue
		}
		lines = append(lines, PageLine{Text: group.heading, Heading: true})
		for _, cmd := range table {
			if cmd.Who == group.who {
				lines = append(lines, PageLine{Head: safe.Phrase(cmd.Synopsis()), Text: safe.Phrase(cmd.Help)})
			}
		}
	}
	lines = append(lines, PageLine{})
	return append(lines, textPage(sayingHelp)...)
}
