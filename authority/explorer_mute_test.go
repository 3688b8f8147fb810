package authority

import (
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// silence holds that a line counts now if, and only if, its author is a member, is not muted, and has a voice where the policy asks for one;
// and that none counts whose number is past the cut of the span that its epoch belongs to. The orders of the explorer name no cut, so
// that no line of an ended span counts.
func (e *explorer) silence() {
	only := e.heard.Policy().VoicedOnly
	for _, f := range e.folk {
		now := protocol.Header{Room: e.heard.Room(), Epoch: e.heard.Epoch(), Ctr: 1}
		counts := e.heard.Check(f.peer, now) == VerdictAccept
		may := f.member && !f.silent && (f.voice != 0 || !only || f.deputy)
		if want := may && !e.closed() && !e.heard.Frozen(); counts != want {
			e.violated(22, "a line of %s counts: %v; it is a member: %v, muted: %v, with the voice %d, needed: %v", f.name, counts, f.member, f.silent, f.voice, only)
		}
		m, in := e.heard.Member(f.peer)
		for epoch := uint64(1); epoch < e.heard.Epoch(); epoch++ {
			now.Epoch = epoch
			spoke := in && may && epoch >= m.SpanFrom
			if late := e.heard.Check(f.peer, now) == VerdictLate; late && !spoke {
				e.violated(22, "a line of %s of epoch %d, of a span that has ended, counts", f.name, epoch)
			}
		}
		if _, muted := e.ledger.state.Muted(f.peer); muted != f.silent {
			e.violated(22, "%s is muted: %v, and was seen to be: %v", f.name, muted, f.silent)
		}
		if m, _ := e.ledger.state.Member(f.peer); m.Voice.Seq != f.voice {
			e.violated(22, "%s has the voice %d, and was seen to have %d", f.name, m.Voice.Seq, f.voice)
		}
	}
}

// unmutedBy holds that the authority ends a mute by itself when its time has passed, and not before.
func (e *explorer) unmutedBy(ev Event, r protocol.SignedRecord) {
	b, ok := r.Body.(protocol.Unmute)
	if _, ordered := ev.(Unmute); !ok || ordered || r.By != "" {
		return
	}
	m := e.heard.mutes[b.Peer]
	if m.Until.IsZero() || e.now.Before(m.Until.Add(e.moved[m.Mute])) {
		e.violated(22, "the mute of record %d ends before its time", m.Mute)
	}
}

// mutesEnd holds that a tick leaves no mute whose time has passed.
func (e *explorer) mutesEnd(ev Event) {
	if _, tick := ev.(Tick); !tick || e.closed() || e.heard.Frozen() {
		return
	}
	for _, m := range e.heard.mutes {
		if !m.Until.IsZero() && !e.now.Before(m.Until.Add(e.moved[m.Mute])) {
			e.violated(22, "the mute of record %d goes on after its time", m.Mute)
		}
	}
}

// forgetMute: nobody is owed the reason of a mute that is over, or of a membership that is.
func (e *explorer) forgetMute(p peer.ID) {
	e.setQueue(p, slices.DeleteFunc(e.queueOf(p), func(m owed) bool { return m.kind == protocol.Muted }))
}

// showsMute holds that a person is told of a mute once, and of none from before its client was admitted.
func (e *explorer) showsMute(f *folk, c *client, r protocol.SignedReason) {
	switch {
	case c.muted[r.Removal] && !c.unkept:
		e.violated(22, "%s is told of mute %d twice", f.name, r.Removal)
	case r.Removal <= c.seat.Admission || !ofMember(r.Kind) || r.Peer != f.peer:
		e.violated(22, "%s, admitted at %d, is told of %+v", f.name, c.seat.Admission, r)
	case e.given[given{f.peer, r.Removal}] != e.said(r.Bytes()) && !e.disks.given[string(r.Bytes())]:
		e.violated(22, "%s is told another reason of mute %d than was given", f.name, r.Removal)
	}
	if c.muted == nil {
		c.muted = map[uint64]bool{}
	}
	c.muted[r.Removal] = true
}
