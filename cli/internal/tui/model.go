package tui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"
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

	info      node.Info
	tabs      tabs
	input     composer
	side      side
	page      *page // shown over the talk, or nil
	questions questions
	hint      safe.Text // shown instead of the help, until the next key
	door      door
	lobby     lobby
	entering  []entry // requests to be let into a room, the latest last
	secret    string  // the latest invite

	window window
	now    time.Time
	gaze   gaze
	caller notify.Caller

	connected int // number of other nodes connected
	nodes     int // number of those that have been heard of
	// alone is when the last connection was lost; zero: there is a connection, or there never was one.
	alone   time.Time
	jobs    jobs
	glances glances
	rest    rest
	// out are the commands that the present message has asked for; see do.
	out []tea.Cmd
	end end
}

// A window is the size of the terminal, and how it is divided.
type window struct {
	width, height int
	frame         frame
}

// Questions are the one that waits for an answer, and those that have not been asked yet.
type questions struct {
	shown   *question
	waiting []*question
}

// Glances are the looks at the node for what is beside the talk.
type glances struct {
	// looking is set while a glimpse is on its way, stale if something has happened since it was requested, and others if the
	// rooms on this network have changed since the last one.
	looking, stale, others bool
}

// A rest is what the console does less often while nothing happens.
type rest struct {
	stirred time.Time // when something last happened
	frames  *frames
	// clock is the time of day; nil: m.now goes by ticks alone. pace says whether ticks are to be rare; nil: nobody asks.
	clock func() time.Time
	pace  func(rests bool)
}

// An end is how the console ends.
type end struct {
	quit    bool
	settled bool  // the command that the console started with is finished
	lost    error // why the last room was lost, if we did not leave it ourselves
	failure error // if set, the console ends with it
}

func newTUI(ctx context.Context, env *command.Env, n command.Node, open *command.Opening, now time.Time) *tui {
	return &tui{
		env: env, ctx: ctx, n: n, open: open, table: append(command.TableFor(n), screenCommands()...),
		show: env.Show, input: newComposer(), tabs: tabs{list: []*pane{{}}}, info: n.Info(), now: now, gaze: gaze{acted: now},
	}
}

// Init starts the command that the console begins with.
func (m *tui) Init() tea.Cmd {
	m.tell(m.tabs.list[0], happened, m.env.Greeting(m.info))
	m.glance()
	if m.open != nil {
		if m.open.Knocks {
			m.tell(m.tabs.list[0], happened, command.Asking(m.info))
		}
		m.perform(m.opened(m.open.Command()))
	}
	return m.outgoing()
}

// Update acts on one message.
func (m *tui) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.rest.frames.soon()
	defer m.stir(msg)
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.window.width, m.window.height = msg.Width, msg.Height
	case tick:
		m.now = time.Time(msg)
		for p := range m.tabs.every() {
			m.tell(p, happened, p.progress.Overdue(m.now)...)
		}
		m.notify(m.caller.Rest(m.now), m.gaze.looks(m.now))
		m.glances.stale = true
		m.glance()
	case happenings:
		for _, ev := range msg {
			m.event(ev)
		}
		m.glances.stale = true
		m.glance()
	case glimpse:
		m.seen(msg)
	case asked:
		m.knocks(msg)
	case performed:
		m.finish(msg)
	case silence:
		m.end.failure = command.Stopped(m.n)
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
		m.tabs.shown().look()
	case tea.BlurMsg:
		m.gaze.reports, m.gaze.blurred = true, true
		m.tabs.shown().turn()
	case tea.PasteMsg, tea.KeyPressMsg, tea.MouseWheelMsg, tea.MouseClickMsg:
		if m.rest.clock != nil {
			m.now = m.rest.clock()
		}
		m.gaze.acted = m.now
		m.act(msg)
	}
	m.nextQuestion()
	m.layout()
	return m, m.outgoing()
}

// stir notes that something has happened if msg says so, and says whether the console rests: the rooms of others are not shown, and
// nothing has happened for a while.
func (m *tui) stir(msg tea.Msg) {
	switch msg.(type) {
	case tick, glimpse:
	default:
		m.rest.stirred = m.now
	}
	if m.rest.pace != nil {
		m.rest.pace(m.room().ID != "" && m.caller.Due().IsZero() && m.now.Sub(m.rest.stirred) >= restAfter)
	}
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
	if m.end.quit || m.end.failure != nil {
		return tea.Quit
	}
	return tea.Batch(out...)
}

// rooms returns the rooms that we are in.
func (m *tui) rooms() []command.Room {
	var in []command.Room
	for p := range m.tabs.every() {
		if p.here.ID != "" && !p.over {
			in = append(in, p.here)
		}
	}
	return in
}

// room returns the current room, with no id if there is none.
func (m *tui) room() command.Room {
	if p := m.tabs.shown(); !p.over {
		return p.here
	}
	return command.Room{}
}

// looked reports whether the user sees what is added to p.
func (m *tui) looked(p *pane) bool { return p == m.tabs.shown() && !m.gaze.blurred }

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

// Said has nothing to record: the event of the line says the same.
func (m *tui) Said(string) {}

func (m *tui) Settings() *command.Settings { return &m.show }
func (m *tui) Clear()                      { m.tabs.shown().scroll.clear() }
func (m *tui) End()                        { m.end.quit = true }
