package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// A Verification records that the users of two nodes have compared words, by voice or side by side.
type Verification struct {
	Peer  peer.ID   `json:"peer"`
	Nick  string    `json:"nick"` // the other's nick at that time; "" if it was not known
	Words string    `json:"words"`
	At    time.Time `json:"at"`
}

// Trust says what the user of this node has noted about a peer. No other node is told.
type Trust struct {
	// Verified is set if words were compared with the holder of this key.
	Verified bool `json:"verified"`
	// Other is another peer that was verified under this nick, or under one that looks like it.
	Other peer.ID `json:"verified_other,omitempty"`
	// Ignored is set if lines of the peer are not shown; see [Node.Ignore].
	Ignored bool `json:"ignored,omitempty"`
}

// trusts are the verifications of this node: by peer, and for each nick the peer that bore it last; and the peers that it
// ignores. The loop owns them.
type trusts struct {
	by      map[peer.ID]store.Note
	nicks   map[string]peer.ID // by the skeletons of each nick
	ignored map[peer.ID]store.Note
}

func newTrusts(by, ignored map[peer.ID]store.Note) trusts {
	t := trusts{by: by, nicks: make(map[string]peer.ID), ignored: ignored}
	for p, s := range by {
		for _, key := range protocol.Skeletons(s.Nick) {
			if other, taken := t.nicks[key]; s.Nick != "" && (!taken || by[other].At.Before(s.At)) {
				t.nicks[key] = p
			}
		}
	}
	return t
}

// of returns what is noted about p, which has the given nick.
func (t trusts) of(p peer.ID, nick string) Trust {
	_, ignored := t.ignored[p]
	if _, ok := t.by[p]; ok {
		return Trust{Verified: true, Ignored: ignored}
	}
	return Trust{Other: t.called(nick), Ignored: ignored}
}

// called returns the verified peer with that nick, or with one that looks like it; "" if there is none.
func (t trusts) called(nick string) peer.ID {
	if len(t.nicks) == 0 {
		return ""
	}
	for _, key := range protocol.Skeletons(nick) {
		if other := t.nicks[key]; other != "" {
			return other
		}
	}
	return ""
}

// Verify records that words were compared with a peer or, if verified is false, takes that back. who is a whole peer
// ID; or a nick, or a part of an ID, of a member of room, of a peer at its door, or of a verified peer. room may be
// "" if there is one at most. The record is kept with the data directory, and in memory without one.
//
// It fails with NotFound, Ambiguous, Invalid (oneself, or too many) or Unavailable (the disk).
func (n *Node) Verify(ctx context.Context, room, who string, verified bool) (Verification, error) {
	return ask(ctx, n, verifyPeer{room, who, verified})
}

type verifyPeer struct {
	room, who string
	verified  bool
}

func (q verifyPeer) run(l *loop) (Verification, error) {
	c, err := l.whom(q)
	if err != nil {
		return Verification{}, err
	}
	now, known := l.trusts.by[c.Peer]
	switch {
	case c.Peer == l.n.self:
		return Verification{}, &Error{Code: CodeInvalid, Text: "that is you", Reason: fault.VerifySelf}
	case !q.verified && !known:
		return Verification{}, &Error{Code: CodeNotFound, Text: fmt.Sprintf("%q is not verified", q.who), Reason: fault.NotVerified}
	case q.verified && !known && len(l.trusts.by) >= maxVerified:
		return Verification{}, &Error{Code: CodeInvalid, Text: fmt.Sprintf("%d people are verified already", maxVerified), Reason: fault.ManyVerified}
	}
	if q.verified {
		now = store.Note{Nick: c.Nick, At: l.now()}
	}
	by, err := l.noted(store.Verified, l.trusts.by, c.Peer, now, q.verified)
	if err != nil {
		return Verification{}, err
	}
	l.trusts = newTrusts(by, l.trusts.ignored)
	l.saveKnown()
	return l.verification(c.Peer, now), nil
}

// noted returns notes with that of p or, if keep is false, without one, once the disk has it so.
func (l *loop) noted(of store.Notes, notes map[peer.ID]store.Note, p peer.ID, note store.Note, keep bool) (map[peer.ID]store.Note, error) {
	var err error
	notes = maps.Clone(notes)
	if keep {
		notes[p] = note
		err = l.store.SaveNote(of, p, note)
	} else {
		delete(notes, p)
		err = l.store.DropNote(of, p)
	}
	if err != nil {
		return nil, diskError{err}.forPerson()
	}
	return notes, nil
}

func (l *loop) verification(p peer.ID, s store.Note) Verification {
	return Verification{Peer: p, Nick: s.Nick, Words: l.n.words.of(p), At: s.At}
}

// whom finds the peer that is meant. To take a verification back, only verified peers are searched: the member with that
// nick may be another peer.
func (l *loop) whom(q verifyPeer) (Named, error) {
	r, noRoom := l.room(q.room)
	if p, ok := protocol.ParsePeer(q.who); ok {
		return Named{p, l.calledBy(r, p)}, nil
	}
	if !q.verified {
		n, err := FindWho(q.who, "among those verified", l.notedAs(r, l.trusts.by))
		if err != nil && AsError(err).Code == CodeNotFound {
			err = &Error{Code: CodeNotFound, Text: err.Error(), Reason: fault.NotVerified}
		}
		return n, err
	}
	if noRoom != nil {
		return Named{}, noRoom
	}
	n, _, err := r.whom(q.who, false)
	return n, err
}

// calledBy returns the nick of p, as far as it is known. r may be nil.
func (l *loop) calledBy(r *room, p peer.ID) string {
	if r != nil {
		if nick := r.nickOf(p); nick != "" {
			return nick
		}
		for _, k := range r.desk.door.waiting() {
			if k.Peer == p {
				return k.Nick
			}
		}
	}
	if nick := l.trusts.by[p].Nick; nick != "" {
		return nick
	}
	return l.trusts.ignored[p].Nick
}

// notedAs returns the peers of a list, with the nicks that they had then, and with those that they have in r, which may be nil.
func (l *loop) notedAs(r *room, notes map[peer.ID]store.Note) []Named {
	var cs []Named
	for p, s := range notes {
		cs = append(cs, Named{p, s.Nick})
		if r == nil {
			continue
		}
		if m, ok := r.state().Member(p); ok && !protocol.SameName(m.Nick, s.Nick) {
			cs = append(cs, Named{p, m.Nick})
		}
	}
	return cs
}

// Verified lists the peers whose words were compared, in the order of their nicks.
func (n *Node) Verified(ctx context.Context) ([]Verification, error) {
	vs, err := ask(ctx, n, verifiedPeers{})
	for i := range vs {
		vs[i].Words = n.words.of(vs[i].Peer)
	}
	return vs, err
}

type verifiedPeers struct{}

func (verifiedPeers) run(l *loop) ([]Verification, error) {
	vs := make([]Verification, 0, len(l.trusts.by))
	for p, s := range l.trusts.by {
		vs = append(vs, Verification{Peer: p, Nick: s.Nick, At: s.At})
	}
	slices.SortFunc(vs, func(a, b Verification) int {
		if c := strings.Compare(a.Nick, b.Nick); c != 0 {
			return c
		}
		return strings.Compare(string(a.Peer), string(b.Peer))
	})
	return vs, nil
}

// warnStandIn warns, once for each room, that a peer there has the nick of a verified person with another key.
func (r *room) warnStandIn(p peer.ID, nick, does string) {
	other := r.l.trusts.of(p, nick).Other
	if other == "" || p == r.l.n.self {
		return
	}
	key := "verified_nick " + r.id.String() + " " + string(p)
	if _, said := r.l.warned[key]; said {
		return
	}
	if len(r.l.warned) >= maxFound {
		clear(r.l.warned)
	}
	r.l.warned[key] = r.l.now()
	r.l.emit(r, Warning{Code: "verified_nick", Peer: p, Text: fmt.Sprintf(
		"%s %s, and is not the %s you verified: the key is different, with the words %s; compare them before you believe it",
		nick, does, r.l.trusts.by[other].Nick, r.l.n.words.of(p))})
}

// warnStandIns checks all members when the user enters.
func (r *room) warnStandIns() {
	for _, m := range r.state().Members() {
		r.warnStandIn(m.Peer, m.Nick, "is here")
	}
}

// keyChange returns how the room id, which has had the owners of now, differs from the known room of that name, or of a name that looks
// like it; nil if it does not.
func (l *loop) keyChange(id RoomID, name looks, now owners) *KeyChange {
	known := l.knownOwner(id, name, now)
	if known == "" || now.has(known) {
		return nil
	}
	return &KeyChange{
		Room: id, Name: name.name, Owner: now.last(), Words: l.wordsOfOwner(id, now.last()),
		Known: known, KnownWords: l.n.words.of(known), KnownNick: l.trusts.by[known].Nick,
	}
}

// pinOwner remembers the owner of the room under its name, and warns if the name was another owner's, which has not given the room away. It
// returns the owner that was known before, or "".
func (r *room) pinOwner(now owners) (before peer.ID) {
	owner := now.last()
	before = r.l.knownOwner(r.id, looks{r.label(), r.skeletons()}, now)
	if c := r.l.keyChange(r.id, looks{r.label(), r.skeletons()}, now); c != nil {
		r.l.emit(r, Warning{Code: "owner_key", Peer: owner, Text: fmt.Sprintf(
			"%s has a new owner from now on: the words were %s, they are %s", c.Name, c.KnownWords, c.Words)})
	}
	if r.l.store == nil {
		return before // nothing is kept, and the room itself is known while we are in it
	}
	if err := r.l.store.Pin(r.label(), owner); err != nil {
		r.l.warnDisk(r, err)
	}
	r.l.pins.add(r.label(), owner)
	r.l.saveKnown()
	return before
}

// wordsOfOwner are those of a room's owner. Where the room has been found they are there: a list of rooms is no time to make
// any.
func (l *loop) wordsOfOwner(id RoomID, owner peer.ID) string {
	if f := l.directory.found[id]; f != nil && f.owner() == owner {
		return f.words
	}
	return l.n.words.of(owner)
}
