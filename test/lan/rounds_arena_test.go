package lan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// An arena is a network of its own with an owner, a member that loses its place again and again, and a witness.
type arena struct {
	t              *testing.T
	owner, witness *node // their present lives
	target, rival  *client
	ownerID        any
	targetID       any    // the rival's too
	room           string // "": the next round makes one
	rooms          int
	seen           int // removals that the witness must have seen

	// The fields of the round that is being played.
	round
	rng     *rand.Rand
	order   *call
	ordered life      // the owner's, from the order on
	healed  time.Time // when the fault ended
	settled time.Time // when the log was seen to have the removal
	excused bool      // the target was killed after it showed the reason, and perhaps before it stored that
}

// A client polls for the place of the round. It has a data directory and a number of lives.
type client struct {
	*node
	name   string // the name of its nonce, which a test does not see
	before string // its data on disk before the removal
	lives  []life
}

// A life is one run of a node, from the event with that number on.
type life struct {
	*node
	from int
}

// life is the life from now on.
func (n *node) life() life {
	events, _ := n.Events(0)
	return life{n, len(events)}
}

// said returns the events of those types that have come.
func (f life) said(types ...string) []*event {
	events, _ := f.Events(f.from)
	return slices.DeleteFunc(slices.Clone(events), func(e *event) bool {
		return !slices.Contains(types, fmt.Sprint(e.Obj["type"]))
	})
}

// verdict waits until the node has lost its place, and returns how; nil if it does not.
func (f life) verdict() *event {
	deadline := time.After(2 * patience) // longer than a node takes a silent stream for alive
	for {
		_, more := f.Events(f.from)
		if said := f.said("removed", "refused"); len(said) > 0 {
			return said[0]
		}
		select {
		case <-more:
		case <-f.Exited:
			return nil
		case <-deadline:
			return nil
		}
	}
}

// said returns the events of those types in all lives.
func (c *client) said(types ...string) (said []*event) {
	for _, life := range c.lives {
		said = append(said, life.said(types...)...)
	}
	return said
}

// takeKey leaves the client with the key of another on its disk and nothing else; no life of it runs.
func (c *client) takeKey(other *client) {
	c.lan.t.Helper()
	kept := other.keep()
	if err := os.Remove(kept + "/localchat/localchat.db"); err != nil {
		c.lan.t.Fatal(err)
	}
	c.restore(kept)
}

// verdict waits until the client has lost its place, and returns how; nil if it does not.
func (c *client) verdict() *event {
	if said := c.said("removed", "refused"); len(said) > 0 {
		return said[0]
	}
	return c.lives[len(c.lives)-1].verdict()
}

// again starts the client on its present disk.
func (c *client) again() {
	c.node = c.start()
	c.lives = append(c.lives, life{node: c.node})
}

func newArena(t *testing.T) *arena {
	l := newLAN(t)
	a := &arena{t: t}
	owner := l.host("alice")
	owner.smallDisk()
	a.owner, a.witness = owner.start(), l.host("bob").start()
	a.target = &client{node: l.host("dave").start(), name: "the target's"}
	a.rival = &client{node: &node{host: l.host("rival")}, name: "the rival's"}
	a.ownerID, a.targetID = a.owner.peer(), a.target.peer()
	a.owner.do("room.create", obj{"name": spare, "access": "invite"})
	return a
}

// clients are the clients that poll for the place of the round.
func (a *arena) clients() []*client {
	if a.rivals {
		return []*client{a.target, a.rival}
	}
	return []*client{a.target}
}

// prepare makes the target a member, and the witness too, in a room of the owner's.
func (a *arena) prepare() {
	a.t.Helper()
	if a.room == "" {
		a.rooms++
		a.room = "room " + strconv.Itoa(a.rooms)
		a.owner.do("room.create", obj{"name": a.room, "access": "invite"})
		a.witness.do("room.join", obj{"invite": a.invite()})
	}
	invite := a.invite()
	a.target.do("room.join", obj{"invite": invite})
	a.witness.await("member_joined", obj{"peer": a.targetID})
	if a.rivals {
		// With nothing but the target's key it is a member that has lost its memory: it is given its place.
		a.rival.takeKey(a.target)
		a.rival.node = a.rival.start()
		a.rival.do("room.join", obj{"invite": invite})
	}
	for _, c := range a.clients() {
		c.before = c.keep()
		c.lives = []life{c.life()}
	}
}

func (a *arena) invite() any {
	a.t.Helper()
	return a.owner.do("room.invite", obj{"room": a.room})["invite"]
}

// play plays a round. A wrong result fails the test; an obstacle to further rounds ends the arena.
func (a *arena) play(r round) outcome {
	a.t.Helper()
	a.round, a.rng, a.excused = r, r.rng(), false
	a.prepare()
	a.strike(a)
	o := outcome{round: r}
	o.undone, o.phantom = a.settle()
	a.settled = time.Now()
	for _, c := range a.clients() {
		if c.verdict() == nil {
			a.t.Errorf("%s: %s is neither told nor refused", r, c.host.name)
		}
		if code := c.quit(); code != 0 {
			a.t.Errorf("%s: %s ends with exit code %d", r, c.host.name, code)
		}
	}
	a.judge(&o)
	a.witnessed()
	a.askAgain(&o)
	switch {
	case a.closes():
		a.room = ""
	case a.kind == "banned":
		a.owner.do("room.unban", obj{"room": a.room, "who": a.targetID})
	}
	return o
}
