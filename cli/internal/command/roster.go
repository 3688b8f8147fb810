package command

import "localchat/node"

// A Roster lists the members, knocks, bans, appeals and invites of a room, as the node reported them last. Knocks, bans and appeals are
// reported to the owner and to deputies, and invites to the owner alone.
type Roster struct {
	Epoch   uint64
	Members []node.MemberInfo
	Knocks  []node.KnockInfo
	Bans    []node.BanInfo
	Appeals []node.AppealInfo
	Invites []node.InviteInfo
}

// Owner returns the owner, or a zero MemberInfo.
func (r *Roster) Owner() node.MemberInfo {
	for _, m := range r.Members {
		if m.Role == node.RoleOwner {
			return m
		}
	}
	return node.MemberInfo{}
}
