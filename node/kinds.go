package node

import (
	"fmt"

	"localchat/node/internal/fault"
	"localchat/protocol"
)

// The words that JSON-RPC has for some values, with their types. Packages authority and protocol have numbers for them.
type (
	// Access says how a peer enters a room.
	Access string
	// History says which earlier lines a new member gets.
	History string
	// Kind says how a member was removed, or how a room ended.
	Kind string
	// Speak says who may talk in a room.
	Speak string
	// Role is the role of a member in a room.
	Role string
)

const (
	AccessOpen   Access = "open"
	AccessKnock  Access = "knock"
	AccessInvite Access = "invite"

	HistoryNone      History = "none"
	HistorySinceJoin History = "since-join"
	HistoryAll       History = "all"

	SpeakAll    Speak = "all"
	SpeakVoiced Speak = "voiced"

	KindKicked        Kind = "kicked"
	KindBanned        Kind = "banned"
	KindClosed        Kind = "closed"
	KindIdle          Kind = "idle"
	KindInviteRevoked Kind = "invite-revoked"
	KindMuted         Kind = "muted"
	KindWarned        Kind = "warned"
	KindPardoned      Kind = "pardoned"
	KindOther         Kind = "other"

	RoleOwner  Role = "owner"
	RoleDeputy Role = "deputy"
	RoleMember Role = "member"
)

func kindFrom(k protocol.ReasonKind) Kind {
	switch k {
	case protocol.Kicked:
		return KindKicked
	case protocol.Banned:
		return KindBanned
	case protocol.Closed:
		return KindClosed
	case protocol.Idle:
		return KindIdle
	case protocol.InviteRevoked:
		return KindInviteRevoked
	case protocol.Muted:
		return KindMuted
	case protocol.Warned:
		return KindWarned
	case protocol.Pardoned:
		return KindPardoned
	}
	return KindOther
}

func accessFrom(a protocol.Access) Access {
	switch a {
	case protocol.Open:
		return AccessOpen
	case protocol.Invite:
		return AccessInvite
	}
	return AccessKnock
}

func (a Access) parse() (protocol.Access, error) {
	switch a {
	case AccessOpen:
		return protocol.Open, nil
	case AccessKnock:
		return protocol.Knock, nil
	case AccessInvite:
		return protocol.Invite, nil
	}
	return 0, &Error{Code: CodeInvalid, Text: fmt.Sprintf("%q is not a kind of access", string(a)), Reason: fault.BadAccess}
}

func historyFrom(h protocol.History) History {
	switch h {
	case protocol.HistoryNone:
		return HistoryNone
	case protocol.HistoryAll:
		return HistoryAll
	}
	return HistorySinceJoin
}

func (h History) parse() (protocol.History, error) {
	switch h {
	case HistoryNone:
		return protocol.HistoryNone, nil
	case HistorySinceJoin:
		return protocol.HistorySinceJoin, nil
	case HistoryAll:
		return protocol.HistoryAll, nil
	}
	return 0, &Error{Code: CodeInvalid, Text: fmt.Sprintf("%q is not a kind of history", string(h)), Reason: fault.BadHistory}
}

func speakFrom(voicedOnly bool) Speak {
	if voicedOnly {
		return SpeakVoiced
	}
	return SpeakAll
}

func (s Speak) parse() (voicedOnly bool, err error) {
	switch s {
	case SpeakAll, SpeakVoiced:
		return s == SpeakVoiced, nil
	}
	return false, &Error{Code: CodeInvalid, Text: fmt.Sprintf("%q does not say who may talk", string(s)), Reason: fault.BadSpeak}
}
