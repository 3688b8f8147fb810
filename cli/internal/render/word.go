package render

import (
	"strings"
	"unicode"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// Word returns the word to type for a peer or room with a name and an id: the name if it can be typed as one word, otherwise
// the id. Every command line that is shown for typing takes its words from here.
func Word(name, id string) safe.Text {
	if word := safe.Name(name); Typeable(name) && string(word) == name && !node.Hides(name) {
		return word
	}
	return safe.Phrase(id)
}

// RoomWord and PeerWord are [Word] for rooms and peers.
func RoomWord(name string, id node.RoomID) safe.Text { return Word(name, id.String()) }

func PeerWord(nick string, p node.PeerID) safe.Text { return Word(nick, p.String()) }

// Typeable reports whether a shell, and a command of localchat, reads s as a single plain word. The name of a room must not
// smuggle in a command.
func Typeable(s string) bool {
	return s != "" && !strings.HasPrefix(s, "-") && strings.IndexFunc(s, func(c rune) bool {
		return safe.Forbidden(c) || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-_.", c)
	}) < 0
}

// About describes a room on one line, in a list of choices.
func About(r node.RoomInfo) safe.Text {
	return RoomLabel(r.Name, r.ID) + ": " + Access(r.Access) + ", " + memberCount(r) + details(r)
}
