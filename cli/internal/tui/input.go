package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	"charm.land/bubbletea/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/stream"
)

// A composer holds the line being typed and the lines typed before.
type composer struct {
	area textarea.Model
	// past holds the lines typed before, the oldest first. at is the index of the one shown, or len(past) while the draft is shown.
	past  []string
	at    int
	draft string
	// cycle holds the completions that Tab goes through. turn is the index of the one shown.
	cycle []string
	turn  int
	stem  string // the text before the completed word
	drawn drawnInput
	// returned is set if the text is a line whose command failed, so that the user can correct it. A letter or a paste replaces
	// it, so that it never becomes part of another line.
	returned bool
	keys     int // number of keys pressed in the input
	undo     inputPast
}

func newComposer() composer {
	area := textarea.New()
	area.ShowLineNumbers = false
	area.CharLimit = safe.TabStop * safe.MaxText // cells; the length of a text is checked when it is sent
	area.DynamicHeight, area.MinHeight, area.MaxHeight = true, 1, maxInputRows
	area.MaxContentHeight = safe.MaxText // rows
	area.Prompt = ""                     // view draws the prompt
	area.SetVirtualCursor(false)
	styles := textarea.DefaultStyles(true)
	styles.Cursor.Color = nil
	area.SetStyles(styles)
	// The console has its own keys for these. Paste would run a program that reads the clipboard.
	for _, b := range []*key.Binding{
		&area.KeyMap.Paste, &area.KeyMap.InsertNewline, &area.KeyMap.CopySelection, &area.KeyMap.PageUp, &area.KeyMap.PageDown,
		&area.KeyMap.SelectAll,
	} {
		*b = key.NewBinding(key.WithDisabled())
	}
	area.KeyMap.LineNext, area.KeyMap.LinePrevious = key.NewBinding(key.WithKeys("down")), key.NewBinding(key.WithKeys("up"))
	area.Focus()
	return composer{area: area}
}

func (c *composer) text() string { return stream.FromStandIns(c.area.Value()) }

func (c *composer) set(text string) {
	c.area.SetValue(stream.StandIns(text))
	c.cycle, c.returned = nil, false
}

// idle reports that no line is being typed.
func (c *composer) idle() bool { return c.text() == "" || c.returned }

// pressed records a key or a paste. After a failed line, a letter or a paste (words) replaces that line, and any other key
// keeps it.
func (c *composer) pressed(words bool) {
	c.keys++
	if c.returned && words {
		c.set("")
	}
	c.returned = false
}

// insert inserts the whole text at the cursor, or nothing.
func (c *composer) insert(text string) (done bool) {
	if strings.ContainsFunc(text, stream.IsStandIn) {
		return false
	}
	before := c.area.Value()
	text = stream.StandIns(text)
	c.area.InsertString(text)
	if len(c.area.Value()) != len(before)+len(text) {
		c.area.SetValue(before)
		return false
	}
	c.cycle = nil
	return true
}

// edit hands a key to the input.
func (c *composer) edit(msg tea.Msg) {
	c.cycle = nil
	c.area, _ = c.area.Update(msg)
}

// newline inserts a line break.
func (c *composer) newline() {
	c.cycle = nil
	c.area.InsertString("\n")
}

// take empties the input and returns its text, which stays among the lines typed before.
func (c *composer) take() string {
	text := c.text()
	c.remember(text)
	c.set("")
	c.forget()
	return text
}

// remember adds a line to the lines typed before.
func (c *composer) remember(text string) {
	if text != "" && (len(c.past) == 0 || c.past[len(c.past)-1] != text) {
		c.past = append(c.past, text)
		c.past = c.past[max(len(c.past)-maxHistory, 0):]
	}
	c.at, c.draft = len(c.past), ""
}

// giveBack shows a line whose command failed, unless another line is being typed.
func (c *composer) giveBack(text string) {
	if text == "" || c.text() != "" && c.text() != text {
		return
	}
	c.remember(text)
	c.set(text)
	c.returned, c.undo.letters = true, false
}

// giveBack shows the line of a job that failed, if its pane is still shown and nothing has been typed since.
func (m *tui) giveBack(j job) {
	if j.pane == m.tabs.shown() && j.keys == m.input.keys {
		m.input.giveBack(j.text)
	}
}

// recall shows the line typed before the current one (back), or the one typed after it. The draft is kept.
func (c *composer) recall(back bool) {
	to := c.at + 1
	if back {
		to = c.at - 1
	}
	if to < 0 || to > len(c.past) {
		return
	}
	if c.at == len(c.past) {
		c.draft = c.text()
	}
	c.at = to
	if to == len(c.past) {
		c.set(c.draft)
		return
	}
	c.set(c.past[to])
}

// search shows the latest earlier line that contains the typed text.
func (c *composer) search() {
	if c.at == len(c.past) {
		c.draft = c.text()
	}
	for i, line := range slices.Backward(c.past[:c.at]) {
		if strings.Contains(strings.ToLower(line), strings.ToLower(c.draft)) {
			c.at = i
			c.set(line)
			return
		}
	}
}

// edge reports whether the cursor is in the first row of the input (first), or in the last one (not first).
func (c *composer) edge(first bool) bool {
	info := c.area.LineInfo()
	if first {
		return c.area.Line() == 0 && info.RowOffset == 0
	}
	return c.area.Line() == c.area.LineCount()-1 && info.RowOffset >= info.Height-1
}

// submit runs or says the line that was typed.
func (m *tui) submit() {
	text := m.input.text()
	p := m.tabs.shown()
	if strings.TrimSpace(text) == "" {
		if p.here.ID == "" {
			m.chooseRoom()
		}
		return
	}
	in, err := command.Parse(text, m.table)
	if err == nil && in.Cmd == nil {
		in, err = command.Meant(in.Say, m.room(), m.table)
	}
	if err == nil && in.Cmd.Name == "leave" && m.room().ID == "" && m.leavesNoRoom() {
		return
	}
	if err == nil {
		err = command.Permit(in.Cmd, m.room())
	}
	if err != nil {
		m.complain(p, err)
		m.input.giveBack(text)
		return
	}
	j := job{cmd: in.Cmd, args: in.Args, text: text, pane: p, enters: entersBy(in.Cmd, in.Args), keys: m.input.keys}
	m.order(j, func() {
		m.input.take()
		p.scroll.end()
		p.turn()
	})
}

// order runs a command, after its question if it has one. begin, which may be nil, is called just before the command runs.
func (m *tui) order(j job, begin func()) {
	run := func() {
		if begin != nil {
			begin()
		}
		m.run(j)
	}
	if j.cmd.Ask == nil {
		run()
		return
	}
	c, err := j.cmd.Ask(m.query(j), m.known())
	switch {
	case err != nil:
		m.complain(j.pane, err)
		m.giveBack(j)
	case c == nil:
		run()
	default:
		m.ask(j.pane, c.Text, func() {
			j.args = c.Args
			run()
		})
		m.questions.shown.choices, m.questions.shown.choose = c.Choices, func(of command.Choice) {
			if of.Begun != "" {
				m.input.take()
				m.input.set(of.Begun)
				return
			}
			j.args = of.Args
			run()
		}
		no := m.questions.shown.no
		m.questions.shown.no = func() {
			no()
			m.giveBack(j)
		}
	}
}

// lineEnds turns the line ends of every system into "\n".
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// paste inserts text exactly as it is; it is made safe when it is drawn. Before inserting many lines it asks.
func (m *tui) paste(text string) {
	text = strings.TrimRight(lineEnds.Replace(text), "\n")
	if have := len(m.input.text()); have+len(text) > safe.MaxText {
		m.complain(m.tabs.shown(), fail.Usage("put it in a file", "a paste of %d bytes was ignored; there is room for %d", len(text), safe.MaxText-have))
		return
	}
	insert := func() {
		before := m.input.now()
		defer func() { m.input.changed(before, "", false) }()
		m.input.pressed(true)
		if !m.input.insert(text) {
			m.complain(m.tabs.shown(), fail.Usage("put it in a file", "a paste with too many lines or private-use characters was ignored"))
		}
	}
	lines := strings.Count(text, "\n") + 1
	if lines <= maxPasteLines {
		insert()
		return
	}
	m.ask(m.tabs.shown(), "put "+safe.Number(lines)+" pasted lines into the input, as one message?", insert)
}
