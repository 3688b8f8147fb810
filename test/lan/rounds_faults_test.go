package lan

import (
	"strconv"
	"time"
)

// removalTakes, in real time, is more than a removal takes from the order to the acknowledgement. A moment of the
// removal is drawn from this span.
const removalTakes = 12 * time.Millisecond

// spare is a room of the owner's that nobody enters.
const spare = "spare"

// A fault happens while a removal is ordered. strike gives the order once, and returns when everything is healed and
// every process runs.
type fault struct {
	name   string
	strike func(*arena)
}

var faults = []fault{
	{"none", func(a *arena) {
		a.give()
		a.order.ok()
		a.heal(func() {})
	}},
	{"owner killed before", func(a *arena) {
		a.owner.kill()
		a.outage()
		a.heal(a.startOwner)
		a.give()
	}},
	{"owner killed during", func(a *arena) {
		a.give()
		a.moment()
		a.owner.kill()
		a.outage()
		a.heal(a.startOwner)
	}},
	{"owner killed after", func(a *arena) {
		a.give()
		a.order.ok()
		a.moment()
		a.owner.kill()
		a.outage()
		a.heal(a.startOwner)
	}},
	{"owner frozen", func(a *arena) {
		a.around(a.owner.freeze)
		a.outage()
		a.heal(a.owner.thaw)
	}},
	{"target frozen", func(a *arena) {
		a.around(a.target.freeze)
		a.outage()
		a.heal(a.target.thaw)
	}},
	{"target killed", func(a *arena) {
		a.around(a.killTarget)
		a.outage()
		a.heal(a.target.again)
	}},
	{"owner to target lost", func(a *arena) {
		a.around(func() { a.owner.mute(a.target.host) })
		a.outage()
		a.heal(a.owner.lan.together)
	}},
	{"target to owner lost", func(a *arena) {
		a.around(func() { a.target.mute(a.owner.host) })
		a.outage()
		a.heal(a.owner.lan.together)
	}},
	{"target's cable", func(a *arena) {
		a.around(a.target.Unplug)
		a.outage()
		a.heal(a.target.Plug)
	}},
	{"owner's cable", func(a *arena) {
		a.around(a.owner.Unplug)
		a.outage()
		a.heal(a.owner.Plug)
	}},
	{"disk full", func(a *arena) {
		a.fillDisk()
		a.give()
		a.outage()
		a.heal(a.owner.freeDisk)
	}},
	{"no write at the order", func(a *arena) {
		a.owner.seal()
		a.give()
		a.outage()
		a.heal(a.owner.unseal)
	}},
	{"no write at the claim", func(a *arena) {
		a.target.quit()
		eventually(a.t, "the owner holds no poll of the target", func() bool {
			return a.rivals || a.isMember(obj{"peer": a.targetID, "present": false})
		})
		a.give()
		a.order.ok()
		a.owner.seal()
		a.target.again()
		a.outage()
		a.heal(a.owner.unseal)
	}},
}

// give gives the order of the round.
func (a *arena) give() {
	params := obj{"room": a.room, "reason": a.reason()}
	if !a.closes() {
		params["who"] = a.targetID
	}
	if a.forS > 0 {
		params["for_s"] = a.forS
	}
	a.ordered = a.owner.life()
	a.order = a.owner.begin(a.method, params)
}

// around gives the order with a fault that begins before it, or at some moment of its execution.
func (a *arena) around(begin func()) {
	if a.rng.IntN(2) == 0 {
		begin()
		a.give()
		return
	}
	a.give()
	a.moment()
	begin()
}

// moment waits for a random part of a removal.
func (a *arena) moment() { <-time.After(time.Duration(a.rng.Int64N(int64(removalTakes)))) }

// outage is how long the fault lasts: mostly too short to be noticed, and sometimes longer than the pings take to give
// a connection up.
func (a *arena) outage() {
	long := 50*time.Millisecond + time.Duration(a.rng.Int64N(int64(time.Second)))
	if a.rng.IntN(8) == 0 {
		long = 6 * time.Second
	}
	<-time.After(long)
}

// heal ends the fault.
func (a *arena) heal(end func()) {
	a.healed = time.Now()
	end()
}

func (a *arena) startOwner() { a.owner = a.owner.start() }

// noteTakes is more than a node takes, on a busy machine, from showing a reason to storing that on disk.
const noteTakes = 2 * time.Second

// killTarget kills the target, and records whether it may have shown the reason without having stored that.
func (a *arena) killTarget() {
	at := time.Now()
	a.target.kill()
	if said := a.target.said("removed"); len(said) > 0 {
		a.excused = at.Sub(said[0].At) < noteTakes
	}
}

// fillDisk fills the owner's disk, and then, with records, the free space inside the store's file. A write smaller than
// a record may still fit.
func (a *arena) fillDisk() {
	a.t.Helper()
	a.owner.fillDisk()
	for i := range 2000 { // records of 200 bytes and more: many times the space that can be free
		switch code := a.owner.begin("room.policy", obj{"room": spare, "subject": strconv.Itoa(i)}).code(); code {
		case "":
		case "unavailable":
			return
		default:
			a.t.Fatalf("a change of policy on a full disk: %s", code)
		}
	}
	a.t.Fatal("the owner goes on as if its disk were not full")
}
