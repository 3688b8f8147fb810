package command

import "localchat/cli/internal/safe"

// A PageLine is a line of a page: a heading, a text, or Head with its explanation.
type PageLine struct {
	Heading    bool
	Head, Text safe.Text
}

// textPage returns lines as a page.
func textPage(lines []safe.Text) []PageLine {
	page := make([]PageLine, len(lines))
	for i, text := range lines {
		page[i].Text = text
	}
	return page
}

// helpPage explains the console to a user in room. A member does not see the commands of the owner and of deputies.
func helpPage(keys []safe.Text, table []*Command, room Room) []PageLine {
	lines := append([]PageLine{{Text: "Keys", Heading: true}}, textPage(keys)...)
	for _, group := range []struct {
		role    Role
		heading safe.Text
	}{{Everybody, "Commands"}, {Member, "In a room"}, {Moderator, "In a room that you own, or are a deputy of"}, {Owner, "In a room you own"}} {
		if room.ID != "" && (group.role == Owner && !room.Owned || group.role == Moderator && !room.Moderated()) {
			continue
		}
		lines = append(lines, PageLine{Text: group.heading, Heading: true})
		for _, cmd := range table {
			if cmd.Role == group.role {
				lines = append(lines, PageLine{Head: safe.Phrase(cmd.Synopsis()), Text: safe.Phrase(cmd.Help)})
			}
		}
	}
	lines = append(lines, PageLine{})
	return append(lines, textPage(sayingHelp)...)
}
