package transcript

import (
	"fmt"
	"maps"
	"slices"

	"localchat/protocol"
)

// settle makes all links whole, lets everything arrive that is under way, and time go on.
func (x *explorer) settle() {
	x.note("all links are whole")
	clear(x.cut)
	for _, a := range x.actors {
		for a.talk != nil && a.st.Seq() < x.law.State().Seq() {
			x.apply(a)
		}
		if a.talk != nil {
			x.giveKeys(a)
		}
	}
	for len(x.flights) > 0 {
		x.land(0)
	}
	for _, a := range x.actors {
		for _, b := range x.actors {
			if x.linked(a, b) {
				x.carry(a, a.talk.Greet(x.env(a), b.id))
			}
		}
	}
	x.pass(settling)
}

// judge holds the settled room to what it must be.
func (x *explorer) judge() {
	alice := x.actors[0]
	st := x.law.State()
	for _, a := range x.actors {
		if a.talk == nil {
			continue
		}
		if _, member := st.Member(a.id); !member {
			x.fatalf("%s is out and has not heard of it", a.name)
		}
		shown := slices.DeleteFunc(slices.Clone(a.talk.Ordered()), func(l *Line) bool { return !l.Shown() })
		if !slices.Equal(a.screen, shown) {
			x.fatalf("%s sees %s, and has %s", a.name, texts(a.screen), texts(shown))
		}
		x.judgePace(a)
		var want []string
		for _, l := range x.union(a) {
			want = append(want, l.Content.Text)
		}
		if got := texts(a.talk.Ordered()); got != fmt.Sprint(want) {
			x.fatalf("%s has %s\nof %v", a.name, got, want)
		}
		for _, l := range a.talk.Ordered() {
			if ended, is := st.Ended(l.Msg.Author, l.Msg.Epoch); is && l.Msg.Ctr > ended.Cut.Ctr {
				x.fatalf("%s has %q past the cut-off %d", a.name, l.Content.Text, ended.Cut.Ctr)
			}
		}
		// A line from before a came, from an author that had not heard of a, waits for a key that a may not have.
		early := slices.ContainsFunc(a.talk.early.lines, func(m protocol.Message) bool { return a.st.MemberAt(a.id, m.Epoch) })
		if a.talk.Held() > 0 || early || a.talk.InDoubt() && a != alice {
			x.fatalf("%s still waits: %d held, early: %v, in doubt: %v", a.name, a.talk.Held(), early, a.talk.InDoubt())
		}
		if st.Len() > 1 && a.talk.OnTheirWay() {
			x.fatalf("%s has lines of which nobody says that it has them", a.name)
		}
	}
	if x.most.due > MaxDue || x.most.held > maxHeld || x.most.early > MaxEarly {
		x.fatalf("the bounds do not hold: %+v", x.most)
	}
}

// judgePace holds that a sees no line of a slow epoch that is too soon after another one, and that alice sees the same.
func (x *explorer) judgePace(a *actor) {
	for _, l := range a.talk.Ordered() {
		if other := x.actors[0].talk.Get(l.Msg.ID); other != nil && other.hasty != l.hasty {
			x.fatalf("%q is too soon for %s: %v; for alice: %v", l.Content.Text, a.name, l.hasty, other.hasty)
		}
		if l.hasty {
			x.hasty++
		}
		slow := a.st.Slow(l.Msg.Author, l.Msg.Epoch)
		for _, o := range a.talk.Of(l.Msg.Author) {
			if o.Msg.Epoch == l.Msg.Epoch && o.Msg.Ctr < l.Msg.Ctr && !l.hasty && l.signed.Sub(o.signed) < slow {
				x.fatalf("%s sees %q, which is %v after %q", a.name, l.Content.Text, l.signed.Sub(o.signed), o.Content.Text)
			}
		}
	}
}

// union is all that the members have and a may have, in order.
func (x *explorer) union(a *actor) []*Line {
	all := make(map[protocol.Hash]*Line)
	for _, b := range x.actors {
		if b.talk == nil {
			continue
		}
		for _, l := range b.talk.Ordered() {
			if a.st.Policy().History == protocol.HistoryAll || a.st.MemberAt(a.id, l.Msg.Epoch) {
				all[l.Msg.ID] = l
			}
		}
	}
	return slices.SortedFunc(maps.Values(all), displayOrder)
}

func texts(lines []*Line) string {
	var ts []string
	for _, l := range lines {
		ts = append(ts, l.Content.Text)
	}
	return fmt.Sprint(ts)
}
