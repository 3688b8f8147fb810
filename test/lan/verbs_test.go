package lan

import (
	"fmt"
	"slices"
	"testing"
)

// The steps that the tests between hosts consist of.

// people starts a node on a new host for each name.
func (l *lan) people(names ...string) []*node {
	l.t.Helper()
	var nodes []*node
	for _, name := range names {
		nodes = append(nodes, l.host(name).start())
	}
	return nodes
}

// inLab starts a node on a new host for each name. The first creates the room lab and lets the others in, and each says a line.
func (l *lan) inLab(names ...string) []*node {
	l.t.Helper()
	nodes := l.people(names...)
	nodes[0].create("lab")
	for _, n := range nodes[1:] {
		n.knock("lab", nodes[0])
	}
	converse("lab", "all here", nodes...)
	return nodes
}

// create makes a room at which newcomers knock.
func (n *node) create(room string) {
	n.lan.t.Helper()
	n.do("room.create", obj{"name": room, "access": "knock"})
}

// knock enters a room by knocking and being let in by its owner.
func (n *node) knock(room string, owner *node) {
	n.lan.t.Helper()
	join := n.begin("room.join", obj{"room": room})
	owner.await("knock", obj{"nick": n.name})
	owner.do("room.accept", obj{"room": room, "who": n.name})
	join.ok()
}

// say says a line.
func (n *node) say(room, text string) {
	n.lan.t.Helper()
	n.do("room.say", obj{"room": room, "text": text})
}

// hear waits for a line.
func (n *node) hear(from *node, text string) *event {
	n.lan.t.Helper()
	return n.await("message", obj{"nick": from.name, "text": text})
}

// converse lets every member say a line that every member hears, so that all earlier lines have come too. They speak
// when each knows of all others: a line that a member says before it has heard of an admission is not for the newcomer.
func converse(room, topic string, members ...*node) {
	t := members[0].lan.t
	t.Helper()
	for _, m := range members {
		eventually(t, m.name+" knows of all members that talk", func() bool {
			in := m.do("room.members", obj{"room": room})["members"]
			return !slices.ContainsFunc(members, func(other *node) bool { return !has(in, obj{"nick": other.name}) })
		})
	}
	for _, m := range members {
		m.say(room, topic+" from "+m.name)
	}
	for _, m := range members {
		for _, from := range members {
			m.hear(from, topic+" from "+from.name)
		}
	}
}

// transcript is the lines that a member would show of a room.
func (n *node) transcript(room string) []string {
	n.lan.t.Helper()
	var lines []string
	messages, _ := n.do("room.history", obj{"room": room})["messages"].([]any)
	for _, m := range messages {
		fields, _ := m.(map[string]any)
		lines = append(lines, fmt.Sprintf("<%v> %v", fields["nick"], fields["text"]))
	}
	return lines
}

// agree waits until every member's transcript is the same, and returns it.
func agree(room string, members ...*node) []string {
	t := members[0].lan.t
	t.Helper()
	var first []string
	eventually(t, "all have one transcript", func() bool {
		first = members[0].transcript(room)
		return !slices.ContainsFunc(members[1:], func(m *node) bool { return !slices.Equal(m.transcript(room), first) })
	})
	return first
}

// isOut checks that a node itself refuses to say a line in a room that it is not in, or that is gone.
func (n *node) isOut(room string) {
	t := n.lan.t
	t.Helper()
	code := n.begin("room.say", obj{"room": room, "text": "I am still here"}).code()
	if !slices.Contains([]string{"not_member", "closed", "not_found"}, code) {
		t.Errorf("%s says something in a room that it is not in: %q, want not_member", n.name, code)
	}
}

// once checks that a node was told of its removal exactly once in all its lives.
func once(t *testing.T, lives ...*node) {
	t.Helper()
	told := 0
	for _, life := range lives {
		told += life.count("removed", nil)
	}
	if told != 1 {
		t.Errorf("%s was told %d times of its removal, want once", lives[0].name, told)
	}
}

// peer is the node's peer ID.
func (n *node) peer() any {
	n.lan.t.Helper()
	return n.do("node.info", nil)["peer"]
}
