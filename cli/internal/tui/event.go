package tui

import (
	"context"
	"slices"
	"strconv"
	"time"

	"charm.land/bubbletea/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// event shows what happened and keeps the panes true.
func (m *tui) event(ev node.Event) {
	id := ev.Room.String()
	p := m.find(id)
	switch ev.Body.(type) {
	case node.Removed, node.Refused, node.RoomClosed:
		if p != nil {
			m.bringBack(p) // its last words are to be seen
		}
	}
	switch b := ev.Body.(type) {
	case node.RoomFound, node.RoomLost:
		m.others = true
		return // the lobby lists the rooms of now
	case node.Joined:
		p = m.enter(command.Room{ID: id, Name: b.Name, Nick: b.Nick, Owned: b.Owner})
		if !b.Resumed {
			m.offer(p)
		}
	case node.Left:
		m.leave(p)
		return
	case node.Removed, node.Refused:
		m.expel(p, ev)
		return
	case node.RoomClosed:
		if p != nil {
			p.over = true
		}
	case node.OwnerUnreachable:
		if p != nil && !p.away.IsZero() {
			return // the banner counts on; the transcript has said it
		}
	}
	if p == nil {
		// An event without a room must be seen in every room.
		p = m.pane()
	}
	m.keep(p, ev)
	m.narrate(p, ev)
}

// keep notes what an event changes beside the transcript.
func (m *tui) keep(p *pane, ev node.Event) {
	switch b := ev.Body.(type) {
	case node.Delivered:
		p.scroll.deliver(b.ID)
	case node.Expired:
		p.scroll.forget(b.IDs)
	case node.Hidden:
		p.scroll.hide(b.IDs)
	case node.RemovalProgress:
		m.tell(p, happened, p.progress.Note(b, m.now)...)
	case node.PolicyChanged:
		p.policy = b.PolicyInfo
	case node.OwnerUnreachable:
		p.away, p.left = ev.Time.Add(-time.Duration(b.ForS)*time.Second), b.Left
	case node.OwnerBack:
		p.away, p.left = time.Time{}, false
	}
}

// narrate adds the line for an event, with the words that every console has for it.
func (m *tui) narrate(p *pane, ev node.Event) {
	// A transcript shows a line where it belongs, and need not say where that is.
	switch b := ev.Body.(type) {
	case node.Message:
		b.Next = nil
		ev.Body = b
	case node.Backlog:
		b.Next = nil
		ev.Body = b
	case node.BacklogEnd:
		return
	}
	text, at := render.View{Keys: m.show.Keys}.Text(ev)
	if _, progress := ev.Body.(node.RemovalProgress); text == "" || progress {
		return // the status bar shows how far a removal has got
	}
	l := line{at: at, text: text}
	if at.IsZero() {
		l.at = ev.Time
	}
	switch b := ev.Body.(type) {
	case node.Message:
		l.kind, l.id, l.above, l.pending = said, b.ID, b.Before, b.Self && !b.Late
		if !b.Self && p.here.Nick != "" && render.Mentions(b.Text, p.here.Nick) {
			l.kind = calling
		}
		if !b.Action {
			l.head = len("<" + render.Nick(b.Nick, b.Peer) + ">")
			if p.hues == nil {
				p.hues = make(hues)
			}
			l.hue = p.hues.of(b.Peer, b.Nick, p.roster.Members)
		}
	case node.Backlog:
		l.above = b.Before
	case node.MemberJoined, node.MemberLeft:
		if p.scroll.extend(text) {
			return
		}
		l.key = comings
	case node.Direct, node.Knock:
		l.kind = calling
	case node.MemberRemoved:
		l.key = removedKey(b.Seq)
	case node.RemovalReason:
		if p.scroll.amend(removedKey(b.Removal), render.Because(b.Text)) {
			return
		}
	case node.OwnerUnreachable, node.Gap, node.Warning:
		l.kind = trouble
	}
	if m.hidden(p) && (l.kind == calling || l.kind == trouble) {
		// A knock at a hidden room and a direct message need an answer.
		loud := l
		loud.head, loud.text = 0, render.InRoomOf(safe.Name(p.here.Name), text)
		m.pane().add(loud, m.looked(m.pane()))
	}
	if l.kind == calling && m.show.Bell {
		m.do(tea.Raw("\a"))
	}
	if l.key != "" && l.key != comings {
		p.scroll.replace(l)
		return
	}
	p.add(l, m.looked(p))
}

// removedKey is the key of the line about a removal.
func removedKey(removal uint64) string { return "removal " + strconv.FormatUint(removal, 10) }

// enter makes a pane for a room, or takes the one that it had.
func (m *tui) enter(r command.Room) *pane {
	m.lost = nil
	p := m.find(r.ID)
	if p == nil {
		p = &pane{}
		m.panes = append(m.panes, p)
	}
	if p.over {
		*p = pane{scroll: p.scroll}
		p.scroll.clear()
	}
	if r.Nick == "" {
		r.Nick = p.here.Nick
	}
	p.here = r
	return p
}

// leave takes a pane away, at our own wish.
func (m *tui) leave(p *pane) {
	if p == nil {
		return
	}
	p.over = true
	m.bringBack(p)
	if p == m.pane() {
		m.turnTo(m.beside(p))
		m.tell(m.pane(), happened, render.NoticeMark+"you left "+safe.Name(p.here.Name))
		return
	}
	shown := m.pane()
	m.panes = slices.DeleteFunc(m.panes, func(q *pane) bool { return q == p })
	m.at = slices.Index(m.panes, shown)
}

// beside is the pane to show when p goes: the latest room, or the lobby.
func (m *tui) beside(p *pane) *pane {
	for _, q := range slices.Backward(m.panes) {
		if q != p && !q.over {
			return q
		}
	}
	return m.panes[0]
}

// expel ends a place that we did not give up: nothing of the room stays on the screen but its last words, and what can
// be done now.
func (m *tui) expel(p *pane, ev node.Event) {
	text, _ := render.View{}.Text(ev)
	hint := "ask to be let in: /join " + render.RoomWord(ev.RoomName, ev.Room)
	if b, ok := ev.Body.(node.Removed); ok {
		hint = render.AfterRemoval(b, render.RoomWord(ev.RoomName, ev.Room), "/")
	}
	if p == nil {
		p = m.panes[0] // a room of last time, which we never saw open
	} else {
		*p = pane{here: p.here, over: true, scroll: p.scroll}
		p.scroll.clear()
	}
	p.add(line{at: ev.Time, kind: trouble, text: text}, m.looked(p))
	p.add(line{at: ev.Time, kind: answer, text: "hint: " + hint}, m.looked(p))
	if m.looked(p) {
		m.side, m.door = side{hidden: m.side.hidden}, door{}
	}
	if m.question != nil && m.question.pane == p {
		m.question = nil
	}
	if len(m.rooms()) == 0 {
		m.lost = command.WithCause(command.Ending(ev), ev) // the screen that says so goes
	}
}

// A glimpse is what the node says of now: what the lobby, the side column and the status bar show.
type glimpse struct {
	info      node.Info
	list      bool // rooms are those of now
	rooms     []node.RoomInfo
	more      int // rooms that there are beside these
	connected int
	pane      *pane // that roster and policy are of
	roster    command.Roster
	policy    node.PolicyInfo
}

// glance asks for a glimpse, one at a time.
func (m *tui) glance() {
	if m.looking {
		return
	}
	m.looking, m.stale = true, false
	n, p, room, ctx := m.n, m.pane(), m.room(), m.ctx
	// Looking at the rooms has the node ask everybody for them.
	list := room.ID == "" || m.others
	m.others = false
	m.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, command.RequestWait)
		defer cancel()
		g := glimpse{info: n.Info(), pane: p, list: list}
		// A list that fails is requested again in a second, and missing until then.
		if list {
			g.rooms, _ = n.Rooms(ctx)
			g.more, _ = n.Unlisted(ctx)
		}
		peers, _ := n.Peers(ctx)
		for _, peer := range peers {
			if peer.Connected {
				g.connected++
			}
		}
		if room.ID == "" {
			return g
		}
		members, _ := n.Members(ctx, room.ID)
		g.roster.Epoch, g.roster.Members = members.Epoch, members.Members
		g.policy, _ = n.Policy(ctx, room.ID, node.PolicyChange{})
		if room.Owned {
			g.roster.Knocks, _ = n.Knocks(ctx, room.ID)
			g.roster.Bans, _ = n.Bans(ctx, room.ID)
			g.roster.Invites, _ = n.Invites(ctx, room.ID)
		}
		return g
	})
}

// seen takes up a glimpse.
func (m *tui) seen(g glimpse) {
	m.looking = false
	switch {
	case g.connected > 0:
		m.alone = time.Time{}
	case m.connected > 0:
		m.alone = m.now
	}
	m.info, m.connected = g.info, g.connected
	if g.list {
		m.lobby.take(g.rooms)
		m.lobby.more = g.more
	}
	if !g.pane.over {
		g.pane.roster, g.pane.policy = g.roster, g.policy
	}
	if g.pane == m.pane() {
		m.side.hold(m.items())
		m.door.hold(g.roster.Knocks, m.now)
	}
	if m.stale {
		m.glance()
	}
}
