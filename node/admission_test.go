package node

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol"
)

func at(ip string) origin {
	kind := "ip4"
	if strings.Contains(ip, ":") {
		kind = "ip6"
	}
	return originOf(multiaddr.StringCast("/" + kind + "/" + ip + "/tcp/4001"))
}

// TestPlaces: ten addresses that take all they can leave a place for the next address. An address of an IPv6 network gains nothing
// from the many addresses that it could have.
func TestPlaces(t *testing.T) {
	fill := func(p *places, o origin) (n int) {
		for p.take(o) {
			n++
		}
		return n
	}
	p := newPlaces(100)
	if n := fill(p, at("10.0.0.1")); n != 100/(1+shareOfFree) {
		t.Errorf("one address takes %d of 100 places", n)
	}
	for i := range 9 {
		fill(p, at(fmt.Sprintf("10.0.1.%d", i)))
	}
	if n := fill(p, at("10.0.2.1")); n == 0 {
		t.Error("there is no place for the eleventh address")
	}
	p = newPlaces(100)
	for i := range 1000 {
		fill(p, at(fmt.Sprintf("fd00::%x", i+1)))
	}
	if p.taken != 50 {
		t.Errorf("one IPv6 network takes %d of 100 places", p.taken)
	}
	if n := fill(p, at("10.0.0.1")); n == 0 {
		t.Error("there is no place for an IPv4 address")
	}
	for o := range p.addrs {
		for range p.addrs[o] {
			p.release(at(o.String()))
		}
	}
	if p.taken != 0 || len(p.addrs) != 0 || len(p.lans) != 0 {
		t.Errorf("after all are gone: %+v", p)
	}
}

// bareAdmission is the admission of a node without a loop, with these guests.
func bareAdmission(guests ...peer.ID) *admission {
	n := &Node{log: slog.New(slog.DiscardHandler), inbox: make(chan inboxEvent, inboxSize)}
	n.admission = newAdmission(n)
	of := make(map[peer.ID]int)
	for _, g := range guests {
		of[g] = 1
	}
	n.admission.guests.Store(&of)
	return n.admission
}

func stranger(i, address int) visitor {
	return visitor{peer: peer.ID(fmt.Sprint("stranger", i)), from: at(fmt.Sprintf("10.%d.%d.1", address/250, address%250))}
}

func member(i, address int) visitor {
	v := stranger(i, address)
	v.peer, v.guest, v.rooms = peer.ID(fmt.Sprint("member", i)), true, 1
	return v
}

var quotas = map[protocolID]quota{
	protocol.PollID: pollQuota, protocol.JoinID: joinQuota, protocol.AskID: askQuota, protocol.OrderID: orderQuota, protocol.SyncID: syncQuota,
	protocol.PassID: passQuota, protocol.TellID: tellQuota, protocol.RoomsID: roomsQuota, pingID: pingQuota,
}

// TestStreamsAreBounded: with every protocol, one peer, ten peers at one address, ten addresses and very many strangers hold as much
// as they can get. Members keep their places all the same, and the total has its bound.
func TestStreamsAreBounded(t *testing.T) {
	for id, q := range quotas {
		t.Run(string(id), func(t *testing.T) {
			a := bareAdmission()
			fill := func(who visitor) (n int) {
				for n < 1000 && a.enter(a.services[id], quiet{}, who) != nil {
					n++
				}
				return n
			}
			reset := func() { a.services[id] = newService(q) }
			each := func(v visitor) int { return max(q.each+q.room*v.rooms, 1) }
			reset()
			if n := fill(stranger(0, 0)); !q.newest && n > max(q.each, 1) {
				t.Errorf("one stranger has %d streams", n)
			}
			if v := a.services[id]; v.ofStrangers.taken > q.each || len(v.open) != 1 {
				t.Errorf("one stranger holds %d places", v.ofStrangers.taken)
			}
			for i := range 10 * q.strangers {
				fill(stranger(i, i%10))
			}
			if v := a.services[id]; v.ofStrangers.taken >= q.strangers || v.ofGuests.taken > 0 {
				t.Errorf("strangers at ten addresses hold %d places, and %d places of guests", v.ofStrangers.taken, v.ofGuests.taken)
			}
			if fill(stranger(-1, 11)) == 0 {
				t.Error("a stranger at an eleventh address gets no place")
			}
			for i := range 10 * q.strangers {
				fill(stranger(i, i))
			}
			if v := a.services[id]; v.ofStrangers.taken != q.strangers {
				t.Errorf("strangers at all addresses hold %d places", v.ofStrangers.taken)
			}
			bob := member(-1, 0)
			if n := fill(bob); n < each(bob) || !q.newest && n > each(bob) {
				t.Errorf("a member has %d streams", n)
			}
			for i := range 10 { // ten members at one address, and at ten
				fill(member(i, 0))
				fill(member(10+i, i))
			}
			if fill(member(-2, 11)) == 0 {
				t.Error("another member gets no stream")
			}
			if v := a.services[id]; v.ofGuests.taken >= q.guests {
				t.Errorf("members hold %d places", v.ofGuests.taken)
			}
		})
	}
}

// quiet is a stream that is only counted.
type quiet struct{ network.Stream }

func (quiet) Reset() error { return nil }

// TestTheNewestPollStays: a member's newest poll counts: its node may have started again without our noticing.
func TestTheNewestPollStays(t *testing.T) {
	a := bareAdmission()
	v := newService(pollQuota)
	bob := member(0, 0)
	first := a.enter(v, quiet{}, bob)
	for range 100 {
		if a.enter(v, quiet{}, bob) == nil {
			t.Fatal("a newer stream is refused")
		}
	}
	if !first.over || v.ofGuests.taken != 2 || len(v.open[bob.peer]) != 2 {
		t.Errorf("%d places are held", v.ofGuests.taken)
	}
	a.leave(v, first) // its handler ends later
	for len(v.open[bob.peer]) > 0 {
		a.leave(v, v.open[bob.peer][0])
	}
	if v.ofGuests.taken != 0 || len(v.open) != 0 {
		t.Errorf("%d places are held in the end", v.ofGuests.taken)
	}
}

// TestRequestsAreBounded: with every protocol, the requests of strangers are limited for one stranger, for one address and for all. An
// address has a share that others cannot use up, and a member has its own.
func TestRequestsAreBounded(t *testing.T) {
	for id, q := range quotas {
		t.Run(string(id), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := bareAdmission()
				a.services[id] = newService(q)
				ask := func(who visitor) (n int) {
					for n < 1<<20 && a.allow(id, who) {
						n++
					}
					return n
				}
				if n := ask(stranger(0, 0)); n > q.stranger.burst {
					t.Errorf("one stranger is answered %d times", n)
				}
				all := 0
				for i := range 1000 {
					all += ask(stranger(i, 1))
				}
				if most := q.address.burst + q.shared.burst; all > most {
					t.Errorf("one address is answered %d times, at most %d are due", all, most)
				}
				all = 0
				for i := range 1000 {
					all += ask(stranger(1000+i, 2+i%10))
				}
				if most := 10 * q.address.burst; all > most {
					t.Errorf("ten addresses are answered %d times more, at most %d are due", all, most)
				}
				if n := ask(stranger(-1, 100)); n == 0 {
					t.Error("another address is not answered")
				}
				if n := ask(member(0, 1)); n != q.guest.burst {
					t.Errorf("a member is answered %d times, want %d", n, q.guest.burst)
				}
				if n := ask(member(1, 1)); n != q.guest.burst {
					t.Errorf("another member is answered %d times, want %d", n, q.guest.burst)
				}
				time.Sleep(10 * time.Minute) // simulated
				a.sweep(time.Now())
				if v := a.services[id]; v.guest.Len()+v.stranger.Len()+v.address.Len()+a.refused.Len() > 0 {
					t.Error("budgets of peers that ask no more are kept")
				}
			})
		})
	}
}

// TestFloodIsReportedOnce: a flood is reported once, of strangers and of members, with its kinds of traffic and its sources. An
// occasional refusal is not reported.
func TestFloodIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission()
		pass := func(d time.Duration) (told []flood) {
			for range d / time.Second {
				time.Sleep(time.Second) // simulated
				told = append(told, a.floods.due(time.Now())...)
			}
			return told
		}
		for i := range 100 {
			a.refuse(stranger(i, i), aStream)
			a.refuse(member(i%3, i), aRequest)
			if fs := pass(time.Second); len(fs) > 0 {
				t.Fatalf("occasional refusals are reported: %+v", fs)
			}
		}
		pass(floodWindow)
		for i := range 10_000 {
			a.refuse(stranger(i%10, i%10), aStream)
			a.refuse(member(i%2, 7), aPing)
			a.refuse(member(0, 7), aLine)
		}
		fs := pass(time.Second)
		if len(fs) != 2 {
			t.Fatalf("%d floods are reported: %+v", len(fs), fs)
		}
		if f := fs[0]; len(f.members) != 2 || f.members[0].peer != member(0, 0).peer || !slices.Equal(f.things, []string{"pings", "lines"}) || f.members[0].from != at("10.0.7.1") {
			t.Errorf("the members' flood is reported as %+v", f)
		}
		if f := fs[1]; len(f.members) != 0 || len(f.addrs) != 10 || !slices.Equal(f.things, []string{"streams"}) {
			t.Errorf("the strangers' flood is reported as %+v", f)
		}
		for range 50 {
			for range floodFrom {
				a.refuse(stranger(1, 1), aStream)
				a.refuse(member(1, 1), aLine)
			}
			if fs := pass(time.Second); len(fs) != 0 {
				t.Fatalf("the same flood is reported again: %+v", fs)
			}
		}
		pass(attemptEvery)
		for range floodFrom {
			a.refuse(stranger(1, 1), aStream)
		}
		if fs := pass(2 * floodWindow); len(fs) != 1 {
			t.Errorf("the next flood is reported %d times", len(fs))
		}
	})
}

// TestEachKindOfTrafficHasItsMeasure: each kind of traffic has its own measure. One less than the measure in a window is no flood,
// whatever other traffic there is. A member of several of our rooms may send as much for each of them.
func TestEachKindOfTrafficHasItsMeasure(t *testing.T) {
	inThree := member(1, 1)
	inThree.rooms = 3
	for what, kind := range thingKinds {
		for _, who := range []visitor{stranger(0, 0), member(0, 0), inThree} {
			f := newFloods()
			f.due(lawStart)
			for other, k := range thingKinds {
				f.count(who, thing(other), max(1, who.rooms)*k.from-1)
			}
			if due := f.due(lawStart.Add(time.Second)); len(due) > 0 {
				t.Errorf("%s: one less than the measure of each is reported: %+v", kind.name, due)
			}
			f.count(who, thing(what), 1)
			if due := f.due(lawStart.Add(2 * time.Second)); len(due) != 1 || !slices.Equal(due[0].things, []string{kind.name}) {
				t.Errorf("%s from %+v: reported %+v", kind.name, who, due)
			}
		}
		f := newFloods()
		for i := range 100 { // half of it in each window
			f.count(member(0, 0), thing(what), kind.from/2)
			if due := f.due(lawStart.Add(time.Duration(i) * floodWindow)); len(due) > 0 {
				t.Errorf("half a flood of %s is reported", kind.name)
			}
		}
	}
}

// TestFloodCountsAreBounded: the count of floods has a bound, for any number of members and addresses.
func TestFloodCountsAreBounded(t *testing.T) {
	f := newFloods()
	for i := range 2 * maxFloodMembers {
		f.count(stranger(i, i), aStream, 1)
		f.count(member(i, i), aStream, floodFrom)
	}
	if len(f.members) > maxFloodMembers || len(f.strangers.addrs) > maxFloodAddrs {
		t.Errorf("%d members and %d addresses are counted", len(f.members), len(f.strangers.addrs))
	}
	if due := f.due(lawStart); len(due) != 2 {
		t.Errorf("%d floods are reported", len(due))
	}
	if len(f.members) > 0 || len(f.strangers.addrs) > 0 {
		t.Error("nothing is forgotten")
	}
}

// TestFloodText: the line about a flood names its sources, and no more of them than a user will read.
func TestFloodText(t *testing.T) {
	w := newLawRoom(t, "lab")
	w.Admit("carol")
	n := &Node{self: personaID("alice"), signer: persona("alice"), log: slog.New(slog.DiscardHandler), gate: testGate()}
	n.admission = newAdmission(n)
	n.ctx, n.cancel = context.WithCancel(t.Context())
	defer n.cancel()
	l := must(newLoop(n, nil))
	r := newRoom(l, w.ID())
	defer r.cancel()
	r.desk.ledger = &w.Ledger
	l.rooms[r.id], l.order = r, append(l.order, r.id)
	sub := &Subscription{Queue: NewQueue()}
	l.subs[sub] = struct{}{}
	carol := visitor{peer: personaID("carol"), from: at("192.168.1.7"), guest: true, rooms: 1}
	for _, c := range []struct {
		who  []visitor
		what thing
		want string
	}{
		{[]visitor{carol}, aPing, "carol (" + endOf(carol.peer) + ", at 192.168.1.7) sends too much to this node: the excess (pings) is refused"},
		{[]visitor{stranger(0, 1)}, aStream, "somebody at 10.0.1.1 (" + endOf(stranger(0, 1).peer) + ") sends too much to this node: the excess (streams) is refused"},
		{[]visitor{{from: at("10.0.1.1")}, {from: at("10.0.2.1")}}, anAnnouncement, "strangers at 10.0.1.1, 10.0.2.1 send too much to this node: the excess (mDNS packets) is refused"},
		{[]visitor{stranger(0, 0), stranger(1, 1), stranger(2, 2), stranger(3, 3), stranger(4, 4)}, aRequest, "strangers at 10.0.0.1, 10.0.1.1, 10.0.2.1 and 2 other addresses send too much to this node: the excess (requests) is refused"},
	} {
		n.admission.floods = newFloods()
		for _, who := range c.who {
			n.admission.count(who, c.what, thingKinds[c.what].from)
		}
		l.tellFloods(lawStart)
		if got := (<-sub.c).Body.(Warning); got.Code != "flood" || got.Text != c.want || got.Peer != c.who[len(c.who)-1].peer || len(sub.c) > 0 {
			t.Errorf("reported %+v", got)
		}
	}
}

// TestAnswersAreBounded: one member is given a full room at once, but not one room after the other without end.
func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := bareAdmission()
		page := &protocol.SyncReply{Lines: [][]byte{make([]byte, protocol.MaxBatch/2)}}
		ask := func(p peer.ID) (bytes int) {
			for a.mayAnswer(p) {
				a.answered(p, page)
				bytes += protocol.MaxBatch / 2
			}
			return bytes
		}
		if n := ask("mallory"); n < answerBurst || n > answerBurst+protocol.MaxBatch {
			t.Errorf("%d bytes are given", n)
		}
		if n := ask("bob"); n < answerBurst {
			t.Errorf("another member is given %d bytes", n)
		}
		time.Sleep(4 * time.Second) // simulated
		if n := ask("mallory"); n < 4*answerRate-protocol.MaxBatch || n > 4*answerRate+protocol.MaxBatch {
			t.Errorf("after four seconds %d bytes are given", n)
		}
	})
}

// TestManyKnocksMakeOneLine: the first few knocks from each address are announced one by one. After that, one line sums up the knocks
// of all addresses.
func TestManyKnocksMakeOneLine(t *testing.T) {
	b, now := newDoorbell(), lawStart
	rung := 0
	for i := range 43 {
		if b.announces(peer.ID(fmt.Sprint(i)), "192.168.1.7", now) {
			rung++
		}
	}
	if rung != knocksTold || b.summary(now) != "" {
		t.Errorf("%d knocks are announced", rung)
	}
	now = now.Add(moreKnocksAfter)
	if got, want := b.summary(now), fmt.Sprint(43-knocksTold, " more knock from 192.168.1.7"); got != want {
		t.Errorf("the summary is %q", got)
	}
	for i := range 10_000 {
		now = now.Add(time.Millisecond)
		if b.announces(peer.ID(fmt.Sprint(i)), fmt.Sprint("10.0.0.", i%200), now) {
			rung++
		}
	}
	if rung > knocksTold+knocksToldAll+11 {
		t.Errorf("%d knocks from 200 addresses are announced", rung)
	}
	if got := b.summary(now); got != "" {
		t.Errorf("summed up again too soon: %q", got)
	}
	now = now.Add(attemptEvery)
	if got := b.summary(now); !strings.Contains(got, " other addresses") || strings.Count(got, ",") != maxKnockAddrs-1 {
		t.Errorf("the summary is %q", got)
	}
	if len(b.more) != 0 || b.summary(now.Add(time.Hour)) != "" {
		t.Error("it is summed up again")
	}
	if !b.announces("bob", "192.168.1.9", now) {
		t.Error("a knock from another address is not announced")
	}
}
