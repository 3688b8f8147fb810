package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// PeerID is peer.ID under a name for the faces, which do not import libp2p.
type PeerID = peer.ID

// RoomID identifies a room.
type RoomID = protocol.RoomID

// An Event is sent to every [Subscription], in the same order. The texts in it are exactly as their authors wrote them: a face
// must make them safe before it shows them on a terminal.
type Event struct {
	// Seq is one more than that of the event before. A later run of the node begins with a larger number. Time is when the node made
	// the event.
	Seq  uint64
	Time time.Time
	// Room is zero for events of the node itself. RoomName is the name of the room as this node shows it.
	Room     RoomID
	RoomName string
	Body     EventBody
}

// An EventBody is one of the types below. Their json tags are the field names in JSON-RPC.
type EventBody interface {
	// Type returns the event's name in JSON-RPC.
	Type() string
}

// A Quote is enough of a line to know it again.
type Quote struct {
	Nick string `json:"nick"`
	Text string `json:"text"` // its first words
}

type (
	// RoomFound says that a room was seen on the network for the first time, or again after RoomLost.
	RoomFound struct {
		Name   string  `json:"name"`
		Owner  peer.ID `json:"owner"`
		Words  string  `json:"words"`
		Access Access  `json:"access"`
	}
	// RoomLost says that no node has shown the room for a while.
	RoomLost RoomFound
	// Knock says, at the nodes of the owner and of deputies, that a peer asks to be admitted; see [KnockInfo].
	Knock struct {
		Peer  peer.ID `json:"peer"`
		Nick  string  `json:"nick"`
		Words string  `json:"words"`
		Alike bool    `json:"alike,omitempty"`
		Trust
	}
	// KnockGone says that a knock was withdrawn before it was answered.
	KnockGone struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
	}
	// Joined says that this node has entered the room.
	Joined struct {
		Name  string `json:"name"`
		Nick  string `json:"nick"`
		Epoch uint64 `json:"epoch"`
		// Owner is set if this node owns the room, and Deputy if it is a deputy there.
		Owner   bool `json:"owner"`
		Deputy  bool `json:"deputy,omitempty"`
		Resumed bool `json:"resumed"`
		// RetainS is the retention of the room's lines, in seconds.
		RetainS int64 `json:"retain_s"`
		// Muted: nothing that I say counts, until MutedUntil or, if that is zero, until I am unmuted.
		Muted      bool      `json:"muted,omitempty"`
		MutedUntil time.Time `json:"muted_until,omitzero"`
		// Voiceless: only members with a voice may talk, and I have none.
		Voiceless bool `json:"voiceless,omitempty"`
	}
	// Left says that this node has left the room by itself.
	Left struct{}
	// MemberJoined says that a peer was admitted.
	MemberJoined struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
	}
	// MemberLeft says that a member left by itself.
	MemberLeft MemberJoined
	// MemberRemoved says that a member was removed. Kind is KindKicked or KindBanned.
	MemberRemoved struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		By   peer.ID `json:"by"`
		// ByNick is By's nick.
		ByNick string `json:"by_nick"`
		// For is the owner for which By, a deputy, has decided; "" if By is the owner. ForNick is its nick.
		For     peer.ID   `json:"for,omitempty"`
		ForNick string    `json:"for_nick,omitempty"`
		Kind    Kind      `json:"kind"`
		Until   time.Time `json:"until,omitzero"`
		Seq     uint64    `json:"removal"`
	}
	// RemovalReason has the reason of a removal. The authority tells it to the room after the removed peer has got it.
	RemovalReason struct {
		Peer    peer.ID `json:"peer"`
		Nick    string  `json:"nick"`
		Text    string  `json:"text"`
		Removal uint64  `json:"removal"`
	}
	// MemberMuted says that another member has lost its voice, until Until or, if that is zero, until Unmuted.
	MemberMuted struct {
		Peer    peer.ID   `json:"peer"`
		Nick    string    `json:"nick"`
		By      peer.ID   `json:"by"`
		ByNick  string    `json:"by_nick"`
		For     peer.ID   `json:"for,omitempty"`
		ForNick string    `json:"for_nick,omitempty"`
		Until   time.Time `json:"until,omitzero"`
		Seq     uint64    `json:"mute"`
	}
	// MuteReason says why, after the muted member has heard it.
	MuteReason struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		Text string  `json:"text"`
		Seq  uint64  `json:"mute"`
	}
	// Muted says that this node has lost its voice. It is told once, as [Removed] is.
	Muted struct {
		Text    string    `json:"text"`
		By      peer.ID   `json:"by"`
		ByNick  string    `json:"by_nick"`
		For     peer.ID   `json:"for,omitempty"`
		ForNick string    `json:"for_nick,omitempty"`
		At      time.Time `json:"at"`
		Until   time.Time `json:"until,omitzero"`
		Seq     uint64    `json:"mute"`
	}
	// Warned says that this node's user was warned. It is told once, as [Muted] is.
	Warned struct {
		Text    string    `json:"text"`
		By      peer.ID   `json:"by"`
		ByNick  string    `json:"by_nick"`
		For     peer.ID   `json:"for,omitempty"`
		ForNick string    `json:"for_nick,omitempty"`
		At      time.Time `json:"at"`
		Seq     uint64    `json:"warning"`
	}
	// MemberWarned says, to the owner and the deputies, that a member was warned, and how often by now. Only the owner has Text.
	MemberWarned struct {
		Peer    peer.ID `json:"peer"`
		Nick    string  `json:"nick"`
		By      peer.ID `json:"by"`
		ByNick  string  `json:"by_nick"`
		For     peer.ID `json:"for,omitempty"`
		ForNick string  `json:"for_nick,omitempty"`
		Text    string  `json:"text,omitempty"`
		Count   int     `json:"count"`
		Seq     uint64  `json:"warning"`
	}
	// OrderSettled says what has become of an order of a deputy, this node's user, that got no answer: whether the log has its record. Peer
	// is whom it is about, if it is about somebody.
	OrderSettled struct {
		Order string  `json:"order"`
		Peer  peer.ID `json:"peer,omitempty"`
		Nick  string  `json:"nick,omitempty"`
		Done  bool    `json:"done"`
	}
	// WarningTold says, at the owner's node, that the member has got the warning.
	WarningTold struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		Seq  uint64  `json:"warning"`
	}
	// Unmuted says that a member, or with Self this node, may talk again.
	Unmuted struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		Self bool    `json:"self"`
	}
	// Voiced says that a member or, with Self, this node has been given a voice, until Until or, if that is zero, without end.
	Voiced struct {
		Peer  peer.ID   `json:"peer"`
		Nick  string    `json:"nick"`
		Until time.Time `json:"until,omitzero"`
		Self  bool      `json:"self"`
	}
	// Unvoiced says that it has lost that voice.
	Unvoiced struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		Self bool    `json:"self"`
	}
	// Hand says, at the owner's node, that a member asks for a voice.
	Hand struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
	}
	// HandGone says that it does no more, or has got one.
	HandGone struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
	}
	// Renamed says that a member or, with Self, this node has another nick. Lines that were told before keep the nick that they had;
	// lines that are told later have the nick of now.
	Renamed struct {
		Peer    peer.ID `json:"peer"`
		Nick    string  `json:"nick"`
		OldNick string  `json:"old_nick"`
		Self    bool    `json:"self"`
	}
	// MemberAway says that the person of a member, or with Self of this node, is away, or is back. It changes nothing else.
	MemberAway struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		Away bool    `json:"away"`
		Text string  `json:"text"`
		Self bool    `json:"self"`
	}
	// Appeal says, at the nodes of the owner and of deputies, that a removed member has appealed.
	Appeal AppealInfo
	// AppealGone says that an appeal is over without a pardon.
	AppealGone struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
	}
	// MemberPardoned says that a removed member may come back.
	MemberPardoned struct {
		Peer    peer.ID `json:"peer"`
		Nick    string  `json:"nick"`
		By      peer.ID `json:"by"`
		ByNick  string  `json:"by_nick"`
		For     peer.ID `json:"for,omitempty"`
		ForNick string  `json:"for_nick,omitempty"`
		Seq     uint64  `json:"pardon"`
	}
	// PardonTold says, at the owner's node, that the removed member is told of it.
	PardonTold struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		Seq  uint64  `json:"pardon"`
	}
	// Pardoned says that this node, which was removed, may come back until Until without a knock. It is told once, as [Removed] is.
	Pardoned struct {
		By      peer.ID   `json:"by"`
		ByNick  string    `json:"by_nick"`
		For     peer.ID   `json:"for,omitempty"`
		ForNick string    `json:"for_nick,omitempty"`
		At      time.Time `json:"at"`
		Until   time.Time `json:"until"`
		Seq     uint64    `json:"pardon"`
	}
	// Unbanned says that a ban was lifted.
	Unbanned MemberJoined
	// Message is a line that counts.
	Message struct {
		ID     string    `json:"id"`
		Peer   peer.ID   `json:"peer"`
		Nick   string    `json:"nick"`
		Text   string    `json:"text"`
		Action bool      `json:"action"`
		At     time.Time `json:"at"`
		Self   bool      `json:"self"`
		// Late is set if the line was fetched and did not come live, for example after a gap in the network.
		Late bool `json:"late"`
		// Backlog is set if the line was said before this run of the node entered the room. An earlier run may have told it,
		// and a program must not act on it. Late is set too.
		Backlog bool `json:"backlog,omitempty"`
		// Before is the ID of the line before which this one comes, in the order of [Node.History], which is the same on every
		// node; empty if this line is the last.
		Before string `json:"before,omitempty"`
		// Next is the beginning of the line that Before names.
		Next *Quote `json:"next,omitempty"`
	}
	// Backlog says that the next N events of this room are [Message] events with Backlog set, in the room's order; then comes
	// [BacklogEnd]. They are fewer if lines expire meanwhile. All come before the line Before; if that is empty, they are the last.
	Backlog struct {
		N      int    `json:"n"`
		Before string `json:"before,omitempty"`
		Next   *Quote `json:"next,omitempty"`
	}
	// BacklogEnd is the end of the events that [Backlog] announced.
	BacklogEnd struct{}
	// Hidden says that lines that were told before no longer count, since their author was removed and they are past its cut-off.
	Hidden struct {
		Peer peer.ID  `json:"peer"`
		Nick string   `json:"nick"`
		IDs  []string `json:"ids"`
	}
	// Expired says that lines have reached the end of their retention and must be forgotten.
	Expired struct {
		IDs []string `json:"ids"`
	}
	// Delivered says that the authority has a line of this node or, while the authority is away or is this node, another member.
	Delivered struct {
		ID string `json:"id"`
	}
	// Direct is a direct message to this node or, with Self, from this node to To.
	Direct struct {
		ID     string    `json:"id"`
		Peer   peer.ID   `json:"peer"`
		Nick   string    `json:"nick"`
		Text   string    `json:"text"`
		At     time.Time `json:"at"`
		Self   bool      `json:"self,omitempty"`
		To     peer.ID   `json:"to,omitempty"`
		ToNick string    `json:"to_nick,omitempty"`
		// Backlog is set if the message was told before, when it came or was sent.
		Backlog bool `json:"backlog,omitempty"`
	}
	// Removed says that this node was removed. It comes exactly once for each removal as long as this node runs. If the node dies
	// after a reader has got the event and before that is noted, a second or two later, the next run sends it again, with the same
	// Removal: twice is better than never.
	//
	// AtDoor is set if this node was not a member yet: it was at the door when it was banned or the room was closed, or came with
	// an invite that had been revoked. A face has nothing of the room to clear, and the join fails with the same text.
	Removed struct {
		Kind    Kind      `json:"kind"`
		Text    string    `json:"text"`
		By      peer.ID   `json:"by"`
		ByNick  string    `json:"by_nick"`
		For     peer.ID   `json:"for,omitempty"`
		ForNick string    `json:"for_nick,omitempty"`
		At      time.Time `json:"at"`
		Until   time.Time `json:"until,omitzero"`
		// Removal is the number of a record in the room's log. Two events of one room with the same Removal are of the same removal.
		Removal uint64 `json:"removal"`
		AtDoor  bool   `json:"at_door,omitempty"`
	}
	// Refused says that this node is no member of the room. No reason is known.
	Refused struct{}
	// Epoch says that the room has a new key. Have and Missing are the members with and without it, at the owner's node only.
	Epoch struct {
		Epoch   uint64    `json:"epoch"`
		Have    []peer.ID `json:"have,omitempty"`
		Missing []peer.ID `json:"missing,omitempty"`
	}
	// RemovalProgress says, at the owner's node, how many members have applied a removal or, by Kind, a mute.
	RemovalProgress struct {
		Peer    peer.ID  `json:"peer"`
		Nick    string   `json:"nick"`
		Kind    Kind     `json:"kind"`
		Told    bool     `json:"told"`
		Applied int      `json:"applied"`
		Total   int      `json:"total"`
		Missing []string `json:"missing,omitempty"` // nicks not heard from
	}
	// OwnerUnreachable says that no peer can be admitted or removed for now. It is sent again as ForS grows, unless Left is set:
	// then the owner's node has ended in order, after it said so, and the room waits for it. Nick is that of the owner then.
	OwnerUnreachable struct {
		ForS int    `json:"for_s"`
		Left bool   `json:"left,omitempty"`
		Nick string `json:"nick,omitempty"`
	}
	// OwnerBack says that the authority answers again, after ForS seconds.
	OwnerBack struct {
		ForS int `json:"for_s"`
	}
	// PolicyChanged says that By has changed the policy. PolicyInfo is the new one, and Changed has the names in JSON of the fields
	// that have changed.
	PolicyChanged struct {
		PolicyInfo
		By      peer.ID  `json:"by"`
		ByNick  string   `json:"by_nick"`
		For     peer.ID  `json:"for,omitempty"`
		ForNick string   `json:"for_nick,omitempty"`
		Changed []string `json:"changed"`
	}
	// Deputies says that the owner has named a deputy, or has made one none. A deputy that leaves or is removed is none either.
	Deputies struct {
		Deputies []Named `json:"deputies"` // all of them
		Named    []Named `json:"named"`
		Dropped  []Named `json:"dropped"`
		// Mine is set if this node is a deputy now, and Changed if that is new.
		Mine    bool `json:"mine"`
		Changed bool `json:"changed"`
	}
	// TransferOffered says that By, the owner, offers the room to this node, until a time; without one, that it is offered no more.
	TransferOffered struct {
		By    peer.ID   `json:"by"`
		Nick  string    `json:"nick"`
		Until time.Time `json:"until,omitzero"`
	}
	// OwnerChanged says that the room has another owner; with Self, this node. From is the one that gave it away or, in a room that this
	// node has just entered, the one by which it knew the room.
	OwnerChanged struct {
		Peer     peer.ID `json:"peer"`
		Nick     string  `json:"nick"`
		From     peer.ID `json:"from"`
		FromNick string  `json:"from_nick"`
		Self     bool    `json:"self"`
	}
	// RoomClosed says that a room of this node has ended.
	RoomClosed struct {
		Kind Kind   `json:"kind"`
		Text string `json:"text"`
	}
	// Gap says that this reader misses Lost events, since it was too slow or came back too late; 0 if their number is unknown.
	Gap struct {
		Lost int `json:"lost"`
	}
	// Warning has a text for a person. docs/interface.md, "Events", lists its codes. Peer is the peer that it is about, if any.
	Warning struct {
		Code string  `json:"code"`
		Text string  `json:"text"`
		Peer peer.ID `json:"peer,omitempty"`
	}
)

func (RoomFound) Type() string        { return "room_found" }
func (RoomLost) Type() string         { return "room_lost" }
func (Knock) Type() string            { return "knock" }
func (KnockGone) Type() string        { return "knock_gone" }
func (Joined) Type() string           { return "joined" }
func (Left) Type() string             { return "left" }
func (MemberJoined) Type() string     { return "member_joined" }
func (MemberLeft) Type() string       { return "member_left" }
func (MemberRemoved) Type() string    { return "member_removed" }
func (RemovalReason) Type() string    { return "removal_reason" }
func (MemberMuted) Type() string      { return "member_muted" }
func (MuteReason) Type() string       { return "mute_reason" }
func (Muted) Type() string            { return "muted" }
func (Warned) Type() string           { return "warned" }
func (MemberWarned) Type() string     { return "member_warned" }
func (WarningTold) Type() string      { return "warning_told" }
func (OrderSettled) Type() string     { return "order_settled" }
func (Unmuted) Type() string          { return "unmuted" }
func (Renamed) Type() string          { return "renamed" }
func (MemberAway) Type() string       { return "away" }
func (Voiced) Type() string           { return "voiced" }
func (Unvoiced) Type() string         { return "unvoiced" }
func (Hand) Type() string             { return "hand" }
func (HandGone) Type() string         { return "hand_gone" }
func (Unbanned) Type() string         { return "unbanned" }
func (Appeal) Type() string           { return "appeal" }
func (AppealGone) Type() string       { return "appeal_gone" }
func (MemberPardoned) Type() string   { return "member_pardoned" }
func (PardonTold) Type() string       { return "pardon_told" }
func (Pardoned) Type() string         { return "pardoned" }
func (Message) Type() string          { return "message" }
func (Backlog) Type() string          { return "backlog" }
func (BacklogEnd) Type() string       { return "backlog_end" }
func (Hidden) Type() string           { return "hidden" }
func (Expired) Type() string          { return "expired" }
func (Delivered) Type() string        { return "delivered" }
func (Direct) Type() string           { return "direct" }
func (Removed) Type() string          { return "removed" }
func (Refused) Type() string          { return "refused" }
func (Epoch) Type() string            { return "epoch" }
func (RemovalProgress) Type() string  { return "removal_progress" }
func (OwnerUnreachable) Type() string { return "owner_unreachable" }
func (OwnerBack) Type() string        { return "owner_back" }
func (PolicyChanged) Type() string    { return "policy" }
func (Deputies) Type() string         { return "deputies" }
func (TransferOffered) Type() string  { return "transfer_offered" }
func (OwnerChanged) Type() string     { return "owner_changed" }
func (RoomClosed) Type() string       { return "room_closed" }
func (Gap) Type() string              { return "gap" }
func (Warning) Type() string          { return "warning" }
