package render

import (
	"strings"
	"unicode"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// Word returns the word to type for a peer or room: its name if that can be typed as one word, otherwise its ID. All commands that
// are shown to be typed take their words from here.
func Word(name, id string) safe.Text {
	if word := safe.Name(name); Typeable(name) && string(word) == name && !node.Hides(name) {
		return word
	}
	return safe.Phrase(id)
}

// RoomWord and PeerWord are [Word] for rooms and peers.
func RoomWord(name string, id node.RoomID) safe.Text { return Word(name, id.String()) }

func PeerWord(nick string, p node.PeerID) safe.Text { return Word(nick, p.String()) }

// Typeable reports whether both a shell and the commands of localchat read s as a single plain word. A name must not smuggle a
// command into a line that is shown to be typed.
func Typeable(s string) bool {
	return s != "" && !strings.HasPrefix(s, "-") && strings.IndexFunc(s, func(c rune) bool {
		return safe.Forbidden(c) || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-_.", c)
	}) < 0
}

// About describes a room on one line, in a list of choices.
func About(r node.RoomInfo) safe.Text {
	return RoomLabel(r.Name, r.ID) + ": " + Access(r.Access) + ", " + memberCount(r) + details(r)
}
