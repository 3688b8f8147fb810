package authority

import (
	"cmp"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A State is what a room's log says: the members, the bans, the policy and the epoch in force. It is a value: [State.Apply] returns a
// new one and does not change the old one, so that any number of goroutines may read one. The zero State is that before the first
// record; only Create applies to it.
type State struct {
	room      protocol.RoomID
	name      string
	owner     peer.ID
	authority peer.ID
	head      *entry
	term      uint64
	epoch     uint64
	policy    protocol.Policy
	closed    bool
	frozen    bool

	// States share the maps and the slice. They are not written to once a State with them has been returned.
	members   map[peer.ID]member
	sorted    []Member           // the same, in the order of Members
	nicks     map[string]peer.ID // by each skeleton of the nick; see protocol.Skeletons
	bans      map[peer.ID]Banishment
	mutes     map[peer.ID]Silence
	warned    map[peer.ID]int         // how often each peer was warned
	deputies  []peer.ID               // in the order in which the owner has named them
	past      map[peer.ID][]Removal   // ended spans, oldest first
	pastLen   int                     // number of ended spans of all peers
	transfers []protocol.SignedRecord // in order
	used      map[protocol.InviteID]struct{}
}

// An entry is an applied record. Entries are a list and not a slice, because States share them: an old State can be continued
// differently without changing a newer one.
type entry struct {
	seq     uint64
	epoch   uint64 // in force after the record
	hash    protocol.Hash
	keyHash protocol.Hash // of the epoch that the record starts, or zero
	signer  peer.ID       // the peer that was entitled to sign the record
	slow    time.Duration // of the policy in force after the record
	owner   peer.ID       // after the record
	prev    *entry
	// deputies are those after the record, which are not held to slow.
	deputies []peer.ID
	// jump is an earlier entry. With it, any entry is found in a number of steps that grows with the logarithm of the length of the
	// log (Myers, "An applicative random-access stack", 1983). A member may ask about any record of a long log.
	jump *entry
}

// entryAfter returns the entry of r, which follows prev and leads to the state after. prev is nil for the first record.
func entryAfter(prev *entry, r protocol.SignedRecord, signer peer.ID, after State) *entry {
	e := &entry{
		seq: r.Seq, epoch: r.Epoch, hash: r.Hash(), keyHash: r.KeyHash, signer: signer, slow: after.policy.Slow, owner: after.owner, deputies: after.deputies,
		prev: prev, jump: prev,
	}
	if prev != nil && prev.jump != nil && prev.jump.jump != nil && prev.seq-prev.jump.seq == prev.jump.seq-prev.jump.jump.seq {
		e.jump = prev.jump.jump
	}
	return e
}

// back returns the earliest entry for which from is true, or nil if it is false for e. If from is true for an entry, it has to be
// true for all later ones.
func (e *entry) back(from func(*entry) bool) *entry {
	if e == nil || !from(e) {
		return nil
	}
	for {
		switch {
		case e.jump != nil && from(e.jump):
			e = e.jump
		case e.prev != nil && from(e.prev):
			e = e.prev
		default:
			return e
		}
	}
}

type member struct {
	Member
	sortKey string
	badge
	renamed time.Time // when it was last given another nick; zero: not since its admission
}

// A Member is a peer that the authority has admitted.
type Member struct {
	Peer peer.ID
	Nick string
	// Admission is the seq of the Admit record; 1, that of Create, for the peer that has created the room.
	Admission uint64
	Since     time.Time
	Owner     bool
	// FromEpoch is the first epoch of the membership.
	FromEpoch uint64
	// Silent: none of its lines counts from SpanFrom on, the epoch in which the present span of the membership began. A member is
	// silent that is Muted, or has no Voice under a policy that asks for one. An admission begins a span, and so does all that makes
	// a member silent or ends that.
	Silent   bool
	Muted    bool
	Voice    Grant
	SpanFrom uint64
}

// A Banishment is a ban, which holds until Until. The zero Until means without end.
type Banishment struct {
	Peer peer.ID
	Nick string  // "" if the peer never was a member
	By   peer.ID // the peer that decided it
	// Ordered is set if that was a deputy.
	Ordered bool
	At      time.Time
	Until   time.Time
	// Removal is the seq of the Remove record.
	Removal uint64
}

// inForce reports whether b holds at now.
func (b Banishment) inForce(now time.Time) bool { return b.Until.IsZero() || now.Before(b.Until) }

// A Removal is a membership that has ended, or a span of one that has ended with a mute or an unmute.
type Removal struct {
	Peer      peer.ID
	Nick      string
	Admission uint64
	// Removal is the seq of the record that ended it.
	Removal uint64
	// Left is set if the member asked to leave. Otherwise Kind is Kicked, Banned or, of a span, Muted.
	Kind protocol.ReasonKind
	Left bool
	// Ordered is set if a deputy has decided it.
	Ordered bool
	At      time.Time
	// FromEpoch and ToEpoch are the first and the last epoch of it.
	FromEpoch, ToEpoch uint64
	// Cut is the last message that counts.
	Cut protocol.Cut
}

// Room returns the room's id, which is zero before Create.
func (s State) Room() protocol.RoomID { return s.room }

// Name returns the room's name.
func (s State) Name() string { return s.name }

// Owner returns the author of Create, or the peer to which the room was given last.
func (s State) Owner() peer.ID { return s.owner }

// Authority returns the peer that may sign the next record.
func (s State) Authority() peer.ID { return s.authority }

// Seq returns the number of the last record that was applied; 0 before Create.
func (s State) Seq() uint64 {
	if s.head == nil {
		return 0
	}
	return s.head.seq
}

// Head returns the hash of the last record that was applied.
func (s State) Head() protocol.Hash {
	if s.head == nil {
		return protocol.Hash{}
	}
	return s.head.hash
}

// HashAt returns the hash of record seq, if that has been applied. It takes a few dozen steps in the longest log.
func (s State) HashAt(seq uint64) (protocol.Hash, bool) {
	e := s.head.back(func(e *entry) bool { return e.seq >= seq })
	if e == nil || e.seq != seq {
		return protocol.Hash{}, false
	}
	return e.hash, true
}

// Fits reports whether key is the key of epoch: the record that started the epoch has been applied, and commits to key.
func (s State) Fits(epoch uint64, key protocol.Key) bool {
	e := s.head.back(func(e *entry) bool { return e.epoch >= epoch })
	if e == nil || e.epoch != epoch {
		return false
	}
	room := s.room
	if e.seq == 1 {
		room = protocol.RoomID{}
	}
	return e.keyHash == protocol.CommitKey(room, epoch, key)
}

// Epoch returns the epoch in force.
func (s State) Epoch() uint64 { return s.epoch }

// Policy returns the policy in force.
func (s State) Policy() protocol.Policy { return s.policy }

// Slow returns the least time between two lines of p in epoch, by which those of them count that are far enough apart; zero: all do.
// A policy with another pace starts an epoch, and so do a transfer and other deputies, so one answer holds for the whole of it. The owner,
// which sets the pace, and the deputies are not held to it.
func (s State) Slow(p peer.ID, epoch uint64) time.Duration {
	e := s.head
	if epoch != s.epoch {
		e = s.head.back(func(e *entry) bool { return e.epoch >= epoch })
	}
	if e == nil || e.epoch != epoch || p == e.owner || slices.Contains(e.deputies, p) {
		return 0
	}
	return e.slow
}

// Closed reports whether the room has ended.
func (s State) Closed() bool { return s.closed }

// Frozen reports whether the log is forked. Nothing applies to the room any more.
func (s State) Frozen() bool { return s.frozen }

// Len returns the number of members.
func (s State) Len() int { return len(s.members) }

// Members returns the members: the owner, then the others by nick. The caller must not change the slice.
func (s State) Members() []Member { return s.sorted }

// place returns the index of m in Members, or the one at which m has to be inserted.
func (s State) place(m member) int {
	i, _ := slices.BinarySearchFunc(s.sorted, m, func(other Member, m member) int {
		switch {
		case other.Owner != m.Owner && other.Owner:
			return -1
		case other.Owner != m.Owner:
			return 1
		}
		return cmp.Or(cmp.Compare(s.members[other.Peer].sortKey, m.sortKey), cmp.Compare(other.Peer, m.Peer))
	})
	return i
}

// Member returns the member p, if p is one.
func (s State) Member(p peer.ID) (Member, bool) {
	m, ok := s.members[p]
	return m.Member, ok
}

// ByNick returns the member with the nick that a person has typed. Case and width do not matter.
func (s State) ByNick(nick string) (Member, bool) {
	m, ok := s.members[s.nicks[protocol.Skeletons(nick)[0]]]
	if !ok || m.sortKey != nickSortKey(nick) {
		return Member{}, false
	}
	return m.Member, true
}

// NickTaken reports whether a member has nick, or one that looks like it.
func (s State) NickTaken(nick string) bool {
	return slices.ContainsFunc(protocol.Skeletons(nick), func(key string) bool { _, ok := s.nicks[key]; return ok })
}

// vacated returns the state without those peers of gone that have nick, or one that looks like it, and the list of those peers. See
// [Gone].
func (s State) vacated(nick string, gone map[peer.ID]protocol.Cut) (State, []peer.ID) {
	var out []peer.ID
	for _, key := range protocol.Skeletons(nick) {
		m, ok := s.members[s.nicks[key]]
		if _, is := gone[m.Peer]; ok && is && !m.Owner {
			s.exit(Removal{Left: true}, m.Member)
			out = append(out, m.Peer)
		}
	}
	return s, out
}

// misleads reports whether nick, as the nick of p, reads as the start or the end of the ID of p or of a member. A peer is not refused
// because its ID reads as a member's nick: it cannot choose another ID, so that nick would keep it out.
func (s State) misleads(p peer.ID, nick string) bool {
	me := newBadge(p, nick)
	if protocol.ReadsAsID(me.readings, me.id) {
		return true
	}
	for _, m := range s.members {
		if me.readsAs(m.badge) {
			return true
		}
	}
	return false
}

// A badge has the readings of a peer's nick and ID.
type badge struct {
	readings []protocol.Reading // of the nick
	id       protocol.Reading   // of the peer ID
}

func newBadge(p peer.ID, nick string) badge {
	return badge{protocol.Readings(nick), protocol.ReadingOf(p)}
}

// readsAs reports whether the nick of b reads as the start or the end of the ID of o.
func (b badge) readsAs(o badge) bool { return protocol.ReadsAsID(b.readings, o.id) }

// Banned returns the ban of p, if one holds at now.
func (s State) Banned(p peer.ID, now time.Time) (Banishment, bool) {
	b, ok := s.bans[p]
	if !ok || !b.inForce(now) {
		return Banishment{}, false
	}
	return b, true
}

// Bans returns the bans that hold at now, in the order of their records.
func (s State) Bans(now time.Time) []Banishment {
	var bs []Banishment
	for _, b := range s.bans {
		if b.inForce(now) {
			bs = append(bs, b)
		}
	}
	slices.SortFunc(bs, func(a, b Banishment) int { return cmp.Compare(a.Removal, b.Removal) })
	return bs
}

// Removed returns the last ended membership of p, if p was a member and is none now.
func (s State) Removed(p peer.ID) (Removal, bool) {
	if _, ok := s.members[p]; ok {
		return Removal{}, false
	}
	past := s.past[p]
	if len(past) == 0 {
		return Removal{}, false
	}
	return past[len(past)-1], true
}

// Used returns the highest number of a message of p that counts in its ended memberships. p itself may not know it, if it has lost its
// disk.
func (s State) Used(p peer.ID) (ctr uint64) {
	for _, past := range s.past[p] {
		ctr = max(ctr, past.Cut.Ctr)
	}
	return ctr
}

// InviteUsed reports whether an admission has consumed the invite id.
func (s State) InviteUsed(id protocol.InviteID) bool {
	_, ok := s.used[id]
	return ok
}
