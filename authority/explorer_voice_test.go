package authority

import (
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// talks gives a peer a voice or takes it, or changes for whom a voice is needed or how fast members may talk; or the peer does one of these
// itself.
func (e *explorer) talks(i int, a act) {
	f, how := e.folk[i], a.how
	p := e.heard.Policy()
	switch how >> 4 % 8 {
	case 0, 1, 2:
		e.orders(Voice{f.peer, time.Duration(how>>4%3) * time.Hour}, "voice "+f.name, a)
	case 3:
		e.orders(Unvoice{Peer: f.peer}, "unvoice "+f.name, a)
	case 4, 5:
		p.VoicedOnly = !p.VoicedOnly
		e.order(SetPolicy{Policy: p}, "only some may talk, or all", how)
	case 6:
		p.Slow = 5*time.Second - p.Slow
		e.order(SetPolicy{Policy: p}, "slow, or not", how)
	default:
		p.VoicedOnly = false
		e.forgeVoice(f, protocol.Voice{Peer: f.peer})
		e.forgeVoice(f, protocol.SetPolicy{Policy: p, NewEpoch: true})
	}
}

// forgeVoice lets a peer talk by a record of its own.
func (e *explorer) forgeVoice(f *folk, b protocol.Body) {
	s := e.heard
	r, err := protocol.SignRecord(protocol.Record{
		Room: s.room, Seq: s.Seq() + 1, Prev: s.Head(), Term: s.term, Epoch: s.epoch + 1, At: e.now, Author: f.peer, Body: b,
		KeyHash: protocol.CommitKey(s.room, s.epoch+1, protocol.Key{1}),
	}, signerOf(f.name))
	if err != nil {
		return // no such record can be read
	}
	e.note("%s signs a record that lets it talk", f.name)
	if _, _, err := s.Apply(r); !errors.Is(err, ErrNotEntitled) && !errors.Is(err, ErrFrozen) {
		e.violated(22, "%s lets itself talk: %v", f.name, err)
	}
}

// cuts names a cut for each peer: none of its lines counts.
func (e *explorer) cuts() map[peer.ID]protocol.Cut {
	cuts := make(map[peer.ID]protocol.Cut)
	for _, f := range e.folk {
		cuts[f.peer] = protocol.Cut{}
	}
	return cuts
}

// voices follows the voices of the log, which end with a membership.
func (e *explorer) voices(r protocol.SignedRecord) {
	switch b := r.Body.(type) {
	case protocol.Voice:
		e.folk[e.indexOf(b.Peer)].voice = r.Seq
	case protocol.Unvoice:
		e.folk[e.indexOf(b.Peer)].voice = 0
	case protocol.Leave:
		e.folk[e.indexOf(b.Peer)].voice = 0
	case protocol.Remove:
		e.folk[e.indexOf(b.Peer)].voice = 0
	}
}

// unvoicedBy holds that the authority takes a voice by itself when its time has passed, and not before.
func (e *explorer) unvoicedBy(ev Event, r protocol.SignedRecord) {
	b, ok := r.Body.(protocol.Unvoice)
	if _, ordered := ev.(Unvoice); !ok || ordered || r.By != "" {
		return
	}
	m, _ := e.heard.Member(b.Peer)
	if v := m.Voice; v.Until.IsZero() || e.now.Before(v.Until.Add(e.moved[v.Seq])) {
		e.violated(22, "the voice of record %d ends before its time", v.Seq)
	}
}

// voicesEnd holds that a tick leaves no voice whose time has passed.
func (e *explorer) voicesEnd(ev Event) {
	if _, tick := ev.(Tick); !tick || e.closed() || e.heard.Frozen() {
		return
	}
	for _, m := range e.heard.Members() {
		if v := m.Voice; !v.Until.IsZero() && !e.now.Before(v.Until.Add(e.moved[v.Seq])) {
			e.violated(22, "the voice of record %d goes on after its time", v.Seq)
		}
	}
}
