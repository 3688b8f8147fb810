package tui

import (
	"slices"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A side is the column beside the transcript: members, knocks, invites and bans, with the actions on each.
type side struct {
	hidden bool // by the user; on a small screen it is always hidden while it does not have the focus
	focus  bool // it gets the keys
	at     item // the chosen one; a heading if there is none
	index  int  // of the chosen one, also when that is gone
	// top is the index of the entry in the first row, height the number of rows, and size the number of entries.
	top, height, size int
}

// toggle shows the column and gives it the focus, or hides it.
func (s *side) toggle() {
	switch {
	case s.focus:
		s.focus, s.hidden = false, true
	default:
		s.focus, s.hidden = true, false
	}
}

type itemKind int

const (
	heading itemKind = iota
	aMember
	aKnock
	anInvite
	aBan
)

// An item is a row of the column.
type item struct {
	kind itemKind
	text safe.Text
	// word names the item in a command; peer and self say which peer it is.
	word  string
	peer  node.PeerID
	self  bool
	pale  bool // for a member who is away or offline
	trust node.Trust
	// role and muted are those of a member.
	role  node.Role
	muted bool
}

// same reports whether two items stand for the same peer or invite.
func (i item) same(j item) bool {
	return i.kind == j.kind && i.peer == j.peer && (i.kind != anInvite || i.word == j.word)
}

// items returns the rows of the column for the pane shown.
func (m *tui) items() []item {
	p := m.tabs.shown()
	if p.over || p.here.ID == "" {
		return nil
	}
	r := p.roster
	all := []item{{text: "MEMBERS " + safe.Number(len(r.Members))}}
	all = append(all, memberItems(r.Members)...)
	if len(r.Knocks) > 0 {
		all = append(all, item{text: "KNOCKING " + safe.Number(len(r.Knocks))})
		words := command.AtTheDoor(command.CompletionContext{Roster: r})
		for i, n := range r.Knocks {
			word := render.TrustWord(n.Trust)
			if word == "" {
				word = command.Knocking
			}
			all = append(all, item{
				kind: aKnock, text: "?" + render.TrustMark(n.Trust) + render.Nick(n.Nick, n.Peer) + " " + word, word: words[i], peer: n.Peer, trust: n.Trust,
			})
		}
	}
	if len(r.Invites) > 0 {
		all = append(all, item{text: "INVITES " + safe.Number(len(r.Invites))})
		for _, i := range r.Invites {
			text := "+ open" + forNick(i.Nick) + ", " + left(i.Expires.Sub(m.now))
			all = append(all, item{kind: anInvite, text: text, word: i.ID})
		}
	}
	if len(r.Bans) > 0 {
		all = append(all, item{text: "BANNED " + safe.Number(len(r.Bans))})
		words := command.Banned(command.CompletionContext{Roster: r})
		for i, b := range r.Bans {
			text := "- " + render.Nick(b.Nick, b.Peer)
			if !b.Until.IsZero() {
				text += ", " + left(b.Until.Sub(m.now))
			}
			all = append(all, item{kind: aBan, text: text, word: words[i], peer: b.Peer})
		}
	}
	return all
}

// memberItems returns the rows of the members.
func memberItems(members []node.MemberInfo) []item {
	var all []command.PeerRef
	for _, who := range members {
		all = append(all, command.PeerRef{Nick: who.Nick, Peer: who.Peer})
	}
	words := command.PeerWords(all)
	items := make([]item, len(members))
	for i, who := range members {
		mark, role := safe.Text("+"), safe.Text("member")
		if who.Role == node.RoleOwner {
			mark, role = "@", "owner"
		}
		if who.Role == node.RoleDeputy {
			mark, role = "%", "deputy"
		}
		offline := !who.Present && !who.Self
		switch {
		case offline && who.Role == node.RoleOwner:
			role = "owner, offline"
		case offline && who.Role == node.RoleDeputy:
			role = "deputy, offline"
		case offline:
			mark, role = "!", "offline"
		case who.Self && who.Role == node.RoleOwner:
			role = "owner, you"
		case who.Self && who.Role == node.RoleDeputy:
			role = "deputy, you"
		case who.Self:
			role = "you"
		}
		switch word := render.TrustWord(who.Trust); {
		case word == "":
		case role == "member":
			role = word
		case who.Other == "":
			role += ", " + word
		default: // the warning comes before the rest, which may be cut off
			role = word + ", " + role
		}
		if who.Voiced {
			role += ", voice"
		}
		if who.Hand {
			role += ", asks"
		}
		if who.Muted {
			role += ", muted"
		}
		if who.Warnings > 0 {
			role += ", warned " + safe.Number(who.Warnings) + "×"
		}
		if who.Away && !offline {
			role += ", " + render.AwayText(who.AwayText)
		}
		items[i] = item{
			kind: aMember, text: mark + render.TrustMark(who.Trust) + render.Nick(who.Nick, who.Peer) + "  " + role, word: words[i], peer: who.Peer,
			self: who.Self, pale: offline || who.Away, trust: who.Trust, role: who.Role, muted: who.Muted,
		}
	}
	return items
}

func forNick(nick string) safe.Text {
	if nick == "" {
		return ""
	}
	return " for " + safe.Name(nick)
}

// left writes the time that is left, in its largest unit.
func left(d time.Duration) safe.Text {
	switch {
	case d >= 48*time.Hour:
		return safe.Number(int(d.Hours())/24) + " d"
	case d >= 2*time.Hour:
		return safe.Number(int(d.Hours())) + " h"
	case d >= 2*time.Minute:
		return safe.Number(int(d.Minutes())) + " min"
	case d > 0:
		return "a moment"
	}
	return "over"
}

// hold keeps the same item chosen when the list has changed.
func (s *side) hold(items []item) {
	s.size = len(items)
	if i := slices.IndexFunc(items, func(i item) bool { return i.kind != heading && i.same(s.at) }); i >= 0 {
		moved := i != s.index
		s.at, s.index = items[i], i
		if moved {
			s.reveal()
		}
		return
	}
	// The chosen item is gone. No other item is chosen instead: the user may be about to press the key of an action.
	s.at = item{}
}

// move chooses the next item, or the one before.
func (s *side) move(items []item, step int) {
	from := s.index + step
	if s.at.kind == heading && step > 0 {
		from = s.index // the chosen item is gone, so the next one is here
	}
	for i := from; i >= 0 && i < len(items); i += step {
		if items[i].kind != heading {
			s.at, s.index = items[i], i
			s.reveal()
			return
		}
	}
}

// choose gives the keys to the column and chooses the i-th item, unless that is a heading.
func (s *side) choose(items []item, i int) {
	if i < len(items) && items[i].kind != heading {
		s.at, s.index = items[i], i
	}
	s.focus, s.hidden = true, false
}

// resize sets the number of rows and of items.
func (s *side) resize(height, size int) {
	changed := height != s.height
	s.height, s.size = height, size
	s.scroll(0)
	if changed && s.focus {
		s.reveal()
	}
}

// scroll moves the window over the items.
func (s *side) scroll(rows int) { s.top = max(min(s.top+rows, s.size-s.height), 0) }

// reveal moves the window to the chosen item.
func (s *side) reveal() {
	s.top = max(min(s.top, s.index), s.index-s.height+1, 0)
}

// An act is a key, and the command that it runs on an item.
type act struct {
	key, word, command string
	typed              bool // the command is only put into the input, for the user to add a text
	// exact is set if the command names the peer by its ID, not by its nick.
	exact bool
}

// acts returns the actions on an item, which depend on its kind and on our role.
func (m *tui) acts(i item) []act {
	var all []act
	switch i.kind {
	case aMember:
		// A deputy may do nothing to the owner or to another deputy.
		if !i.self && (m.room().Owned || m.room().Deputy && i.role == node.RoleMember) {
			all = append(all, act{key: "k", word: "kick", command: "kick", typed: true}, act{key: "b", word: "ban", command: "ban", typed: true}, muting(i))
		}
		if !i.self {
			all = append(all, act{key: "m", word: "message", command: "msg", typed: true})
		}
		all = append(all, act{key: "w", word: "details", command: "whois"})
		if !i.self {
			all = append(all, trusting(i), ignoring(i))
		}
	case aKnock:
		all = append(all, act{key: "a", word: "accept", command: "accept"}, act{key: "d", word: "deny", command: "deny", typed: true}, trusting(i))
	case anInvite:
		all = append(all, act{key: "r", word: "revoke", command: "uninvite"})
	case aBan:
		all = append(all, act{key: "u", word: "unban", command: "unban"})
	}
	return all
}

// muting returns the action that mutes the peer of an item, or undoes that.
func muting(i item) act {
	if i.muted {
		return act{key: "s", word: "unmute", command: "unmute"}
	}
	return act{key: "s", word: "mute", command: "mute", typed: true}
}

// trusting returns the action that verifies the peer of an item, or undoes that.
func trusting(i item) act {
	if i.trust.Verified {
		return act{key: "v", word: "unverify", command: "unverify", exact: true}
	}
	return act{key: "v", word: "verify", command: "verify", exact: true}
}

// ignoring returns the action that ignores the peer of an item, or undoes that.
func ignoring(i item) act {
	if i.trust.Ignored {
		return act{key: "i", word: "unignore", command: "unignore", exact: true}
	}
	return act{key: "i", word: "ignore", command: "ignore", exact: true}
}

// sideKey acts on a key while the column has the keys.
func (m *tui) sideKey(name string) {
	switch name {
	case "up":
		m.side.move(m.items(), -1)
	case "down":
		m.side.move(m.items(), 1)
	case "esc", "tab":
		m.side.focus = false
	}
	for _, a := range m.acts(m.side.at) {
		if a.key != name {
			continue
		}
		cmd, _ := command.LookUp(a.command, "", m.table)
		if a.typed {
			m.input.set("/" + a.command + " " + m.side.at.word + " ")
			m.side.focus = false
			return
		}
		who := m.side.at.word
		if a.exact {
			who = m.side.at.peer.String()
		}
		m.order(job{cmd: cmd, args: []string{who}, pane: m.tabs.shown()}, nil)
		if m.questions.shown != nil { // the key may have been meant for the input, and the next one could be a y
			m.questions.shown.sudden, m.questions.shown.since = true, m.now
		}
	}
}

// sideHelp lists the actions on the chosen item, with their keys.
func (m *tui) sideHelp() safe.Text {
	if m.side.at.kind == heading {
		return "Up and Down choose; Esc goes back"
	}
	text := m.side.at.text
	if m.side.at.peer != "" {
		text += " (" + render.Tail(m.side.at.peer) + ")"
	}
	for _, a := range m.acts(m.side.at) {
		text += "  " + safe.Name(a.key) + " " + safe.Name(a.word)
	}
	return text + "  Esc back"
}

// A door is the bar above the input that says who knocks: the peer that has been knocking for the longest time.
type door struct {
	peer node.PeerID
	nick string
	text safe.Text
	// took is when this peer replaced another one in the bar. It is zero if the bar was empty before.
	took time.Time
}

// hold updates the bar.
func (d *door) hold(knocks []node.KnockInfo, now time.Time) {
	if len(knocks) == 0 {
		*d = door{}
		return
	}
	first := knocks[0]
	took := time.Time{}
	switch d.peer {
	case "":
	case first.Peer:
		took = d.took
	default:
		took = now
	}
	*d = door{peer: first.Peer, nick: first.Nick, took: took}
	d.text = render.AskMark + render.Nick(first.Nick, first.Peer) + render.TrustNote(first.Trust) + " knocks: F5 lets in, F6 turns away; their words: " + safe.Phrase(first.Words)
}

// answerDoor lets in the peer in the bar, or turns it away. If the bar has just changed, it does neither: the key was meant for the
// peer that was there before.
func (m *tui) answerDoor(in bool) {
	switch {
	case m.door.peer == "":
		m.hint = "nobody knocks"
		return
	case !m.door.took.IsZero() && !m.now.After(m.door.took):
		m.hint = "somebody else is at the door now: look, then press again"
		return
	}
	word := "deny"
	if in {
		word = "accept"
	}
	cmd, _ := command.LookUp(word, "", m.table)
	m.run(job{cmd: cmd, args: []string{m.door.peer.String()}, pane: m.tabs.shown()})
}
