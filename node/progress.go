package node

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// progress follows a removal, or a mute, until every member has applied it and the peer concerned has been told.
type progress struct {
	peer          peer.ID
	nick, text    string
	kind          Kind
	seq, epoch    uint64
	at            time.Time
	told          bool
	noted         bool // the room has heard the reason, or is not to
	saidApplied   int
	saidTold      bool
	shownComplete bool
}

// A tracker follows what the authority has ordered until it has reached everybody. Only the loop uses it.
type tracker struct {
	r              *room
	followed       []*progress // at most maxProgress
	announcedEpoch uint64      // the epoch that everybody was last said to have
}

// epochHolders returns the members that have the latest records and key, and the others.
func (tr *tracker) epochHolders() (have, missing []peer.ID) {
	st := tr.r.state()
	for _, m := range st.Members() {
		h := tr.r.desk.presence.heard[m.Peer]
		if m.Peer == tr.r.l.n.self || h.seq > 0 && h.key >= st.Epoch() {
			have = append(have, m.Peer)
		} else {
			missing = append(missing, m.Peer)
		}
	}
	return have, missing
}

// follow starts to follow a removal or a mute, which have a target to tell.
func (tr *tracker) follow(c authority.Commit) {
	p := &progress{
		peer: c.Change.Peer, nick: c.Change.Nick, kind: kindFrom(c.Change.Reason), seq: c.Record.Seq, epoch: c.Record.Epoch, at: tr.r.l.now(),
		saidApplied: -1,
	}
	for _, f := range tr.r.desk.ledger.Failures() {
		if f.Peer == c.Change.Peer && f.Removal == c.Record.Seq {
			p.text = f.Text
		}
	}
	p.noted = p.text == "" || tr.r.state().Policy().HideReasons
	tr.followed = append(tr.followed, p)
	if len(tr.followed) > maxProgress {
		tr.followed = tr.followed[1:]
	}
	tr.tell()
}

func (tr *tracker) noteTold(t authority.Told) {
	if !t.Acked {
		return
	}
	if t.Kind == protocol.Warned {
		tr.r.l.emit(tr.r, WarningTold{Peer: t.Peer, Nick: t.Nick, Seq: t.Removal})
		return
	}
	for _, p := range tr.followed {
		if p.peer == t.Peer && p.seq == t.Removal {
			p.told = true
			tr.tell()
			tr.noteReason(p)
		}
	}
}

// noteReason tells the room the reason of a removal, once.
func (tr *tracker) noteReason(p *progress) {
	if p.noted || tr.r.gossip == nil {
		return
	}
	key, ok := tr.r.keys.Get(tr.r.state().Epoch())
	if !ok {
		return
	}
	p.noted = true
	if _, err := tr.r.outbox.send(protocol.Content{Kind: protocol.ReasonNote, Text: p.text, Removal: p.seq}, key); err != nil {
		tr.r.l.n.log.Warn("tell the room why", "room", tr.r.id, "err", err)
	}
}

// progress returns how far a removal has got.
func (tr *tracker) progress(p *progress, members []authority.Member) RemovalProgress {
	now := RemovalProgress{Peer: p.peer, Nick: p.nick, Kind: p.kind, Told: p.told, Total: len(members)}
	for _, m := range members {
		if tr.has(m.Peer, p) {
			now.Applied++
		} else {
			now.Missing = append(now.Missing, m.Nick)
		}
	}
	return now
}

// has reports whether a member has applied a removal.
func (tr *tracker) has(member peer.ID, p *progress) bool {
	h := tr.r.desk.presence.heard[member]
	return member == tr.r.l.n.self || h.seq >= p.seq && h.key >= p.epoch
}

// Removals returns how far the removals and mutes that are still followed have got, the oldest first (owner, deputies). A deputy knows the
// latest, and of each some of the members that lack it.
func (n *Node) Removals(ctx context.Context, room string) ([]RemovalProgress, error) {
	return ask(ctx, n, removalsOf{room})
}

type removalsOf struct{ room string }

func (q removalsOf) run(l *loop) ([]RemovalProgress, error) {
	r, err := l.moderated(q.room)
	if err != nil {
		return nil, err
	}
	all := []RemovalProgress{}
	for _, told := range r.desk.told.removals {
		all = append(all, told.RemovalProgress)
	}
	for _, p := range r.desk.tracker.followed {
		all = append(all, r.desk.tracker.progress(p, r.state().Members()))
	}
	return all, nil
}

// tell reports changes in the progress of removals, and of the epoch.
func (tr *tracker) tell() {
	members := tr.r.state().Members()
	for _, p := range tr.followed {
		now := tr.progress(p, members)
		if now.Applied == p.saidApplied && p.told == p.saidTold || p.shownComplete {
			continue
		}
		// How many members have applied it changes as often as there are members, in a moment.
		tr.r.desk.told.due, tr.r.desk.told.soon = true, tr.r.desk.told.soon || p.told != p.saidTold
		p.saidApplied, p.saidTold = now.Applied, p.told
		p.shownComplete = p.told && now.Applied == len(members)
		tr.r.l.emit(tr.r, now)
	}
	if _, missing := tr.epochHolders(); len(missing) == 0 && tr.announcedEpoch < tr.r.state().Epoch() && len(members) > 1 {
		tr.announcedEpoch = tr.r.state().Epoch()
		tr.r.tellEpoch()
	}
}
