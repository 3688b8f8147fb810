package authority

import (
	"cmp"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A State is what a room's log says: the members, the bans, the policy and the epoch in force. It is
// a value: [State.Apply] returns a new one and leaves the old one as it was, so that any number of goroutines may read
// one. The zero State is no room yet; only Create applies to it.
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

	// The maps and the slice are shared between States and never written once a State with them has been returned.
	members map[peer.ID]member
	sorted  []Member           // the same, in the order of Members
	nicks   map[string]peer.ID // by the skeletons of each; see protocol.Skeletons
	bans    map[peer.ID]Banishment
	past    map[peer.ID][]Removal // ended memberships, oldest first
	pastLen int                   // of all peers together
	used    map[protocol.InviteID]struct{}
}

// entry is one applied record. The entries are a list and not a slice, because States share it: an old State can
// continue differently without changing the newer one.
type entry struct {
	seq     uint64
	epoch   uint64 // in force after it
	hash    protocol.Hash
	keyHash protocol.Hash // of the epoch that it starts, or zero
	signer  peer.ID       // the peer that was entitled to sign it
	prev    *entry
	// jump is an earlier entry, so far back that any entry is found in a number of steps that grows with the logarithm of
	// the length (Myers, "An applicative random-access stack", 1983). A member may ask about any record of a long log.
	jump *entry
}

// entryAfter is the entry of r, which follows prev. Prev is nil for the first one.
func entryAfter(prev *entry, r protocol.SignedRecord, signer peer.ID) *entry {
	e := &entry{seq: r.Seq, epoch: r.Epoch, hash: r.Hash(), keyHash: r.KeyHash, signer: signer, prev: prev, jump: prev}
	if prev != nil && prev.jump != nil && prev.jump.jump != nil && prev.seq-prev.jump.seq == prev.jump.seq-prev.jump.jump.seq {
		e.jump = prev.jump.jump
	}
	return e
}

// back is the earliest entry such that it and all entries up to e satisfy from; nil if e does not.
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
}

// A Member is a peer that the authority has admitted.
type Member struct {
	Peer peer.ID
	Nick string
	// Admission is the seq of its Admit record; 1, of Create, for the owner.
	Admission uint64
	Since     time.Time
	Owner     bool
	// FromEpoch is the first epoch in which it is a member.
	FromEpoch uint64
}

// A Banishment is a ban in the log, in force until Until. The zero Until means without end.
type Banishment struct {
	Peer  peer.ID
	Nick  string // as far as known: "" for a peer that never was a member
	By    peer.ID
	At    time.Time
	Until time.Time
	// Removal is the seq of the Remove record.
	Removal uint64
}

// inForce reports whether b holds at now.
func (b Banishment) inForce(now time.Time) bool { return b.Until.IsZero() || now.Before(b.Until) }

// A Removal is a membership that has ended.
type Removal struct {
	Peer      peer.ID
	Nick      string
	Admission uint64
	// Removal is the seq of the Remove or Leave record.
	Removal uint64
	// Kind is Kicked or Banned; it means nothing with Left, at the member's own wish.
	Kind protocol.ReasonKind
	Left bool
	At   time.Time
	// FromEpoch and ToEpoch are the first and last epochs in which it was a member.
	FromEpoch, ToEpoch uint64
	// Cut is its last message that counts.
	Cut protocol.Cut
}

// Room is the room's id; the zero id before Create.
func (s State) Room() protocol.RoomID { return s.room }

// Name is the room's label, from Create.
func (s State) Name() string { return s.name }

// Owner is the author of Create.
func (s State) Owner() peer.ID { return s.owner }

// Authority is the peer that may sign the next record.
func (s State) Authority() peer.ID { return s.authority }

// Seq is the number of the last record applied; 0 before Create.
func (s State) Seq() uint64 {
	if s.head == nil {
		return 0
	}
	return s.head.seq
}

// Head is the hash of the last record applied.
func (s State) Head() protocol.Hash {
	if s.head == nil {
		return protocol.Hash{}
	}
	return s.head.hash
}

// HashAt is the hash of record seq, if that has been applied. It takes a few dozen steps in the longest log.
func (s State) HashAt(seq uint64) (protocol.Hash, bool) {
	e := s.head.back(func(e *entry) bool { return e.seq >= seq })
	if e == nil || e.seq != seq {
		return protocol.Hash{}, false
	}
	return e.hash, true
}

// Fits reports whether key is that of epoch: the record that started the epoch has been applied and commits to the key.
// Nothing else makes a key count.
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

// Epoch is the number of the message key in force.
func (s State) Epoch() uint64 { return s.epoch }

// Policy is the policy in force.
func (s State) Policy() protocol.Policy { return s.policy }

// Closed reports whether the room has ended.
func (s State) Closed() bool { return s.closed }

// Frozen reports whether the log was forked. People must then settle which log to believe.
func (s State) Frozen() bool { return s.frozen }

// Len is the number of members.
func (s State) Len() int { return len(s.members) }

// Members are the members: the owner, then the others by nick. They must not be changed.
func (s State) Members() []Member { return s.sorted }

// place is where m is in Members, or belongs.
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

// Member finds the member p.
func (s State) Member(p peer.ID) (Member, bool) {
	m, ok := s.members[p]
	return m.Member, ok
}

// ByNick finds a member by its nick, as a person types it: case and width do not matter.
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

// vacated is the state without those peers of gone that have nick, or one that looks like it, and the list of those peers.
// They will not come back.
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

// misleads reports whether nick, as the nick of p, can be taken for an end of the ID of p or of a member. A peer whose ID
// reads as a member's nick is not refused: it cannot choose another ID, and a nick would keep it out.
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

// A badge is how a peer's nick and ID are read.
type badge struct {
	readings []protocol.Reading // of the nick
	id       protocol.Reading   // of the peer ID
}

func newBadge(p peer.ID, nick string) badge {
	return badge{protocol.Readings(nick), protocol.ReadingOf(p)}
}

// readsAs reports whether the nick on b reads as the ID on o.
func (b badge) readsAs(o badge) bool { return protocol.ReadsAsID(b.readings, o.id) }

// Banned finds the ban of p that is in force at now.
func (s State) Banned(p peer.ID, now time.Time) (Banishment, bool) {
	b, ok := s.bans[p]
	if !ok || !b.inForce(now) {
		return Banishment{}, false
	}
	return b, true
}

// Bans are the bans in force at now, in the order of their records.
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

// Removed is the last ended membership of p, if p is not a member now.
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

// Used is the highest number of p's messages that counts in memberships that have ended. p itself may have lost it with
// its disk.
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
