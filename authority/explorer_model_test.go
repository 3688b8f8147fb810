package authority

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// owed is the model of one peer's failure: what removal.md wants of the register, written again without looking at it.
type owed struct {
	admission, removal uint64
	kind               protocol.ReasonKind
	text               string
	by                 peer.ID // the peer that decided it, and says text
	owner              peer.ID // for which, if that is another one
	expires            time.Time
	until              time.Time // of a ban
	claimed            bool
	nonce              protocol.Nonce
	acked              bool
	known              bool   // it was told before that the membership has ended
	next               []owed // that wait behind it
}

// expects returns how a poll of p must be answered. refuse says why a reason that exists is not given.
func (e *explorer) expects(p peer.ID, q protocol.PollRequest) (want PollOutcome) {
	f := e.folk[e.indexOf(p)]
	m := e.model[p]
	switch {
	case q.Room != e.heard.Room():
		return PollRefused
	case f.member && !e.closed() && f.admitted == q.Admission:
		if m := e.first(p); m != nil && ofMember(m.kind) && m.admission == q.Admission && !m.acked && !e.past(m) && (!m.claimed || m.nonce == q.Nonce) {
			return PollReason
		}
		if e.differs(q) {
			return PollDiffers
		}
		return PollNews // or hold
	case m == nil || m.admission != q.Admission || m.acked:
		return PollRefused
	case e.past(m):
		f.expired = m.admission
		return PollRefused
	case m.claimed && m.nonce != q.Nonce:
		return PollRefused
	}
	return PollReason
}

// differs reports whether the client that polls with q has a longer log than the authority, or another one.
func (e *explorer) differs(q protocol.PollRequest) bool {
	records := e.disk.records
	if q.HaveSeq > uint64(len(records)) {
		return true
	}
	return q.HaveSeq > 0 && !q.Head.IsZero() && q.Head != records[q.HaveSeq-1].Hash()
}

// keyed checks the key of a new epoch. A member has the record, and derives the key if it can.
func (e *explorer) keyed(c Commit) {
	if !protocol.StartsEpoch(c.Record.Body) {
		return
	}
	epoch := e.heard.Epoch()
	derives := false
	switch c.Record.Body.(type) {
	case protocol.Admit, protocol.SetPolicy, protocol.Mute, protocol.Unmute, protocol.Voice, protocol.Unvoice, protocol.SetDeputies, protocol.Transfer: // of those that start an epoch
		derives = true
	}
	switch old := e.keys[len(e.keys)-1]; {
	case !e.heard.Fits(epoch, c.Key):
		e.violated(6, "the key of epoch %d is not the one that its record commits to", epoch)
	case e.heard.Fits(epoch-1, c.Key) || e.heard.Fits(epoch+1, c.Key) || e.heard.Fits(epoch, old):
		e.violated(6, "the key of epoch %d is one of another epoch as well", epoch)
	case derives != (c.Change.NewKey == KeyDerived) || derives && Derive(old, c.Record.Record) != c.Key:
		e.violated(6, "a member derives another key of epoch %d", epoch)
	case slices.Contains(e.keys, c.Key):
		e.violated(6, "the key of epoch %d is an older one", epoch)
	}
	e.keys = append(e.keys, c.Key)
}

func (e *explorer) closed() bool { return e.ledger.state.Closed() }

func (e *explorer) past(m *owed) bool { return !e.now.Before(m.expires) && !e.now.Before(e.grace) }

// sweep forgets what a tick deletes, which does not come back if the clock is set back. The reason of a ban that holds stays.
func (e *explorer) sweep() {
	for p, m := range e.model {
		if ofMember(m.kind) {
			e.setQueue(p, slices.DeleteFunc(e.queueOf(p), func(m owed) bool { return e.past(&m) }))
			continue
		}
		inForce := m.kind == protocol.Banned && (m.until.IsZero() || e.now.Before(m.until.Add(e.moved[m.removal])))
		if _, banned := e.ledger.state.bans[p]; !banned {
			inForce = false // it was lifted
		}
		if e.past(m) && !inForce {
			e.folk[e.indexOf(p)].expired = m.admission
			delete(e.model, p)
		}
	}
	maps.DeleteFunc(e.invited, func(_ protocol.InviteID, i *invited) bool { return !e.now.Before(i.expires) })
}

// clock updates the model when the clock is set, and at a start after it was set back.
func (e *explorer) clock(ev Event) {
	var by time.Duration
	switch ev := ev.(type) {
	case ClockMoved:
		by = ev.By
	case Resumed:
	default:
		return
	}
	_, resumed := ev.(Resumed)
	e.grace = e.grace.Add(by)
	for p := range e.model {
		all := e.queueOf(p)
		for i := range all {
			all[i].expires = all[i].expires.Add(by)
			if last := e.now.Add(24 * time.Hour); resumed && all[i].expires.After(last) {
				all[i].expires = last
			}
		}
		e.setQueue(p, all)
	}
	for _, i := range e.invited {
		i.expires = i.expires.Add(by)
		if last := e.now.Add(protocol.MaxInviteExpiry); resumed && i.expires.After(last) {
			i.expires = last
		}
	}
	e.moved = cloned(e.moved)
	for _, b := range e.heard.bans {
		switch {
		case !resumed:
			e.moved[b.Removal] += by
		case b.At.Add(e.moved[b.Removal]).After(e.now):
			e.moved[b.Removal] = e.now.Sub(b.At)
		}
	}
	for _, m := range e.heard.mutes {
		switch {
		case !resumed:
			e.moved[m.Mute] += by
		case m.At.Add(e.moved[m.Mute]).After(e.now):
			e.moved[m.Mute] = e.now.Sub(m.At)
		}
	}
	for _, m := range e.heard.Members() {
		switch v := m.Voice; {
		case v.Until.IsZero():
		case !resumed:
			e.moved[v.Seq] += by
		case v.At.Add(e.moved[v.Seq]).After(e.now):
			e.moved[v.Seq] = e.now.Sub(v.At)
		}
	}
}

// learn updates the model with new records; text is the reason of the order.
func (e *explorer) learn(r protocol.SignedRecord, text string) {
	e.saw(r.Seq, r.Hash())
	heard, _, err := e.heard.Apply(r)
	if err != nil {
		e.violated(4, "a member cannot apply record %d: %v", r.Seq, err)
		return
	}
	e.heard = heard
	e.history.record(e, r)
	if b, ok := r.Body.(protocol.Admit); ok {
		if !b.Invite.IsZero() && e.usedUp[b.Invite] {
			e.violated(18, "an invite has let in two")
		}
		e.usedUp[b.Invite] = true
	}
	e.follow(r, text)
	e.claimsHeld(r)
}

// claimsHeld notes that the failures of r are claimed by the polls that the authority holds.
func (e *explorer) claimsHeld(r protocol.SignedRecord) {
	for _, f := range e.folk {
		m := e.first(f.peer)
		if f.held == nil || m == nil || m.removal != r.Seq || m.claimed {
			continue
		}
		if q := f.held.ask.Request; q.Room == e.heard.Room() && q.Admission == m.admission {
			e.claim(f.peer, q.Nonce)
		}
	}
}

// follow updates the model with the record r.
func (e *explorer) follow(r protocol.SignedRecord, text string) {
	e.appointed(r)
	e.voices(r)
	e.pleasAfter(r)
	switch b := r.Body.(type) {
	case protocol.Admit:
		f := e.folk[e.indexOf(b.Peer)]
		f.member, f.admitted, f.nick, f.renamed = true, r.Seq, b.Nick, time.Time{}
		e.named(r)
		delete(e.model, b.Peer)
	case protocol.Leave:
		f := e.folk[e.indexOf(b.Peer)]
		f.member, f.left = false, f.admitted
		e.forgetNotices(b.Peer)
	case protocol.Warn:
		f := e.folk[e.indexOf(b.Peer)]
		e.await(b.Peer, e.owe(f, r, protocol.Warned, time.Time{}, text))
	case protocol.Mute:
		f := e.folk[e.indexOf(b.Peer)]
		f.silent = true
		e.await(b.Peer, e.owe(f, r, protocol.Muted, b.Until, text))
	case protocol.SetNick:
		f := e.folk[e.indexOf(b.Peer)]
		if d := r.At.Sub(f.renamed); !f.renamed.IsZero() && d >= 0 && d < time.Minute {
			e.violated(23, "%s has another nick after %v", f.name, d)
		}
		f.nick, f.renamed = b.Nick, r.At
		e.named(r)
	case protocol.Unmute:
		e.folk[e.indexOf(b.Peer)].silent = false
		e.forgetMute(b.Peer)
	case protocol.Remove:
		f := e.folk[e.indexOf(b.Peer)]
		if f.admitted != 0 && f.left != f.admitted {
			known := !f.member && e.wasTold(f)
			e.model[b.Peer] = e.owe(f, r, b.Kind, b.Until, text)
			e.model[b.Peer].known = known || f.standing != (protocol.Nonce{})
			if f.standing != (protocol.Nonce{}) {
				// The peer is told at the door, in the answer to its request.
				e.claim(b.Peer, f.standing)
				e.history.at(e.indexOf(b.Peer), registerInput{op: opPoll, admission: f.admitted, nonce: f.standing})
			}
		}
		f.member = false
	case protocol.Close:
		for _, f := range e.folk {
			if f.member {
				e.model[f.peer] = e.owe(f, r, b.Kind, time.Time{}, text)
			}
		}
	}
}

// owe notes the failure of r. It replaces an earlier one; if that was not claimed and the new one has no text, the text is kept.
func (e *explorer) owe(f *folk, r protocol.SignedRecord, kind protocol.ReasonKind, until time.Time, text string) *owed {
	for _, m := range e.queueOf(f.peer) {
		same := m.kind == protocol.Muted && kind == protocol.Muted || !ofMember(m.kind) && !ofMember(kind)
		if text == "" && same && m.admission == f.admitted && !m.claimed && m.by == e.decided(r) {
			text = m.text
		}
	}
	return &owed{admission: f.admitted, removal: r.Seq, kind: kind, text: text, by: e.decided(r), owner: r.Author, until: until, expires: e.now.Add(24 * time.Hour)}
}

// retold updates the model after an order to remove a peer that is no member, which makes no record.
func (e *explorer) retold(ev Event) {
	by := e.self.Self
	if o, ok := ev.(Ordered); ok {
		by, ev = o.By, o.Order
	}
	var p peer.ID
	kind, text := protocol.Kicked, ""
	switch ev := ev.(type) {
	case Mute:
		all := e.queueOf(ev.Peer)
		for i, m := range all {
			if m.kind == protocol.Muted && !m.claimed && ev.Reason != "" && (by == e.self.Self || by == m.by) {
				all[i].text, all[i].by, all[i].owner = ev.Reason, by, e.self.Self
				e.setQueue(ev.Peer, all)
			}
		}
		return
	case Kick:
		p, text = ev.Peer, ev.Reason
	case Ban:
		p, kind, text = ev.Peer, protocol.Banned, ev.Reason
	}
	_, banned := e.heard.Banned(p, e.now)
	switch m := e.model[p]; {
	case m == nil, m.claimed, text == "", by != e.self.Self && by != m.by:
	case kind == protocol.Kicked && (banned || m.kind == protocol.Banned):
	default:
		m.text, m.by, m.owner = text, by, e.self.Self
	}
}

// answered checks an answer to a poll.
func (e *explorer) answered(q protocol.PollRequest, a AnswerPoll, want PollOutcome, trace bool) {
	if got := a.Outcome; got != want && (want != PollNews || got != PollHold) {
		e.violated(11, "the poll of %s with %x of admission %d is answered %d, not %d", e.folk[e.indexOf(a.Peer)].name, q.Nonce[:1], q.Admission, got, want)
		return
	}
	switch a.Outcome {
	case PollRefused:
		if trace || a.Reason != nil {
			e.violated(14, "a refusal leaves a trace")
		}
	case PollReason:
		e.reasonGiven(q, a)
	}
}

func (e *explorer) reasonGiven(q protocol.PollRequest, a AnswerPoll) {
	m, d := e.first(a.Peer), e.disk.failures[a.Peer]
	r := given{a.Peer, m.removal}
	if old, ok := e.given[r]; ok && old != e.said(a.Reason) {
		e.violated(10, "removal %d has two answers", m.removal)
	}
	if _, again := e.given[r]; !again {
		e.given[r] = e.said(a.Reason)
		e.toldCount++
	}
	if !d.Claimed || d.Nonce != q.Nonce || string(d.Answer) != string(a.Reason) {
		e.violated(12, "the claim of removal %d is visible and not on disk", m.removal)
	}
	if d.Text != m.text {
		e.violated(15, "removal %d is told as %q, not %q", m.removal, d.Text, m.text)
	}
	if d.By != m.by || (d.For != "") != (m.by != m.owner) || d.For != "" && d.For != m.owner {
		e.violated(23, "removal %d is told as that of %s for %q, not of %s", m.removal, d.By, d.For, m.by)
	}
	if d.Removal != m.removal || d.Kind != m.kind || d.Peer != a.Peer {
		e.violated(13, "%s is given another's reason, or another one", a.Peer)
	}
	if f := e.folk[e.indexOf(a.Peer)]; m.removal <= f.admitted {
		e.violated(16, "a reason of removal %d after admission %d", m.removal, f.admitted)
	}
	e.claim(a.Peer, q.Nonce)
}

// said is what a signed reason says. After a transfer another owner signs the same.
func (e *explorer) said(raw []byte) string {
	if r, err := protocol.OpenReason(raw); e.gives.on && err == nil {
		return fmt.Sprintf("%+v", r.Reason)
	}
	return string(raw)
}

func (e *explorer) claim(p peer.ID, n protocol.Nonce) {
	m, f := e.first(p), e.folk[e.indexOf(p)]
	if !m.claimed {
		m.claimed, m.nonce = true, n
		if ofMember(m.kind) {
			e.model[p] = m // what was over is not told any more
			return
		}
		f.claims = append(f.claims, claim{m.admission, n})
	}
}

// mayBeRefused checks that a client is refused only if there is no reason for it.
func (e *explorer) mayBeRefused(f *folk, c *client) {
	a := c.seat.Admission
	m := e.model[f.peer]
	switch {
	case f.member && !e.closed() && f.admitted == a:
		e.violated(11, "%s is refused and is a member", f.name)
	case f.admitted > a, f.left == a, f.expired == a:
	case c.told(): // and its disk failed
	case m != nil && m.admission == a && e.past(m):
	case slices.ContainsFunc(f.claims, func(o claim) bool { return o.admission == a && o.nonce != c.seat.Nonce }):
	default:
		e.violated(11, "%s is refused before it is told", f.name)
	}
}

// shows checks that a person sees a removal once, and none from before the admission of the client.
func (e *explorer) shows(f *folk, c *client, r protocol.SignedReason) {
	switch {
	case c.shown[r.Removal] && !c.unkept:
		e.violated(10, "%s is shown removal %d twice", f.name, r.Removal)
	case r.Removal <= c.seat.Admission:
		e.violated(16, "%s, admitted at %d, is shown removal %d", f.name, c.seat.Admission, r.Removal)
	case r.Peer != f.peer:
		e.violated(13, "%s is shown the reason of %s", f.name, r.Peer)
	case e.given[given{f.peer, r.Removal}] != e.said(r.Bytes()) && !e.disks.given[string(r.Bytes())]:
		e.violated(10, "%s is shown another reason of removal %d than was given", f.name, r.Removal)
	}
	if c.shown == nil {
		c.shown = map[uint64]bool{}
	}
	c.shown[r.Removal] = true
}

// told reports whether the client knows that its membership has ended. Once the reason of a kick has arrived, no client asks about a
// later ban.
func (c *client) told() bool {
	for r := range c.shown {
		if r > c.seat.Admission {
			return true
		}
	}
	return false
}

// heal ends all faults. Then every client that can still be told is told, and every member gets every record.
func (e *explorer) heal() {
	e.note("everything heals")
	e.wires = nil
	e.learnTransfer(99)
	if e.nonces%2 == 0 {
		e.restart()
	}
	for i, f := range e.folk {
		f.mute, f.deaf = false, false
		for j := range f.clients {
			c := &f.clients[j]
			if c.there && c.seat.Done() && !c.told() {
				e.violated(11, "%s's client has given up, and was not told", f.name)
			}
			if !c.there || c.seat.Done() || e.broken != "" {
				continue
			}
			m := e.model[f.peer]
			owed := m != nil && m.admission == c.seat.Admission && !m.acked && !e.past(m) && (!m.claimed || m.nonce == c.seat.Nonce)
			due := owed && !ofMember(m.kind)
			notices := e.noticesFor(f, c)
			for range 4 + 2*len(notices) + min(e.gives.times, 4) {
				e.ask(i, j)
				for len(e.wires) > 0 {
					e.deliver(0, false, false, 99)
				}
			}
			in := f.member && !e.closed() && f.admitted == c.seat.Admission
			switch {
			case due && !c.told():
				e.violated(11, "%s is not told of removal %d when all is well", f.name, m.removal)
			case in && slices.ContainsFunc(notices, func(removal uint64) bool { return !c.muted[removal] }):
				e.violated(11, "%s is not told of each of %d when all is well", f.name, notices)
			case in == c.seat.Done():
				e.violated(11, "%s is in: %v; its client has given up: %v", f.name, in, c.seat.Done())
			case in && c.have != e.ledger.state.Seq():
				e.violated(8, "%s has %d of %d records", f.name, c.have, e.ledger.state.Seq())
			}
		}
	}
	e.healAppeals()
	if len(e.hashes) != len(e.disk.records) {
		e.violated(8, "%d records were seen, of %d", len(e.hashes), len(e.disk.records))
	}
}
