package lan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"localchat/test/driver"
)

// fewest members stay in the room, whatever the owner orders.
const fewest = 3

// A command is an order to a node, which may take a while.
type command struct {
	*call
	what string
	p    *person // the person that it concerns; nil: nobody
}

func (o *command) String() string { return fmt.Sprint(o.what, " ", o.p) }

// command gives one of the orders of an owner or a member, about a person that no order of this round concerns yet. It
// does nothing if there is no such person.
func (c *crowd) command() {
	in := c.members()
	free := func(ps []*person) []*person {
		return slices.DeleteFunc(slices.Clone(ps), func(p *person) bool {
			return p == c.owner() || p.asleep || slices.ContainsFunc(c.orders, func(o *command) bool { return o.p == p })
		})
	}
	out := free(slices.DeleteFunc(slices.Clone(c.people), func(p *person) bool { return slices.Contains(in, p) }))
	inside := free(in)
	if c.owner().asleep {
		return
	}
	switch n := c.rng.IntN(6); {
	case n == 5 && c.twins: // an owner that decides nothing does not hear that somebody leaves
	case n == 0:
		c.order("policy", nil, c.owner(), "room.policy", obj{"room": chaosRoom, "subject": "round " + strconv.Itoa(c.round)})
	case len(out) > 0 && (n <= 3 || len(in) <= fewest):
		c.join(out[c.rng.IntN(len(out))])
	case len(inside) > 0 && len(in) > fewest:
		p := inside[c.rng.IntN(len(inside))]
		leaves := n == 5
		p.loses(c, leaves)
		switch n {
		case 1, 2:
			c.order("kick", p, c.owner(), "room.kick", obj{"room": chaosRoom, "who": p.name, "reason": "round " + strconv.Itoa(c.round)})
		case 3, 4:
			c.order("ban", p, c.owner(), "room.ban", obj{"room": chaosRoom, "who": p.name, "for_s": 1})
		default:
			c.order("leave", p, p, "room.leave", obj{"room": chaosRoom})
		}
	}
}

// loses records that p may be about to lose its place.
func (p *person) loses(c *crowd, leaves bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.cut, p.leaving = c.round, p.leaving || leaves
}

// order gives a node an order that concerns p.
func (c *crowd) order(what string, p, by *person, method string, params obj) {
	c.orderN[what]++
	c.orders = append(c.orders, &command{call: by.node.begin(method, params), what: what, p: p})
}

// join has p enter by an invite.
func (c *crowd) join(p *person) {
	// An invite ends a ban: the owner that gives it intends that.
	lift := c.owner().node.begin("room.bans", obj{"room": chaosRoom}).wait()
	var banned struct{ Bans []struct{ Nick string } }
	if json.Unmarshal(lift.Result, &banned) == nil && slices.ContainsFunc(banned.Bans, func(b struct{ Nick string }) bool { return b.Nick == p.name }) {
		c.order("unban", nil, c.owner(), "room.unban", obj{"room": chaosRoom, "who": p.name})
	}
	invite := c.owner().node.begin("room.invite", obj{"room": chaosRoom}).wait()
	var made struct{ Invite string }
	if invite.Error != nil || json.Unmarshal(invite.Result, &made) != nil {
		return // its disk is full
	}
	c.mu.Lock()
	if p.asked.IsZero() {
		p.asked = time.Now()
	}
	c.mu.Unlock()
	c.order("join", p, p, "room.join", obj{"invite": made.Invite, "timeout_s": 5})
}

// obey records the admissions of persons that came in, and returns a complaint for each order without an answer.
func (c *crowd) obey() (cs []complaint) {
	for _, o := range c.orders {
		r, answered := o.answered()
		if !answered {
			cs = append(cs, complaint{stuck, fmt.Sprintf("the %s of %v has no answer", o.what, o.p)})
			continue
		}
		var in struct{ Epoch uint64 }
		if o.what == "join" && r.Error == nil && json.Unmarshal(r.Result, &in) == nil {
			c.mu.Lock()
			o.p.since = in.Epoch
			c.mu.Unlock()
		}
	}
	return cs
}

// answered returns the answer, if there is one or can be none any more.
func (o *command) answered() (reply, bool) {
	r, err := o.Reply(0)
	return r, !errors.Is(err, driver.ErrNoAnswer)
}

// unfulfilled returns the orders that are done, according to the node that was asked, but without effect.
func (c *crowd) unfulfilled(roster []string) (cs []complaint) {
	for _, o := range c.orders {
		r, answered := o.answered()
		if !answered || r.Error != nil || r.Result == nil || o.p == nil {
			continue
		}
		in := slices.Contains(roster, o.p.name+" member")
		if in != (o.what == "join") && o.what != "leave" { // a leaving member does not wait for the owner
			cs = append(cs, complaint{parted, fmt.Sprintf("the %s of %s is done, and %s is in: %v", o.what, o.p, o.p, in)})
		}
	}
	return cs
}
