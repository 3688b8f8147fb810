package tui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

// Jobs are the commands that run. They run in the order in which they were typed.
type jobs struct {
	waiting []job // for the one before them
	busy    bool
	count   int // so far
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

// run runs a command after those before it, or at once if it waits for other people.
func (m *tui) run(j job) {
	if j.cmd.Slow {
		m.perform(j)
		return
	}
	m.jobs.waiting = append(m.jobs.waiting, j)
	m.next()
}

// next runs the first command in the queue.
func (m *tui) next() {
	if m.jobs.busy || len(m.jobs.waiting) == 0 {
		return
	}
	j := m.jobs.waiting[0]
	m.jobs.waiting, m.jobs.busy = m.jobs.waiting[1:], true
	m.perform(j)
}

// perform runs a job in a goroutine of its own, which shares nothing with the loop.
func (m *tui) perform(j job) {
	if j.cmd.First != "" {
		m.tell(j.pane, answer, j.cmd.First)
	}
	m.jobs.count++
	j.number = m.jobs.count
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
		m.jobs.busy = false
	}
	withdrawn := m.entered(f.number)
	if m.asksOfKey(f) || !withdrawn && m.asksOfNick(f) {
		return
	}
	if withdrawn && f.err != nil && !f.opening {
		m.tell(f.pane, happened, render.NoticeMark+"you no longer ask to be let into "+f.enters)
		return
	}
	m.end.settled = m.end.settled || f.opening
	if f.opening && f.err != nil {
		m.end.failure = f.err
		return
	}
	to := f.pane
	if p := m.tabs.find(f.reply.Room); p != nil && !p.over {
		to = p
		m.offer(p)
	}
	if f.opening && f.err == nil && !m.open.Knocks && to != m.tabs.list[0] {
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
	if to == m.tabs.shown() && len(f.reply.Figure) == 0 && to.scroll.anchor == 0 {
		to.scroll.startAt(first)
	}
	if f.reply.Secret != "" {
		m.secret = f.reply.Secret
	}
	if f.reply.Then != nil {
		f.reply.Then(m)
	}
	m.glances.stale = true
	m.glance()
	m.next()
}

// draw shows a drawing if there is room for it.
func (m *tui) draw(p *pane, rows []safe.Text) {
	width := 0
	for _, r := range rows {
		width = max(width, safe.Cells(r)+1)
	}
	if width > m.window.frame.talk || len(rows) > m.window.frame.body {
		m.tell(p, answer, "hint: the QR code needs a window of "+safe.Number(width+m.window.width-m.window.frame.talk)+" columns and "+
			safe.Number(len(rows)+m.window.height-m.window.frame.body)+" rows; /copy invite copies the text")
		return
	}
	m.tell(p, figure, rows...)
	if len(rows) > 0 && m.env.Colourless {
		m.tell(p, answer, command.ColourlessQR)
	}
}
