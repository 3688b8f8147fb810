package render

import (
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// The marks of the record of words compared, each beside a word that says the same.
const (
	VerifiedMark safe.Text = "✓"
	OtherMark    safe.Text = "!"
)

// TrustMark is what stands beside a peer's own mark: a space where nothing is known.
func TrustMark(t node.Trust) safe.Text {
	switch {
	case t.Verified:
		return VerifiedMark
	case t.Other != "":
		return OtherMark
	}
	return " "
}

// TrustWord is the word for it, "" where nothing is known.
func TrustWord(t node.Trust) safe.Text {
	switch {
	case t.Verified:
		return "verified"
	case t.Other != "":
		return "another key"
	}
	return ""
}

// Moment is a time to the second, with its date.
func Moment(t time.Time) safe.Text {
	return safe.Name(t.Local().Format("2006-01-02 15:04:05"))
}

// KeyChange names the owner that is known and the one that is there.
func KeyChange(c node.KeyChange) safe.Text {
	known := Tail(c.Known)
	if c.KnownNick != "" {
		known = Nick(c.KnownNick, c.Known) + " (" + VerifiedMark + " verified, " + known + ")"
	}
	return rowHead(RoomLabel(c.Name, c.Room)) + " has a different owner from the one you know. Known: " + known + ", words " + safe.Phrase(c.KnownWords) +
		". Now: " + Tail(c.Owner) + ", words " + safe.Phrase(c.Words) + ". Join anyway, and remember the new owner?"
}

// TrustNote is what is known of a peer in brackets, for a line about it.
func TrustNote(t node.Trust) safe.Text {
	if word := TrustWord(t); word != "" {
		return " (" + TrustMark(t) + " " + word + ")"
	}
	return ""
}
