package authority

import (
	"errors"
	"time"

	"localchat/protocol"
)

// rename makes a peer ask for a nick: one of its own, that of another, or one that looks like it. Sometimes it signs the record itself.
func (e *explorer) rename(i int, how uint8) {
	f := e.folk[i]
	nick := [...]string{f.name, "robert", "bob", "CAROL", "dav3", "alice", "system", "b ob"}[how>>4%8]
	if how>>7 == 0 && how%16 == 7 {
		e.forgeNick(f, nick)
		return
	}
	taken := nick == "alice"
	for _, o := range e.folk {
		taken = taken || o != f && o.member && protocol.Alike(o.nick, nick)
	}
	since := e.now.Sub(f.renamed)
	soon := !f.renamed.IsZero() && since >= 0 && since < time.Minute
	may := f.member && !e.closed() && (nick == f.nick || !f.silent && !soon && !taken && nick != "system" && nick != "b ob")
	e.note("%s asks for the nick %q: %v", f.name, nick, may)
	switch _, err := e.step(SetNick{f.peer, nick}, doubtful(how)); {
	case may && err != nil:
		e.violated(23, "%s does not get the nick %q: %v", f.name, nick, err)
	case !may && err == nil:
		e.violated(23, "%s gets the nick %q", f.name, nick)
	}
}

// forgeNick gives a peer a nick by a record of its own.
func (e *explorer) forgeNick(f *folk, nick string) {
	s := e.heard
	r, err := protocol.SignRecord(protocol.Record{
		Room: s.room, Seq: s.Seq() + 1, Prev: s.Head(), Term: s.term, Epoch: s.epoch, At: e.now, Author: f.peer,
		Body: protocol.SetNick{Peer: f.peer, Nick: nick},
	}, signerOf(f.name))
	if err != nil {
		return // no such record can be read
	}
	e.note("%s signs a record that gives it the nick %q", f.name, nick)
	if _, _, err := s.Apply(r); !errors.Is(err, ErrNotEntitled) && !errors.Is(err, ErrFrozen) {
		e.violated(23, "%s names itself: %v", f.name, err)
	}
}

// named holds that the members have the nicks that the log has given them, and that no two look alike. r is the record that the
// model follows: when the authority takes records back, the members have later ones already.
func (e *explorer) named(r protocol.SignedRecord) {
	if r.Seq != e.heard.Seq() {
		return
	}
	for _, f := range e.folk {
		m, in := e.heard.Member(f.peer)
		if in && f.member && m.Nick != f.nick {
			e.violated(23, "%s is called %q, not %q", f.name, m.Nick, f.nick)
		}
		for _, o := range e.folk {
			if o != f && o.member && f.member && protocol.Alike(o.nick, f.nick) {
				e.violated(23, "%s and %s are called %q and %q", f.name, o.name, f.nick, o.nick)
			}
		}
	}
}
