package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// IgnoredInfo is a peer that is ignored. Nick is its nick at that time, "" if it was not known.
type IgnoredInfo struct {
	Peer peer.ID   `json:"peer"`
	Nick string    `json:"nick"`
	At   time.Time `json:"at"`
}

// Ignore hides the lines and direct messages of a peer or, if ignored is false, shows them again. In no room there is an event
// for a line or a direct message of an ignored peer, and [Node.History] leaves its lines out. All other events of it are sent as
// before: that it comes, leaves, knocks or is removed. Neither the peer nor any other node is told.
//
// Its lines count as before. When it is no longer ignored, those that are still here are sent as late ones. Its direct messages
// of that time are lost.
//
// who is a whole peer ID; or a nick, or a part of an ID, of a member of room, of a former one, of a peer at its door, or of an
// ignored peer. room may be "" if there is one at most. The list is kept with the data directory, and in memory without one.
//
// It fails with NotFound, Ambiguous, Invalid (oneself, or too many) or Unavailable (the disk).
func (n *Node) Ignore(ctx context.Context, room, who string, ignored bool) (IgnoredInfo, error) {
	return ask(ctx, n, ignorePeer{room, who, ignored})
}

type ignorePeer struct {
	room, who string
	ignored   bool
}

func (q ignorePeer) run(l *loop) (IgnoredInfo, error) {
	c, err := q.whom(l)
	if err != nil {
		return IgnoredInfo{}, err
	}
	now, known := l.trusts.ignored[c.Peer]
	switch {
	case c.Peer == l.n.self:
		return IgnoredInfo{}, &Error{Code: CodeInvalid, Text: "that is you", Reason: fault.IgnoreSelf}
	case !q.ignored && !known:
		return IgnoredInfo{}, &Error{Code: CodeNotFound, Text: fmt.Sprintf("%q is not ignored", q.who), Reason: fault.NotIgnored}
	case q.ignored && !known && len(l.trusts.ignored) >= maxIgnored:
		return IgnoredInfo{}, &Error{Code: CodeInvalid, Text: fmt.Sprintf("%d people are ignored already", maxIgnored), Reason: fault.ManyIgnored}
	}
	if q.ignored {
		now = store.Note{Nick: c.Nick, At: l.now()}
	}
	all, err := l.noted(store.Ignored, l.trusts.ignored, c.Peer, now, q.ignored)
	if err != nil {
		return IgnoredInfo{}, err
	}
	l.trusts.ignored = all
	if !q.ignored {
		for _, id := range l.order {
			r := l.rooms[id]
			r.talk.carry(r.talk.Heed(r.talk.world(), c.Peer))
		}
	}
	return IgnoredInfo{Peer: c.Peer, Nick: now.Nick, At: now.At}, nil
}

// whom finds the peer that who means. To end ignoring, it searches only the ignored peers, since the member with that nick may be
// another peer. A peer that has left can be ignored too, since it may come back or be in another room.
func (q ignorePeer) whom(l *loop) (Named, error) {
	r, noRoom := l.room(q.room)
	if p, ok := protocol.ParsePeer(q.who); ok {
		return Named{p, l.calledBy(r, p)}, nil
	}
	if !q.ignored {
		n, err := FindWho(q.who, "among those ignored", l.notedAs(r, l.trusts.ignored))
		if err != nil && AsError(err).Code == CodeNotFound {
			err = &Error{Code: CodeNotFound, Text: err.Error(), Reason: fault.NotIgnored}
		}
		return n, err
	}
	if noRoom != nil {
		return Named{}, noRoom
	}
	n, _, err := r.whom(q.who, true)
	return n, err
}

// ignores reports whether p is ignored.
func (l *loop) ignores(p peer.ID) bool {
	_, is := l.trusts.ignored[p]
	return is
}

// Ignored lists the peers that are ignored, in the order of their nicks.
func (n *Node) Ignored(ctx context.Context) ([]IgnoredInfo, error) {
	return ask(ctx, n, ignoredPeers{})
}

type ignoredPeers struct{}

func (ignoredPeers) run(l *loop) ([]IgnoredInfo, error) {
	all := make([]IgnoredInfo, 0, len(l.trusts.ignored))
	for p, s := range l.trusts.ignored {
		all = append(all, IgnoredInfo{Peer: p, Nick: s.Nick, At: s.At})
	}
	slices.SortFunc(all, func(a, b IgnoredInfo) int {
		if c := strings.Compare(a.Nick, b.Nick); c != 0 {
			return c
		}
		return strings.Compare(string(a.Peer), string(b.Peer))
	})
	return all, nil
}
