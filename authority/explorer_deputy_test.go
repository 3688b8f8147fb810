package authority

import (
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// deputies makes the owner name deputies and end that, and makes deputies, and others, order what they may and what they may not.
func (e *explorer) deputies(a act) {
	f := e.folk[int(a.who)%len(e.folk)]
	by := e.folk[int(a.who)/3%len(e.folk)]
	var ev Event
	switch int(a.who) / 9 % 10 {
	case 0, 1, 2:
		e.order(Deputize{f.peer}, f.name+" becomes a deputy", a.how)
		return
	case 3:
		e.order(Undeputize{Peer: f.peer}, f.name+" is no deputy any more", a.how)
		return
	case 4:
		ev = Kick{Peer: f.peer, Reason: reasonFor(a.how)}
	case 5:
		ev = Ban{Peer: f.peer, Reason: reasonFor(a.how), For: time.Duration(a.how>>4%3) * time.Hour}
	case 6:
		ev = Unban{f.peer}
	case 7:
		ev = Mute{Peer: f.peer, Reason: reasonFor(a.how), For: time.Duration(a.how>>4%3) * time.Hour}
	case 8:
		ev = Unmute{f.peer}
	default:
		p := e.ledger.state.policy
		p.Subject += "!"
		idle := e.ledger.state.policy
		idle.Idle += time.Second
		ev = []Event{
			SetPolicy{Policy: p},
			SetPolicy{Policy: idle},
			Accept{f.peer},
			Close{},
			Leave{Peer: f.peer},
			Rekey{},
			Deputize{f.peer},
			Undeputize{Peer: f.peer},
			Warn{f.peer, "mind your words"},
			Voice{Peer: f.peer},
			Voice{f.peer, time.Hour},
			Unvoice{Peer: f.peer},
			Warn{f.peer, ""},
			e.someInvite(a), e.someInvite(a),
			MakeInvite{},
		}[a.how>>4]
	}
	e.ordered(by, ev, a.how)
}

// orders gives an order: for the owner, or, if there is one, sometimes for a deputy.
func (e *explorer) orders(ev Event, name string, a act) {
	if by := e.folk[int(a.who)/3%len(e.folk)]; a.who >= 128 && by.deputy {
		e.ordered(by, ev, a.how)
		return
	}
	e.order(ev, name, a.how)
}

// ordered gives an order for a peer, and holds that it is obeyed if, and only if, the peer may give it.
func (e *explorer) ordered(by *folk, ev Event, how uint8) {
	may, body := e.permits(by, ev)
	e.note("%s orders %T%+v (it may: %v)", by.name, ev, ev, may)
	_, err := e.step(Ordered{by.peer, ev}, doubtful(how))
	switch {
	case !may && err == nil:
		e.violated(23, "%s orders %T%+v, and it is done", by.name, ev, ev)
	case may && errors.Is(err, ErrNotDeputy):
		e.violated(23, "%s may not order %T%+v: %v", by.name, ev, ev, err)
	case may:
		e.mustSucceed(ev, err)
	case body != nil && how>>5 == 0 && !e.closed() && !e.heard.Frozen():
		e.forgeOrder(by, body)
	}
}

// permits says whether by may order ev, written again without looking at the state's rules, and the body of the record.
func (e *explorer) permits(by *folk, ev Event) (bool, protocol.Body) {
	touch := func(p peer.ID, owners bool) bool {
		return by.deputy && !e.folk[e.indexOf(p)].deputy && !owners
	}
	bannedByOwner := func(p peer.ID) bool {
		_, banned := e.heard.Banned(p, e.now)
		return banned && e.folk[e.indexOf(p)].bannedBy != "" && e.isOwner(e.folk[e.indexOf(p)].bannedBy)
	}
	voicedByOwner := func(p peer.ID) bool { f := e.folk[e.indexOf(p)]; return f.voice != 0 && e.isOwner(f.voicedBy) }
	mutedByOwner := func(p peer.ID) bool { f := e.folk[e.indexOf(p)]; return f.silent && e.isOwner(f.mutedBy) }
	switch ev := ev.(type) {
	case Kick:
		return touch(ev.Peer, bannedByOwner(ev.Peer)), protocol.Remove{Peer: ev.Peer, Kind: protocol.Kicked}
	case Ban:
		return touch(ev.Peer, bannedByOwner(ev.Peer)), protocol.Remove{Peer: ev.Peer, Kind: protocol.Banned}
	case Unban:
		return touch(ev.Peer, bannedByOwner(ev.Peer)), protocol.Unban{Peer: ev.Peer}
	case Pardon:
		f := e.folk[e.indexOf(ev.Peer)]
		return touch(ev.Peer, bannedByOwner(ev.Peer) || f.out.removal != 0 && e.isOwner(f.out.by)), protocol.Pardon{Peer: ev.Peer}
	case Mute:
		return touch(ev.Peer, mutedByOwner(ev.Peer)), protocol.Mute{Peer: ev.Peer}
	case Unmute:
		return touch(ev.Peer, mutedByOwner(ev.Peer)), protocol.Unmute{Peer: ev.Peer}
	case Warn:
		return touch(ev.Peer, false), protocol.Warn{Peer: ev.Peer}
	case Voice:
		return touch(ev.Peer, voicedByOwner(ev.Peer)), protocol.Voice{Peer: ev.Peer}
	case Unvoice:
		return touch(ev.Peer, voicedByOwner(ev.Peer)), protocol.Unvoice{Peer: ev.Peer}
	case RevokeInvite:
		return by.deputy && e.ledger.invites[ev.ID].By != e.self.Self, nil
	case Accept:
		return by.deputy, nil
	case SetPolicy:
		return by.deputy && ev.Policy.Idle == e.heard.Policy().Idle, protocol.SetPolicy{Policy: ev.Policy}
	}
	return false, nil
}

// forgeOrder makes the record of an order that by may not give: signed by the authority, as if it were modified, and by the peer itself.
func (e *explorer) forgeOrder(by *folk, body protocol.Body) {
	s := e.heard
	r := protocol.Record{
		Room: s.Room(), Seq: s.Seq() + 1, Prev: s.Head(), Term: 1, Epoch: s.Epoch(), At: e.now, Author: e.self.Self, Body: body, By: by.peer,
	}
	if protocol.StartsEpoch(body) {
		r.Epoch++
		r.KeyHash = protocol.CommitKey(r.Room, r.Epoch, protocol.Key{1})
	}
	forged, err := protocol.SignRecord(r, e.self.Signer)
	if err != nil {
		e.violated(23, "%v", err)
		return
	}
	if _, _, err := s.Apply(forged); !errors.Is(err, ErrNotDeputy) {
		e.violated(23, "a member applies what %s may not order: %T%+v: %v", by.name, body, body, err)
	}
	r.Author, r.By = by.peer, ""
	forged, err = protocol.SignRecord(r, signerOf(by.name))
	if err != nil {
		e.violated(23, "%v", err)
		return
	}
	if _, _, err := s.Apply(forged); !errors.Is(err, ErrNotEntitled) {
		e.violated(23, "a member applies a record that %s has signed: %v", by.name, err)
	}
}

// appointed updates the model with the deputies and with the peers that have decided.
func (e *explorer) appointed(r protocol.SignedRecord) {
	switch b := r.Body.(type) {
	case protocol.SetDeputies:
		for _, f := range e.folk {
			f.deputy = slices.Contains(b.Peers, f.peer)
		}
	case protocol.Leave:
		e.folk[e.indexOf(b.Peer)].deputy = false
	case protocol.Remove:
		if f := e.folk[e.indexOf(b.Peer)]; b.Kind == protocol.Banned {
			f.bannedBy = e.decided(r)
		}
	case protocol.Mute:
		e.folk[e.indexOf(b.Peer)].mutedBy = e.decided(r)
	case protocol.Voice:
		e.folk[e.indexOf(b.Peer)].voicedBy = e.decided(r)
	}
}

func (e *explorer) decided(r protocol.SignedRecord) peer.ID {
	if r.By == "" {
		return e.self.Self
	}
	return r.By
}

// someInvite revokes one of the open invites, or one that nobody has made.
func (e *explorer) someInvite(a act) Event {
	if open := e.ledger.Invites(e.now); len(open) > 0 {
		return RevokeInvite{open[int(a.who)%len(open)].ID}
	}
	return RevokeInvite{protocol.InviteID{1}}
}

// paced holds that a pace binds every member but the owner and the deputies of the epoch, in that epoch for ever.
func (e *explorer) paced() {
	now := pace{e.heard.Epoch(), e.heard.Policy().Slow, 0}
	for i, f := range e.folk {
		if f.deputy {
			now.deputies |= 1 << i
		}
	}
	if n := len(e.paces); n > 0 && e.paces[n-1].epoch == now.epoch {
		if e.paces[n-1] != now {
			e.violated(23, "the pace of epoch %d, or its deputies, change within it: %+v, %+v", now.epoch, e.paces[n-1], now)
		}
	} else {
		e.paces = append(slices.Clip(e.paces), now)
	}
	for _, p := range e.paces {
		for i, f := range e.folk {
			want := p.slow
			if p.deputies&(1<<i) != 0 {
				want = 0
			}
			if got := e.heard.Slow(f.peer, p.epoch); got != want {
				e.violated(23, "in epoch %d %s may say a line every %v, not every %v", p.epoch, f.name, got, want)
			}
		}
	}
	if got := e.heard.Slow(e.heard.Owner(), e.heard.Epoch()); got != 0 {
		e.violated(23, "the owner may say a line every %v", got)
	}
}

// A pace is that of an epoch, with its deputies as a set of folk.
type pace struct {
	epoch    uint64
	slow     time.Duration
	deputies int
}

// deputiesHold holds that the deputies are those that were named, and members all.
func (e *explorer) deputiesHold() {
	e.paced()
	for _, f := range e.folk {
		if is := e.ledger.state.IsDeputy(f.peer); is != f.deputy || is && !f.member {
			e.violated(23, "%s is a deputy: %v, and was seen to be: %v; it is a member: %v", f.name, is, f.deputy, f.member)
		}
	}
}
