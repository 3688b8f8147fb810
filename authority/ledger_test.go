package authority

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// knockFrom makes a peer knock from an address.
func knockFrom(w *world, name, from string) []Effect {
	return w.must(Knock{Peer: id(name), Request: protocol.JoinRequest{Room: w.ledger.State().Room(), Nick: name}, From: from})
}

// Peers that wait at a full door keep their places, and a newcomer is told to try again.
func TestKnocksAreBounded(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	for i := range MaxKnocks {
		knockFrom(w, fmt.Sprintf("p%d", i), fmt.Sprint(i))
	}
	knockFrom(w, "p0", "0") // asks again, and so is not the oldest any more
	effects := knockFrom(w, "late", "another")
	if got, want := joinReply(t, effects, "late"), (protocol.JoinReply{Code: protocol.JoinTooSoon, Wait: KnockAgain}); !reflect.DeepEqual(got, want) {
		t.Errorf("the newest is answered %+v", got)
	}
	if d, ok := find[KnockTurned](effects); !ok || d.From != "another" || len(effects) != 2 {
		t.Errorf("the effects are %+v", effects)
	}
	ks := w.ledger.Knocks()
	if len(ks) != MaxKnocks || ks[0].Nick != "p1" || ks[MaxKnocks-1].Nick != "p0" {
		t.Errorf("%d knocks, from %s to %s", len(ks), ks[0].Nick, ks[len(ks)-1].Nick)
	}
}

// Identities are free and addresses are not: the peers of one address share a few places at the door, whether other peers come before
// or after them.
func TestOneAddressTakesFewPlacesAtTheDoor(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	at := func(from string) (n int) {
		for _, k := range w.ledger.Knocks() {
			if k.From == from {
				n++
			}
		}
		return n
	}
	for a := range 10 {
		for i := range 3 * MaxKnocksFrom {
			knockFrom(w, fmt.Sprintf("m%dx%d", a, i), fmt.Sprint(a))
		}
		if n := at(fmt.Sprint(a)); n != MaxKnocksFrom {
			t.Errorf("%d of address %d wait", n, a)
		}
	}
	if got := joinReply(t, knockFrom(w, "honest", "eleventh"), "honest").Code; got != protocol.JoinWaiting {
		t.Errorf("one of an eleventh address is answered %d", got)
	}
	// The door fills up with peers of different addresses. Then the addresses with many peers lose places, the latest peer first.
	for i := range 200 {
		name := fmt.Sprintf("s%d", i)
		effects := knockFrom(w, name, name)
		if n := len(w.ledger.Knocks()); n > MaxKnocks {
			t.Fatalf("%d wait", n)
		}
		for _, e := range effects {
			if d, ok := e.(KnockDropped); ok && (d.Peer == id("honest") || d.Nick[0] == 's') {
				t.Fatalf("%s has to go", d.Nick)
			}
		}
	}
	for a := range 10 {
		if n := at(fmt.Sprint(a)); n == 0 || n > 2 {
			t.Errorf("%d of address %d wait in the end", n, a)
		}
	}
	if ks := w.ledger.Knocks(); len(ks) != MaxKnocks || ks[0].Nick != "m0x0" {
		t.Errorf("%d wait in the end, first %s", len(ks), ks[0].Nick)
	}
}

// A peer that knocks again from an address with no place left loses its place, and the owner is told.
func TestAKnockMovesToACrowdedAddress(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	for i := range MaxKnocksFrom {
		knockFrom(w, fmt.Sprintf("m%d", i), "crowded")
	}
	knockFrom(w, "bob", "quiet")
	effects := knockFrom(w, "bob", "crowded")
	if d, ok := find[KnockDropped](effects); !ok || d.Nick != "bob" || len(w.ledger.Knocks()) != MaxKnocksFrom {
		t.Errorf("the effects are %+v", effects)
	}
}

// However many wrong tokens are shown, by however many peers, a valid one admits.
func TestWrongTokensCloseNoDoor(t *testing.T) {
	w := newRoom(t, "alice", protocol.Invite)
	invited, _ := find[Invited](w.must(MakeInvite{Nick: "bob"}))
	good := protocol.JoinRequest{Room: w.ledger.State().Room(), Nick: "bob", Token: invited.Invite.Token}
	for i := range 1000 {
		who := fmt.Sprintf("p%d", i%100)
		token := protocol.Token{byte(i + 1), byte(i>>8 + 1)}
		if i%3 == 0 {
			token = invited.Invite.Token // for another nick
		}
		if got := w.knockAs(who, who, token).Code; got != protocol.JoinInviteBad {
			t.Fatalf("attempt %d: %d", i, got)
		}
		for _, q := range []protocol.JoinRequest{
			{Room: good.Room, Nick: who, Token: token}, {Room: good.Room, Nick: "bob"}, {Room: protocol.RoomID{9}, Nick: "bob", Token: good.Token},
		} {
			if w.ledger.Invited(q, w.now) {
				t.Fatalf("%+v is taken for an invitation", q)
			}
		}
	}
	if !w.ledger.Invited(good, w.now) || w.ledger.Invited(good, invited.Invite.Expires) {
		t.Error("the good one is not known, or has no end")
	}
	if got := w.knockAs("bob", "bob", invited.Invite.Token).Code; got != protocol.JoinAdmitted {
		t.Errorf("the good one is answered %d", got)
	}
}

func TestMakeInviteRefuses(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	for name, c := range map[string]struct {
		ev   MakeInvite
		want error
	}{
		"too long":   {MakeInvite{Expires: protocol.MaxInviteExpiry + 1}, ErrRule},
		"negative":   {MakeInvite{Expires: -1}, ErrRule},
		"bad nick":   {MakeInvite{Nick: "system"}, ErrNickBad},
		"a stranger": {MakeInvite{By: id("eve")}, ErrNotMember},
	} {
		if _, err := w.step(c.ev); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if a, ok := find[Attempt](w.must(MakeInvite{By: id("bob")})); !ok || a.Peer != id("bob") {
		t.Error("the owner does not hear of a member's attempt")
	}
	policy := w.ledger.State().Policy()
	policy.MembersInvite = true
	w.must(SetPolicy{Policy: policy})
	for range MaxInvitesBy {
		w.must(MakeInvite{By: id("bob")})
	}
	if _, err := w.step(MakeInvite{By: id("bob")}); !errors.Is(err, ErrFull) {
		t.Errorf("one more than a member may have: %v", err)
	}
	w.now = w.now.Add(DefaultInviteLife)
	w.must(MakeInvite{By: id("bob")})
	if got := w.ledger.Invites(w.now); len(got) != 1 || got[0].By != id("bob") || got[0].Expires != w.now.Add(DefaultInviteLife) {
		t.Errorf("open: %v", got)
	}
	w.must(Kick{Peer: id("bob")})
	if got := w.ledger.Invites(w.now); len(got) != 0 {
		t.Errorf("open after their maker was kicked: %v", got)
	}
}

func TestRoomIsFull(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	s := &w.ledger.state
	s.members = cloned(s.members)
	for i := len(s.members); i < protocol.MaxMembers; i++ {
		p := id(fmt.Sprintf("m%d", i))
		s.members[p] = member{Member: Member{Peer: p, Nick: fmt.Sprintf("m%d", i)}}
	}
	w.heard = *s
	if got := w.knockAs("bob", "bob", protocol.Token{}).Code; got != protocol.JoinFull {
		t.Errorf("answered %d", got)
	}
	if _, _, err := s.Apply(nextRecord(t, *s, "alice", protocol.Admit{Peer: id("bob"), Nick: "bob"})); !errors.Is(err, ErrFull) {
		t.Errorf("applied: %v", err)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	l := w.ledger
	l.failures = map[peer.ID]Failure{}
	for i := range MaxFailures {
		p := peer.ID(fmt.Sprint(i))
		l.failures[p] = Failure{Peer: p, Admission: 1, Removal: uint64(i + 2), Acked: i == 7}
	}
	for _, gone := range []peer.ID{"7", "0"} {
		next, effects, err := l.Step(w.env(), Kick{Peer: id("bob")})
		if err != nil {
			t.Fatal(err)
		}
		batch := effects[0].(Persist).Batch
		if f, ok := batch.Failures[gone]; !ok || f != nil || len(next.failures) != MaxFailures {
			t.Errorf("%q does not give way", gone)
		}
		l.failures["7"] = Failure{Peer: "7", Admission: 1, Removal: 9} // not told any more
	}
}

func TestOrdersAreRefused(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	w.join("bob")
	long := strings.Repeat("x", protocol.MaxReason+1)
	for name, c := range map[string]struct {
		ev   Event
		want error
	}{
		"created twice":             {CreateRoom{Name: "lab", Nick: "alice", Policy: protocol.DefaultPolicy()}, ErrRule},
		"kick with a long reason":   {Kick{Peer: id("bob"), Reason: long}, ErrRule},
		"kick with two lines":       {Kick{Peer: id("bob"), Reason: "too\nloud"}, ErrRule},
		"ban with a long reason":    {Ban{Peer: id("bob"), Reason: long}, ErrRule},
		"ban for less than no time": {Ban{Peer: id("bob"), For: -1}, ErrRule},
		"ban for ages":              {Ban{Peer: id("bob"), For: MaxBan + 1}, ErrRule},
		"ban of the owner":          {Ban{Peer: id("alice")}, ErrRule},
		"close with a long reason":  {Close{Reason: long}, ErrRule},
		"deny with a long reason":   {Deny{id("eve"), long}, ErrRule},
		"deny of nobody":            {Deny{id("eve"), ""}, ErrNoKnock},
		"accept of nobody":          {Accept{id("eve")}, ErrNoKnock},
		"revoke of no invite":       {RevokeInvite{protocol.InviteID{1}}, ErrNoInvite},
		"leave of a stranger":       {Leave{Peer: id("eve")}, ErrNotMember},
		"unban of nobody":           {Unban{id("bob")}, ErrRule},
		"a policy of no kind":       {SetPolicy{Policy: protocol.Policy{}}, ErrRule},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.step(c.ev); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	var empty Ledger
	for _, ev := range []Event{Kick{}, Tick{}, Resumed{}, Close{}, Rekey{}} {
		if _, _, err := empty.Step(w.env(), ev); !errors.Is(err, ErrRule) {
			t.Errorf("%T before there is a room: %v", ev, err)
		}
	}
	_, effects, err := empty.Step(w.env(), Knock{Peer: id("bob"), Request: protocol.JoinRequest{Nick: "bob"}})
	if err != nil || joinReply(t, effects, "bob").Code != protocol.JoinNoRoom {
		t.Errorf("a knock before there is a room: %v, %v", effects, err)
	}
}

// Accept checks the rules again: if a bound was reached since the knock, it fails, and the knock stays.
func TestAcceptAsksTheRulesAgain(t *testing.T) {
	w := newRoom(t, "alice", protocol.Knock)
	w.knockAs("bob", "bob", protocol.Token{})
	full := w.ledger
	full.state.members = cloned(full.state.members)
	for i := len(full.state.members); i < protocol.MaxMembers; i++ {
		p := peer.ID(fmt.Sprint(i))
		full.state.members[p] = member{}
	}
	next, _, err := full.Step(w.env(), Accept{id("bob")})
	if !errors.Is(err, ErrFull) || len(next.Knocks()) != 1 {
		t.Errorf("%v; %d at the door", err, len(next.Knocks()))
	}
}

func TestTick(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	kind := func(effects []Effect) ChangeKind {
		c, _ := find[Commit](effects)
		return c.Change.Kind
	}
	policy := w.ledger.State().Policy()
	policy.Idle = 0
	w.must(SetPolicy{Policy: policy})
	w.now = w.now.Add(RekeyAfter / 2)
	w.join("bob") // its key is derived from the one before
	w.now = w.now.Add(RekeyAfter/2 - time.Millisecond)
	if effects := w.must(Tick{}); len(effects) != 0 {
		t.Errorf("too early: %v", effects)
	}
	w.now = w.now.Add(time.Millisecond)
	if got := kind(w.must(Tick{})); got != Rekeyed {
		t.Errorf("after a day: %v", got)
	}
	policy.Idle = time.Hour
	w.must(SetPolicy{Policy: policy})
	w.now = w.now.Add(59 * time.Minute)
	w.must(Rekey{}) // no sign of life
	if effects := w.must(Tick{}); len(effects) != 0 {
		t.Errorf("too early: %v", effects)
	}
	w.now = w.now.Add(time.Minute)
	if effects := w.must(Tick{LastLine: w.now.Add(-59 * time.Minute)}); len(effects) != 0 {
		t.Errorf("a line was said: %v", effects)
	}
	w.restart()
	w.now = w.now.Add(59 * time.Minute)
	if effects := w.must(Tick{}); len(effects) != 0 {
		t.Errorf("it has only just started: %v", effects)
	}
	w.must(Rekey{})
	w.now = w.now.Add(time.Minute)
	effects := w.must(Tick{})
	if c, _ := find[Commit](effects); c.Change.Kind != Closed || c.Change.Reason != protocol.Idle {
		t.Errorf("idle: %v", effects)
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	w.join("bob")
	w.must(MakeInvite{})
	w.must(Kick{Peer: id("bob")})
	w.must(Rekey{})
	for name, c := range map[string]struct {
		damage func(*Durable)
		says   string
	}{
		"a record is missing":     {func(d *Durable) { d.Records = slices.Delete(d.Records, 1, 2) }, "record 3"},
		"the first is missing":    {func(d *Durable) { d.Records = d.Records[1:] }, "record 2"},
		"a record is there twice": {func(d *Durable) { d.Records = slices.Insert(d.Records, 1, d.Records[1]) }, "record 2"},
		"two records swapped": {func(d *Durable) {
			d.Records[1], d.Records[2] = d.Records[2], d.Records[1]
		}, "record 3"},
		"the end is missing, and a failure of it there": {func(d *Durable) { d.Records = d.Records[:2] }, "record 3 of 2"},
		"two failures of a peer":                        {func(d *Durable) { d.Failures = append(d.Failures, d.Failures[0]) }, "two failures"},
		"a failure of no member":                        {func(d *Durable) { d.Failures[0].Admission = 0 }, "failure of"},
		"an invite of no token":                         {func(d *Durable) { d.Invites[0].Token[0] ^= 1 }, "invite"},
	} {
		t.Run(name, func(t *testing.T) {
			d := w.disk.durable()
			c.damage(&d)
			if _, err := Load(d); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
		})
	}
	if l, err := Load(Durable{}); err != nil || l.State().Seq() != 0 {
		t.Errorf("an empty disk: %v", err)
	}
}

// A failure is claimed in the batch of its removal by the poll that is held, and by no other.
func TestAHeldPollIsClaimedWithTheRemoval(t *testing.T) {
	for _, order := range []Event{
		Kick{Peer: id("bob"), Reason: "too loud"},
		Ban{Peer: id("bob"), Reason: "too loud"},
		Mute{Peer: id("bob"), Reason: "too loud"},
		Close{Reason: "too loud"},
	} {
		t.Run(fmt.Sprintf("%T", order), func(t *testing.T) {
			w := newRoom(t, "alice", protocol.Open)
			bob, carol := w.join("bob"), w.join("carol")
			w.held = map[peer.ID]protocol.PollRequest{
				id("bob"):   {Room: w.ledger.state.room, Nonce: nonce("n1"), Admission: bob},
				id("carol"): {Room: w.ledger.state.room, Nonce: nonce("n2"), Admission: carol - 1},
			}
			effects := w.must(order)
			p, ok := find[Persist](effects)
			f := p.Batch.Failures[id("bob")]
			if !ok || len(p.Batch.Records) != 1 || f == nil || !f.Claimed || f.Nonce != nonce("n1") {
				t.Fatalf("the batch of the removal has the failure %+v", f)
			}
			if told, ok := find[Told](effects); !ok || told.Peer != id("bob") {
				t.Errorf("the effects are %v, without Told", effects)
			}
			if c := w.ledger.failures[id("carol")]; c.Claimed {
				t.Error("a poll of another admission has claimed")
			}
			if _, wrote := find[Persist](w.must(Poll{id("bob"), w.held[id("bob")]})); wrote {
				t.Error("the answer to the held poll writes")
			}
			if got := w.poll("bob", bob, "n1"); !strings.HasSuffix(got, ` "too loud"`) {
				t.Errorf("the held poll is answered %s", got)
			}
			if got := w.poll("bob", bob, "n3"); got != "refused" && got != "news" {
				t.Errorf("another nonce is answered %s", got)
			}
		})
	}
}

// A stranger's poll changes nothing and allocates little.
func TestAStrangersPollKeepsNothing(t *testing.T) {
	w := newRoom(t, "alice", protocol.Open)
	admission := w.join("bob")
	w.must(Kick{Peer: id("bob")})
	before := w.ledger
	ev := Poll{id("eve"), protocol.PollRequest{Room: before.State().Room(), Nonce: nonce("n1"), Admission: admission}}
	for range 100 {
		w.must(ev)
	}
	if !reflect.DeepEqual(before, w.ledger) {
		t.Error("the Ledger has changed")
	}
}

// Every value of the enumerations has a name, which reports show.
func TestNames(t *testing.T) {
	for k := Created; k <= Froze; k++ {
		if k.String() == "nothing" || k.String() == "" {
			t.Errorf("change %d has no name", k)
		}
	}
	if ChangeKind(99).String() != "nothing" || VerdictIgnore.String() != "ignore" {
		t.Error("an unknown value has a name")
	}
}
