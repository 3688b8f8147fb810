package command

import (
	"slices"
	"testing"

	"localchat/node"
)

// TestCompletionNamesOne: a nick or a room's name is offered only if no other one looks like it; otherwise the ID is.
func TestCompletionNamesOne(t *testing.T) {
	id := func(p string) string { return node.PeerID(p).String() }
	got := PeerWords([]PeerRef{{"alice", "1"}, {"aIice", "2"}, {"bob", "3"}, {"", "4"}, {"zoe", "5"}, {"zoe", "6"}, {"", "7"}})
	if want := []string{id("1"), id("2"), "bob", id("4"), id("5"), id("6"), id("7")}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	rooms := RoomWords([][2]string{{"lab", "1"}, {"1ab", "2"}, {"den", "3"}, {"bar\u2800", "4"}, {"Kitchen", "5"}})
	if want := []string{"1", "2", "den", "4", "Kitchen"}; !slices.Equal(rooms, want) {
		t.Errorf("%q, want %q", rooms, want)
	}
}
