package node

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
	"localchat/test/hostile"
)

// A siege is a room of alice, bob and carol that has removed mallory, a former member like the others.
type siege struct {
	*simLAN
	room    protocol.RoomID
	mallory *hostile.Peer
	// removal is the record's place in the log and the epoch that begins with it.
	removal Committed
	// stay are the nodes that remain in the room.
	stay []string
	// warnings is how many warnings are due, by node.
	warnings map[string]int
	// stolen is the seat of another member, as its own node keeps it.
	stolen authority.Seat
}

// defenders are the nodes that stay.
var defenders = []string{"alice", "bob", "carol"}

// besiege plays one attack. before and during are optional: before runs while mallory is a member, during while the
// removal is under way. after runs once every defender has applied the removal. Then the room must hold.
func besiege(t *testing.T, before, after func(*siege)) {
	t.Helper()
	simulate(t, len(defenders)+3, func(l *simLAN) {
		s := &siege{simLAN: l, stay: defenders, warnings: make(map[string]int)}
		for _, n := range defenders {
			l.start(n)
		}
		room := must(l.nodes["alice"].Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: openRoom().Access, RetainS: &siegeRetain}}))
		s.room = room.ID
		for _, n := range defenders[1:] {
			must(l.nodes[n].Join(l.ctx(), JoinOptions{Room: room.ID.String()}))
		}
		s.mallory = l.infiltrate(len(defenders), room)
		if code := s.mallory.Join("mallory", protocol.Token{}); code != protocol.JoinAdmitted {
			t.Fatal("mallory was not let in:", code)
		}
		s.mallory.Enlist()
		time.Sleep(3 * time.Second) // simulated: the gossip forms
		s.mallory.Says("hello from mallory")
		for _, n := range defenders {
			hello := "hello from " + n
			s.says(n, hello)
			s.shows(n, "hello from mallory")
			// The line may have been said before n knew that mallory listens, or when n had forgotten it; and mallory compares
			// with nobody.
			time.Sleep(time.Second) // simulated
			for i := 0; i < 5 && !s.mallory.Hears(hello); i++ {
				s.mallory.Resubscribe(l.nodes[n].self)
				time.Sleep(time.Second) // simulated
				s.says(n, hello)
				time.Sleep(time.Second) // simulated
			}
			s.mallory.Awaits(hello) // no other peer would give it that
		}
		if before != nil {
			before(s)
		}
		if s.removal == (Committed{}) {
			s.remove()
			until(l.subs["alice"], func(p RemovalProgress) bool { return p.Nick == "mallory" && p.Applied == p.Total })
		}
		after(s)
		s.holds()
	})
}

func (s *siege) remove() {
	s.t.Helper()
	s.removal = must(s.nodes["alice"].Kick(s.ctx(), "lab", "mallory", "too loud"))
	s.mallory.Removal = hostile.Committed(s.removal)
	// The removal is no secret: mallory has the record, by hearsay.
	var records [][]byte
	s.peek("alice", func(r *room) { records, _ = recordsAfter(r.records, 0) })
	s.mallory.Learn(records, nil)
}

func (s *siege) says(who, text string) {
	s.t.Helper()
	if _, err := s.nodes[who].Say(s.ctx(), "lab", text, false); err != nil {
		s.t.Fatalf("%s cannot say %q: %v", who, text, err)
	}
}

// shows waits until a node has been shown a line.
func (s *siege) shows(who, text string) {
	s.t.Helper()
	said := func(ev Event) bool {
		m, ok := ev.Body.(Message)
		return ok && m.Text == text
	}
	for deadline := time.Now().Add(patience); !containsEvent(s.subs[who], said); {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s was not shown %q; seen %s", who, text, s.subs[who].story())
		}
		time.Sleep(10 * time.Millisecond) // simulated
	}
}

// evil marks lines that must be shown nowhere.
const evil = hostile.Evil

// holds are the checks after every attack.
func (s *siege) holds() {
	s.t.Helper()
	time.Sleep(3 * time.Second) // simulated: everything under way arrives
	for _, n := range s.stay {
		s.says(n, n+" speaks on")
	}
	for _, n := range s.stay {
		for _, from := range s.stay {
			s.shows(n, from+" speaks on")
		}
	}
	time.Sleep(2 * transcript.SyncEvery) // simulated: everything that can be fetched is fetched
	for _, g := range s.mallory.Gains {
		s.t.Error("mallory gained", g)
	}
	var first []string
	for _, n := range s.stay {
		var ids []string
		s.peek(n, func(r *room) {
			for _, l := range r.talk.Ordered() {
				ids = append(ids, l.Content.Text)
				s.judge(n, l)
			}
			s.keysAreNew(n, r)
			if r.gossip.Linked()[s.mallory.Host.ID()] {
				s.t.Errorf("%s still has mallory on the room's topic", n)
			}
		})
		if first == nil {
			first = ids
		}
		if !slices.Equal(ids, first) {
			s.t.Errorf("the history of %s is %q, that of %s %q", n, ids, s.stay[0], first)
		}
		s.noticed(n)
	}
}

// judge looks at one retained line.
func (s *siege) judge(node string, l *transcript.Line) {
	if strings.Contains(l.Content.Text, evil) {
		s.t.Errorf("%s retains %q", node, l.Content.Text)
	}
	if l.Msg.Epoch < s.removal.Epoch {
		return
	}
	if of, ok := s.mallory.Opens(l.Msg); ok {
		s.t.Errorf("%q of epoch %d opens with mallory's key of epoch %d", l.Content.Text, l.Msg.Epoch, of)
	}
	s.mallory.Mu.Lock()
	defer s.mallory.Mu.Unlock()
	if s.mallory.Heard[l.Msg.ID] != nil {
		s.t.Errorf("%q has reached mallory, although sealed", l.Content.Text)
	}
}

// keysAreNew: mallory has no key of the epochs since the removal, and no record after its own removal.
func (s *siege) keysAreNew(node string, r *room) {
	for _, e := range r.keys.Epochs() {
		key, _ := r.keys.Get(e)
		if of, ok := s.mallory.Has(key); ok && e >= s.removal.Epoch {
			s.t.Errorf("the key of epoch %d at %s is mallory's of epoch %d", e, node, of)
		}
	}
	s.mallory.Mu.Lock()
	defer s.mallory.Mu.Unlock()
	if got := s.mallory.State.Seq(); got > s.removal.Seq {
		s.t.Errorf("mallory has the log up to record %d, and was removed by %d", got, s.removal.Seq)
	}
}

// noticed: users of the room see nothing of the attack but the warnings that are due.
func (s *siege) noticed(node string) {
	warnings := 0
	for _, ev := range s.subs[node].drain() {
		text := ""
		switch b := ev.Body.(type) {
		case Message:
			text = b.Text
		case Direct:
			text = b.Text
		case RemovalReason:
			text = b.Text
		case Warning:
			if b.Code != "flood" || b.Peer != s.mallory.Host.ID() { // a peer that asks too much is named; see TestFloods
				warnings++
			}
		case Refused, Removed, Left, Gap, Knock, OwnerUnreachable, PolicyChanged, RoomClosed:
			text = evil // none of these belongs here
		}
		if strings.Contains(text, evil) && !ev.Time.Before(s.removedAt(node)) {
			s.t.Errorf("%s was shown %s %+v", node, ev.Body.Type(), ev.Body)
		}
	}
	if warnings != s.warnings[node] {
		s.t.Errorf("%s was warned %d times, and %d are due:%s", node, warnings, s.warnings[node], s.subs[node].story())
	}
}

// removedAt is when a node applied the removal.
func (s *siege) removedAt(node string) time.Time {
	for _, ev := range s.subs[node].seen {
		if m, ok := ev.Body.(MemberRemoved); ok && m.Nick == "mallory" {
			return ev.Time
		}
	}
	s.t.Errorf("%s has not applied the removal", node)
	return time.Time{}
}

// peeked looks into a room from the loop, as only a test may.
type peeked struct {
	room protocol.RoomID
	look func(*room)
}

func (q peeked) run(l *loop) (none, error) {
	r := l.rooms[q.room]
	if r == nil {
		return none{}, errors.New("no such room")
	}
	q.look(r)
	return none{}, nil
}

func (s *siege) peek(node string, look func(*room)) {
	s.t.Helper()
	must(ask(s.ctx(), s.nodes[node], peeked{s.room, look}))
}

// allOf are the events of one kind that a node has shown so far.
func allOf[B EventBody](w *watcher) (bs []B) {
	for _, ev := range w.drain() {
		if b, ok := ev.Body.(B); ok {
			bs = append(bs, b)
		}
	}
	return bs
}

// siegeRetain is for how long lines are kept in a besieged room, in seconds. Some attacks wait until the lines have
// expired.
var siegeRetain = int64(600)
