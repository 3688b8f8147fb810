package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A contender is one way for people to talk in a room.
type contender struct {
	name string
	// open fills a room with n members, the first of which may remove others, and returns when a line of each reaches all.
	// Its ear hears from then on until the room is closed.
	open func(n int, e ear) (opened, error)
	// rhythm is the period of its own traffic in a room where nobody speaks.
	rhythm time.Duration
	// removes is set if it can remove a member.
	removes bool
}

// A room is an open one. Members are numbered from 0.
type room interface {
	// say has a member say a line and returns when it is on its way. One member's lines come from one goroutine.
	say(member int, text string) error
	// kick has member 0 remove another. It fails if the contender cannot remove members.
	kick(member int) error
	// back lets a removed member in again and returns when it is a member.
	back(member int) error
	close()
}

type opened struct {
	room
	// server is the process that serves the room; 0 if it is this one.
	server int
}

// An ear receives the events of a contender's members, each from a goroutine of its own.
type ear struct {
	// line: member has heard a line of another's. Its own are not reported. late: it came by way of a repair.
	line func(member int, text string, late bool)
	// removed: member has heard that target is out; member may be target.
	removed func(member, target int)
}

// lineSize, in bytes of text: the size of the figures in the README.
const lineSize = 100

// lineText is a line of lineSize bytes that carries a number and the number of its board. It does not end with spaces,
// which ngircd cuts off.
func lineText(board, number int) string {
	head := fmt.Sprintf("%d %d ", board, number)
	return head + strings.Repeat("x", lineSize-len(head))
}

// lineNumber is the line number in a lineText.
func lineNumber(text string) (board, number int, err error) {
	head, rest, _ := strings.Cut(text, " ")
	tail, _, _ := strings.Cut(rest, " ")
	board, err = strconv.Atoi(head)
	if err == nil {
		number, err = strconv.Atoi(tail)
	}
	return board, number, err
}

// memberName is the nick of a member.
func memberName(member int) string { return "m" + strconv.Itoa(member) }

// patience is how long to wait for an event that should come in milliseconds.
const patience = 60 * time.Second
