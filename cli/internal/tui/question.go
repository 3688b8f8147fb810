package tui

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A question is shown until it is answered; other keys have no effect until then.
type question struct {
	text    safe.Text
	pane    *pane // the room that it is about; the question disappears if we lose our place there
	yes, no func()
	// choices holds the answers, if these are not yes and no. choose is called with the chosen one.
	choices []command.Choice
	choose  func(command.Choice)
	// other is called if the user types an answer instead, with its first character. If it is nil, no answer can be typed.
	other func(key string)
	// sudden is set if the question did not follow from a key, so that the user may be typing something else. Then a yes counts only
	// after calm has passed without a key. since is when the last key was pressed, or when the question appeared.
	sudden bool
	since  time.Time
}

// calm is how long no key may be pressed before a yes to a sudden question: longer than between two letters of a word.
const calm = time.Second

// ask asks a question that follows from a key just pressed.
func (m *tui) ask(p *pane, text safe.Text, yes func()) {
	m.questions.shown = &question{text: text, pane: p, yes: yes, no: func() { m.hint = "nothing was done" }}
}

// keys lists the keys that answer the question.
func (q *question) keys() safe.Text {
	switch {
	case q.other != nil:
		return "[y] yes  [n] no, or type another"
	case q.choices == nil:
		return "[y] yes  [n] no"
	}
	text := safe.Text("")
	for _, c := range q.choices {
		text += "[" + c.Key + "] " + c.Word + "  "
	}
	return text + "[n] neither"
}

// askLater asks q as soon as no line is being typed and no other question is open.
func (m *tui) askLater(q question) { m.questions.waiting = append(m.questions.waiting, &q) }

// nextQuestion asks the first question that waits, if it can be asked now.
func (m *tui) nextQuestion() {
	if m.questions.shown != nil || m.page != nil || len(m.questions.waiting) == 0 || !m.input.idle() {
		return
	}
	m.questions.shown, m.questions.waiting = m.questions.waiting[0], m.questions.waiting[1:]
	m.questions.shown.sudden, m.questions.shown.since = true, m.now
}

// answer takes a key as an answer. Enter is no answer, since it may have been meant for a line typed before the question appeared.
func (m *tui) answer(name string) {
	q, typed := m.questions.shown, name
	name = strings.ToLower(name)
	for _, c := range q.choices {
		if name == string(c.Key) {
			m.questions.shown = nil
			q.choose(c)
			return
		}
	}
	if q.choices != nil && name == "y" {
		return
	}
	switch name {
	case "y":
		if q.sudden && m.now.Sub(q.since) < calm {
			q.since = m.now
			return
		}
		m.questions.shown = nil
		q.yes()
	case "n", "esc", "ctrl+c":
		m.questions.shown = nil
		q.no()
	default:
		q.since = m.now
		if q.other != nil && utf8.RuneCountInString(typed) == 1 {
			m.questions.shown = nil
			q.other(typed)
		}
	}
}

// asksOfNick asks for another nick if f failed because the nick is taken. The user can choose the free one that the owner proposed, or
// type one. It reports whether it asks.
func (m *tui) asksOfNick(f performed) bool {
	var e *node.Error
	if !errors.As(f.err, &e) || e.Nick == "" {
		return false
	}
	if !f.opening && f.cmd.Name == "nick" {
		m.askLater(question{
			text: "that nick is taken: use " + safe.Name(e.Nick) + "?", pane: f.pane,
			other: func(start string) { m.turnTo(f.pane); m.input.set("/nick " + start) },
			yes:   func() { m.run(job{cmd: f.cmd, args: []string{e.Nick}, text: f.text, pane: f.pane}) },
			no:    func() { m.hint = "nothing was done" },
		})
		return true
	}
	target := ""
	switch {
	case f.opening:
		target = m.open.Target
	case f.cmd.Name == "join":
		target, _, _ = command.CutNick(f.args[0])
	}
	if target == "" {
		return false
	}
	another := func(start string) {
		m.end.settled = true
		m.turnTo(f.pane)
		m.input.set("/join " + target + " --nick " + start)
	}
	m.askLater(question{
		text: "that nick is taken: join as " + safe.Name(e.Nick) + "?", pane: f.pane, other: another,
		yes: func() {
			if f.opening {
				m.perform(m.opened(m.open.As(e.Nick)))
				return
			}
			m.run(job{cmd: f.cmd, args: []string{target + " --nick " + e.Nick}, text: f.text, pane: f.pane, enters: f.enters})
		},
		no: func() { another("") },
	})
	return true
}

// asksOfKey asks whether to join anyway if f failed because the room of that name had another owner before. It reports whether it
// asks.
func (m *tui) asksOfKey(f performed) bool {
	var e *node.Error
	if !errors.As(f.err, &e) || e.Change == nil {
		return false
	}
	if !f.opening {
		m.complain(f.pane, f.err)
	}
	id := e.Change.Room.String()
	q := question{text: render.KeyChange(*e.Change), pane: f.pane}
	if f.opening {
		// The console was started for this room, so it ends with the error if the answer is no.
		q.yes = func() { m.perform(m.opened(m.open.Of(id))) }
		q.no = func() { m.end.failure = f.err }
	} else {
		q.yes = func() {
			m.run(job{cmd: f.cmd, args: []string{id}, text: "/join " + id, pane: f.pane, enters: f.enters})
		}
		q.no = func() { m.hint = "nothing was done" }
	}
	m.askLater(q)
	return true
}
