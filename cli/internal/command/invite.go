package command

import (
	"strings"

	"localchat/node"
)

// JoinOptions distinguishes an invite from the name or id of a room.
func JoinOptions(text string) node.JoinOptions {
	if IsInvite(text) {
		return node.JoinOptions{Invite: text}
	}
	return node.JoinOptions{Room: text}
}

// invitePrefix begins every invite text, in upper or lower case.
const invitePrefix = "LOCALCHAT:"

func IsInvite(text string) bool {
	return len(text) >= len(invitePrefix) && strings.EqualFold(text[:len(invitePrefix)], invitePrefix)
}
