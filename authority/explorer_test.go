package authority

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// The explorer plays random schedules with the real Ledger and real Seats. There are three peers, each with two clients that have one
// identity. The network loses, repeats and reorders messages, and is cut, one way or both. Clocks run on for days and are set; disks
// fail; processes crash before and after every write; polls and acknowledgements are forged. After every step an independent model of
// the failures says how each poll must be answered, and these invariants hold:
//
//	 1  agreement               all that see a record of one number see the same one, by its commit or a poll's news: saw
//	 4  chain                   each record applies to those before it, and the log read from its beginning makes the same
//	                            state: learn, hold, restart
//	 6  read exclusion          the key of a removal is new, no removed peer has had it: keyed
//	 8  convergence             when all is well every member gets every record: heal
//	 9  epoch monotony          each epoch has one key, the one its record commits to. Members derive that of an
//	                            admission: keyed
//	10  once                    a removal has one answer, to one nonce, and a client shows it once: reasonGiven, shows;
//	                            no acknowledgement but its own ends it: deliverAck
//	11  delivered               each poll is answered as the model says, none is refused that is owed a reason, and when
//	                            all is well everybody is told: answered, mayBeRefused, heal
//	12  durable before visible  what a client has seen is on disk: hold, reasonGiven
//	13  ownership               a reason goes to its own peer, also if another asks with its numbers: reasonGiven, shows
//	14  indistinguishable       a refusal is always the same and leaves everything as it was: answered
//	15  repeat removal          it succeeds, severity never falls, the newest text is told: mustSucceed, hold, reasonGiven
//	16  no stale reason         none from before an admission, none of another room: expects, reasonGiven, shows
//	17  survives fail-over      the restart of the owner, that is: hold, restart
//	18  invites                 each lets in one, and its end is told to one question: learn, shownInvite
//
//	21  from outside            a member that has a longer log, or another one, is told so, and nobody else is: differs.
//	                            A disk that was put back undoes nothing, or the two logs prove a fork: putBack, fork
//
// The numbers are of the whole list of this project's invariants. 2 and 3, one authority a term and no way back to an older
// term, are void as long as there is one authority and one term. The others concern lines and keys, and package node.
//
// A failure names its schedule, which -explore.first and -explore.seed play again, and prints what is left when every act
// that the failure does not need is cut. -explore.runs plays for hours.
//
//	23  deputies                an order of a peer is obeyed if, and only if, it is a deputy and may give it; no member applies a record
//	                            that names a peer which may not order it; a reason says who decided: ordered, forgeOrder,
//	                            deputiesHold, reasonGiven
//	22  muted                   no line of a muted member counts, however it leaves and comes back; a mute lasts for its time
//	                            and no longer, and is told as a removal is: silence, unmutedBy, mutesEnd, showsMute. Where the policy
//	                            asks for a voice, none counts of a member without one, which it has by the authority's hand
//	                            alone, for its time and no longer: talks, silence, unvoicedBy, voicesEnd
//
//	23  nicks                   no two members have nicks that look alike; a member has another one at most once a minute, and
//	                            by the authority's hand alone; it keeps everything else: rename, named, silence
//
// # Mutants
//
// Each of these changes of the product was made in a copy, and the schedule that first caught it (seed 1) is named. Those schedules
// had no mutes. S: the
// search of one member caught it as well; L: so did the check for linearizability, where it was asked.
//
//	the claim is not written                          0 SL
//	a claim is not bound to the nonce                28 SL
//	a claim is not bound to the admission             5 SL
//	the claim leaves no replay slot                   6 SL
//	only the sweeper looks at the expiry             15
//	nothing is in grace after a restart               2
//	the sweeper knows no grace                      122
//	admission does not clear the failure            237 SL
//	an ack ignores the removal                     1055
//	an ack ignores the nonce                        781 L
//	an ack counts before there is a claim             6 L
//	an ack is not written                            25 S
//	a second kick is an error                         0
//	a kick after a ban is an error                   18
//	a second kick takes severity back                64
//	a ban after a kick leaves the kick's reason      10 L
//	a peer that left is owed a reason               629 L
//	a close tells nobody                              0 SL
//	an invite is not consumed                       286 L
//	the seat takes any reply                       5338 S
//	the seat shows again after a restart            152 S
//	the seat acknowledges before it has kept        212 S
//	the seat gives up when there is no answer         4
//	the newer text of a second kick is lost           0
//	a kick without a reason wipes an older one      259
//	a ban without a reason forgets the text          10
//	the next reason waits behind the one told       224 L
//	a refusal writes                                  5
//	a refusal changes what is in memory               5
//	a poll of another room is one of this           193 L
//	a restart forgets the failures                    0 S
//	a restart forgets the claims                     25 S
//	a close forgets earlier kicks                     0 S
//	the replay is made anew, with another text        6
//	the register is keyed by nick                  1604
//	the notice of a revoked invite is not written  6504
//	the notice goes to every holder of the token   6504
//	a peer told at the door is told again by poll  1069
//	a reason at the door is for any question         75
//	an admission commits to the key before it         0
//	the key of an admission is fresh                  0
//	any key fits an epoch of the log                  0
//	a poll ignores the head                         406
//	a poll does not notice a longer log            1340
//	a poll compares heads for a removed peer too     12
//	a clock that is set moves no reason             167
//	a clock that is set moves no invite            3965
//	a clock that is set moves no grace              827
//
// And of TestOldDisks:
//
//	records that are taken back are not written       1
//	the key of before stays in force                 13
//	an invite that was used comes back              591
//	a ban after a kick is taken back as a kick       49
//	the door is not cleared                        1052
//	records are taken back over a gap                14
//	a close is told to nobody                         1
//	a reason from before an admission stays         482
//	a fork is only seen at the end of the log         0
//	one record proves a fork                          0
//	a frozen authority tells nobody why               0
//
// That the reply waits for the claim to be on disk is the driver's part; its mutant is one of the search's shortcuts, and node's
// own tests kill a process at it.
var (
	exploreRuns  = flag.Int("explore.runs", 200_000, "how many schedules to play")
	exploreSeed  = flag.Uint64("explore.seed", 1, "seed of all schedules")
	exploreFirst = flag.Int("explore.first", 0, "number of the first schedule")
	exploreActs  = flag.Int("explore.acts", 32, "acts in a schedule")
)

// sampleRuns is the number of schedules that are played if a sample is enough.
const sampleRuns = 2000

// sampled reports whether a sample of a search is enough: with -short, and under the race detector, which makes everything some
// ten times slower and has nothing to find in pure code but the workers'.
func sampled() bool { return raceEnabled || testing.Short() }

func TestExplorer(t *testing.T) {
	runs := *exploreRuns
	if sampled() {
		runs = min(runs, sampleRuns)
	}
	told := exploreAll(t, runs, scheduleOf)
	if told < int64(runs)/2 {
		t.Errorf("only %d reasons in %d runs: the schedules explore nothing", told, runs)
	}
}

// exploreAll plays the schedules, and returns how many reasons were given. It fails with the first schedule that breaks an invariant.
func exploreAll(t *testing.T, runs int, scheduleOf func(seed, n uint64, size int) []act, members ...string) int64 {
	t.Helper()
	start := newExplorerStarts(t, members...)
	var next, acts, told atomic.Int64
	next.Store(int64(*exploreFirst))
	end := int64(*exploreFirst + runs)
	var mu sync.Mutex // broken: the workers meet here
	broken := end
	began := time.Now()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for first := next.Add(familySize) - familySize; first < end; first = next.Add(familySize) - familySize {
				m := newMemo()
				for n := first; n < min(first+familySize, end); n++ {
					e := start.explore(scheduleOf(*exploreSeed, uint64(n), *exploreActs), m)
					acts.Add(int64(e.acts))
					told.Add(int64(e.toldCount))
					if e.broken != "" {
						mu.Lock()
						broken = min(broken, n)
						mu.Unlock()
						next.Store(end)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	t.Logf("%d runs, %d acts, %d reasons given; %.0f runs/s", runs, acts.Load(), told.Load(), float64(runs)/took.Seconds())
	if broken < end {
		t.Fatalf("schedule %d of seed %d: %s", broken, *exploreSeed, start.explain(scheduleOf(*exploreSeed, uint64(broken), *exploreActs)))
	}
	return told.Load()
}

// An act is one thing that happens: which, to which peer, and how it goes. Any act is good at any time, so that a schedule
// stays one when acts are cut out of it. Disk is of TestOldDisks, and give of TestTransfers.
type act struct {
	what, who, how uint8
	disk           diskAct
	give           giveAct
}

// familySize schedules with numbers next to each other have their first quarter in common, branchSize of them the second as
// well, and twigSize the third: what is the same is computed once, which makes three schedules cost as much as one.
const (
	familySize = 512
	branchSize = 64
	twigSize   = 8
)

// scheduleOf returns schedule n of a seed. Its first act is the start.
func scheduleOf(seed, n uint64, size int) []act {
	acts := make([]act, 0, size)
	for part, number := range []uint64{n / familySize, n / branchSize, n / twigSize, n} {
		r := rand.New(rand.NewPCG(seed<<2+uint64(part), number))
		for len(acts) < size*(part+1)/4 {
			v := r.Uint32()
			acts = append(acts, act{what: uint8(v), who: uint8(v >> 8), how: uint8(v >> 16)})
		}
	}
	return acts
}

// explain cuts the acts that a failing schedule does not need, and prints the others.
func (s *explorerStarts) explain(acts []act) string {
	m := newMemo()
	for size := len(acts) / 2; size > 0; {
		cut := false
		for i := 1; i+size <= len(acts); {
			shorter := slices.Concat(acts[:i], acts[i+size:])
			if s.explore(shorter, m).broken != "" {
				acts, cut = shorter, true
			} else {
				i += size
			}
		}
		if !cut {
			size /= 2
		}
	}
	e := s.begin(acts, m)
	e.log = []string{}
	e.play(acts)
	return e.broken + ":\n" + strings.Join(e.log, "\n")
}

// explorerStarts are rooms of each kind, with bob and carol in, which all schedules share: to sign their first records for
// each would be most of the work.
type explorerStarts struct {
	rooms []*world
	gives bool
}

func newExplorerStarts(t testing.TB, members ...string) *explorerStarts {
	s := explorerStarts{gives: len(members) > 0}
	for _, access := range []protocol.Access{protocol.Open, protocol.Knock, protocol.Open, protocol.Invite} {
		w := newRoom(t, "alice", protocol.Open)
		w.join("bob")
		w.join("carol")
		for _, name := range members {
			w.join(name)
		}
		policy := w.ledger.state.policy
		policy.MembersInvite = true
		policy.Idle = 12 * time.Hour
		policy.Access = access
		w.must(SetPolicy{Policy: policy})
		s.rooms = append(s.rooms, w)
	}
	return &s
}

// An explorer is the state of one run.
type explorer struct {
	self   Env
	ledger Ledger
	disk   disk
	now    time.Time
	memo   *memo
	// version identifies the ledger by the steps that have led to it.
	version [16]byte

	folk    []*folk
	wires   []parcel
	tokens  []protocol.Token
	model   map[peer.ID]*owed
	pleas   map[peer.ID]*plea
	pardons map[given]string // the one answer with each pardon
	// mayReturn is set if the peer that knocks in this step was pardoned before it.
	mayReturn bool
	invited   map[protocol.InviteID]*invited
	usedUp    map[protocol.InviteID]bool
	given     map[given]string // the one answer to the one nonce
	hashes    []protocol.Hash  // of every record that somebody has seen, by seq
	heard     State            // of a member that hears every record at once
	paces     []pace           // of the epochs that it has seen
	keys      []protocol.Key   // of the epochs that it has seen begin; the last is the one in force
	grace     time.Time
	moved     map[uint64]time.Duration // how far the clock was set since a ban or a mute, by its record

	disks oldDisks
	gives giving

	// variant and history are of the tests of linearizability.
	variant variant
	history *history

	nonces    byte
	acts      int
	toldCount int
	log       []string // nil: not wanted
	broken    string
}

// A folk is one peer, with two clients that do not know of each other.
type folk struct {
	name string
	peer peer.ID
	// mute is set if no message of the peer reaches the authority, deaf if none of the authority reaches the peer.
	mute, deaf bool
	clients    [2]client
	held       *parcel        // a poll that the authority holds
	knocking   int            // the client that waits at the door
	standing   protocol.Nonce // of the question that waits there

	nick     string    // by the log
	renamed  time.Time // when it was given, if not with the admission
	member   bool
	silent   bool // by the log: a mute
	deputy   bool
	bannedBy peer.ID // of the last ban
	mutedBy  peer.ID // of the last mute
	voicedBy peer.ID // of the last voice
	voice    uint64  // by the log: its record, or 0
	admitted uint64  // its last admission
	left     uint64  // an admission that it ended itself
	out      outage
	expired  uint64 // an admission whose reason has expired
	claims   []claim
}

// A claim says that the reason for the end of an admission went to nonce.
type claim struct {
	admission uint64
	nonce     protocol.Nonce
}

// A client is a seat in memory and on disk, and what its user has seen.
type client struct {
	seat, disk Seat
	there      bool
	have       uint64        // records
	head       protocol.Hash // of the last of them
	shown      map[uint64]bool
	muted      map[uint64]bool // the mutes that its user was told of
	door       protocol.Nonce  // of its last knock
	unkept     bool            // its disk failed, and so it may be told again in its next life
	appellant  Appellant       // the zero value before it has been told of a removal
	appealDisk Appellant
	pardoned   map[uint64]bool // the pardons that its user was told of
}

// A parcel is a message on the wire. If reply is nil, it is to the authority.
type parcel struct {
	folk, client int
	op           int     // in the history
	to           peer.ID // of a poll: the authority that it is for
	ask          protocol.PollAsk
	reply        *Answered
	// appealed is the appeal that the reply answers, or nil.
	appealed *protocol.PollAppeal
	// news is the number of records in the reply, and head the hash of the last one.
	news uint64
	head protocol.Hash
}

func (s *explorerStarts) begin(acts []act, m *memo) *explorer {
	w := s.rooms[int(acts[0].who)%len(s.rooms)]
	e := &explorer{
		memo: m, version: [16]byte{acts[0].who % uint8(len(s.rooms))},
		self: w.env(), ledger: w.ledger, now: epochStart,
		disk:  disk{records: slices.Clip(w.disk.records), failures: map[peer.ID]Failure{}, invites: map[protocol.InviteID]Invite{}, appeals: map[peer.ID]Appeal{}},
		model: map[peer.ID]*owed{}, pleas: map[peer.ID]*plea{}, pardons: map[given]string{}, usedUp: map[protocol.InviteID]bool{}, given: map[given]string{}, heard: w.heard, invited: map[protocol.InviteID]*invited{},
		keys: []protocol.Key{w.ledger.key},
	}
	if s.gives {
		e.gives = giving{on: true, standby: "erin"}
	}
	for _, r := range w.disk.records {
		e.hashes = append(e.hashes, r.Hash())
	}
	for i, name := range []string{"bob", "carol", "dave"} {
		f := &folk{name: name, peer: id(name)}
		e.folk = append(e.folk, f)
		if m, ok := w.ledger.state.Member(f.peer); ok {
			f.member, f.admitted, f.nick = true, m.Admission, m.Nick
			e.seated(i, 0, m.Admission)
		}
	}
	return e
}

func (s *explorerStarts) explore(acts []act, m *memo) *explorer {
	e := s.begin(acts, m)
	e.play(acts)
	return e
}

func (e *explorer) play(acts []act) {
	for _, a := range acts[1:] {
		e.do(a)
		e.acts++
		e.hold()
		if e.broken != "" && e.history == nil {
			return
		}
	}
	if e.disks.alone {
		e.fork()
		return
	}
	e.heal()
}

func (e *explorer) violated(invariant int, format string, args ...any) {
	if e.broken == "" {
		e.broken = fmt.Sprintf("invariant %d: ", invariant) + fmt.Sprintf(format, args...)
		e.note("  ** %s", e.broken)
	}
}

func (e *explorer) note(format string, args ...any) {
	if e.log != nil {
		e.log = append(e.log, fmt.Sprintf("  %v ", e.now.Sub(epochStart))+fmt.Sprintf(format, args...))
	}
}

// hold checks what must be true after every step: the disk has what is in memory, and what was seen before is unchanged.
func (e *explorer) hold() {
	l, records := e.ledger, e.disk.records
	switch {
	case l.state.Seq() != uint64(len(records)) || l.state.Head() != records[len(records)-1].Hash():
		e.violated(12, "the log in memory ends at %d, on disk at %d", l.state.Seq(), len(records))
	case len(records) < len(e.hashes):
		e.violated(12, "record %d was seen and is not on disk", len(e.hashes))
	case l.state.Head() != e.heard.Head() || l.state.Epoch() != e.heard.Epoch() || l.state.Len() != e.heard.Len():
		e.violated(4, "a client that heard every record has another state than the authority")
	case len(l.failures) != len(e.disk.failures) || len(l.invites) != len(e.disk.invites):
		e.violated(17, "%d failures in memory, %d on disk", len(l.failures), len(e.disk.failures))
	}
	for p, f := range l.failures {
		d, ok := e.disk.failures[p]
		if !ok || d.Removal != f.Removal || d.Claimed != f.Claimed || d.Nonce != f.Nonce || d.Acked != f.Acked ||
			d.Kind != f.Kind || len(d.Waiting) != len(f.Waiting) || len(f.Waiting) >= MaxWaiting || d.Text != f.Text || d.Known != f.Known || len(d.Answer) != len(f.Answer) {
			e.violated(17, "the failure of removal %d is otherwise on disk", f.Removal)
		}
	}
	for _, f := range e.folk {
		if _, in := l.state.Member(f.peer); in != f.member {
			e.violated(12, "%s is a member: %v, and was seen to be: %v", f.name, in, f.member)
		}
	}
	e.silence()
	e.deputiesHold()
	e.appealsHold()
	for p, m := range e.model {
		f, ok := l.failures[p]
		if ok && f.Admission == m.admission && m.kind == protocol.Banned && f.Kind != protocol.Banned {
			e.violated(15, "a ban has become a %d", f.Kind)
		}
	}
}

// saw notes that a peer has seen record seq, and checks that all peers see the same record of that number.
func (e *explorer) saw(seq uint64, h protocol.Hash) {
	switch {
	case seq == uint64(len(e.hashes))+1:
		e.hashes = append(e.hashes, h)
	case seq > uint64(len(e.hashes)) || e.hashes[seq-1] != h:
		e.violated(1, "two records %d were seen", seq)
	}
}

func (e *explorer) indexOf(p peer.ID) int {
	return slices.IndexFunc(e.folk, func(f *folk) bool { return f.peer == p })
}
