package lan

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

// A mishap is something that goes wrong on a network. strike begins it and returns the function that ends it.
type mishap struct {
	name   string
	strike func(*crowd) (heal func())
}

var mishaps = []mishap{
	{"nothing", func(*crowd) func() { return func() {} }},
	{"a cable", func(c *crowd) func() { return c.unplugged(c.somebody()) }},
	{"the owner's cable", func(c *crowd) func() { return c.unplugged(c.owner()) }},
	{"a cable that flaps", func(c *crowd) func() {
		p := c.somebody()
		for range 2 + c.rng.IntN(4) {
			p.Unplug()
			c.wait(100*time.Millisecond, time.Second)
			p.Plug()
			c.wait(100*time.Millisecond, time.Second)
		}
		return c.unplugged(p)
	}},
	{"the switch", func(c *crowd) func() {
		c.lan.Switch.IP("link set br0 down")
		return func() { c.lan.Switch.IP("link set br0 up") }
	}},
	{"two halves", func(c *crowd) func() {
		a, b := c.halves()
		c.lan.cut(a, b)
		c.lan.cut(b, a)
		return c.lan.together
	}},
	{"two halves, one way", func(c *crowd) func() {
		c.lan.cut(c.halves())
		return c.lan.together
	}},
	{"two apart", func(c *crowd) func() {
		ps := c.shuffled()
		ps[0].apart(ps[1].host)
		return c.lan.together
	}},
	{"a ring", func(c *crowd) func() {
		ps := c.shuffled()
		for i, p := range ps {
			for j := range i {
				if i-j > 1 && i-j < len(ps)-1 {
					p.apart(ps[j].host)
				}
			}
		}
		return c.lan.together
	}},
	{"isolated clients", func(c *crowd) func() {
		// One client is on the cable, and so in reach of all. Often it is not the owner.
		ps := c.shuffled()
		for _, p := range ps[1:] {
			p.isolate("on")
		}
		return func() {
			for _, p := range ps[1:] {
				p.isolate("off")
			}
		}
	}},
	{"loss", func(c *crowd) func() {
		c.lan.lossy(5 + c.rng.IntN(26))
		return c.lan.together
	}},
	{"a narrow link", func(c *crowd) func() {
		p := c.shuffled()[0]
		p.squeeze(128 << c.rng.IntN(4))
		return p.relax
	}},
	{"frozen", func(c *crowd) func() { return c.frozen(c.somebody()) }},
	{"the owner frozen", func(c *crowd) func() { return c.frozen(c.owner()) }},
	{"the owner asleep", func(c *crowd) func() {
		heal := c.frozen(c.owner())
		c.wait(6*time.Second, 9*time.Second) // the others notice its absence, and it notices on waking that it slept
		if *chaosTime > 2*time.Minute && c.rng.IntN(3) == 0 {
			c.wait(idleAfter, idleAfter+5*time.Second) // while the others talk
		}
		return heal
	}},
	{"a clock", func(c *crowd) func() {
		p := c.shuffled()[0]
		p.node.setClock()
		return p.node.setClock
	}},
	{"the owner's clock, a kick and a cable", func(c *crowd) func() {
		p := c.somebody()
		p.Unplug()
		if len(c.members()) > fewest && !slices.ContainsFunc(c.orders, func(o *command) bool { return o.p == p }) {
			p.loses(c, false)
			c.order("kick", p, c.owner(), "room.kick", obj{"room": chaosRoom, "who": p.name, "reason": "round " + strconv.Itoa(c.round)})
			c.wait(100*time.Millisecond, time.Second)
		}
		c.owner().node.setClock()
		return func() {
			p.Plug()
			c.wait(0, 2*time.Second)
			c.owner().node.setClock()
		}
	}},
	{"the owner's commands", func(c *crowd) func() {
		owner := c.owner()
		owner.goes()
		for range 1 + c.rng.IntN(3) {
			owner.runs(c.rng.IntN(4))
		}
		return owner.wake
	}},
	{"copied", func(c *crowd) func() { return c.copied(c.somebody()) }},
	{"the owner copied", func(c *crowd) func() { return c.copied(c.owner()) }},
	{"killed", func(c *crowd) func() {
		p := c.somebody()
		p.die()
		return p.wake
	}},
	{"the owner killed", func(c *crowd) func() {
		c.owner().die()
		return c.owner().wake
	}},
	{"a new address", func(c *crowd) func() { return c.somebody().lease() }},
	{"the owner's new address", func(c *crowd) func() { return c.owner().lease() }},
	{"a new network card", func(c *crowd) func() {
		p := c.shuffled()[0]
		p.IP("link del eth0")
		return p.wire
	}},
	{"a VPN", func(c *crowd) func() {
		p := c.shuffled()[0]
		return func() { p.vpn(c) } // all must be well with the second interface there
	}},
	{"a full disk", func(c *crowd) func() {
		p := c.somebody()
		p.fillDisk()
		return p.freeDisk
	}},
	{"the owner's full disk", func(c *crowd) func() {
		c.owner().fillDisk()
		return c.owner().freeDisk
	}},
}

const (
	// setBy is how far a clock is set: further than the time for which a reason and a line are kept, and than an epoch
	// lasts.
	setBy = 25 * time.Hour
	// idleAfter is when the room would be closed if nobody spoke: longer than the longest silence of the test.
	idleAfter = 30 * time.Second
)

// goes has p close its console, in order.
func (p *person) goes() {
	p.sleeps(true)
	if code := p.node.quit(); code != 0 {
		p.c.t.Errorf("%s ends with code %d", p, code)
	}
	p.gone()
}

// runs has p, whose console is closed, run one of the short commands on its own data directory.
func (p *person) runs(n int) {
	c := p.c
	switch n {
	case 0:
		p.run("rooms", "--wait", "1s")
	case 1:
		c.mu.Lock()
		p.typed++
		l := &spoken{key: fmt.Sprintf("%s-%d-%d", p.name, p.life, p.typed), author: p.name, begun: time.Now(), round: c.round}
		for _, q := range c.people {
			l.epoch = max(l.epoch, q.epoch) // the line is said in a later epoch
		}
		c.lines[l.key] = l
		c.mu.Unlock()
		_, words, code := p.run("send", chaosRoom, l.key+" is what I send")
		c.mu.Lock()
		defer c.mu.Unlock()
		if l.ended, l.said = time.Now(), code == 0; !l.said {
			c.t.Errorf("send ends with code %d: %s", code, words)
		}
	case 2:
		tail := p.command("tail", chaosRoom)
		if err := tail.Start(); err != nil {
			c.t.Fatal(err)
		}
		c.wait(time.Second, 3*time.Second)
		tail.Process.Signal(os.Interrupt)
		tail.Wait() // its exit code says that it was interrupted
	case 3:
		aside := p.start("--no-resume")
		c.wait(0, 2*time.Second)
		aside.quit()
	}
}

// somebody is a random member other than the owner.
func (c *crowd) somebody() *person {
	in := c.members()[1:]
	return in[c.rng.IntN(len(in))]
}

// shuffled are the members in random order.
func (c *crowd) shuffled() []*person {
	in := c.members()
	c.rng.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
	return in
}

// halves are the members in two parts, neither of them empty.
func (c *crowd) halves() (a, b []*person) {
	ps := c.shuffled()
	n := 1 + c.rng.IntN(len(ps)-1)
	return ps[:n], ps[n:]
}

// wait lets some time pass.
func (c *crowd) wait(least, most time.Duration) {
	<-time.After(least + time.Duration(c.rng.Int64N(int64(most-least))))
}

func (c *crowd) unplugged(p *person) func() {
	p.Unplug()
	return p.Plug
}

func (c *crowd) frozen(p *person) func() {
	p.sleeps(true)
	p.node.freeze()
	return func() {
		p.node.thaw()
		p.sleeps(false)
	}
}

// copied starts a copy of p's data directory on another host, beside p or at the same moment. Both are told of each other;
// then the copy ends, and p is told that. An owner that is given orders meanwhile carries out none.
func (c *crowd) copied(p *person) func() {
	c.twins = true
	p.copied, p.toldBefore = c.round, c.timesTold(p)
	p.goes() // so that the copy is complete
	other := c.lan.host(fmt.Sprintf("%s-%d", p.name, c.round))
	p.copyTo(other)
	p.wake()
	first := c.rng.IntN(2) == 0
	if first {
		p.decided()
	}
	began := time.Now()
	second := other.start()
	return func() {
		for _, n := range []*node{second, p.node} {
			n.await("warning", obj{"code": "twin"})
		}
		c.t.Logf("%s and the copy know of each other after %v", p, time.Since(began).Round(time.Millisecond))
		if code := second.quit(); code != 0 {
			c.t.Errorf("the copy of %s ends with code %d", p, code)
		}
		ended := time.Now()
		p.node.await("warning", obj{"code": "twin_gone"})
		if !first {
			p.decided()
		}
		c.t.Logf("%s goes on %v after the end of the copy", p, time.Since(ended).Round(time.Millisecond))
		c.twins = false
	}
}

// decided waits until p's node has said whether it is still a member: an order may have removed p while its node did not run.
func (p *person) decided() {
	p.c.mu.Lock()
	placed := p.placed
	p.c.mu.Unlock()
	if !placed {
		return // it said so before, or there is no room that it takes up
	}
	late := time.After(patience)
	for {
		events, more := p.node.Events(0)
		if slices.ContainsFunc(events, func(e *event) bool {
			return slices.Contains([]string{"joined", "removed", "refused"}, fmt.Sprint(e.Obj["type"]))
		}) {
			return
		}
		select {
		case <-more:
		case <-late:
			p.c.t.Fatalf("%s does not say whether it is a member", p)
		}
	}
}

// toldCopy reports whether the reason of p's removal went to a copy of p in this round. A reason is told once, so p is only refused.
func (c *crowd) toldCopy(p *person) bool {
	return p.copied == c.round && c.timesTold(p) > p.toldBefore
}

// timesTold counts how often the owner's node, in this life of it, has said that p was told why it was removed.
func (c *crowd) timesTold(p *person) int {
	return c.owner().node.count("removal_progress", obj{"nick": p.name, "told": true})
}

// lease takes the host's addresses away, and returns the function that gives it new ones, as DHCP does in another
// network, or the operating system for privacy.
func (p *person) lease() func() {
	p.IP("addr flush dev eth0")
	return func() {
		p.lan.hosts++
		p.addr, p.addr6 = fmt.Sprintf("10.77.0.%d", p.lan.hosts), fmt.Sprintf("fe80::%x", p.lan.hosts)
		p.address()
	}
}

// vpn gives the host a second interface, which takes its default route and leads nowhere; or takes it away again.
func (p *person) vpn(c *crowd) {
	if slices.Contains(c.onVPN, p) {
		c.onVPN = slices.DeleteFunc(c.onVPN, func(q *person) bool { return q == p })
		p.IP("link del vpn0")
		p.IP("route replace 224.0.0.0/4 dev eth0")
		return
	}
	c.onVPN = append(c.onVPN, p)
	p.IP("link add vpn0 type veth peer name nowhere")
	p.IP("link set nowhere up")
	p.IP("link set vpn0 up")
	p.lan.hosts++
	p.IP("addr add 10.8.0.%d/24 dev vpn0", p.lan.hosts)
	p.IP("route replace default dev vpn0")
	p.IP("route replace 224.0.0.0/4 dev vpn0")
}

// cut drops the packets from one part to the other.
func (l *lan) cut(from, to []*person) {
	for _, p := range from {
		for _, q := range to {
			p.mute(q.host)
		}
	}
}

// lossy drops that percentage of packets.
func (l *lan) lossy(percent int) {
	l.Switch.NFT(fmt.Sprintf("add table bridge cut; "+
		"add chain bridge cut f { type filter hook forward priority 0; policy accept; }; "+
		"add rule bridge cut f numgen random mod 100 < %d drop", percent))
}

// isolate keeps h from all other isolated hosts.
func (h *host) isolate(onOff string) {
	h.lan.Run("bridge", "-n", h.lan.Switch.NS, "link", "set", "dev", h.Port(), "isolated", onOff)
}

// squeeze lets that many kbit/s through the host's cable, each way; relax ends that.
func (h *host) squeeze(kbit int) {
	limit := []string{"root", "tbf", "rate", fmt.Sprintf("%dkbit", kbit), "burst", "16kb", "latency", "1s"}
	h.lan.Run("tc", append([]string{"-n", h.NS, "qdisc", "add", "dev", "eth0"}, limit...)...)
	h.lan.Run("tc", append([]string{"-n", h.lan.Switch.NS, "qdisc", "add", "dev", h.Port()}, limit...)...)
}

func (h *host) relax() {
	h.lan.Run("tc", "-n", h.NS, "qdisc", "del", "dev", "eth0", "root")
	h.lan.Run("tc", "-n", h.lan.Switch.NS, "qdisc", "del", "dev", h.Port(), "root")
}
