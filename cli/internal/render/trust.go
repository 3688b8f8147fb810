package render

import (
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// These marks show that a peer is verified, or that its nick is a verified peer's but its key is not. A word that says the same
// stands beside each.
const (
	VerifiedMark safe.Text = "✓"
	OtherMark    safe.Text = "!"
)

// TrustMark returns the mark beside a peer. It is a space if nothing is known of the peer.
func TrustMark(t node.Trust) safe.Text {
	switch {
	case t.Verified:
		return VerifiedMark
	case t.Other != "":
		return OtherMark
	}
	return " "
}

// TrustWord returns the word for that mark, and whether the peer is ignored. It is "" if there is nothing to say.
func TrustWord(t node.Trust) safe.Text {
	var words []safe.Text
	switch {
	case t.Verified:
		words = append(words, "verified")
	case t.Other != "":
		words = append(words, "another key")
	}
	if t.Ignored {
		words = append(words, "ignored")
	}
	return safe.Join(words, ", ")
}

// Moment returns a date and time, to the second.
func Moment(t time.Time) safe.Text {
	return safe.Name(t.Local().Format("2006-01-02 15:04:05"))
}

// KeyChange asks whether to join a room with another owner than the known one, and describes both.
func KeyChange(c node.KeyChange) safe.Text {
	known := Tail(c.Known)
	if c.KnownNick != "" {
		known = Nick(c.KnownNick, c.Known) + " (" + VerifiedMark + " verified, " + known + ")"
	}
	return rowHead(RoomLabel(c.Name, c.Room)) + " has a different owner from the one you know. Known: " + known + ", words " + safe.Phrase(c.KnownWords) +
		". Now: " + Tail(c.Owner) + ", words " + safe.Phrase(c.Words) + ". Join anyway, and remember the new owner?"
}

// TrustNote returns the mark and word for a peer in brackets, for a line about it.
func TrustNote(t node.Trust) safe.Text {
	switch word, mark := TrustWord(t), TrustMark(t); {
	case word == "":
		return ""
	case mark == " ":
		return " (" + word + ")"
	default:
		return " (" + mark + " " + word + ")"
	}
}
