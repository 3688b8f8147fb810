package tui

import (
	"strings"

	"charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// The screen has, from the top: the status of the room, the talk beside the members, questions and warnings, the line being typed, its
// help, and the rooms. A small screen omits the least important parts.
const (
	barsFrom  = 8  // rows: a lower screen has no status and no rooms
	notesFrom = 5  // rows: a lower screen has only talk and input
	sideFrom  = 70 // columns: on a narrower screen the side column takes the place of the talk
	sideCells = 26 // columns of the side column, with the line to its left
)

// A frame is the division of the screen.
type frame struct {
	above, below []row // the bars at the top and at the bottom
	notes        []row // between the talk and the input
	help         []row
	prompt       safe.Text
	input        int // height in rows
	body         int // height of the middle, in rows
	talk         int // width of the talk, in columns; 0 if the side column takes its place
	side         bool
	items        []item // of the side column
}

// layout divides the screen and sets the size of its parts.
func (m *tui) layout() {
	w, h := m.window.width, m.window.height
	f := frame{talk: w}
	f.prompt = safe.Crop(m.prompt(), max(min(render.PromptCells, w/3), 1))
	m.input.draw(max(w-safe.Cells(f.prompt), 1), min(maxInputRows, h/2))
	f.input = min(m.input.drawn.shown, h)
	if h >= barsFrom {
		f.above = []row{m.statusBar(w)}
		f.below = []row{m.roomsBar(w)}
	}
	if h >= notesFrom {
		f.notes = m.notes(w)
		f.help = m.bottomHelp(w)
	}
	if m.questions.shown != nil { // a question is never cut; other parts are omitted instead
		f.notes = append(foldRows(urgent, "", m.questions.shown.text, w), foldRows(urgent, "", m.questions.shown.keys(), w)...)
	}
	if m.page != nil {
		f.input, f.help = 0, nil
		f.below = []row{styled(barred, safe.Pad(safe.Crop(pageHelpText, w), w))}
	}
	used := len(f.above) + len(f.below) + len(f.help) + f.input
	f.notes = f.notes[max(len(f.notes)-max(h-used, 0), 0):]
	f.body = max(h-used-len(f.notes), 0)
	room := m.tabs.shown().here.ID != "" && !m.tabs.shown().over
	switch {
	case !room || m.page != nil:
	case w >= sideFrom && h >= barsFrom && (!m.side.hidden || m.side.focus):
		f.side, f.talk = true, w-sideCells
	case m.side.focus:
		f.side, f.talk = true, 0
	}
	talk := f.body
	if m.tabs.shown().here.ID == "" {
		rows, _ := m.lobbyRows(w, m.lobbyHeight(f.body))
		talk = f.body - len(rows)
	}
	if m.tabs.shown().scroll.anchor != 0 && talk > 1 {
		talk-- // for the row that says how to return to the end
	}
	m.tabs.shown().scroll.resize(max(f.talk, 1), talk, m.show.Times)
	if f.side {
		f.items = m.items()
		m.side.resize(f.body, len(f.items))
	}
	if m.page != nil {
		m.page.draw(w)
		m.page.scroll(0, f.body)
	}
	m.window.frame = f
}

// View draws the screen that layout has divided.
func (m *tui) View() tea.View {
	f := m.window.frame
	rows := append([]row{}, f.above...)
	rows = append(rows, m.middle()...)
	rows = append(rows, f.notes...)
	top := len(rows)
	rows = append(rows, m.input.view(f.prompt)[:f.input]...)
	rows = append(rows, f.help...)
	rows = append(rows, f.below...)
	rows = rows[:min(len(rows), m.window.height)]
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = r.text
		if r.cells > m.window.width {
			lines[i] = safe.Truncate(r.text, m.window.width)
		}
		lines[i] = safe.Undisputed(lines[i])
	}
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen, v.ReportFocus = true, true
	v.WindowTitle = string(m.title())
	if m.show.Mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if c := m.input.cursor(f.prompt); c != nil && m.questions.shown == nil && m.page == nil && !m.side.focus {
		c.Y = top + min(c.Y, max(f.input-1, 0))
		c.X = min(c.X, max(m.window.width-1, 0))
		v.Cursor = c
	}
	return v
}

// middle returns the rows of the talk, with the side column beside them or in their place.
func (m *tui) middle() []row {
	f := m.window.frame
	p := m.tabs.shown()
	if m.page != nil {
		return m.page.window(f.body)
	}
	var talk []row
	if p.here.ID == "" {
		talk, _ = m.lobbyRows(m.window.width, m.lobbyHeight(f.body))
	}
	talk = append(talk, p.scroll.window()...)
	rows := make([]row, f.body)
	copy(rows, talk)
	if p.scroll.anchor != 0 && f.body > 1 {
		var text safe.Text = " End returns to the last line "
		if p.scroll.below > 0 {
			text = " " + safe.Number(p.scroll.below) + " new below; End returns "
		}
		rows[f.body-1] = styled(chosen, safe.Crop(text, max(f.talk, 1)))
	}
	if !f.side {
		return rows
	}
	column := m.sideRows(f.body, m.window.width-f.talk)
	for i := range rows {
		if f.talk == 0 {
			rows[i] = column[i]
			continue
		}
		gap := safe.Repeat(" ", f.talk-rows[i].cells)
		rows[i] = row{text: rows[i].text + string(gap) + column[i].text, cells: f.talk + column[i].cells}
	}
	return rows
}

// sideRows returns the rows of the side column.
func (m *tui) sideRows(height, width int) []row {
	items, from := m.window.frame.items, m.side.top
	line := safe.Text("│ ")
	if m.window.frame.talk == 0 {
		line = ""
	}
	rows := make([]row, height)
	for n := range rows {
		text, style := safe.Text(""), plain
		if i := from + n; i < len(items) {
			text = items[i].text
			switch {
			case items[i].kind == heading:
				style = bold
			case m.side.focus && items[i].same(m.side.at):
				text, style = ">"+text, chosen
			case items[i].kind == aKnock:
				style = alarm
			case items[i].pale:
				style = dim
			}
		}
		text = safe.Crop(text, max(width-safe.Cells(line), 0))
		rows[n] = row{text: dim.Render(string(line)) + style.Render(string(text)), cells: safe.Cells(line) + safe.Cells(text)}
	}
	return rows
}

// styled returns a row in one style.
func styled(style lipgloss.Style, text safe.Text) row {
	return row{text: style.Render(string(text)), cells: safe.Cells(text)}
}

// foldRows folds a text into rows in one style. The first row begins with front, and the others with blanks and
// render.MoreMark.
func foldRows(style lipgloss.Style, front, text safe.Text, width int) []row {
	var rows []row
	for _, part := range render.Rows(text, width-safe.Cells(front)) {
		rows = append(rows, styled(style, safe.Crop(front+part, width)))
		front = safe.Repeat(" ", safe.Cells(front))
	}
	return rows
}

// prompt returns the prompt, which names the room that a typed line goes to.
func (m *tui) prompt() safe.Text {
	switch p := m.tabs.shown(); {
	case p.here.ID == "":
		return "> "
	case p.over:
		return "(out) "
	default:
		return render.RoomHead(p.here.Name) + "> "
	}
}

// statusBar shows the state of the room: its owner, the progress of a removal, the knocks, the members, the key, the network
// and the policy.
func (m *tui) statusBar(width int) row {
	p := m.tabs.shown()
	if p.here.ID == "" {
		return bar(width, []safe.Text{"localchat", "you are " + safe.Name(m.info.Nick), m.netText(), "your words: " + safe.Phrase(m.info.Words)})
	}
	name := render.RoomHead(p.here.Name)
	if p.over {
		return bar(width, []safe.Text{name, "you are no longer in this room", m.netText()})
	}
	parts := []safe.Text{name, m.ownerText(p)}
	for _, r := range p.progress[max(len(p.progress)-1, 0):] {
		parts = append(parts, removalState(r.RemovalProgress))
	}
	if n := len(p.roster.Knocks); n > 0 {
		parts = append(parts, safe.Number(n)+" knocking")
	}
	parts = append(parts, render.Count(len(p.roster.Members), "member", "members"), "key "+safe.Number(p.roster.Epoch), m.netText())
	if p.policy.Access != "" {
		parts = append(parts, render.Access(p.policy.Access))
	}
	if p.policy.Subject != "" {
		parts = append(parts, safe.Phrase(p.policy.Subject))
	}
	return bar(width, parts)
}

// removalState describes an unfinished removal in a few words.
func removalState(r node.RemovalProgress) safe.Text {
	told := safe.Text("not told")
	if r.Told {
		told = "told"
	}
	return render.Deed(r.Kind) + " " + render.Nick(r.Nick, r.Peer) + ": " + told + ", " + safe.Number(r.Applied) + " of " + safe.Number(r.Total)
}

// ownerText names the owner of the room, and says whether it is online.
func (m *tui) ownerText(p *pane) safe.Text {
	if p.here.Owned {
		return "yours"
	}
	name := m.ownersName(p)
	switch {
	case p.away.IsZero():
		return name + " online"
	case p.left:
		return name + " quit " + m.since(p) + " ago"
	}
	return name + " unreachable for " + m.since(p)
}

// ownersName names the owner of a room that is not ours.
func (m *tui) ownersName(p *pane) safe.Text {
	who := p.roster.Owner()
	if who.Peer == "" {
		return "owner"
	}
	return "owner " + render.Nick(who.Nick, who.Peer)
}

// since returns how long the owner of a room has been away.
func (m *tui) since(p *pane) safe.Text {
	return render.Minutes(max(int(m.now.Sub(p.away).Seconds()), 0))
}

// netText describes the state of the network. A node that is in no room is connected to others for moments only.
func (m *tui) netText() safe.Text {
	switch {
	case len(m.info.Addrs) == 0:
		return "no network"
	case m.room().ID == "" && m.connected < m.nodes:
		return render.Count(m.nodes, "node", "nodes") + " found"
	case m.connected == 0:
		return "no node connected"
	}
	return render.Count(m.connected, "node", "nodes") + " connected"
}

// bar returns a row over the whole width, with as many of the parts as fit.
func bar(width int, parts []safe.Text) row {
	text := safe.Join(parts, " │ ")
	text = safe.Crop(" "+text, width)
	return styled(barred, safe.Pad(text, width))
}

// roomsBar lists the panes, each with its count of unread lines.
func (m *tui) roomsBar(width int) row {
	text := " " + safe.Join(m.roomParts(), roomGap)
	help := safe.Text("F1 help ")
	if m.room().ID != "" {
		help = "F1 help  F2 members "
	}
	if free := width - safe.Cells(text) - safe.Cells(help); free > 0 {
		text += safe.Repeat(" ", free) + help
	}
	return styled(barred, safe.Pad(safe.Crop(text, width), width))
}

// roomGap separates two rooms in the bar.
const roomGap safe.Text = "  "

// roomParts returns the panes as the bar shows them.
func (m *tui) roomParts() []safe.Text {
	parts := make([]safe.Text, len(m.tabs.list))
	for i, p := range m.tabs.list {
		name := safe.Text("lobby")
		if p.here.ID != "" {
			name = safe.Crop(safe.Name(p.here.Name), render.PromptCells)
		}
		parts[i] = safe.Number(i+1) + ":" + name + unreadText(p)
		if i == m.tabs.at {
			parts[i] = "[" + parts[i] + "]"
		}
	}
	return parts
}

// roomAt returns the index of the pane at column x of the bar, or -1.
func (m *tui) roomAt(x int) int {
	x--
	for i, part := range m.roomParts() {
		if x >= 0 && x < safe.Cells(part) {
			return i
		}
		x -= safe.Cells(part) + safe.Cells(roomGap)
	}
	return -1
}

// unreadText returns the number of unread lines (+), and of those that are for the user (!).
func unreadText(p *pane) safe.Text {
	text := safe.Text("")
	if p.unread > 0 {
		text += " +" + safe.Number(p.unread)
	}
	if p.calls > 0 {
		text += " !" + safe.Number(p.calls)
	}
	return text
}

// title returns the title of the window: the room, and the number of unread lines in all rooms.
func (m *tui) title() safe.Text {
	unread := &pane{}
	for p := range m.tabs.every() {
		unread.unread += p.unread
		unread.calls += p.calls
	}
	name := safe.Text("localchat")
	if p := m.tabs.shown(); p.here.ID != "" {
		name = safe.Name(p.here.Name) + " - localchat"
	}
	return name + unreadText(unread)
}

// notes returns the rows between the talk and the input.
func (m *tui) notes(width int) []row {
	p := m.tabs.shown()
	var rows []row
	if text := m.banner(p); text != "" {
		rows = append(rows, styled(urgent, safe.Pad(safe.Crop(text, width), width)))
	}
	if text := m.enteringText(); text != "" {
		rows = append(rows, foldRows(quiet, "", text, width)...)
	}
	if m.door.peer != "" && !p.over {
		for _, text := range render.Rows(m.door.text, width) { // not cropped, since the words are there to be compared
			rows = append(rows, styled(urgent, safe.Pad(text, width)))
		}
	}
	return rows
}

// banner says for how long there has been no network, or no answer from the owner. In a room that we were removed from it returns "",
// so that nobody takes a removal for a lost network.
func (m *tui) banner(p *pane) safe.Text {
	switch {
	case p.here.ID == "" || p.over:
		return ""
	case p.left && m.connected == 0:
		return render.FaultMark + m.ownersName(p) + " quit " + m.since(p) + " ago, and no other node is connected: your lines wait here"
	case !p.away.IsZero() && m.connected == 0:
		return render.FaultMark + "no connection to any node for " + m.since(p) + ": your lines wait here, and nobody can be admitted or removed"
	case p.left:
		return render.FaultMark + m.ownersName(p) + " quit " + m.since(p) + " ago: you can still chat, but " + render.WithoutOwner
	case !p.away.IsZero():
		return render.FaultMark + "owner unreachable for " + m.since(p) + ": you can still chat, but " + render.WithoutOwner
	case len(m.info.Addrs) == 0:
		return render.FaultMark + "no network: this computer has no address"
	case p.here.Owned && !m.alone.IsZero() && len(p.roster.Members) > 1:
		return render.FaultMark + "no connection to any node for " + render.Minutes(max(int(m.now.Sub(m.alone).Seconds()), 0)) + ": your lines wait here"
	}
	return ""
}

// bottomHelp returns the rows under the input: one, or as many as the keys of the side column need.
func (m *tui) bottomHelp(width int) []row {
	switch {
	case m.questions.shown != nil:
		return nil
	case m.side.focus:
		return foldRows(dim, "", m.sideHelp(), width)
	}
	var rows []row
	if d := &m.input.drawn; d.shown < len(d.rows) && m.window.height >= barsFrom {
		text := "rows " + safe.Number(d.top+1) + " to " + safe.Number(d.top+d.shown) + " of " + safe.Number(len(d.rows)) + "; Up and Down show the others"
		rows = append(rows, styled(dim, safe.Crop(text, width)))
	}
	if m.input.returned && m.window.height >= barsFrom {
		rows = append(rows, styled(dim, safe.Crop("not done; typing replaces it, an arrow key or Backspace keeps it", width)))
	}
	if help := m.help(); help != "" {
		rows = append(rows, styled(dim, safe.Crop(help, width)))
	}
	return rows
}
