package authority

import (
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// plea is the model of one appeal, of one pardon, or of both.
type plea struct {
	removal uint64
	text    string
	nonce   protocol.Nonce
	expires time.Time
	pardon  uint64
	told    bool
}

// outage is the model of how a peer lost its last membership; zero while it is a member, or if it left.
type outage struct {
	removal uint64 // the record, or 0
	ban     uint64 // the record of a ban that holds or is over, and was not lifted
	by      peer.ID
	at      time.Time // by the record
	moved   time.Time // by the clock as it is set
	lately  bool      // within a day, when that was looked at last
}

// appeals makes a client appeal, ask for its answer, or forge an appeal, and the owner or a deputy pardon.
func (e *explorer) appeals(i, j int, a act) {
	f := e.folk[i]
	c := &f.clients[j]
	switch a.how % 8 {
	case 0, 1:
		e.orders(Pardon{f.peer}, "pardon "+f.name, a)
		return
	case 2:
		e.forgeAppeal(i, a.how>>3)
		return
	}
	ev := AppellantEvent(AskDue{})
	if a.how%8 < 6 {
		ev = Written{[]string{"it was the cat", "sorry"}[a.how>>3%2]}
	}
	if c.appellant.Removal == 0 {
		return
	}
	if _, asks := ev.(AskDue); !asks {
		e.note("%s, client %d, appeals: %+v", f.name, j, ev)
	}
	e.appellantStep(i, j, ev, doubtful(a.how>>3))
}

// appellantStep steps the appellant of a client, and carries out the effects.
func (e *explorer) appellantStep(i, j int, ev AppellantEvent, crash int) {
	f := e.folk[i]
	c := &f.clients[j]
	next, effects, err := c.appellant.Step(ev)
	if w, wrote := ev.(Written); wrote && errors.Is(err, ErrAppealed) == (c.appellant.Over || c.appellant.Text == "" || c.appellant.Text == w.Text) {
		e.violated(24, "%s, with the appeal %q, may not write %q: %v", f.name, c.appellant.Text, w.Text, err)
	}
	c.appellant = next
	for _, effect := range effects {
		switch effect := effect.(type) {
		case KeepAppeal:
			switch crash {
			case crashBefore:
				c.restart()
				return
			case diskFails:
			default:
				c.appealDisk = c.appellant
			}
			if crash == crashAfter {
				c.restart()
				return
			}
		case AskAppeal:
			e.wires = append(e.wires, parcel{folk: i, client: j, ask: protocol.PollAsk{Appeal: &effect.Ask}})
		case ShowPardon:
			e.showsPardon(f, c, effect.Pardon)
			e.appellantStep(i, j, PardonShown{}, 99)
			c.appealDisk = c.appellant
		}
	}
}

// mayAppeal gives a client that is told of a removal its appellant. It is on disk if the reason is.
func (e *explorer) mayAppeal(c *client, reason protocol.SignedReason) {
	a, ok := NewAppellant(c.seat, reason)
	if !ok {
		return
	}
	c.appellant = a
	if c.disk.Kept != nil {
		c.appealDisk = a
	}
}

func (e *explorer) showsPardon(f *folk, c *client, p protocol.SignedReason) {
	switch {
	case c.pardoned[p.Removal]:
		e.violated(24, "%s is told of pardon %d twice", f.name, p.Removal)
	case p.Peer != f.peer || p.Removal <= c.appellant.Removal:
		e.violated(24, "%s, removed at %d, is told of %+v", f.name, c.appellant.Removal, p)
	case e.pardons[given{f.peer, p.Removal}] != string(p.Bytes()) && !e.disks.pardons[string(p.Bytes())]:
		e.violated(24, "%s is told another pardon %d than was given", f.name, p.Removal)
	}
	if c.pardoned == nil {
		c.pardoned = map[uint64]bool{}
	}
	c.pardoned[p.Removal] = true
}

// expectsAppeal returns how an appeal of f must be answered.
func (e *explorer) expectsAppeal(f *folk, q protocol.PollAppeal) AppealOutcome {
	if q.Room != e.heard.Room() || e.closed() || e.heard.Frozen() || f.out.removal == 0 || q.Removal != f.out.removal && q.Removal != f.out.ban {
		return AppealRefused
	}
	if m := e.pleas[f.peer]; m != nil && e.now.Before(m.expires) {
		switch {
		case m.nonce != (protocol.Nonce{}) && m.nonce != q.Nonce:
			return AppealRefused
		case m.text != "" && (m.text != q.Text || m.removal != q.Removal):
			return AppealTwice
		case m.pardon == 0:
			return AppealKept
		}
		return AppealPardoned
	}
	m := e.model[f.peer]
	told := m == nil || m.known || m.acked && m.kind == protocol.Kicked || m.claimed && m.nonce == q.Nonce
	if !told || !f.out.lately || e.now.Sub(f.out.moved) >= 24*time.Hour {
		return AppealRefused
	}
	return AppealKept
}

// answerAppeal answers an appeal at the authority, and checks the answer.
func (e *explorer) answerAppeal(f *folk, q protocol.PollAppeal, crash int) (AnswerAppeal, bool) {
	want, before := e.expectsAppeal(f, q), e.ledger
	m := e.pleas[f.peer]
	if m != nil && !e.now.Before(m.expires) {
		m = nil
	}
	effects, err := e.step(Appealed{Peer: f.peer, Ask: q, From: f.name}, crash)
	if err != nil {
		e.violated(24, "an appeal fails: %v", err)
		return AnswerAppeal{}, false
	}
	got, ok := find[AnswerAppeal](effects)
	_, wrote := find[Persist](effects)
	if !ok && crash != crashAfter {
		return got, false
	}
	switch {
	case ok && got.Outcome != want:
		e.violated(24, "the appeal of %s is answered %d, not %d", f.name, got.Outcome, want)
		return got, false
	case want == AppealKept && m == nil:
		e.pleas[f.peer] = &plea{removal: q.Removal, text: q.Text, nonce: q.Nonce, expires: e.now.Add(24 * time.Hour)}
	case want == AppealPardoned && !m.told:
		m.told, m.nonce = true, q.Nonce
	case wrote || ok && !sameBooks(before, e.ledger):
		e.violated(24, "an appeal that changes nothing leaves a trace")
	}
	if !ok {
		return got, false
	}
	if _, shown := find[AppealShown](effects); shown != (want == AppealKept && m == nil) {
		e.violated(24, "the owner is shown the appeal of %s: %v", f.name, shown)
	}
	if want == AppealPardoned {
		r := given{f.peer, m.pardon}
		if old, again := e.pardons[r]; again && old != string(got.Reason) {
			e.violated(24, "pardon %d has two answers", m.pardon)
		}
		e.pardons[r] = string(got.Reason)
	} else if got.Reason != nil {
		e.violated(24, "a pardon that nobody has given")
	}
	return got, true
}

func (e *explorer) deliverAppeal(p parcel, crash int) {
	a, ok := e.answerAppeal(e.folk[p.folk], *p.ask.Appeal, crash)
	if !ok {
		return
	}
	reply := protocol.PollReply{Reason: a.Reason}
	switch a.Outcome {
	case AppealKept:
		reply.Appeal = protocol.AppealKept
	case AppealTwice:
		reply.Appeal = protocol.AppealTwice
	case AppealFull:
		reply.Appeal = protocol.AppealFull
	}
	e.wires = append(e.wires, parcel{folk: p.folk, client: p.client, appealed: p.ask.Appeal, reply: &Answered{Reply: reply}})
}

func (e *explorer) deliverAnswer(p parcel, crash int) {
	e.appellantStep(p.folk, p.client, AppealAnswered{Ask: *p.appealed, Reply: p.reply.Reply}, crash)
}

// forgeAppeal appeals as a modified client does: about another's removal, with another's nonce, with another text, for another room, or
// as a member. What it gains is what the model says.
func (e *explorer) forgeAppeal(i int, how uint8) {
	f, of := e.folk[i], e.folk[int(how)%len(e.folk)]
	q := protocol.PollAppeal{Room: e.heard.Room(), Removal: f.out.removal, Nonce: f.clients[how>>2%2].seat.Nonce, Text: "let me in"}
	switch how >> 2 % 6 {
	case 0:
		q.Removal = of.out.removal
	case 1:
		q.Nonce = of.clients[how%2].seat.Nonce
	case 2:
		q.Room[0]++
	case 3:
		q.Removal = max(f.out.ban, e.heard.Seq())
	case 4:
		q.Removal = f.admitted
	}
	if q.Removal == 0 || q.Nonce == (protocol.Nonce{}) {
		return // no such appeal can be read
	}
	e.note("forged by %s: appeal about %d with %x", f.name, q.Removal, q.Nonce[:1])
	e.answerAppeal(f, q, 99)
}

// pleasAfter updates the model with a record.
func (e *explorer) pleasAfter(r protocol.SignedRecord) {
	switch b := r.Body.(type) {
	case protocol.Admit:
		delete(e.pleas, b.Peer)
		e.folk[e.indexOf(b.Peer)].out = outage{}
	case protocol.Remove:
		f := e.folk[e.indexOf(b.Peer)]
		m := e.pleas[b.Peer]
		switch {
		case f.member:
			delete(e.pleas, b.Peer)
			f.out = outage{removal: r.Seq, by: e.decided(r), at: r.At, moved: e.now, lately: !e.disks.recovering}
		case m != nil && m.text == "":
			delete(e.pleas, b.Peer)
		case m != nil:
			m.pardon, m.told = 0, false
		}
		if b.Kind == protocol.Banned && f.out.removal != 0 {
			f.out.ban = r.Seq
		}
	case protocol.Unban:
		e.folk[e.indexOf(b.Peer)].out.ban = 0
	case protocol.Close:
		clear(e.pleas)
	case protocol.Pardon:
		f := e.folk[e.indexOf(b.Peer)]
		m := e.pleas[b.Peer]
		if m != nil && m.pardon != 0 && e.now.Before(m.expires) {
			e.violated(24, "%s is pardoned twice", f.name)
		}
		if m == nil {
			m = &plea{removal: f.out.removal}
			e.pleas[b.Peer] = m
		}
		m.pardon, m.told, m.expires = r.Seq, false, r.At.Add(24*time.Hour)
		if f.out.removal == 0 {
			e.violated(24, "%s is pardoned, and nobody has removed it", f.name)
		}
		f.out.ban = 0
	}
}

// outs updates the model of when each peer was removed, when the clock is set and at a start.
func (e *explorer) outs(ev Event) {
	switch ev := ev.(type) {
	case ClockMoved:
		for _, f := range e.folk {
			f.out.moved = f.out.moved.Add(ev.By)
		}
		for _, m := range e.pleas {
			m.expires = m.expires.Add(ev.By)
		}
	case Resumed:
		for _, f := range e.folk {
			f.out.lately = e.now.Sub(f.out.at) < 24*time.Hour
			if f.out.moved = f.out.at; f.out.at.After(e.now) {
				f.out.moved = e.now
			}
		}
		for _, m := range e.pleas {
			if last := e.now.Add(24 * time.Hour); m.expires.After(last) {
				m.expires = last
			}
		}
	}
}

// sweepAppeals forgets what a tick deletes.
func (e *explorer) sweepAppeals() {
	for p, m := range e.pleas {
		if !e.now.Before(m.expires) {
			delete(e.pleas, p)
		}
	}
	for _, f := range e.folk {
		f.out.lately = f.out.lately && e.now.Sub(f.out.moved) < 24*time.Hour
	}
}

// wasTold reports whether f has kept a reason for the end of its membership.
func (e *explorer) wasTold(f *folk) bool {
	if m := e.model[f.peer]; m != nil && !(m.acked && m.kind == protocol.Kicked) {
		return m.acked || m.known
	}
	return f.out.lately
}

// appealsHold holds that the authority keeps each appeal and each pardon, in memory and on disk, and no other.
func (e *explorer) appealsHold() {
	if len(e.ledger.appeals) != len(e.disk.appeals) || len(e.ledger.appeals) != len(e.pleas) {
		e.violated(24, "%d appeals in memory, %d on disk, and there are %d", len(e.ledger.appeals), len(e.disk.appeals), len(e.pleas))
		return
	}
	for p, a := range e.ledger.appeals {
		m := e.pleas[p]
		if m == nil || a != e.disk.appeals[p] || a.Text != m.text || a.Pardon != m.pardon || a.Removal != m.removal || a.Nonce != m.nonce || !a.Expires.Equal(m.expires) {
			e.violated(24, "the appeal %+v is %+v on disk, and is %+v", a, e.disk.appeals[p], m)
		}
		if e.heard.isMember(p) || e.closed() {
			e.violated(24, "an appeal of %s, which is a member, or in a room that has ended", p)
		}
	}
}

// returns holds that a pardoned peer comes in without a knock, and a peer that was not pardoned does not.
func (e *explorer) returns(ev Event, effects []Effect) {
	k, ok := ev.(Knock)
	if !ok || e.history != nil {
		return
	}
	f := e.folk[e.indexOf(k.Peer)]
	c, admitted := find[Commit](effects)
	a, _ := find[AnswerJoin](effects)
	if b, is := c.Record.Body.(protocol.Admit); admitted && is {
		if b.Invite.IsZero() && e.heard.Policy().Access != protocol.Open && !e.mayReturn {
			e.violated(24, "%s is in, and nobody has let it in", f.name)
		}
		return
	}
	switch a.Reply.Code {
	case protocol.JoinAdmitted, protocol.JoinNickTaken, protocol.JoinNickBad, protocol.JoinNoRoom:
	default:
		if e.mayReturn && !e.answeredBefore(k) {
			e.violated(24, "%s was pardoned, and is answered %d at the door", f.name, a.Reply.Code)
		}
	}
}

// answeredBefore reports whether the request is one that was turned away before, and gets the same answer.
func (e *explorer) answeredBefore(k Knock) bool {
	for _, d := range e.ledger.denied {
		if d.peer == k.Peer && d.nonce == k.Request.Nonce {
			return true
		}
	}
	return false
}

// healAppeals asks for the answers of all appeals when all is well. Each client that has appealed about what the authority knows, and was
// pardoned, is told.
func (e *explorer) healAppeals() {
	for i, f := range e.folk {
		for j := range f.clients {
			c := &f.clients[j]
			if !c.appellant.Asks() || e.broken != "" {
				continue
			}
			m := e.pleas[f.peer]
			due := m != nil && m.pardon != 0 && e.now.Before(m.expires) && e.expectsAppeal(f, c.appellant.Ask()) == AppealPardoned
			e.appellantStep(i, j, AskDue{}, 99)
			for len(e.wires) > 0 {
				e.deliver(0, false, false, 99)
			}
			if due && !c.pardoned[m.pardon] {
				e.violated(24, "%s is not told of pardon %d when all is well: %s", f.name, m.pardon, fmt.Sprint(c.appellant.Over))
			}
		}
	}
}
