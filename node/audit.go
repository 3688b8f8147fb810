package node

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// An AuditEntry says what one record of a room's log did. Everything but Reason follows from the signed records.
type AuditEntry struct {
	Seq uint64    `json:"seq"`
	At  time.Time `json:"at"` // by the owner's clock
	// What is created, admitted, left, kicked, banned, unbanned, muted, unmuted, warned, pardoned, renamed, policy, deputies, transferred, rekeyed, closed, or the name of
	// another change.
	What string `json:"what"`
	// Peer is the peer that the record is about, and Nick its nick; both are empty if it is about nobody. If it was renamed, OldNick
	// is the nick that it had before.
	Peer    peer.ID `json:"peer,omitempty"`
	Nick    string  `json:"nick,omitempty"`
	OldNick string  `json:"old_nick,omitempty"`
	// By decided it. If that is not the authority, which signed the record, For is the authority.
	By      peer.ID   `json:"by"`
	ByNick  string    `json:"by_nick"`
	For     peer.ID   `json:"for,omitempty"`
	ForNick string    `json:"for_nick,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	// Changed has the names in JSON of the parts of the policy that are new.
	Changed []string `json:"changed,omitempty"`
	// Named and Dropped have become deputies, and are none any more.
	Named   []Named `json:"named,omitempty"`
	Dropped []Named `json:"dropped,omitempty"`
	// Reason is why, as far as this node has heard it. Records do not have it.
	Reason string `json:"reason,omitempty"`
}

// AuditInfo has the entries of a room's log after a number, at most maxAudit. More says that others follow.
type AuditInfo struct {
	Entries []AuditEntry `json:"entries"`
	More    bool         `json:"more,omitempty"`
}

// RecordsInfo has signed records of a room's log, in order, as [WriteAudit] writes them. More says that others follow.
type RecordsInfo struct {
	Records [][]byte `json:"records"`
	More    bool     `json:"more,omitempty"`
}

// Audit says what was done in a room after record number after: by whom, to whom, when, and, where this node has heard it, why.
func (n *Node) Audit(ctx context.Context, room string, after uint64) (AuditInfo, error) {
	l, err := ask(ctx, n, logOf{room})
	if err != nil {
		return AuditInfo{}, err
	}
	// Not in the loop: a long log takes a while.
	entries, err := auditOf(l.records)
	if err != nil {
		return AuditInfo{}, err
	}
	entries = entries[min(after, uint64(len(entries))):]
	info := AuditInfo{Entries: entries[:min(len(entries), maxAudit)], More: len(entries) > maxAudit}
	// A warning is between those who moderate and the member. It is in the log all the same, and in an audit file.
	info.Entries = slices.DeleteFunc(info.Entries, func(e AuditEntry) bool {
		return e.What == authority.Warned.String() && !l.warnings && e.Peer != n.self
	})
	for i := range info.Entries {
		info.Entries[i].Reason = l.reasons[info.Entries[i].Seq]
	}
	return info, nil
}

// Records returns the signed records of a room's log after record number after.
func (n *Node) Records(ctx context.Context, room string, after uint64) (RecordsInfo, error) {
	l, err := ask(ctx, n, logOf{room})
	if err != nil {
		return RecordsInfo{}, err
	}
	raw, more := recordsAfter(l.records, min(after, uint64(len(l.records))))
	if raw == nil {
		raw = [][]byte{}
	}
	return RecordsInfo{raw, more}, nil
}

type (
	logOf   struct{ room string }
	roomLog struct {
		records []protocol.SignedRecord
		reasons map[uint64]string
		// warnings: this node's user sees those of others.
		warnings bool
	}
)

func (q logOf) run(l *loop) (roomLog, error) {
	r, err := l.room(q.room)
	if err != nil {
		return roomLog{}, err
	}
	return roomLog{slices.Clip(r.records), r.reasons(), r.seesWarnings()}, nil
}

// reasons returns the reasons that this node knows, by the numbers of the records.
func (r *room) reasons() map[uint64]string {
	reasons := maps.Clone(r.talk.reasons)
	if r.owner() {
		if reasons == nil {
			reasons = make(map[uint64]string)
		}
		for _, p := range r.desk.tracker.followed {
			reasons[p.seq] = cmp.Or(reasons[p.seq], p.text)
		}
		for seq, text := range r.desk.ledger.Reasons() {
			reasons[seq] = cmp.Or(reasons[seq], text)
		}
	}
	return reasons
}

// noteReason keeps a reason that the room has heard, for the audit.
func (c *conversation) noteReason(removal uint64, text string) {
	if c.reasons == nil {
		c.reasons = make(map[uint64]string)
	}
	if c.reasons[removal] = text; len(c.reasons) > maxReasons {
		delete(c.reasons, slices.Min(slices.Collect(maps.Keys(c.reasons))))
	}
}

// auditOf applies the records of a log, and says what each did.
func auditOf(records []protocol.SignedRecord) ([]AuditEntry, error) {
	var state authority.State
	entries := make([]AuditEntry, 0, len(records))
	for _, r := range records {
		next, change, err := state.Apply(r)
		if err != nil {
			return nil, err
		}
		e := AuditEntry{
			Seq: r.Seq, At: r.At, What: change.Kind.String(), Peer: change.Peer, Nick: change.Nick, OldNick: change.OldNick, By: r.Author, Until: change.Until,
		}
		switch change.Kind {
		case authority.Removed:
			e.What = string(kindFrom(change.Reason))
		case authority.Left:
			e.By = change.Peer
		case authority.DeputiesSet:
			e.Named, e.Dropped = namedIn(next, change.Named), namedIn(state, change.Dropped)
		case authority.PolicySet:
			e.Changed = policyChanges(change.Before, change.Policy)
		}
		if r.By != "" {
			e.By, e.For, e.ForNick = r.By, r.Author, nickIn(state, r.Author)
		}
		e.ByNick = cmp.Or(nickIn(state, e.By), nickIn(next, e.By))
		entries, state = append(entries, e), next
	}
	return entries, nil
}

func namedIn(s authority.State, ps []peer.ID) (all []Named) {
	for _, p := range ps {
		all = append(all, Named{p, nickIn(s, p)})
	}
	return all
}

func nickIn(s authority.State, p peer.ID) string {
	m, _ := s.Member(p)
	return m.Nick
}
