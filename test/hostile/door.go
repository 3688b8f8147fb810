package hostile

import (
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// Impersonations are nicks with which a peer at the door could be taken for another one, with that nick and ID, when a person
// types the WHO of a command.
func Impersonations(nick string, p peer.ID) map[string]string {
	id := p.String()
	return map[string]string{
		"the same nick":                 nick,
		"another case":                  strings.ToUpper(nick),
		"with a digit":                  strings.ReplaceAll(nick, "o", "0"),
		"with an accent":                strings.ReplaceAll(nick, "o", "ö"),
		"of another script":             strings.NewReplacer("b", "ь", "o", "о").Replace(nick),
		"of two scripts":                strings.ReplaceAll(nick, "o", "о"),
		"with what does not show":       nick + "\u200b",
		"with a sign of commands":       "@" + nick,
		"the end of the ID":             id[len(id)-8:],
		"a longer end of the ID":        id[len(id)-20:],
		"the end with the mark":         "~" + id[len(id)-4:],
		"the start of the ID":           id[:len(id)-30],
		"what commands take for anyone": "all",
	}
}

// Stands knocks with a nick, stays at the door until its context ends, and returns the first answer, or 0.
func (m *Peer) Stands(nick string) protocol.JoinCode {
	s, err := m.unhurried(m.Owner, protocol.JoinID)
	if err != nil {
		return 0
	}
	m.open = append(m.open, s)
	var reply protocol.JoinReply
	if protocol.WriteFrame(s, &protocol.JoinRequest{Room: m.Room, Nick: nick, Nonce: m.Nonce}) != nil || protocol.ReadFrame(s, &reply) != nil {
		return 0
	}
	if reply.Code != protocol.JoinWaiting {
		return reply.Code
	}
	go func() {
		var last protocol.JoinReply
		if protocol.ReadFrame(s, &last) == nil && last.Code == protocol.JoinAdmitted {
			m.gained("a place in the room, as %q", nick)
		}
	}()
	return reply.Code
}

// ShowsTokens asks to be let in with each of the tokens in turn, times times in all.
func (m *Peer) ShowsTokens(nick string, times int, tokens ...protocol.Token) {
	for i := range times {
		m.Tries(m.Owner, nick, tokens[i%len(tokens)])
	}
}
