package tui

import (
	"slices"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A lobby lists the rooms on this network. One of them is chosen.
type lobby struct {
	rooms []node.RoomInfo
	at    int
	more  int // number of rooms that are not listed
}

// take replaces the list. The chosen room stays the same one.
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

// chooseRoom enters the room chosen in the lobby. It uses the id, because two rooms can have the same name.
func (m *tui) chooseRoom() {
	if m.lobby.at >= len(m.lobby.rooms) {
		m.hint = "no room was found yet: /create ROOM makes one"
		return
	}
	r := m.lobby.rooms[m.lobby.at]
	if p := m.tabs.find(r.ID.String()); p != nil {
		m.turnTo(p)
		return
	}
	if r.Access == node.AccessInvite && !r.Mine {
		m.hint = "that room needs an invite: paste the invite here"
		return
	}
	join, _ := command.LookUp("join", "", m.table)
	m.order(job{cmd: join, args: []string{r.ID.String()}, pane: m.tabs.shown(), enters: safe.Name(r.Name)}, nil)
}

// lobbyRows draws the rooms of the lobby in at most height rows of width cells. If they do not fit, it draws those around the chosen
// one, and says how many more there are above and below. of holds, for each row, the index of the room in it, or -1.
func (m *tui) lobbyRows(width, height int) (rows []row, of []int) {
	add := func(i int, more ...row) {
		for _, r := range more {
			rows, of = append(rows, r), append(of, i)
		}
	}
	add(-1, styled(bold, safe.Crop("Rooms on this network", width)))
	end := m.lobbyEnd(width)
	space := height - len(rows) - len(end)
	if space < 3 {
		space, end = height-len(rows), nil
	}
	texts := render.Rooms(m.lobby.rooms)
	first, last := m.lobbyWindow(texts, width, space)
	if first > 0 {
		add(-1, styled(dim, safe.Crop("  "+safe.Number(first)+" more above", width)))
	}
	for i := first; i < last; i++ {
		add(i, m.lobbyRoom(i, texts[i], width)...)
	}
	if below := len(texts) - last; below > 0 {
		add(-1, styled(dim, safe.Crop("  "+safe.Number(below)+" more below", width)))
	}
	add(-1, end...)
	height = max(height, 0)
	return rows[:min(len(rows), height)], of[:min(len(of), height)]
}

// lobbyWindow returns the range of rooms to draw in space rows: all, or as many as fit together with the two rows that count
// the others. The chosen room is always in it.
func (m *tui) lobbyWindow(texts []safe.Text, width, space int) (first, last int) {
	taken := 0
	for i, text := range texts {
		taken += len(m.lobbyRoom(i, text, width))
	}
	if taken <= space {
		return 0, len(texts)
	}
	space -= 2
	taken = 0
	for last < len(texts) {
		n := len(m.lobbyRoom(last, texts[last], width))
		if taken+n > space && last > m.lobby.at {
			break
		}
		for taken+n > space && first < last {
			taken -= len(m.lobbyRoom(first, texts[first], width))
			first++
		}
		taken += n
		last++
	}
	return first, last
}

// lobbyEnd returns the rows below the rooms.
func (m *tui) lobbyEnd(width int) (rows []row) {
	if len(m.lobby.rooms) == 0 {
		for _, text := range []safe.Text{
			"none found so far; rooms appear here automatically",
			"/create ROOM makes one; where mDNS is blocked, paste an invite and press Enter",
		} {
			rows = append(rows, foldRows(plain, "  ", text, width)...)
		}
	}
	if m.lobby.more > 0 {
		rows = append(rows, foldRows(plain, "  ", render.MoreRooms(m.lobby.more), width)...)
	}
	if len(m.lobby.rooms) > 0 {
		rows = append(rows, foldRows(dim, "  ", "Up and Down choose, Enter enters, F3 makes a room; or paste an invite and press Enter", width)...)
	}
	// The status bar has the words too, but may cut them off; then they could not be compared.
	rows = append(rows, foldRows(plain, "  ", "your words: "+safe.Phrase(m.info.Words), width)...)
	return append(rows, row{})
}

// lobbyRoom returns the rows of the i-th room, which text describes.
func (m *tui) lobbyRoom(i int, text safe.Text, width int) []row {
	if i == m.lobby.at && len(m.input.text()) == 0 {
		return foldRows(chosen, "> ", text, width)
	}
	return foldRows(plain, "  ", text, width)
}

// lobbyHeight returns how many of the body rows the lobby may take. The talk below it takes the rest.
func (m *tui) lobbyHeight(body int) int { return body * 2 / 3 }

// lobbyAt returns the index of the room in row y of the lobby, or -1.
func (m *tui) lobbyAt(y int) int {
	if _, of := m.lobbyRows(m.window.width, m.lobbyHeight(m.window.frame.body)); y >= 0 && y < len(of) {
		return of[y]
	}
	return -1
}
