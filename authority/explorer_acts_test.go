package authority

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// Where a crash may cut a step, by how%16: most go well.
const (
	crashBefore = iota // the write
	crashAfter         // the write, before anything is seen of it
	diskFails
)

// doubtful is an act's how, as the place of a crash; anything above diskFails is no crash.
func doubtful(how uint8) int { return int(how % 16) }

// do carries out one act. The shares are of 256.
func (e *explorer) do(a act) {
	i := int(a.who) % len(e.folk)
	j := int(a.how>>7) % 2
	f := e.folk[i]
	switch w := a.what; {
	case a.disk != 0:
		e.diskActs(a)
	case a.give != 0 && e.gives.on:
		e.giveActs(a)
	case e.idle(w):
	case w < 40:
		e.ask(i, j)
	case w >= 104 && w < 120 && e.history == nil: // the register that those tests are about has no deputies
		e.deputies(a)
	case w < 120:
		e.deliver(int(a.who), a.how%8 == 0, a.how&0x80 != 0, doubtful(a.how>>3))
	case w < 122:
		e.lose(int(a.who))
	case w < 128 && e.history == nil && !e.gives.on:
		e.appeals(i, j, a)
	case w < 128:
		e.lose(int(a.who))
	case w >= 128 && w < 136 && e.history == nil: // the register that those tests are about has no mutes
		if a.how&1 != 0 {
			e.orders(Unmute{f.peer}, "unmute "+f.name, a)
			return
		}
		e.orders(Mute{Peer: f.peer, Reason: reasonFor(a.how), For: time.Duration(a.how>>4%3) * time.Hour}, "mute "+f.name, a)
	case w >= 136 && w < 141 && e.history == nil:
		e.talks(i, a)
	case w < 148:
		e.orders(Kick{Peer: f.peer, Reason: reasonFor(a.how)}, "kick "+f.name, a)
	case w >= 160 && w < 162 && e.history == nil:
		e.rename(i, a.how)
	case w < 160:
		e.orders(Ban{Peer: f.peer, Reason: reasonFor(a.how), For: time.Duration(a.how>>4%3) * time.Hour}, "ban "+f.name, a)
	case w < 164:
		e.orders(Unban{f.peer}, "unban "+f.name, a)
	case w < 168:
		e.order(Close{Reason: "the end"}, "close", a.how)
	case w < 172:
		e.order(Leave{Peer: f.peer}, f.name+" leaves", a.how)
	case w < 196:
		e.knock(i, j, a.how)
	case w < 202:
		e.orders(Accept{f.peer}, "accept "+f.name, a)
	case w < 208:
		by := e.self.Self
		if a.how>>4%2 == 0 {
			by = f.peer
		}
		e.order(MakeInvite{By: by}, "make an invite", a.how)
	case w >= 208 && w < 210 && e.history == nil:
		e.orders(Warn{Peer: f.peer, Text: reasonFor(a.how) + "!"}, "warn "+f.name, a)
	case w < 211:
		e.revokeInvite(a)
	case w < 223:
		e.wait([]time.Duration{ReturnAfter, 4 * time.Minute, time.Hour, 11 * time.Hour, 24 * time.Hour, 25 * time.Hour}[a.how%6])
	case w < 228:
		e.order(Tick{LastLine: e.now, Cuts: e.cuts()}, "tick", a.how)
	case w < 231:
		e.order(Tick{Cuts: e.cuts()}, "tick, and nobody has said anything", a.how)
	case w < 236:
		e.note("the authority crashes and starts again")
		e.restart()
	case w < 243:
		e.note("%s, client %d, crashes and starts again", f.name, j)
		f.clients[j].restart()
	case w < 245:
		e.note("%s, client %d, forgets everything", f.name, j)
		f.clients[j] = client{shown: f.clients[j].shown, pardoned: f.clients[j].pardoned}
	case w < 247:
		e.forgeAck(i, j, a.how)
	case w < 249:
		e.forgePoll(i, a.how)
	case w < 252:
		f.mute, f.deaf = a.how&1 != 0, a.how&2 != 0
		e.note("%s is mute: %v, deaf: %v", f.name, f.mute, f.deaf)
	case w < 254 || e.history != nil:
		e.order(Rekey{}, "rekey", a.how)
	default:
		e.setClock([]time.Duration{-25 * time.Hour, -time.Hour, time.Minute, time.Hour, 25 * time.Hour}[a.how>>4%5], a.how)
	}
}

// reasonFor returns one of a few reasons, or none.
func reasonFor(how uint8) string { return [...]string{"too loud", "spam", "", "enough"}[how>>6] }

// order steps the ledger with an event that no peer waits for.
func (e *explorer) order(ev Event, name string, how uint8) {
	e.note("%s%s", name, [...]string{"; crash before it is written", "; crash when it is written", "; the disk fails", ""}[min(doubtful(how), 3)])
	_, err := e.step(ev, doubtful(how))
	e.mustSucceed(ev, err)
	e.wake()
}

// wake answers the polls that the authority holds and that there is now an answer for.
func (e *explorer) wake() {
	for _, f := range e.folk {
		if f.held == nil {
			continue
		}
		p := *f.held
		if a, ok := e.answerPoll(f.peer, *p.ask.Request, 99); ok && a.Outcome != PollHold {
			f.held = nil
			e.reply(p, a)
		}
	}
}

// holds finds the poll of a peer that the authority holds.
func (e *explorer) holds(p peer.ID) (protocol.PollRequest, bool) {
	if i := e.indexOf(p); i >= 0 && e.folk[i].held != nil {
		return *e.folk[i].held.ask.Request, true
	}
	return protocol.PollRequest{}, false
}

// mustSucceed checks that removing a removed peer again is no error, whatever came before.
func (e *explorer) mustSucceed(ev Event, err error) {
	if err == nil || e.closed() {
		return
	}
	switch ev := ev.(type) {
	case Kick:
		f := e.folk[e.indexOf(ev.Peer)]
		banned := slices.ContainsFunc(e.ledger.Bans(e.now), func(b Banishment) bool { return b.Peer == f.peer })
		if banned || f.admitted != 0 && f.left != f.admitted {
			e.violated(15, "a kick of %s fails: %v", f.name, err)
		}
	case Ban:
		e.violated(15, "a ban fails: %v", err)
	}
}

// step steps the ledger, and checks the effects.
func (e *explorer) step(ev Event, crash int) ([]Effect, error) {
	if k, knocks := ev.(Knock); knocks {
		m := e.pleas[k.Peer]
		e.mayReturn = m != nil && m.pardon != 0 && e.now.Before(m.expires)
	}
	r, version := e.ledgerStep(ev)
	effects := r.effects
	if r.err != nil {
		return nil, r.err
	}
	p, writes := find[Persist](effects)
	if writes {
		switch crash {
		case crashBefore:
			e.restart()
			if e.variant.repliesFirst {
				return effects, nil
			}
			return nil, nil
		case diskFails:
			return nil, nil
		}
		e.disk.write(p.Batch)
	}
	e.ledger = r.next
	if _, poll := ev.(Poll); writes || !poll { // a poll that writes nothing leaves no trace
		e.version = version
	}
	switch ev.(type) {
	case Tick, MakeInvite, AskBooks:
		e.sweep()
		e.sweepAppeals()
	}
	recorded := false
	for _, effect := range effects {
		if c, ok := effect.(Commit); ok {
			e.unmutedBy(ev, c.Record)
			e.unvoicedBy(ev, c.Record)
			e.learn(c.Record, orderedReason(ev))
			e.keyed(c)
			recorded = true
		}
	}
	if !recorded {
		e.retold(ev)
	}
	e.invites(ev, effects)
	e.clock(ev)
	e.outs(ev)
	e.returns(ev, effects)
	e.mutesEnd(ev)
	e.voicesEnd(ev)
	if writes && crash == crashAfter {
		e.restart()
		return nil, nil
	}
	for _, effect := range effects {
		switch effect := effect.(type) {
		case Invited:
			e.tokens = append(e.tokens, effect.Invite.Token)
		case AnswerJoin:
			e.atTheDoor(ev, effect)
			if effect.Reply.Code == protocol.JoinAdmitted {
				i := e.indexOf(effect.Peer)
				e.seated(i, e.folk[i].knocking, effect.Reply.Admission)
			}
		}
	}
	return effects, nil
}

func orderedReason(ev Event) string {
	switch ev := ev.(type) {
	case Ordered:
		return orderedReason(ev.Order)
	case Kick:
		return ev.Reason
	case Ban:
		return ev.Reason
	case Close:
		return ev.Reason
	case Mute:
		return ev.Reason
	case Warn:
		return ev.Text
	}
	return ""
}

// restart crashes the authority and starts it again.
func (e *explorer) restart() {
	l, err := Load(e.disk.durable())
	if err != nil {
		e.violated(17, "it does not start: %v", err)
		return
	}
	if !reflect.DeepEqual(l.state, e.heard) {
		e.violated(4, "the log read from its beginning makes another state than record by record")
	}
	if l.state.authority != e.self.Self {
		e.handed(l)
		return
	}
	e.ledger, e.grace, e.moved = l, e.now.Add(5*time.Minute), e.disk.banShift
	for _, f := range e.folk {
		f.standing, f.held = protocol.Nonce{}, nil // neither is on the disk
	}
	if _, err := e.step(Resumed{}, 99); err != nil {
		e.violated(17, "it does not resume: %v", err)
	}
}

func (e *explorer) wait(d time.Duration) {
	if e.history != nil {
		d = ReturnAfter
	}
	e.now = e.now.Add(d)
	e.note("%v pass", d)
}

// setClock sets the authority's clock. No time passes.
func (e *explorer) setClock(by time.Duration, how uint8) {
	e.now = e.now.Add(by)
	e.order(ClockMoved{by}, "the clock is set by "+by.String(), how)
}

func (e *explorer) revokeInvite(a act) {
	if open := e.ledger.Invites(e.now); len(open) > 0 {
		e.order(RevokeInvite{open[int(a.who)%len(open)].ID}, "revoke an invite", a.how)
	}
}

// knock makes a client ask for admission, unless it has a seat.
func (e *explorer) knock(i, j int, how uint8) {
	f := e.folk[i]
	c := &f.clients[j]
	if f.mute || f.deaf || c.there && !c.seat.Done() {
		return
	}
	q := protocol.JoinRequest{Room: e.ledger.state.Room(), Nick: f.name, Nonce: e.question(c, how&4 != 0)}
	if how&24 == 0 {
		q.Nick = "bob" // it is free when bob is out
	}
	if how&64 != 0 && len(e.tokens) > 0 {
		q.Token = e.tokens[int(how>>4)%len(e.tokens)]
	}
	f.knocking = j
	c.there = false
	e.order(Knock{Peer: f.peer, Request: q}, fmt.Sprintf("%s, client %d, knocks", f.name, j), how)
}

// seated gives a client that is admitted its seat.
func (e *explorer) seated(i, j int, admission uint64) {
	f := e.folk[i]
	e.nonces++
	seat := Seat{Room: e.ledger.state.Room(), Authority: e.self.Self, Self: f.peer, Admission: admission, Nonce: protocol.Nonce{e.nonces}}
	f.clients[j] = client{seat: seat, disk: seat, there: true, shown: f.clients[j].shown, pardoned: f.clients[j].pardoned}
	e.note("%s, client %d, is admitted at %d with %x", f.name, j, admission, seat.Nonce[:1])
}

// restart starts a client again with the seat on its disk. A seat that was refused is not there.
func (c *client) restart() {
	c.appellant = c.appealDisk
	if !c.there {
		return
	}
	d := c.disk
	c.seat = Seat{Room: d.Room, Authority: d.Authority, Self: d.Self, Admission: d.Admission, Nonce: d.Nonce, Kept: d.Kept, Shown: d.Shown, Muted: d.Muted, Told: d.Told, Warnings: d.Warnings, Moved: d.Moved}
}

func (e *explorer) ask(i, j int) {
	c := &e.folk[i].clients[j]
	if !c.there {
		return
	}
	asked := Asked{HaveSeq: c.have, Head: c.head}
	if c.have == e.heard.Seq() {
		asked.HaveKey = e.heard.Epoch()
	}
	seat, effects := e.seatStep(c.seat, asked)
	c.seat = seat
	if len(effects) > 0 {
		e.note("%s, client %d, asks", e.folk[i].name, j)
	}
	e.carryOut(i, j, effects, 99)
}

func (e *explorer) lose(which int) {
	if len(e.wires) == 0 {
		return
	}
	k := which % len(e.wires)
	p := e.wires[k]
	e.note("lost: %v", p)
	e.wires = slices.Delete(e.wires, k, k+1)
	if c := &e.folk[p.folk].clients[p.client]; c.there && p.ask.Appeal == nil && p.appealed == nil {
		seat, effects := e.seatStep(c.seat, NoAnswer{})
		c.seat = seat
		e.carryOut(p.folk, p.client, effects, 99)
	}
}

// deliver delivers a parcel, perhaps out of order. With again, the parcel also stays on the wire. With hold, a poll without news is
// answered when there are some.
func (e *explorer) deliver(which int, again, hold bool, crash int) {
	if len(e.wires) == 0 {
		return
	}
	k := which % len(e.wires)
	p := e.wires[k]
	if f := e.folk[p.folk]; p.reply == nil && f.mute || p.reply != nil && f.deaf {
		return
	}
	switch {
	case !again:
		e.wires = slices.Delete(e.wires, k, k+1)
	case p.reply == nil:
		e.wires[k].op = e.history.again(p.op)
	}
	e.note("arrives (again: %v, crash: %d): %v", again, crash, p)
	switch {
	case p.appealed != nil:
		e.deliverAnswer(p, crash)
	case p.reply != nil:
		e.deliverReply(p, crash)
	case p.ask.Appeal != nil:
		e.deliverAppeal(p, crash)
	case p.ask.Ack != nil:
		e.deliverAck(p, crash)
	default:
		e.deliverPoll(p, hold, crash)
	}
}

func (e *explorer) deliverAck(p parcel, crash int) {
	if e.gives.pending {
		return // nobody keeps a note of it
	}
	f := e.folk[p.folk]
	e.history.heard(p.op)
	effects, err := e.step(Ack{f.peer, *p.ask.Ack}, crash)
	if err != nil {
		e.violated(10, "an ack fails: %v", err)
	}
	_, wrote := find[Persist](effects)
	if wrote {
		e.history.returns(p.op, registerOutput{})
	}
	m := e.model[f.peer]
	valid := m != nil && m.claimed && !m.acked && m.removal == p.ask.Ack.Removal && m.nonce == p.ask.Ack.Nonce
	switch {
	case wrote && !valid:
		e.violated(10, "an ack of removal %d counts for another one", p.ask.Ack.Removal)
	case valid && (wrote || crash == crashAfter):
		if m.acked = true; ofMember(m.kind) {
			e.setQueue(f.peer, e.queueOf(f.peer)[1:])
		}
	}
}

// answerPoll answers a poll at the authority, and checks the answer.
func (e *explorer) answerPoll(p peer.ID, q protocol.PollRequest, crash int) (AnswerPoll, bool) {
	want, before := e.expects(p, q), e.ledger
	claims := want == PollReason && !e.first(p).claimed
	effects, err := e.step(Poll{p, q}, crash)
	if err != nil {
		e.violated(11, "a poll fails: %v", err)
		return AnswerPoll{}, false
	}
	a, ok := find[AnswerPoll](effects)
	if !ok { // a crash, or no disk
		if claims && crash == crashAfter {
			e.claim(p, q.Nonce)
		}
		return a, false
	}
	_, wrote := find[Persist](effects)
	e.answered(q, a, want, wrote || !sameBooks(before, e.ledger))
	return a, true
}

// sameBooks reports whether a step has changed nothing. It compares maps by identity, since a step copies a map that it changes.
func sameBooks(a, b Ledger) bool {
	return a.state.head == b.state.head && reflect.ValueOf(a.failures).Pointer() == reflect.ValueOf(b.failures).Pointer() &&
		reflect.ValueOf(a.invites).Pointer() == reflect.ValueOf(b.invites).Pointer() && reflect.ValueOf(a.appeals).Pointer() == reflect.ValueOf(b.appeals).Pointer() && len(a.knocks) == len(b.knocks) &&
		a.activeAt.Equal(b.activeAt)
}

func (e *explorer) deliverPoll(p parcel, hold bool, crash int) {
	if e.gives.pending || p.to != e.self.Self {
		e.misdirected(p)
		return
	}
	e.history.heard(p.op)
	f := e.folk[p.folk]
	switch a, ok := e.answerPoll(f.peer, *p.ask.Request, crash); {
	case !ok:
	case hold && a.Outcome == PollHold:
		f.held = &p
	default:
		e.reply(p, a)
	}
}

func (e *explorer) reply(p parcel, a AnswerPoll) {
	q := *p.ask.Request
	reply := parcel{folk: p.folk, client: p.client, op: p.op, reply: &Answered{Admission: q.Admission, Nonce: q.Nonce}}
	if reply.reply.Reply = replyOf(a); reply.reply.Reply.Member != nil {
		reply.news, reply.head = e.ledger.state.Seq(), e.ledger.state.Head()
	}
	e.wires = append(e.wires, reply)
}

// replyOf returns the reply for an answer of the ledger.
func replyOf(a AnswerPoll) protocol.PollReply {
	switch a.Outcome {
	case PollHold, PollNews, PollDiffers:
		return protocol.PollReply{Member: &protocol.PollMember{}}
	case PollReason:
		return protocol.PollReply{Reason: a.Reason}
	}
	return protocol.PollReply{}
}

func (e *explorer) deliverReply(p parcel, crash int) {
	e.history.answers(p.op, p.reply.Reply)
	c := &e.folk[p.folk].clients[p.client]
	if !c.there {
		return
	}
	seat, effects := e.seatStep(c.seat, *p.reply)
	c.seat = seat
	for _, effect := range effects {
		if _, ok := effect.(TakeNews); ok {
			e.saw(p.news, p.head)
			if p.news > c.have {
				c.have, c.head = p.news, p.head
			}
		}
	}
	e.carryOut(p.folk, p.client, effects, crash)
}

// carryOut carries out the effects of a client's seat.
func (e *explorer) carryOut(i, j int, effects []SeatEffect, crash int) {
	f := e.folk[i]
	c := &f.clients[j]
	for _, effect := range effects {
		switch effect := effect.(type) {
		case Ask:
			e.wires = append(e.wires, parcel{folk: i, client: j, to: c.seat.Authority, ask: protocol.PollAsk{Request: &effect.Request}, op: e.history.call(i, j, registerInput{
				op: opPoll, admission: effect.Request.Admission, nonce: effect.Request.Nonce,
			})})
		case MoveTo:
			if crash == crashBefore {
				c.restart()
				return
			}
			if crash != diskFails {
				c.disk.Authority, c.disk.Moved = c.seat.Authority, c.seat.Moved
			}
			if crash == crashAfter {
				c.restart()
				return
			}
		case Keep:
			if crash == crashBefore {
				c.restart()
				return
			}
			if crash == diskFails {
				c.unkept = true
			} else {
				c.disk = c.seat
			}
			if crash == crashAfter {
				c.restart()
				return
			}
			seat, more := e.seatStep(c.seat, Kept{effect.Reason.Removal})
			c.seat = seat
			e.carryOut(i, j, more, crash)
		case Show:
			e.shows(f, c, effect.Reason)
			c.disk.Shown = c.disk.Kept != nil
			e.mayAppeal(c, effect.Reason)
		case KeepMute:
			switch crash {
			case crashBefore:
				c.restart()
				return
			case diskFails:
				c.unkept = true
			default:
				c.disk = c.seat
			}
			if crash == crashAfter {
				c.restart()
				return
			}
		case ShowMute:
			e.showsMute(f, c, effect.Reason)
			seat, _ := e.seatStep(c.seat, MuteShown{effect.Reason.Removal})
			c.seat = seat
			c.disk.Muted, c.disk.Warnings = c.seat.Muted, c.seat.Warnings
		case AckMute:
			e.wires = append(e.wires, parcel{folk: i, client: j, ask: protocol.PollAsk{Ack: &effect.Ack}})
		case SendAck:
			e.wires = append(e.wires, parcel{folk: i, client: j, ask: protocol.PollAsk{Ack: &effect.Ack}, op: e.history.call(i, j, registerInput{
				op: opAck, removal: effect.Ack.Removal, nonce: effect.Ack.Nonce,
			})})
		case ShowRefused:
			e.mayBeRefused(f, c)
			c.there = false
		}
	}
}

func (p parcel) String() string {
	to := fmt.Sprintf("client %d of %d", p.client, p.folk)
	switch {
	case p.appealed != nil:
		return fmt.Sprintf("answer to the appeal of %s about %d: %d, %d bytes", to, p.appealed.Removal, p.reply.Reply.Appeal, len(p.reply.Reply.Reason))
	case p.ask.Appeal != nil:
		return fmt.Sprintf("appeal of %s about %d: %q for %x", to, p.ask.Appeal.Removal, p.ask.Appeal.Text, p.ask.Appeal.Nonce[:1])
	case p.ask.Ack != nil:
		return fmt.Sprintf("ack of %s: removal %d for %x", to, p.ask.Ack.Removal, p.ask.Ack.Nonce[:1])
	case p.ask.Request != nil:
		return fmt.Sprintf("poll of %s: %x of admission %d", to, p.ask.Request.Nonce[:1], p.ask.Request.Admission)
	case p.reply.Reply.Reason != nil:
		return fmt.Sprintf("reason for %s, %x", to, p.reply.Nonce[:1])
	case p.reply.Reply.Member != nil:
		return fmt.Sprintf("news for %s", to)
	}
	return fmt.Sprintf("REFUSED for %s, %x of admission %d", to, p.reply.Nonce[:1], p.reply.Admission)
}
