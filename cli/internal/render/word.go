package render

import (
	"strings"
	"unicode"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// Word is the word by which a person types somebody or something that has a name and an id: the name where it is a word
// that can be typed, else the id. Every line that is shown to be typed has its words from here.
func Word(name, id string) safe.Text {
	if word := safe.Name(name); Typeable(name) && string(word) == name && !node.Hides(name) {
		return word
	}
	return safe.Phrase(id)
}

// RoomWord and PeerWord are those for rooms and peers.
func RoomWord(name string, id node.RoomID) safe.Text { return Word(name, id.String()) }

func PeerWord(nick string, p node.PeerID) safe.Text { return Word(nick, p.String()) }

// Typeable reports whether a shell, and a command of ours, reads s as a word and no more. Whoever names a room must not get
// to write commands.
func Typeable(s string) bool {
	return s != "" && !strings.HasPrefix(s, "-") && strings.IndexFunc(s, func(c rune) bool {
		return safe.Forbidden(c) || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("-_.", c)
	}) < 0
}

// About describes a room to somebody who chooses one, on one line.
func About(r node.RoomInfo) safe.Text {
	return RoomLabel(r.Name, r.ID) + ": " + Access(r.Access) + ", " + memberCount(r) + whose(r)
}
