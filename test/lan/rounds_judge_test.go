package lan

import (
	"fmt"
	"slices"
	"syscall"
	"time"
)

// settle finds out from the owner's log whether the order has taken effect, and repeats it if it has not.
func (a *arena) settle() (undone, phantom bool) {
	a.t.Helper()
	answer, answered := a.order.end()
	done := answered && answer.Error == nil
	if answered && !done && answer.Error.Data.Code != "unavailable" {
		a.t.Errorf("%s: the order fails as %s: %s", a.round, answer.Error.Data.Code, answer.Error.Message)
	}
	in := a.targetIn()
	if done && in {
		a.t.Errorf("%s: the owner says done, and its log does not have it", a.round)
	}
	if answered && !done && !in {
		a.t.Errorf("%s: the owner says not done, and its log has it", a.round)
	}
	if !in {
		return false, false
	}
	phantom = len(a.told()) > 0
	if phantom {
		a.t.Errorf("%s: told of a removal that the owner's log does not have", a.round)
	}
	a.give()
	a.order.ok()
	if a.targetIn() {
		a.t.Fatalf("%s: the owner says done, and its log does not have it", a.round)
	}
	return true, phantom
}

// targetIn reports whether the target has its place by the owner's log: it is a member, and the room is not closed.
func (a *arena) targetIn() bool {
	a.t.Helper()
	open := has(a.owner.do("room.list", nil)["rooms"], obj{"name": a.room, "in": true})
	return open && a.isMember(obj{"peer": a.targetID})
}

// isMember reports whether the owner's room has such a member.
func (a *arena) isMember(want obj) bool {
	a.t.Helper()
	return has(a.owner.do("room.members", obj{"room": a.room})["members"], want)
}

// has reports whether an object of the list has all fields of want.
func has(list any, want obj) bool {
	all, _ := list.([]any)
	return slices.ContainsFunc(all, func(one any) bool {
		fields, _ := one.(map[string]any)
		return obj(fields).Is(want)
	})
}

// told returns the reasons that were shown in this round, by all clients.
func (a *arena) told() (told []*event) {
	for _, c := range a.clients() {
		told = append(told, c.said("removed")...)
	}
	return told
}

// acked reports whether, and when, the owner said that it has the target's acknowledgement. The owner says so only of a
// removal that was ordered in its present life, and not of the end of a room.
func (a *arena) acked() (time.Time, bool) {
	for _, e := range a.ordered.said("removal_progress") {
		if e.Is(obj{"peer": a.targetID, "told": true}) {
			return e.At, true
		}
	}
	return time.Time{}, false
}

// judge counts how often the reason was shown, after the end of the clients' last lives.
func (a *arena) judge(o *outcome) {
	told, refused := a.told(), 0
	o.told = len(told)
	if o.told > 1 && a.excused {
		o.again = 1
	}
	for i, e := range told {
		if err := a.rightly(e); err != nil {
			a.t.Errorf("%s: %v", a.round, err)
		}
		if i == 0 {
			o.waited = e.At.Sub(a.healed)
			o.early = o.waited < 0
		}
	}
	for _, c := range a.clients() {
		refused += len(c.said("refused"))
	}
	if want := len(a.clients()) - 1; refused != want {
		a.t.Errorf("%s: %d refused, want %d", a.round, refused, want)
	}
	if o.lost() {
		a.t.Errorf("%s: the reason is lost", a.round)
	}
	if o.doubled() {
		a.t.Errorf("%s: told %d times", a.round, o.told)
	}
}

// rightly checks the reason that the target is told: kind, text, author, and end.
func (a *arena) rightly(e *event) error {
	want := obj{"kind": a.kind, "text": a.reason(), "by": a.ownerID, "by_nick": a.owner.name}
	if !e.Is(want) {
		return fmt.Errorf("told %v, want %v", e.Obj, want)
	}
	until, ends := e.Obj["until"]
	if a.forS == 0 {
		if ends {
			return fmt.Errorf("told that it is out until %v", until)
		}
		return nil
	}
	from, err1 := time.Parse(time.RFC3339, fmt.Sprint(e.Obj["at"]))
	to, err2 := time.Parse(time.RFC3339, fmt.Sprint(until))
	if err1 != nil || err2 != nil || to.Sub(from) != time.Duration(a.forS)*time.Second {
		return fmt.Errorf("told that it is out from %v until %v", e.Obj["at"], until)
	}
	return nil
}

// witnessed waits until the witness has seen the removal, and fails if it has seen one too many.
func (a *arena) witnessed() {
	a.t.Helper()
	if a.closes() {
		eventually(a.t, "the witness is told once of the end", func() bool {
			return a.witness.count("removed", obj{"text": a.reason()}) == 1
		})
		return
	}
	a.seen++
	eventually(a.t, fmt.Sprintf("the witness has seen %d removals", a.seen), func() bool {
		return a.witness.count("member_removed", obj{"peer": a.targetID}) == a.seen
	})
}

// askAgain starts each client with its disk from before the removal, and has the whole history of the claim judged. A
// copy of the client that was told has its nonce: it is told again if the acknowledgement was lost.
func (a *arena) askAgain(o *outcome) {
	a.t.Helper()
	var h history
	h.add(claimOp{kind: ordered}, nil, a.order.At, a.settled)
	for _, c := range a.clients() {
		if said := c.said("removed", "refused"); len(said) > 0 {
			h.add(claimOp{polled, c.name}, said[0].Obj["type"], a.order.At, said[0].At)
		}
		if len(c.said("removed")) > 0 {
			acked, _ := a.acked()
			h.add(claimOp{acknowledged, c.name}, nil, a.order.At, acked)
		}
	}
	for _, c := range a.clients() {
		c.restore(c.before)
		began := time.Now()
		c.node = c.start()
		copied := life{node: c.node}
		e := copied.verdict()
		if e == nil {
			for _, n := range []*node{c.node, a.owner} {
				n.Cmd.Process.Signal(syscall.SIGQUIT) // what it waits for is in the log then
				n.code()
			}
			a.t.Fatalf("%s: on its old disk, %s is neither told nor refused", a.round, c.host.name)
		}
		if e.Obj["type"] == "removed" {
			o.replayed = true
			if err := a.rightly(e); err != nil {
				a.t.Errorf("%s: %v", a.round, err)
			}
		}
		h.add(claimOp{polled, c.name}, e.Obj["type"], began, e.At)
		c.isOut(a.room)
		// An end in order stores that the reason was shown. The copies of the next round must not be taken before that.
		if code := c.quit(); code != 0 {
			a.t.Errorf("%s: a copy of %s ends with exit code %d", a.round, c.host.name, code)
		}
	}
	a.target.node = a.target.start()
	if !h.linearizable() {
		a.t.Errorf("%s: no order of these operations explains the answers:\n%s", a.round, h)
	}
}
