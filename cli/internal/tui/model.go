package tui

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/notify"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A tui is the model of the full-screen console. It changes only with messages, and acts on the outside only through the
// commands that it returns, which see the node as a [command.Node]. The goroutine of bubbletea's loop owns it.
type tui struct {
	env   *command.Env
	ctx   context.Context // for the commands
	n     command.Node
	open  *command.Opening
	table []*command.Command
	show  command.Settings
	// settle is called by a command. It returns when every event of the node so far has been sent to us. nil: there is nothing
	// to wait for.
	settle func()
	// post is called by a command, to send us a message before the command is finished.
	post func(tea.Msg)
	// warned are the warnings of no room that came while the lobby was shown, up to maxWarned of them.
	warned []node.Event

	info     node.Info
	panes    []*pane // the lobby is the first
	at       int     // index of the pane shown
	away     []*pane // rooms that are hidden and stay open
	input    composer
	side     side
	page     *page // shown over the talk, or nil
	question *question
	asks     []*question // questions that have not been asked yet
	hint     safe.Text   // shown instead of the help, until the next key
	door     door
	lobby    lobby
	entering []entry // requests to be let into a room, the latest last
	secret   string  // the latest invite

	width, height int
	frame         frame
	now           time.Time
	gaze          gaze
	caller        notify.Caller

	connected int // number of other nodes connected
	// alone is when the last connection was lost; zero: there is a connection, or there never was one.
	alone time.Time
	// queue are the commands that wait for the one before them: commands run in the order in which they were typed.
	queue []job
	busy  bool
	jobs  int // number of jobs so far
	// looking is set while a glimpse is on its way, stale if something has happened since it was requested, and others if the
	// rooms on this network have changed since the last one.
	looking, stale, others bool
	// out are the commands that the present message has asked for; see do.
	out  []tea.Cmd
	quit bool

	settled bool  // the command that the console started with is finished
	lost    error // why the last room was lost, if we did not leave it ourselves
	failure error // if set, the console ends with it
}

// A job is a command to run.
type job struct {
	cmd  *command.Command
	args []string
	text string // as typed
	pane *pane  // where it was typed
	// opening is set if the console started with it.
	opening bool
	// enters is the room that it asks to be let into, or "".
	enters safe.Text
	// number identifies it; keys is the number of keys pressed before it was typed.
	number, keys int
}

// performed is the result of a job.
type performed struct {
	job
	reply command.Reply
	err   error
}

func newTUI(ctx context.Context, env *command.Env, n command.Node, open *command.Opening, now time.Time) *tui {
	return &tui{
		env: env, ctx: ctx, n: n, open: open, table: append(command.TableFor(n), screenCommands()...),
		show: env.Show, input: newComposer(), panes: []*pane{{}}, info: n.Info(), now: now, gaze: gaze{acted: now},
	}
}

// Init starts the command that the console begins with.
func (m *tui) Init() tea.Cmd {
	m.tell(m.panes[0], happened, m.env.Greeting(m.info))
	m.glance()
	if m.open != nil {
		if m.open.Knocks {
			m.tell(m.panes[0], happened, command.Asking(m.info))
		}
		m.perform(m.opened(m.open.Command()))
	}
	return m.outgoing()
}

// Update acts on one message.
func (m *tui) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tick:
		m.now = time.Time(msg)
		for p := range m.every() {
			m.tell(p, happened, p.progress.Overdue(m.now)...)
		}
		m.notify(m.caller.Rest(m.now), m.gaze.looks(m.now))
		m.stale = true
		m.glance()
	case happenings:
		for _, ev := range msg {
			m.event(ev)
		}
		m.stale = true
		m.glance()
	case glimpse:
		m.seen(msg)
	case asked:
		m.knocks(msg)
	case performed:
		m.finish(msg)
	case silence:
		m.failure = command.Stopped(m.n)
	case tea.ModeReportMsg:
		switch msg.Mode {
		case ansi.ModeUnicodeCore: // bubbletea asks the terminal for this mode, and goes by the answer as we do
			safe.CountClusters(msg.Value == ansi.ModeReset || msg.Value == ansi.ModeSet || msg.Value == ansi.ModePermanentlySet)
			m.do(tea.Raw(ansi.RequestModeFocusEvent)) // now we know that it understands the question
		case ansi.ModeFocusEvent:
			m.gaze.reported(msg.Value, m.env.Terminal.Tmux)
		}
	case tea.FocusMsg:
		m.gaze.reports, m.gaze.blurred = true, false
		m.caller.Looked()
		m.pane().look()
	case tea.BlurMsg:
		m.gaze.reports, m.gaze.blurred = true, true
		m.pane().turn()
	case tea.PasteMsg, tea.KeyPressMsg, tea.MouseWheelMsg, tea.MouseClickMsg:
		m.gaze.acted = m.now
		m.act(msg)
	}
	m.nextQuestion()
	m.layout()
	return m, m.outgoing()
}

// act does what the user wants by the keyboard or the mouse.
func (m *tui) act(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		m.paste(msg.Content)
	case tea.KeyPressMsg:
		m.key(msg)
	case tea.MouseWheelMsg:
		m.wheel(msg)
	case tea.MouseClickMsg:
		m.click(msg)
	}
}

// do adds a command to those that Update will return.
func (m *tui) do(cmd tea.Cmd) { m.out = append(m.out, cmd) }

// outgoing returns what the present message has asked for.
func (m *tui) outgoing() tea.Cmd {
	out := m.out
	m.out = nil
	if m.quit || m.failure != nil {
		return tea.Quit
	}
	return tea.Batch(out...)
}

// pane returns the pane shown.
func (m *tui) pane() *pane { return m.panes[m.at] }

// find returns the pane of a room, or nil.
func (m *tui) find(id string) *pane {
	for p := range m.every() {
		if id != "" && p.here.ID == id {
			return p
		}
	}
	return nil
}

// every goes through all panes, including the hidden ones.
func (m *tui) every() iter.Seq[*pane] {
	return func(yield func(*pane) bool) {
		for _, p := range m.panes {
			if !yield(p) {
				return
			}
		}
		for _, p := range m.away {
			if !yield(p) {
				return
			}
		}
	}
}

// hidden reports whether p is hidden.
func (m *tui) hidden(p *pane) bool { return slices.Contains(m.away, p) }

// PutAway hides a room that we own and that stays open.
func (m *tui) PutAway(r command.Room) {
	p := m.find(r.ID)
	if p == nil || m.hidden(p) {
		return
	}
	if p == m.pane() {
		m.turnTo(m.beside(p))
	}
	shown := m.pane()
	m.panes = slices.DeleteFunc(m.panes, func(q *pane) bool { return q == p })
	m.at = slices.Index(m.panes, shown)
	m.away = append(m.away, p)
	p.turn()
	m.tell(shown, happened, command.Away(r))
}

// bringBack makes a hidden room visible again.
func (m *tui) bringBack(p *pane) {
	if m.hidden(p) {
		m.away = slices.DeleteFunc(m.away, func(q *pane) bool { return q == p })
		m.panes = append(m.panes, p)
	}
}

// rooms returns the rooms that we are in.
func (m *tui) rooms() []command.Room {
	var in []command.Room
	for p := range m.every() {
		if p.here.ID != "" && !p.over {
			in = append(in, p.here)
		}
	}
	return in
}

// room returns the current room, with no id if there is none.
func (m *tui) room() command.Room {
	if p := m.pane(); !p.over {
		return p.here
	}
	return command.Room{}
}

// turnTo shows another pane. The one shown before is closed if it is over, because it has been read by then. A half-typed line
// stays with its room; one that was typed in the lobby belongs to no room and moves along.
func (m *tui) turnTo(to *pane) {
	from := m.pane()
	if from == to {
		return
	}
	m.bringBack(to)
	from.turn()
	if m.input.returned {
		m.input.set("")
	}
	m.input.keys++
	if text := m.input.text(); from.here.ID != "" || text == "" {
		from.draft = text
		m.input.set(to.draft)
		m.input.forget()
	}
	if from.over {
		m.panes = slices.DeleteFunc(m.panes, func(p *pane) bool { return p == from })
	}
	m.at = slices.Index(m.panes, to)
	m.hint = ""
	to.look()
	m.side, m.door = side{hidden: m.side.hidden}, door{}
	m.stale = true
	m.glance()
}

// offer shows a pane that something has happened to, unless the user is typing a line to another room.
func (m *tui) offer(p *pane) {
	if m.room().ID == "" || m.input.idle() {
		m.turnTo(p)
	}
}

// looked reports whether the user sees what is added to p.
func (m *tui) looked(p *pane) bool { return p == m.pane() && !m.gaze.blurred }

// tell adds lines to a pane.
func (m *tui) tell(p *pane, kind lineKind, lines ...safe.Text) {
	for _, text := range lines {
		p.add(line{at: m.now, kind: kind, text: text}, m.looked(p))
	}
}

// complain shows the failure of a command. The console goes on.
func (m *tui) complain(p *pane, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	text, hint, _ := fail.ExplainAtConsole(err)
	m.tell(p, trouble, render.FaultMark+safe.Phrase(text))
	m.tell(p, answer, render.Hint(hint)...)
	p.scroll.end()
}

// run runs a command after those before it, or at once if it waits for other people.
func (m *tui) run(j job) {
	if j.cmd.Slow {
		m.perform(j)
		return
	}
	m.queue = append(m.queue, j)
	m.next()
}

// next runs the first command in the queue.
func (m *tui) next() {
	if m.busy || len(m.queue) == 0 {
		return
	}
	j := m.queue[0]
	m.queue, m.busy = m.queue[1:], true
	m.perform(j)
}

// perform runs a job in a goroutine of its own, which shares nothing with the loop.
func (m *tui) perform(j job) {
	if j.cmd.First != "" {
		m.tell(j.pane, answer, j.cmd.First)
	}
	m.jobs++
	j.number = m.jobs
	ctx, cancel := context.WithTimeout(m.ctx, j.cmd.Patience())
	if j.enters != "" {
		m.entering = append(m.entering, entry{job: j.number, room: j.enters, cancel: cancel})
	}
	query, settle, post := m.query(j), m.settle, m.post
	query.Asked = func(room string, until time.Time) {
		if post != nil {
			post(asked{job: j.number, room: room, until: until})
		}
	}
	m.do(func() tea.Msg {
		defer cancel()
		r, err := j.cmd.Run(ctx, query)
		if settle != nil {
			settle()
		}
		return performed{job: j, reply: r, err: err}
	})
}

// query returns the [command.Call] for a job.
func (m *tui) query(j job) command.Call {
	return command.Call{
		Node: m.n, Args: j.args, Room: j.pane.here, Rooms: m.rooms(), Table: m.table, Env: m.env, Show: m.show, Terminal: true,
		Keys: KeyHelp,
	}
}

// finish shows the result of a job.
func (m *tui) finish(f performed) {
	if !f.cmd.Slow {
		m.busy = false
	}
	withdrawn := m.entered(f.number)
	if m.asksOfKey(f) || !withdrawn && m.asksOfNick(f) {
		return
	}
	if withdrawn && f.err != nil && !f.opening {
		m.tell(f.pane, happened, render.NoticeMark+"you no longer ask to be let into "+f.enters)
		return
	}
	m.settled = m.settled || f.opening
	if f.opening && f.err != nil {
		m.failure = f.err
		return
	}
	to := f.pane
	if p := m.find(f.reply.Room); p != nil && !p.over {
		to = p
		m.offer(p)
	}
	if f.opening && f.err == nil && !m.open.Knocks && to != m.panes[0] {
		m.tell(to, happened, m.env.Greeting(m.info)) // again, in the pane that the user sees
	}
	if f.err != nil {
		m.complain(to, f.err)
		m.giveBack(f.job)
	}
	if f.reply.Page != nil {
		m.page, f.reply.Lines = &page{lines: f.reply.Page}, nil
	}
	first := to.scroll.last + 1
	for _, h := range f.reply.Hits {
		to.add(line{at: h.At, kind: foundLine, text: h.Text}, m.looked(to))
	}
	for _, text := range f.reply.Lines {
		kind := answer
		if f.reply.IsSecret(text) {
			kind = verbatim
		}
		m.tell(to, kind, text)
	}
	m.draw(to, f.reply.Figure)
	if to == m.pane() && len(f.reply.Figure) == 0 && to.scroll.anchor == 0 {
		to.scroll.startAt(first)
	}
	if f.reply.Secret != "" {
		m.secret = f.reply.Secret
	}
	if f.reply.Then != nil {
		f.reply.Then(m)
	}
	m.stale = true
	m.glance()
	m.next()
}

// draw shows a drawing if there is room for it.
func (m *tui) draw(p *pane, rows []safe.Text) {
	width := 0
	for _, r := range rows {
		width = max(width, safe.Cells(r)+1)
	}
	if width > m.frame.talk || len(rows) > m.frame.body {
		m.tell(p, answer, "hint: the QR code needs a window of "+safe.Number(width+m.width-m.frame.talk)+" columns and "+
			safe.Number(len(rows)+m.height-m.frame.body)+" rows; /copy invite copies the text")
		return
	}
	m.tell(p, figure, rows...)
	if len(rows) > 0 && m.env.Colourless {
		m.tell(p, answer, command.ColourlessQR)
	}
}

// Said has nothing to record: the event of the line says the same.
func (m *tui) Said(string) {}

func (m *tui) Settings() *command.Settings { return &m.show }
func (m *tui) Clear()                      { m.pane().scroll.clear() }
func (m *tui) End()                        { m.quit = true }

// farewell says goodbye and returns the error that the console ends with. Lines that have reached nobody are reported on
// standard error, which can still be read when the screen is gone.
func (m *tui) farewell() error {
	lines := 0
	for p := range m.every() {
		lines += p.scroll.pending()
	}
	if lines > 0 {
		m.env.Say(render.FaultMark + render.Count(lines, "line has", "lines have") + " reached nobody yet")
	}
	switch {
	case m.failure != nil:
		return m.failure
	case m.open != nil && len(m.rooms()) == 0 && m.lost != nil:
		return m.lost
	}
	if m.env.Quiet {
		return nil
	}
	// This is not an error, so it goes to standard output, where the screen was.
	if _, own := m.n.(command.OwnNode); !own {
		return render.Data(m.env.Stdout, command.GoesOn(m.rooms()))
	}
	return render.Data(m.env.Stdout, goodbye(m.env.DataDir != "", m.rooms()))
}

// goodbye says what will become of the rooms that we are in.
func goodbye(kept bool, rooms []command.Room) safe.Text {
	if !kept {
		return render.NoticeMark + "goodbye; nothing was kept on disk"
	}
	var own, others []safe.Text
	for _, r := range rooms {
		if r.Owned {
			own = append(own, safe.Name(r.Name))
		} else {
			others = append(others, safe.Name(r.Name))
		}
	}
	text := render.NoticeMark + "goodbye"
	switch len(own) {
	case 0:
	case 1:
		text += "; " + own[0] + " is your room and opens again when localchat starts"
	default:
		text += "; " + safe.Join(own, ", ") + " are your rooms and open again when localchat starts"
	}
	if len(others) > 0 {
		text += "; you stay a member of " + safe.Join(others, ", ")
	}
	return text
}
