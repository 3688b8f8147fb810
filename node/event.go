package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// PeerID is peer.ID by the name that a face uses, which imports no libp2p.
type PeerID = peer.ID

// RoomID names a room.
type RoomID = protocol.RoomID

// An Event is something that happened, told to every [Subscription] in one order. Text in an event is exactly what
// its author wrote: a face that shows it on a terminal makes it safe first.
type Event struct {
	// Seq is one more than that of the event before. A later life of the node begins with a larger number. Time is when the node
	// noticed.
	Seq  uint64
	Time time.Time
	// Room is zero for events of the node itself; RoomName is its label.
	Room     RoomID
	RoomName string
	Body     EventBody
}

// An EventBody is one of the types below. The field names of the JSON face are their json tags.
type EventBody interface {
	// Type is the event's name in the JSON face.
	Type() string
}

// A Quote is enough of a line to know it again.
type Quote struct {
	Nick string `json:"nick"`
	Text string `json:"text"` // its first words
}

type (
	// RoomFound: a room was seen on the network for the first time, or again after RoomLost.
	RoomFound struct {
		Name   string  `json:"name"`
		Owner  peer.ID `json:"owner"`
		Words  string  `json:"words"`
		Access Access  `json:"access"`
	}
	// RoomLost: nobody has shown the room for a while.
	RoomLost RoomFound
	// Knock: somebody asks the owner to be admitted; see [KnockInfo].
	Knock struct {
		Peer  peer.ID `json:"peer"`
		Nick  string  `json:"nick"`
		Words string  `json:"words"`
		Alike bool    `json:"alike,omitempty"`
		Trust
	}
	// KnockGone: a knock was withdrawn before it was answered.
	KnockGone struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
	}
	// Joined: I am in.
	Joined struct {
		Name  string `json:"name"`
		Nick  string `json:"nick"`
		Epoch uint64 `json:"epoch"`
		// Owner: the room is mine.
		Owner   bool `json:"owner"`
		Resumed bool `json:"resumed"`
		// RetainS is for how long lines are kept, in seconds.
		RetainS int64 `json:"retain_s"`
	}
	// Left: I have left, at my own wish.
	Left struct{}
	// MemberJoined: somebody was admitted.
	MemberJoined struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
	}
	// MemberLeft: somebody left at its own wish.
	MemberLeft MemberJoined
	// MemberRemoved: somebody lost its place. Kind is KindKicked or KindBanned.
	MemberRemoved struct {
		Peer peer.ID `json:"peer"`
		Nick string  `json:"nick"`
		By   peer.ID `json:"by"`
		// ByNick is By's nick.
		ByNick string    `json:"by_nick"`
		Kind   Kind      `json:"kind"`
		Until  time.Time `json:"until,omitzero"`
		Seq    uint64    `json:"removal"`
	}
	// RemovalReason: the authority tells the room why, after the removed peer has heard it.
	RemovalReason struct {
		Peer    peer.ID `json:"peer"`
		Nick    string  `json:"nick"`
		Text    string  `json:"text"`
		Removal uint64  `json:"removal"`
	}
	// Unbanned: a ban was lifted.
	Unbanned MemberJoined
	// Message: a line that counts.
	Message struct {
		ID     string    `json:"id"`
		Peer   peer.ID   `json:"peer"`
		Nick   string    `json:"nick"`
		Text   string    `json:"text"`
		Action bool      `json:"action"`
		At     time.Time `json:"at"`
		Self   bool      `json:"self"`
		// Late: it came by another way than live, after a gap in the network for example.
		Late bool `json:"late"`
		// Backlog: it was said before this node came into the room in this life. It may have been told in an earlier one,
		// and is not to be acted on. Each is Late too.
		Backlog bool `json:"backlog,omitempty"`
		// Before is the ID of the line that this one stands above, in the order that [Node.History] has on every node;
		// empty where it is the last.
		Before string `json:"before,omitempty"`
		// Next is the line that Before names.
		Next *Quote `json:"next,omitempty"`
	}
	// Backlog: the next N events of this room are [Message]s with Backlog set, in the room's order; then [BacklogEnd]. There
	// may be less of them where lines expire meanwhile. All of them stand above the line Before; empty: they are the last.
	Backlog struct {
		N      int    `json:"n"`
		Before string `json:"before,omitempty"`
		Next   *Quote `json:"next,omitempty"`
	}
	// BacklogEnd ends what [Backlog] begins.
	BacklogEnd struct{}
	// Hidden: lines shown before count no longer, because their author was removed and they are past its cut-off.
	Hidden struct {
		Peer peer.ID  `json:"peer"`
		Nick string   `json:"nick"`
		IDs  []string `json:"ids"`
	}
	// Expired: lines have reached the end of their retention and are to be forgotten.
	Expired struct {
		IDs []string `json:"ids"`
	}
	// Delivered: the authority has a line of mine or, while it is away or I am it, another member.
	Delivered struct {
		ID string `json:"id"`
	}
	// Direct: a direct message.
	Direct struct {
		ID   string    `json:"id"`
		Peer peer.ID   `json:"peer"`
		Nick string    `json:"nick"`
		Text string    `json:"text"`
		At   time.Time `json:"at"`
	}
	// Removed: I lost my place. Exactly once for each removal, so long as this node lives. If it dies between handing
	// this to a reader and noting, a second or two later, that it has been read, the next life says it again, with the
	// same Removal: twice is better than never.
	//
	// AtDoor: I was not in yet. I stood at the door when I was banned or the room was closed, or came with an invite that
	// had been revoked. Nothing of the room is here to be cleared, and what asked to be let in fails with the same words.
	Removed struct {
		Kind   Kind      `json:"kind"`
		Text   string    `json:"text"`
		By     peer.ID   `json:"by"`
		ByNick string    `json:"by_nick"`
		At     time.Time `json:"at"`
		Until  time.Time `json:"until,omitzero"`
		// Removal is a number of the room's log. Two events of one room with one Removal tell of the same thing.
		Removal uint64 `json:"removal"`
		AtDoor  bool   `json:"at_door,omitempty"`
	}
	// Refused: I am no member there; nothing more is said.
	Refused struct{}
	// Epoch: the room has a new key. Have and Missing are peers, on the owner's node alone.
	Epoch struct {
		Epoch   uint64    `json:"epoch"`
		Have    []peer.ID `json:"have,omitempty"`
		Missing []peer.ID `json:"missing,omitempty"`
	}
	// RemovalProgress: how far a removal has got, on the owner's node.
	RemovalProgress struct {
		Peer    peer.ID  `json:"peer"`
		Nick    string   `json:"nick"`
		Kind    Kind     `json:"kind"`
		Told    bool     `json:"told"`
		Applied int      `json:"applied"`
		Total   int      `json:"total"`
		Missing []string `json:"missing,omitempty"` // nicks not heard from
	}
	// OwnerUnreachable: nobody can be admitted or removed for now. Told again as ForS grows, but where Left: the owner's node has
	// ended in order, as it said before, and the room waits for it. Nick is the owner's then.
	OwnerUnreachable struct {
		ForS int    `json:"for_s"`
		Left bool   `json:"left,omitempty"`
		Nick string `json:"nick,omitempty"`
	}
	// OwnerBack: the authority answers again, after ForS seconds.
	OwnerBack struct {
		ForS int `json:"for_s"`
	}
	// PolicyChanged: somebody has changed the policy. PolicyInfo is what is in force now, and Changed what of it is new, by the
	// names in JSON.
	PolicyChanged struct {
		PolicyInfo
		By      peer.ID  `json:"by"`
		ByNick  string   `json:"by_nick"`
		Changed []string `json:"changed"`
	}
	// RoomClosed: the room that I own has ended.
	RoomClosed struct {
		Kind Kind   `json:"kind"`
		Text string `json:"text"`
	}
	// Gap: events that this reader was too slow for, or that it came back too late for; 0: it is not known how many.
	Gap struct {
		Lost int `json:"lost"`
	}
	// Warning: something that a person should know. Codes: attempt (somebody tried what only the owner may), ambiguous_room,
	// owner_key, verified_nick (somebody bears the nick of a person with another key), frozen, lines_full (lines are forgotten
	// before their time), renew (what the owner of a frozen room can do), old_disk (what this node had decided and lost was taken
	// back), other_log and bad_key (what the owner handed out is not what its own log says), identity (rooms of an identity that
	// was moved away are kept aside), not_delivered, flood (a member, or strangers, send so much that it is refused: what, and
	// where it comes from; see floods), knocks (how many more stand at the door than were announced), version (a node here runs
	// another one), network, disk.
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
func (Unbanned) Type() string         { return "unbanned" }
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
func (RoomClosed) Type() string       { return "room_closed" }
func (Gap) Type() string              { return "gap" }
func (Warning) Type() string          { return "warning" }
