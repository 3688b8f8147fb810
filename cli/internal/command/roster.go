package command

import "localchat/node"

// A Roster is who is in a room, at its door and out of it, as the node said last. The last three are the owner's.
type Roster struct {
	Epoch   uint64
	Members []node.MemberInfo
	Knocks  []node.KnockInfo
	Bans    []node.BanInfo
	Invites []node.InviteInfo
}

// Owner is the member who decides, or none.
func (r *Roster) Owner() node.MemberInfo {
	for _, m := range r.Members {
		if m.Role == "owner" {
			return m
		}
	}
	return node.MemberInfo{}
}
