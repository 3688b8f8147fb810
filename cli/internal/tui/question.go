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

// A question waits for yes or no; nothing else is taken until then.
type question struct {
	text    safe.Text
	pane    *pane // its subject; the question ends with it
	yes, no func()
	// choices are the keys that answer it where it is not a question of yes or no, and choose takes one of them.
	choices []command.Choice
	choose  func(command.Choice)
	// other takes a character as the beginning of a typed answer; nil: no answer can be typed.
	other func(key string)
	// sudden: it came while keys meant for something else may be on their way. since: the last of those, or when it
	// came; a yes counts after a moment without any.
	sudden bool
	since  time.Time
}

// calm is how long no key may have been pressed before a yes to a sudden question: longer than between two letters of a
// word.
const calm = time.Second

// ask asks what follows from a key just pressed.
func (m *tui) ask(p *pane, text safe.Text, yes func()) {
	m.question = &question{text: text, pane: p, yes: yes, no: func() { m.hint = "nothing was done" }}
}

// keys are the keys that answer the question.
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

// askLater asks when no line is being typed and nothing else is asked.
func (m *tui) askLater(q question) { m.asks = append(m.asks, &q) }

// nextQuestion asks what waits to be asked.
func (m *tui) nextQuestion() {
	if m.question != nil || m.page != nil || len(m.asks) == 0 || !m.input.idle() {
		return
	}
	m.question, m.asks = m.asks[0], m.asks[1:]
	m.question.sudden, m.question.since = true, m.now
}

// answer takes a key as the answer. Enter is not an answer: it may have been meant for the line before.
func (m *tui) answer(name string) {
	q, typed := m.question, name
	name = strings.ToLower(name)
	for _, c := range q.choices {
		if name == string(c.Key) {
			m.question = nil
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
		m.question = nil
		q.yes()
	case "n", "esc", "ctrl+c":
		m.question = nil
		q.no()
	default:
		q.since = m.now
		if q.other != nil && utf8.RuneCountInString(typed) == 1 {
			m.question = nil
			q.other(typed)
		}
	}
}

// asksOfNick asks about a room that was not joined since the nick is taken: by another one, which is free, or by one that
// is typed. It reports whether f is that.
func (m *tui) asksOfNick(f performed) bool {
	var e *node.Error
	if !errors.As(f.err, &e) || e.Nick == "" {
		return false
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
		m.settled = true
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

// asksOfKey asks about a room that was not joined since its name is known as another owner's. It reports whether err is
// that.
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
		// The console was opened for this room: without it, it ends as without the question.
		q.yes = func() { m.perform(m.opened(m.open.Of(id))) }
		q.no = func() { m.failure = f.err }
	} else {
		q.yes = func() {
			m.run(job{cmd: f.cmd, args: []string{id}, text: "/join " + id, pane: f.pane, enters: f.enters})
		}
		q.no = func() { m.hint = "nothing was done" }
	}
	m.askLater(q)
	return true
}
