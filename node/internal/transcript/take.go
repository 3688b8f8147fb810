package transcript

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// Open decrypts a line that counts by the verdict on it. floor is the number up to which its author's lines have expired.
func Open(msg protocol.Message, v authority.Verdict, keys authority.Keyring, floor uint64) (Opened, bool) {
	if !Counts(v) || msg.Ctr <= floor {
		return Opened{}, false
	}
	key, ok := keys.Get(msg.Epoch)
	if !ok {
		return Opened{}, false
	}
	content, err := msg.Open(key)
	if err != nil {
		return Opened{}, false
	}
	return Opened{Msg: msg, Content: content, Late: v == authority.VerdictLate}, true
}

func (t *Transcript) open(env *Env, msg protocol.Message) (Opened, authority.Verdict, bool) {
	v := env.State.Check(msg.Author, msg.Header)
	o, ok := Open(msg, v, env.Keys, t.floors[msg.Author])
	return o, v, ok
}

// Say lets in a line that this node has just sealed, with the header of [Transcript.Next]. It reports false where the line
// does not count.
func (t *Transcript) Say(env Env, msg protocol.Message) ([]Effect, bool) {
	t.noteOwn(msg)
	o, _, ok := t.open(&env, msg)
	if !ok {
		return nil, false
	}
	t.takeLine(&env, o, false)
	t.awaitingReceipt = true
	if t.owns(&env) || env.Away {
		t.compareSoon(&env, ownSoon) // no node says unasked that it has the line
	}
	return t.done(), true
}

// Hear lets in a line that came live.
func (t *Transcript) Hear(env Env, o Opened) []Effect {
	delete(t.compare.fetched, o.Msg.ID)
	if t.byID[o.Msg.ID] != nil || t.allowed(&env, o) {
		t.takeLive(&env, o, o.Late)
	}
	return t.done()
}

// allowed takes a line from what its author may say. An author that has nothing left says more than this node would let
// anybody say: the line is dropped, and fetched later if it was only late.
func (t *Transcript) allowed(env *Env, o Opened) bool {
	if !t.inPace(env, o) {
		return false // it is asked for at the next comparison
	}
	if o.Msg.Author == t.self || env.Allow(o.Msg.Author, o.Content.Text) {
		return true
	}
	t.compare.flooded = env.Now
	t.compareSoon(env, FloodPause)
	return false
}

// Relay lets in a line that a member has passed on, if it counts, as one that came live.
func (t *Transcript) Relay(env Env, msg protocol.Message) []Effect {
	t.takeGiven(&env, msg, Given{}, false, false)
	return t.done()
}

// Handed lets in lines that from has given in answer to a comparison, with their ages. It says how many were new, and
// whether each could be judged.
func (t *Transcript) Handed(env Env, from peer.ID, lines []protocol.Message, ages map[protocol.Hash]time.Duration) (fresh int, judged bool, effects []Effect) {
	before := len(t.arrival)
	judged = true
	for _, m := range lines {
		// Where a line still waits for its key, what is said of its author's chain is for another time.
		judged = t.takeGiven(&env, m, Given{Age: ages[m.ID], By: from}, from == env.State.Authority(), true) && judged
	}
	t.noteFetched(&env, t.arrival[before:])
	return len(t.arrival) - before, judged, t.done()
}

// takeGiven judges a line that a member hands over as one that comes live is judged. It reports false where the line cannot
// be judged yet. fetched says that it came by a comparison.
func (t *Transcript) takeGiven(env *Env, m protocol.Message, g Given, vouched, fetched bool) bool {
	o, v, ok := t.open(env, m)
	if ok {
		o.Vouched, o.Given = vouched, g
		switch {
		case fetched && !t.inPace(env, o):
		case fetched:
			o.Fetched = true
			t.takeLine(env, o, true)
		case t.byID[m.ID] != nil || t.allowed(env, o):
			t.takeLive(env, o, o.Late)
		}
		return true
	}
	if _, ok := env.Keys.Get(m.Epoch); !ok && Counts(v) || !fetched && v == authority.VerdictUnknown {
		if t.keepEarly(env, m) && g.Age > 0 {
			t.early.ages[m.ID] = earlyAge{g, env.Now}
		}
		return false
	}
	return true
}

// takeLine lets a validated line into the room: the one way in, for live lines, fetched ones and our own.
func (t *Transcript) takeLine(env *Env, o Opened, late bool) {
	if !Counts(env.State.Check(o.Msg.Author, o.Msg.Header)) || !t.countsAfterRemoval(env, o) {
		return // validated against a state that has passed, or no line of the membership that has ended
	}
	if tooOld(env, o.Age) {
		return
	}
	l := &Line{Opened: o, Got: env.Now, signed: o.Content.At}
	l.Late, l.Doubted = late, t.doubtsAge(env, o)
	l.Content.At = ShownAt(o.Content.At, env.Wall, o.Age)
	l.warned = env.State.Len() < 2 // there is no other member that could have it
	l.stands = t.placeInTime(t.self, o.Msg)
	if !t.add(l) {
		return
	}
	t.judgePace(env, l)
	t.keepUp(t.self, o.Msg)
	t.compare.stirred = env.Now
	if said := l.Said(); said.After(t.lastLine) {
		t.lastLine = said
	}
	t.owesReceipt(env, o.Msg.Author)
	if o.Msg.Author == t.self {
		t.noteOwn(o.Msg)
		if o.Fetched {
			t.numbersTaken(o.Msg.Ctr)
		}
	}
	switch {
	case o.Content.Kind == protocol.ReasonNote:
		if o.Msg.Author == env.State.Authority() && o.Content.Removal > t.joinedSeq {
			t.emit(RemovalReason{o.Content.Removal, o.Content.Text})
		}
	case l.Shown():
		t.tellLine(env, l)
	}
}

// Has reports whether m is here: shown, held until the line before it comes, or kept until its key comes.
func (t *Transcript) Has(m protocol.Message) bool {
	return t.byID[m.ID] != nil || t.holds(m) || t.early.has(m.ID)
}

// ShownAt is when a line that came at got, and was so old then, is said to have been said: the time that its author wrote,
// as far as that can be true. A clock may be wrong by timeSlack. No line was said later than it came.
func ShownAt(at, got time.Time, age time.Duration) time.Time {
	said := got.Add(-age)
	from, to := said.Add(-timeSlack), said.Add(timeSlack)
	if got.Before(to) {
		to = got
	}
	return Within(at, from, to)
}

// Within returns at or, if it is outside the two bounds, the nearer one. It returns a time as JSON-RPC writes it: in UTC, to the
// millisecond.
func Within(at, from, to time.Time) time.Time {
	switch {
	case at.Before(from):
		at = from
	case at.After(to):
		at = to
	}
	return at.UTC().Truncate(time.Millisecond)
}
