package protocol

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"

	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
)

// version is one number for all protocols. It grows with any change of a frame, a record, a message or a topic that an older node
// would not understand: a node that differed in one protocol alone could join a room and then be unable to talk.
const version = "/9"

// Stream protocols.
const (
	PollID  libprotocol.ID = "/localchat/poll" + version  // member → authority: the standing question, on one stream
	JoinID  libprotocol.ID = "/localchat/join" + version  // stranger → authority: a knock, or an invite
	OrderID libprotocol.ID = "/localchat/order" + version // deputy → authority: an order
	TakeID  libprotocol.ID = "/localchat/take" + version  // member → owner: the books of a room that is offered to it, and the room
	AskID   libprotocol.ID = "/localchat/ask" + version   // member → authority: leave, make an invite, or take another nick
	SyncID  libprotocol.ID = "/localchat/sync" + version  // member ↔ member: records, keys and lines that one of them lacks
	PassID  libprotocol.ID = "/localchat/pass" + version  // member → member: a line or record, to relay to members
	TellID  libprotocol.ID = "/localchat/tell" + version  // member → member: a direct message
	RoomsID libprotocol.ID = "/localchat/rooms" + version // any peer → any peer: the list of rooms
)

// Topics of a room's own gossipsub instance. The room's id is in the instance's protocol ID, so they stay short.
const (
	LinesTopic   = "lines"
	RecordsTopic = "records"
)

// GossipID returns the protocol ID of the gossipsub instance of a room. Each room has an instance, so that a peer that is
// blacklisted in one room is not in another (go-libp2p-pubsub keeps one blacklist for each instance).
func GossipID(id RoomID) libprotocol.ID {
	return libprotocol.ID("/localchat/room/" + id.String() + version)
}

// The domains of signatures (libp2p core/record). A signature made in one domain does not verify in another. In messageDomain the
// room's id is appended.
const (
	recordDomain  = "localchat/record/v2"
	messageDomain = "localchat/message/v3"
	reasonDomain  = "localchat/reason/v1"
	acceptDomain  = "localchat/accept/v1"
)

// keyDomain begins the text whose hash commits to an epoch's key; see [CommitKey].
const keyDomain = "localchat/epoch-key/v1"

// messageType is the payload type of a message. It is short, since every line contains it.
const messageType = "msg/3"

// A Hash is a SHA-256 digest. The zero Hash means "none".
type Hash [sha256.Size]byte

// IsZero reports whether h is "none".
func (h Hash) IsZero() bool { return h == Hash{} }

// A RoomID is the Hash of the payload of the room's Create record. The record contains the owner's key and a salt, so an id cannot be
// forged, and no two rooms have the same.
type RoomID Hash

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrRoomID means that a text is not a room id.
var ErrRoomID = errors.New("protocol: not a room id")

// Short returns the first 26 characters of h in the base32 of a RoomID, which are 130 bits: enough to identify a line.
func (h Hash) Short() string {
	var b [28]byte
	idEncoding.Encode(b[:], h[:17])
	return string(b[:26])
}

// String returns the id as people and programs write it: 52 characters of lower-case base32.
func (id RoomID) String() string { return idEncoding.EncodeToString(id[:]) }

// ParseRoomID returns the id that String writes as s, in upper or lower case. It fails with [ErrRoomID].
func ParseRoomID(s string) (RoomID, error) {
	s = strings.ToLower(s)
	b, err := idEncoding.DecodeString(s)
	// An id has one text. But the decoder skips line breaks, and ignores the unused bits of the last character.
	if err != nil || len(b) != len(RoomID{}) || RoomID(b).String() != s {
		return RoomID{}, ErrRoomID
	}
	return RoomID(b), nil
}

// MarshalText makes the id a string in JSON: that of String.
func (id RoomID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText undoes MarshalText.
func (id *RoomID) UnmarshalText(b []byte) error {
	parsed, err := ParseRoomID(string(b))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// A Nonce identifies the client that asks, so that only that client can claim a reason and ask for it again; see [PollRequest].
type Nonce [16]byte

// A Token is the secret of a single-use invite.
type Token [16]byte

// IsZero reports whether t is "no token".
func (t Token) IsZero() bool { return t == Token{} }

// An InviteID names an invite in records and lists without disclosing its token: it is the first 8 bytes of the token's SHA-256.
type InviteID [8]byte

// IsZero reports whether i is "no invite".
func (i InviteID) IsZero() bool { return i == InviteID{} }

// String returns the id as the owner types it: 13 characters of lower-case base32.
func (i InviteID) String() string { return idEncoding.EncodeToString(i[:]) }

// ParseInviteID reads what String writes.
func ParseInviteID(s string) (id InviteID, err error) {
	b, err := idEncoding.DecodeString(s)
	if err != nil || len(b) != len(id) || idEncoding.EncodeToString(b) != s {
		return id, malformed("invite", "not the ID of an invite")
	}
	return InviteID(b), nil
}

// ID returns the id of the invite whose token is t.
func (t Token) ID() InviteID {
	h := sha256.Sum256(t[:])
	return InviteID(h[:8])
}

// A Key is the 32-byte message key of one epoch of one room.
type Key [32]byte
