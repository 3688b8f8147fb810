package render

import "localchat/cli/internal/safe"

// AwayText says that somebody is away, and why.
func AwayText(text string) safe.Text {
	if text == "" {
		return "away"
	}
	return "away: " + safe.Phrase(text)
}
