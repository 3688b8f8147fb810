package node

import (
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

// epochHolders returns the members that have the latest records and key, and the others.
func (r *room) epochHolders() (have, missing []peer.ID) {
	st := r.state()
	for _, m := range st.Members() {
		h := r.desk.heard[m.Peer]
		if m.Peer == r.l.n.self || h.seq > 0 && h.key >= st.Epoch() {
			have = append(have, m.Peer)
		} else {
			missing = append(missing, m.Peer)
		}
	}
	return have, missing
}

// follow starts to follow a removal or a mute, which have a target to tell.
func (r *room) follow(c authority.Commit) {
	p := &progress{
		peer: c.Change.Peer, nick: c.Change.Nick, kind: kindFrom(c.Change.Reason), seq: c.Record.Seq, epoch: c.Record.Epoch, at: r.l.now(),
		saidApplied: -1,
	}
	for _, f := range r.ledger.Failures() {
		if f.Peer == c.Change.Peer && f.Removal == c.Record.Seq {
			p.text = f.Text
		}
	}
	p.noted = p.text == "" || r.state().Policy().HideReasons
	r.desk.progress = append(r.desk.progress, p)
	if len(r.desk.progress) > maxProgress {
		r.desk.progress = r.desk.progress[1:]
	}
	r.tellProgress()
}

func (r *room) noteTold(t authority.Told) {
	if !t.Acked {
		return
	}
	for _, p := range r.desk.progress {
		if p.peer == t.Peer && p.seq == t.Removal {
			p.told = true
			r.tellProgress()
			r.noteReason(p)
		}
	}
}

// noteReason tells the room the reason of a removal, once.
func (r *room) noteReason(p *progress) {
	if p.noted || r.gossip == nil {
		return
	}
	key, ok := r.keys.Get(r.state().Epoch())
	if !ok {
		return
	}
	p.noted = true
	if _, err := r.send(protocol.Content{Kind: protocol.ReasonNote, Text: p.text, Removal: p.seq}, key); err != nil {
		r.l.n.log.Warn("tell the room why", "room", r.id, "err", err)
	}
}

// tellProgress reports changes in the progress of removals, and of the epoch.
func (r *room) tellProgress() {
	members := r.state().Members()
	for _, p := range r.desk.progress {
		applied := 0
		var missing []string
		for _, m := range members {
			h := r.desk.heard[m.Peer]
			if m.Peer == r.l.n.self || h.seq >= p.seq && h.key >= p.epoch {
				applied++
			} else {
				missing = append(missing, m.Nick)
			}
		}
		if applied == p.saidApplied && p.told == p.saidTold || p.shownComplete {
			continue
		}
		p.saidApplied, p.saidTold = applied, p.told
		p.shownComplete = p.told && applied == len(members)
		r.l.emit(r, RemovalProgress{Peer: p.peer, Nick: p.nick, Kind: p.kind, Told: p.told, Applied: applied, Total: len(members), Missing: missing})
	}
	if _, missing := r.epochHolders(); len(missing) == 0 && r.desk.announcedEpoch < r.state().Epoch() && len(members) > 1 {
		r.desk.announcedEpoch = r.state().Epoch()
		r.tellEpoch()
	}
}
