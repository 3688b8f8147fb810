package clitest

import (
	"fmt"
	"time"

	"localchat/node"
)

// The rooms lab and den, and the peers alice, dave, and bob, the user of the node.
var (
	LabID   = node.RoomID{1}
	DenID   = node.RoomID{2}
	MeID    = PeerID("me-key")
	AliceID = PeerID("alice-key")
	DaveID  = PeerID("dave-key")
)

// PeerID returns the ID of a peer whose key is so short that it is its own hash.
func PeerID(key string) node.PeerID { return node.PeerID("\x00" + string(rune(len(key))) + key) }

// Hostile is a text that an attacker may put into any field.
const Hostile = "e\x1b[2J\x1b]0;owned\a\u202evil\u200b\nx\u009b31m"

// Events returns an event of each type, two if there are two forms, with Hostile in every field that a peer writes.
func Events() []node.EventBody {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.Local)
	return []node.EventBody{
		node.RoomFound{Name: "lab", Owner: AliceID, Words: "amber kiwi", Access: "knock"},
		node.RoomFound{Name: Hostile, Owner: AliceID, Words: Hostile, Access: Hostile},
		node.RoomLost{Name: Hostile},
		node.Knock{Peer: DaveID, Nick: "dave", Words: "robot lemon"},
		node.Knock{Peer: DaveID, Nick: "dave", Words: "robot lemon", Trust: node.Trust{Verified: true}},
		node.Knock{Peer: DaveID, Nick: "dave", Words: "robot lemon", Trust: node.Trust{Other: AliceID}},
		node.Knock{Peer: DaveID, Nick: "dave", Words: "robot lemon", Trust: node.Trust{Ignored: true}},
		node.Knock{Peer: DaveID, Nick: Hostile, Words: Hostile},
		node.Knock{Peer: DaveID, Nick: "dave", Words: "robot lemon", Alike: true},
		node.KnockGone{Peer: DaveID, Nick: "dave"},
		node.Joined{Name: "lab", Nick: "bob", Epoch: 3},
		node.Joined{Name: "lab", Nick: "bob", Epoch: 3, Resumed: true},
		node.Joined{Name: Hostile, Nick: Hostile, Owner: true},
		node.Left{},
		node.MemberJoined{Peer: DaveID, Nick: "dave"},
		node.MemberJoined{Peer: DaveID, Nick: Hostile},
		node.MemberLeft{Peer: DaveID, Nick: "dave"},
		node.MemberRemoved{Peer: DaveID, Nick: "dave", By: AliceID, ByNick: "alice", Kind: "kicked"},
		node.MemberRemoved{Peer: DaveID, Nick: "dave", By: AliceID, ByNick: "alice", Kind: "banned", Until: at},
		node.MemberRemoved{Peer: DaveID, Nick: Hostile, By: AliceID, ByNick: Hostile, Kind: Hostile},
		node.RemovalReason{Peer: DaveID, Nick: "dave", Text: "too loud"},
		node.RemovalReason{Peer: DaveID, Nick: "dave", Text: Hostile},
		node.Unbanned{Peer: DaveID, Nick: "dave"},
		node.Appeal{Peer: DaveID, Nick: "dave", Text: "it was the cat", Removal: 7, Kind: "kicked", By: AliceID, ByNick: "alice", Reason: "too loud"},
		node.Appeal{Peer: DaveID, Nick: Hostile, Text: Hostile, Removal: 7, Kind: Hostile, By: AliceID, ByNick: Hostile, Reason: Hostile},
		node.AppealGone{Peer: DaveID, Nick: "dave"},
		node.MemberPardoned{Peer: DaveID, Nick: "dave", By: AliceID, ByNick: "alice"},
		node.MemberPardoned{Peer: DaveID, Nick: Hostile, By: MeID, ByNick: Hostile, For: AliceID, ForNick: Hostile},
		node.PardonTold{Peer: DaveID, Nick: "dave"},
		node.Pardoned{By: AliceID, ByNick: "alice", At: at, Until: at.Add(time.Hour)},
		node.Pardoned{By: DaveID, ByNick: Hostile, For: AliceID, ForNick: Hostile, At: at, Until: at},
		node.MemberMuted{Peer: DaveID, Nick: "dave", By: AliceID, ByNick: "alice"},
		node.MemberMuted{Peer: DaveID, Nick: Hostile, By: AliceID, ByNick: Hostile, Until: at},
		node.MuteReason{Peer: DaveID, Nick: "dave", Text: "too loud"},
		node.MuteReason{Peer: DaveID, Nick: "dave", Text: Hostile},
		node.Muted{Text: "too loud", By: AliceID, ByNick: "alice", At: at, Until: at.Add(time.Hour)},
		node.Muted{Text: Hostile, By: AliceID, ByNick: Hostile, At: at},
		node.MemberRemoved{Peer: DaveID, Nick: "dave", By: MeID, ByNick: "bob", For: AliceID, ForNick: "alice", Kind: "kicked"},
		node.MemberMuted{Peer: DaveID, Nick: "dave", By: MeID, ByNick: "bob", For: AliceID, ForNick: Hostile},
		node.Muted{Text: "too loud", By: DaveID, ByNick: "dave", For: AliceID, ForNick: "alice", At: at},
		node.Removed{Kind: "banned", Text: "too loud", By: DaveID, ByNick: "dave", For: AliceID, ForNick: "alice", At: at, Removal: 8},
		node.Removed{Kind: "kicked", By: DaveID, ByNick: Hostile, For: AliceID, ForNick: Hostile, At: at, Removal: 9},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "open"}, By: DaveID, ByNick: "dave", For: AliceID, ForNick: "alice", Changed: []string{"access"}},
		node.Deputies{Deputies: []node.Named{{Peer: DaveID, Nick: "dave"}}, Named: []node.Named{{Peer: DaveID, Nick: "dave"}}},
		node.Deputies{Dropped: []node.Named{{Peer: DaveID, Nick: Hostile}}},
		node.Deputies{Deputies: []node.Named{{Peer: MeID, Nick: "bob"}}, Named: []node.Named{{Peer: MeID, Nick: "bob"}}, Mine: true, Changed: true},
		node.Deputies{Dropped: []node.Named{{Peer: MeID, Nick: "bob"}}, Changed: true},
		node.TransferOffered{By: AliceID, Nick: "alice", Until: at},
		node.TransferOffered{By: AliceID, Nick: Hostile},
		node.OwnerChanged{Peer: MeID, Nick: "bob", From: AliceID, FromNick: "alice", Self: true},
		node.OwnerChanged{Peer: DaveID, Nick: Hostile, From: AliceID, FromNick: Hostile},
		node.Unmuted{Peer: DaveID, Nick: "dave"},
		node.Unmuted{Peer: MeID, Nick: "bob", Self: true},
		node.MemberAway{Peer: DaveID, Nick: Hostile, Away: true, Text: Hostile},
		node.Voiced{Peer: DaveID, Nick: Hostile, Until: at},
		node.Voiced{Peer: MeID, Nick: "bob", Self: true},
		node.Unvoiced{Peer: DaveID, Nick: Hostile},
		node.Unvoiced{Peer: MeID, Nick: "bob", Self: true},
		node.Hand{Peer: DaveID, Nick: Hostile},
		node.HandGone{Peer: DaveID, Nick: Hostile},
		node.Joined{Name: "lab", Nick: "bob", Epoch: 3, Voiceless: true},
		node.Warned{Text: "mind your words", By: AliceID, ByNick: "alice", At: at},
		node.Warned{Text: Hostile, By: AliceID, ByNick: Hostile, At: at},
		node.MemberWarned{Peer: DaveID, Nick: "dave", By: AliceID, ByNick: "alice", Text: "mind your words", Count: 2},
		node.MemberWarned{Peer: DaveID, Nick: Hostile, By: AliceID, ByNick: Hostile, Count: 1},
		node.WarningTold{Peer: DaveID, Nick: "dave"},
		node.OrderSettled{Order: "kick", Peer: DaveID, Nick: "dave", Done: true},
		node.OrderSettled{Order: "kick", Peer: DaveID, Nick: Hostile},
		node.OrderSettled{Order: "subject"},
		node.Renamed{Peer: DaveID, Nick: "david", OldNick: "dave"},
		node.Renamed{Peer: DaveID, Nick: Hostile, OldNick: Hostile},
		node.Renamed{Peer: MeID, Nick: "robert", OldNick: "bob", Self: true},
		node.Joined{Name: "lab", Nick: "bob", Epoch: 3, Muted: true, MutedUntil: at},
		node.RemovalProgress{Peer: DaveID, Nick: "dave", Kind: "muted", Told: true, Applied: 2, Total: 3, Missing: []string{"carol"}},
		node.Message{Peer: DaveID, Nick: "dave", Text: "hello", At: at},
		node.Message{Peer: DaveID, Nick: "dave", Text: "hello", At: at, Late: true},
		node.Message{Peer: DaveID, Nick: "dave", Text: "waves", Action: true, At: at},
		node.Message{Peer: DaveID, Nick: "you", Text: "were kicked from lab by alice: too loud", Action: true, At: at},
		node.Message{Peer: DaveID, Nick: "Lab", Text: "was closed by alice", Action: true, At: at},
		node.Message{Peer: DaveID, Nick: Hostile, Text: Hostile, At: at},
		node.Message{Peer: DaveID, Nick: "", Text: "no nick", At: at},
		node.Message{Peer: DaveID, Nick: "dave", Text: "hello", At: at, Late: true, Before: "x", Next: &node.Quote{Nick: "bob", Text: "hi there"}},
		node.Message{Peer: DaveID, Nick: "dave", Text: "hello", At: at, Late: true, Before: "x", Next: &node.Quote{Nick: Hostile, Text: Hostile}},
		node.Message{Peer: DaveID, Nick: "dave", Text: "hello", At: at, Late: true, Backlog: true},
		node.Backlog{N: 1},
		node.Backlog{N: 12, Before: "x", Next: &node.Quote{Nick: Hostile, Text: Hostile}},
		node.BacklogEnd{},
		node.Hidden{Peer: DaveID, Nick: "dave", IDs: []string{"a", "b"}},
		node.Expired{IDs: []string{"a"}},
		node.Delivered{ID: "a"},
		node.Direct{Peer: DaveID, Nick: "dave", Text: "psst", At: at},
		node.Direct{Peer: DaveID, Nick: Hostile, Text: Hostile, At: at},
		node.Removed{Kind: "kicked", Text: "too loud", By: AliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "banned", Text: "spam", By: AliceID, ByNick: "alice", At: at, Until: at.Add(time.Hour)},
		node.Removed{Kind: "banned", By: AliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "closed", Text: "lunch", By: AliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "idle", By: AliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "invite-revoked", By: AliceID, ByNick: "alice", At: at},
		node.Removed{Kind: "other", Text: Hostile, By: AliceID, ByNick: Hostile, At: at},
		node.Refused{},
		node.Epoch{Epoch: 4},
		node.Epoch{Epoch: 4, Have: []node.PeerID{AliceID}, Missing: []node.PeerID{DaveID}},
		node.RemovalProgress{Peer: DaveID, Nick: "dave", Kind: "kicked", Told: true, Applied: 11, Total: 12, Missing: []string{"carol"}},
		node.RemovalProgress{Peer: DaveID, Nick: "dave", Kind: "banned", Applied: 0, Total: 2, Missing: []string{"carol", Hostile}},
		node.RemovalProgress{Peer: DaveID, Nick: "dave", Kind: "kicked", Told: true, Applied: 12, Total: 12},
		node.OwnerUnreachable{ForS: 40},
		node.OwnerUnreachable{Left: true, Nick: "alice"},
		node.OwnerUnreachable{Left: true, Nick: Hostile},
		node.OwnerBack{ForS: 671},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "knock", Subject: "the build", IdleS: 21600, RetainS: 600, History: "none"}, By: AliceID, ByNick: "alice", Changed: []string{"subject"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "open", IdleS: 21600, RetainS: 86400, History: "since-join"}, By: AliceID, ByNick: "alice", Changed: []string{"subject", "retain_s"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "invite", Subject: Hostile, RetainS: 90, History: Hostile, MembersInvite: true, HideReasons: true}, By: AliceID, ByNick: Hostile, Changed: []string{"access", "subject", "idle_s", "retain_s", "history", "members_invite", "hide_reasons"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "knock"}, By: AliceID, ByNick: "owner", Changed: []string{"idle_s"}},
		node.PolicyChanged{PolicyInfo: node.PolicyInfo{Access: "knock"}},
		node.RoomClosed{Kind: "closed", Text: "lunch"},
		node.RoomClosed{Kind: "idle"},
		node.Gap{Lost: 12},
		node.Warning{Code: "attempt", Text: "bob tried to /kick dave"},
		node.Warning{Code: Hostile, Text: Hostile},
	}
}

// Noon is the time of the events.
var Noon = time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC)

// NickTaken returns the error of a join with a taken nick; free is the nick that the owner proposes.
func NickTaken(free string) *node.Error {
	return &node.Error{Code: node.CodeExists, Text: "that nick, or one that looks like it, is taken in lab", Reason: "nick taken", Nick: free}
}

// Spoken returns the n-th line that another member says.
func Spoken(n int, text string) node.Message {
	return node.Message{ID: fmt.Sprint("m", n), Peer: AliceID, Nick: "alice", Text: text, At: Noon}
}

func ChangeOf(name string) *node.Error {
	return &node.Error{
		Code: node.CodeRefused, Identity: true, Text: "the room has a different owner from the one you know", Reason: "other owner",
		Change: &node.KeyChange{Room: DenID, Name: name, Owner: DaveID, Words: "orbit tulip", Known: AliceID, KnownWords: "robot lemon"},
	}
}
