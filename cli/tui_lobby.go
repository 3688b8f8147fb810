package cli

import (
	"slices"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// A lobby is the rooms on this network, one of them chosen.
type lobby struct {
	rooms []node.RoomInfo
	at    int
	more  int // rooms that there are beside these
}

// take keeps the choice on the room that it was on.
func (l *lobby) take(rooms []node.RoomInfo) {
	var id node.RoomID
	if l.at < len(l.rooms) {
		id = l.rooms[l.at].ID
	}
	l.rooms = rooms
	l.at = max(slices.IndexFunc(rooms, func(r node.RoomInfo) bool { return r.ID == id }), 0)
}

func (l *lobby) move(down bool) {
	if down {
		l.at = min(l.at+1, len(l.rooms)-1)
		return
	}
	l.at = max(l.at-1, 0)
}

// chooseRoom enters the room chosen in the lobby, by its id: a name may be another room's too.
func (m *tui) chooseRoom() {
	if m.lobby.at >= len(m.lobby.rooms) {
		m.hint = "no room was found yet: /create ROOM makes one"
		return
	}
	r := m.lobby.rooms[m.lobby.at]
	if p := m.find(r.ID.String()); p != nil {
		m.turnTo(p)
		return
	}
	if r.Access == "invite" && !r.Mine {
		m.hint = "that room takes those with an invite: paste its text here"
		return
	}
	join, _ := lookUp("join", "", m.table)
	m.order(job{cmd: join, args: []string{r.ID.String()}, pane: m.pane(), enters: safe.Name(r.Name)}, nil)
}

// lobbyRows are the rooms found, as every list of rooms has them, for a screen of width cells.
func (m *tui) lobbyRows(width int) []row {
	rows := []row{styled(bold, safe.Crop("Rooms on this network", width))}
	if len(m.lobby.rooms) == 0 {
		for _, text := range []safe.Text{
			"none found so far; they appear here by themselves",
			"/create ROOM makes one; where mDNS is blocked, paste an invite and press Enter",
		} {
			rows = append(rows, foldRows(plain, "  ", text, width)...)
		}
	}
	for i, text := range roomLines(m.lobby.rooms) {
		rows = append(rows, m.lobbyRoom(i, text, width)...)
	}
	if m.lobby.more > 0 {
		rows = append(rows, foldRows(plain, "  ", moreRooms(m.lobby.more), width)...)
	}
	if len(m.lobby.rooms) > 0 {
		rows = append(rows, foldRows(dim, "  ", "Up and Down choose, Enter enters, F3 makes a room; or paste an invite and press Enter", width)...)
	}
	// The bar above cuts them, and what is cut cannot be compared.
	rows = append(rows, foldRows(plain, "  ", "your words: "+safe.Phrase(m.info.Words), width)...)
	return append(rows, row{})
}

// lobbyRoom are the rows of the i-th room, which text describes.
func (m *tui) lobbyRoom(i int, text safe.Text, width int) []row {
	if i == m.lobby.at && len(m.input.text()) == 0 {
		return foldRows(chosen, "> ", text, width)
	}
	return foldRows(plain, "  ", text, width)
}

// lobbyAt is the room in row y of the lobby, -1 where there is none.
func (m *tui) lobbyAt(y int) int {
	if y >= m.frame.body*2/3 {
		return -1 // the talk below it
	}
	y-- // the heading
	for i, text := range roomLines(m.lobby.rooms) {
		n := len(m.lobbyRoom(i, text, m.width))
		if y >= 0 && y < n {
			return i
		}
		y -= n
	}
	return -1
}
