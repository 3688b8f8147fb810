package transcript

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// An Env has everything that one step takes from outside.
type Env struct {
	// Now is by a clock that nobody sets and that goes on while the machine sleeps. Wall is the time of day.
	Now, Wall time.Time
	// State is what the room's log says, and Keys are the keys of its epochs.
	State authority.State
	Keys  authority.Keyring
	// Away is set if the authority does not answer.
	Away bool
	// Space is the number of events for which all readers have places.
	Space int
	// Near returns the other members that this node is connected to. It is called only if that matters.
	Near func() []peer.ID
	// Allow charges a text to its author's budget, and reports whether the budget was enough.
	Allow func(author peer.ID, text string) bool
	// Pick returns a number from 0 to n-1, at random.
	Pick func(n int) int
	// Ignored reports whether the lines of an author are not shown; nil: all are.
	Ignored func(author peer.ID) bool
}

func (env *Env) ignores(author peer.ID) bool { return env.Ignored != nil && env.Ignored(author) }

// owns reports whether the room is this node's own.
func (t *Transcript) owns(env *Env) bool { return env.State.Authority() == t.self }

// A Transcript is one node's copy of what is said in one room. Each step takes an event and an [Env], and returns effects, in
// order.
type Transcript struct {
	*log
	room protocol.RoomID
	self peer.ID

	// joinedSeq is the last record when we came in, and entered when that was; before that joined is false.
	joined    bool
	joinedSeq uint64
	entered   time.Time
	again     bool // an earlier life of this node was in

	numbers
	early    early
	held     map[peer.ID][]heldLine // lines that have overtaken others, by author
	cutoff   cutoff
	compare  compare
	telling  telling
	receipts receipts

	awaitingReceipt bool      // one of our lines waits for its first confirmation
	lastLine        time.Time // when the youngest line was said
	shedTold        time.Time

	out []Effect // of the step under way
}

// New returns an empty transcript of a room. The numbers of our lines follow used.
func New(room protocol.RoomID, self peer.ID, used uint64, now time.Time) *Transcript {
	return &Transcript{
		log: newLog(), room: room, self: self, numbers: numbers{ctr: used, contested: make(map[peer.ID]uint64)},
		early: newEarly(), held: make(map[peer.ID][]heldLine), cutoff: newCutoff(), compare: newCompare(), receipts: newReceipts(),
		lastLine: now,
	}
}

func (t *Transcript) emit(e Effect) { t.out = append(t.out, e) }

// done ends a step.
func (t *Transcript) done() []Effect {
	out := t.out
	t.out = nil
	return out
}

func (t *Transcript) wake(in time.Duration, task Task) { t.emit(Wake{in, task}) }

// Enter begins the comparisons: we are in the room, and lines come and go. Nothing was said before where caughtUp is true. again: an
// earlier life of this node was in, and may have said something.
func (t *Transcript) Enter(env Env, caughtUp, again bool) {
	t.joined, t.joinedSeq, t.entered, t.again = true, env.State.Seq(), env.Now, again
	t.compare.stirred = env.Now
	t.telling.caughtUp = caughtUp
}

// JoinedSeq returns the number of the last record from before this node entered: earlier records are no news.
func (t *Transcript) JoinedSeq() uint64 { return t.joinedSeq }

// LastLine returns when the youngest line was said, by the clock of [Env].Now.
func (t *Transcript) LastLine() time.Time { return t.lastLine }

// Due does the task of a [Wake].
func (t *Transcript) Due(env Env, task Task) []Effect {
	switch task {
	case Compare:
		t.compareDue(&env)
	case Release:
		t.releaseDue(&env)
	case Tell:
		t.tellDue(&env)
	case Receipts:
		t.receiptsDue(&env)
	}
	return t.done()
}

// Tick does what is due. Once a second is often enough.
func (t *Transcript) Tick(env Env) []Effect {
	if env.State.Policy().Retain > 0 {
		t.expireLines(&env)
	}
	every := SyncEvery
	if env.Now.Sub(t.compare.stirred) >= RepairFor {
		every = SyncRest
	}
	if t.joined && env.Now.Sub(t.compare.last) >= every {
		t.compareSoon(&env, 0)
	}
	t.tickPartners(&env)
	t.tickTelling(&env)
	t.checkDelivery(&env)
	return t.done()
}

// Expire forgets the lines that are older than the policy's time, and those above the room's bounds.
func (t *Transcript) Expire(env Env) []Effect {
	t.expireLines(&env)
	return t.done()
}

func (t *Transcript) expireLines(env *Env) {
	t.forgotten(env, t.expire(env.Now.Add(-env.State.Policy().Retain)))
}

// Shed forgets lines that take so many bytes too many.
func (t *Transcript) Shed(env Env, over int) []Effect {
	t.forgotten(&env, t.shed(over, env.Now))
	return t.done()
}

// forgotten does what follows when lines have been forgotten.
func (t *Transcript) forgotten(env *Env, ids []string) {
	if len(ids) == 0 {
		return
	}
	t.forgetFloors(func(p peer.ID) bool { _, known := env.State.Known([]byte(p)); return !known })
	t.cutoff.sweep(t.log)
	t.emit(Expired{ids})
	lines := t.takeJustShed()
	tell := env.Now.Sub(t.shedTold) >= shedEvery && t.takeShed() > 0
	if tell {
		t.shedTold = env.Now
	}
	if tell || len(lines) > 0 {
		t.emit(Shed{lines, tell})
	}
}

// End ends a membership: no line of it past the cut-off counts any more.
func (t *Transcript) End(env Env, p peer.ID) []Effect {
	t.hideLines(&env, p, func(l *Line) bool { return Counts(env.State.Check(p, l.Msg.Header)) })
	delete(t.held, p)
	t.receipts.forget(p)
	delete(t.contested, p)
	t.doubtLines(&env, p)
	t.cutoff.unasked = true
	t.early.forget(p)
	if p == t.self { // muted: our next line follows the last one that counts
		ended, _ := env.State.Silenced(p)
		t.latest = ended.Cut
	}
	return t.done()
}

func (t *Transcript) hideLines(env *Env, p peer.ID, stays func(*Line) bool) {
	if ids := t.hide(p, stays); len(ids) > 0 {
		t.emit(Hidden{p, ids})
	}
	t.judgePaceAgain(env, p)
}

// Counts reports whether a line of that verdict is one of the room's.
func Counts(v authority.Verdict) bool {
	return v == authority.VerdictAccept || v == authority.VerdictLate
}
