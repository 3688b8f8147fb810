package node

import (
	"fmt"

	"localchat/node/internal/fault"
	"localchat/protocol"
)

// The words of the JSON face, with their types. The law and the wire have numbers for them.
type (
	// Access is how a room is entered.
	Access string
	// History is which lines a new member is given.
	History string
	// Kind is how somebody lost a place in a room, or how the room ended.
	Kind string
	// Role is what a member is in a room.
	Role string
)

const (
	AccessOpen   Access = "open"
	AccessKnock  Access = "knock"
	AccessInvite Access = "invite"

	HistoryNone      History = "none"
	HistorySinceJoin History = "since-join"
	HistoryAll       History = "all"

	KindKicked        Kind = "kicked"
	KindBanned        Kind = "banned"
	KindClosed        Kind = "closed"
	KindIdle          Kind = "idle"
	KindInviteRevoked Kind = "invite-revoked"
	KindOther         Kind = "other"

	RoleOwner  Role = "owner"
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
