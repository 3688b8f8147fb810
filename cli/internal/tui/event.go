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

// event shows an event and updates the panes.
func (m *tui) event(ev node.Event) {
	id := ev.Room.String()
	p := m.tabs.find(id)
	nick := ""
	if p != nil {
		nick = p.here.Nick
	}
	m.call(ev, nick)
	switch ev.Body.(type) {
	case node.Removed, node.Refused, node.RoomClosed:
		if p != nil {
			m.tabs.bringBack(p) // the user must see its last words
		}
	}
	switch b := ev.Body.(type) {
	case node.RoomFound, node.RoomLost:
		m.glances.others = true
		return // the lobby shows them
	case node.Joined:
		p = m.enter(command.Room{ID: id, Name: b.Name, Nick: b.Nick, Owned: b.Owner, Deputy: b.Deputy})
		m.repeatWarnings(p)
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
			return // the transcript has the line, and the banner shows how long it has been
		}
	}
	if p == nil {
		// An event without a room is about all rooms, so it is shown in the one that the user sees.
		p = m.tabs.shown()
		if _, is := ev.Body.(node.Warning); is && p.here.ID == "" {
			seen := ev
			seen.Time = m.now
			m.warned = append(m.warned, seen)
			m.warned = m.warned[max(len(m.warned)-maxWarned, 0):]
		}
	}
	m.keep(p, ev)
	m.narrate(p, ev)
}

// repeatWarnings adds warnings that came in the lobby a moment ago to the pane of a room that is about to be shown instead.
func (m *tui) repeatWarnings(p *pane) {
	for _, ev := range m.warned {
		if m.now.Sub(ev.Time) < justWarned {
			m.narrate(p, ev)
		}
	}
	m.warned = nil
}

// keep records the changes that an event makes to a pane, other than a new line.
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
	case node.Unmuted:
		p.progress.Unmuted(b.Peer)
	case node.Renamed:
		if b.Self {
			p.here.Nick = b.Nick
		}
	case node.Deputies:
		p.here.Deputy = b.Mine
	case node.OwnerChanged:
		p.here.Owned, p.here.Deputy = b.Self, p.here.Deputy && !b.Self
		if !b.Self {
			m.tabs.bringBack(p) // only an owner hides a room
		}
		if !p.here.Moderated() {
			p.roster.Knocks, p.roster.Bans, p.roster.Appeals, p.roster.Invites = nil, nil, nil, nil
		}
	case node.PolicyChanged:
		p.policy = b.PolicyInfo
	case node.OwnerUnreachable:
		p.away, p.left = ev.Time.Add(-time.Duration(b.ForS)*time.Second), b.Left
	case node.OwnerBack:
		p.away, p.left = time.Time{}, false
	}
}

// narrate adds the line for an event, in the words of package render.
func (m *tui) narrate(p *pane, ev node.Event) {
	// The transcript shows a late line in its place, so the text need not say where it belongs.
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
		return // the status bar shows the progress of a removal
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
	case node.Direct:
		l.id = b.ID // it expires as a line does
		if !b.Self && !b.Backlog {
			l.kind = calling
		}
	case node.Knock:
		if !b.Ignored {
			l.kind = calling
		}
	case node.Hand, node.Appeal, node.Pardoned:
		l.kind = calling
	case node.MemberRemoved:
		l.key = removedKey(b.Seq)
	case node.RemovalReason:
		if p.scroll.amend(removedKey(b.Removal), render.Because(b.Text)) {
			return
		}
	case node.TransferOffered:
		if !b.Until.IsZero() {
			l.kind = calling
		}
	case node.OwnerUnreachable, node.Gap, node.Warning, node.Muted, node.Warned:
		l.kind = trouble
	}
	if m.tabs.isHidden(p) && (l.kind == calling || l.kind == trouble) {
		// A knock or a direct message in a hidden room needs an answer.
		loud := l
		loud.head, loud.text = 0, render.InRoomOf(safe.Name(p.here.Name), text)
		m.tabs.shown().add(loud, m.looked(m.tabs.shown()))
	}
	if l.key != "" && l.key != comings {
		p.scroll.replace(l)
		return
	}
	p.add(l, m.looked(p))
}

// removedKey returns the key of the line about a removal.
func removedKey(removal uint64) string { return "removal " + strconv.FormatUint(removal, 10) }

// enter returns the pane of a room, and makes one if there is none.
func (m *tui) enter(r command.Room) *pane {
	m.end.lost = nil
	p := m.tabs.find(r.ID)
	if p == nil {
		p = &pane{}
		m.tabs.list = append(m.tabs.list, p)
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

// leave closes the pane of a room that the user has left.
func (m *tui) leave(p *pane) {
	if p == nil {
		return
	}
	p.over = true
	m.tabs.bringBack(p)
	if p == m.tabs.shown() {
		m.turnTo(m.beside(p))
		m.tell(m.tabs.shown(), happened, render.NoticeMark+"you left "+safe.Name(p.here.Name))
		return
	}
	shown := m.tabs.shown()
	m.tabs.list = slices.DeleteFunc(m.tabs.list, func(q *pane) bool { return q == p })
	m.tabs.at = slices.Index(m.tabs.list, shown)
}

// beside returns the pane to show after p: the latest room, or the lobby.
func (m *tui) beside(p *pane) *pane {
	for _, q := range slices.Backward(m.tabs.list) {
		if q != p && !q.over {
			return q
		}
	}
	return m.tabs.list[0]
}

// expel shows that we have lost our place in a room. It clears the pane, except for the reason and a hint on what to do next.
func (m *tui) expel(p *pane, ev node.Event) {
	text, _ := render.View{}.Text(ev)
	hint := "ask to be let in: /join " + render.RoomWord(ev.RoomName, ev.Room)
	if b, ok := ev.Body.(node.Removed); ok {
		hint = render.AfterRemoval(b, render.RoomWord(ev.RoomName, ev.Room), "/")
	}
	if p == nil {
		p = m.tabs.list[0] // a room of the last start, which this console has never shown
	} else {
		*p = pane{here: p.here, over: true, scroll: p.scroll}
		p.scroll.clear()
	}
	p.add(line{at: ev.Time, kind: trouble, text: text}, m.looked(p))
	p.add(line{at: ev.Time, kind: answer, text: "hint: " + hint}, m.looked(p))
	if m.looked(p) {
		m.side, m.door = side{hidden: m.side.hidden}, door{}
	}
	if m.questions.shown != nil && m.questions.shown.pane == p {
		m.questions.shown = nil
	}
	if len(m.rooms()) == 0 {
		m.end.lost = command.WithCause(command.Ending(ev), ev) // the screen that shows the cause will be gone
	}
}

// A glimpse is the present state of the node, for the lobby, the side column and the status bar.
type glimpse struct {
	info      node.Info
	list      bool // rooms has been filled
	rooms     []node.RoomInfo
	more      int // number of rooms that are not in rooms
	connected int
	nodes     int
	pane      *pane // roster and policy belong to it
	roster    command.Roster
	policy    node.PolicyInfo
}

// glance requests a glimpse, unless one is on its way.
func (m *tui) glance() {
	if m.glances.looking {
		return
	}
	m.glances.looking, m.glances.stale = true, false
	n, p, room, ctx := m.n, m.tabs.shown(), m.room(), m.ctx
	// To list the rooms, the node asks every other node.
	list := room.ID == "" || m.glances.others
	m.glances.others = false
	m.do(func() tea.Msg {
		ctx, cancel := context.WithTimeout(ctx, command.RequestWait)
		defer cancel()
		g := glimpse{info: n.Info(), pane: p, list: list}
		// If a request fails, its part is empty until the next glimpse, a second later.
		if list {
			g.rooms, _ = n.Rooms(ctx)
			g.more, _ = n.Unlisted(ctx)
		}
		peers, _ := n.Peers(ctx)
		g.nodes = len(peers)
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
		if room.Moderated() {
			g.roster.Knocks, _ = n.Knocks(ctx, room.ID)
			g.roster.Bans, _ = n.Bans(ctx, room.ID)
			g.roster.Appeals, _ = n.Appeals(ctx, room.ID)
		}
		if room.Owned {
			g.roster.Invites, _ = n.Invites(ctx, room.ID)
		}
		return g
	})
}

// seen shows a glimpse.
func (m *tui) seen(g glimpse) {
	m.glances.looking = false
	switch {
	case g.connected > 0:
		m.alone = time.Time{}
	case m.connected > 0:
		m.alone = m.now
	}
	m.info, m.connected, m.nodes = g.info, g.connected, g.nodes
	if g.list {
		m.lobby.take(g.rooms)
		m.lobby.more = g.more
	}
	if !g.pane.over {
		g.pane.roster, g.pane.policy = g.roster, g.policy
	}
	if g.pane == m.tabs.shown() {
		m.side.hold(m.items())
		m.door.hold(g.roster.Knocks, m.now)
	}
	if m.glances.stale {
		m.glance()
	}
}
