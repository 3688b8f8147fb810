package protocol

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"

	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
)

// version is one number for all that goes over the wire. It grows with any change of a frame, a record, a message or a topic
// that an older node would not understand: a node that differed in one protocol alone could be let in, and then not be heard.
const version = "/7"

// Stream protocols.
const (
	PollID  libprotocol.ID = "/localchat/poll" + version  // member → authority: the standing question, one kept stream
	JoinID  libprotocol.ID = "/localchat/join" + version  // stranger → authority: let me in
	AskID   libprotocol.ID = "/localchat/ask" + version   // member → authority: leave, invite
	SyncID  libprotocol.ID = "/localchat/sync" + version  // member ↔ member: records, keys, lines that one of them lacks
	PassID  libprotocol.ID = "/localchat/pass" + version  // member → member: what the author cannot send to others itself
	TellID  libprotocol.ID = "/localchat/tell" + version  // member → member: a direct message
	RoomsID libprotocol.ID = "/localchat/rooms" + version // anybody → anybody: which rooms are here
)

// Topics of a room's own gossipsub instance. The room's id is in the instance's protocol ID, so they stay short.
const (
	LinesTopic   = "lines"
	RecordsTopic = "records"
)

// GossipID is the protocol ID of the gossipsub instance of room id: one instance a room, so that a peer
// blacklisted in one room is untouched in the next (go-libp2p-pubsub keeps its blacklist per instance).
func GossipID(id RoomID) libprotocol.ID {
	return libprotocol.ID("/localchat/room/" + id.String() + version)
}

// Signature domains (libp2p core/record). A signature made under one never verifies under another. The room's id follows
// that of a message.
const (
	recordDomain  = "localchat/record/v2"
	messageDomain = "localchat/message/v3"
	reasonDomain  = "localchat/reason/v1"
)

// keyDomain is what the commitment to an epoch's key begins with; see [CommitKey].
const keyDomain = "localchat/epoch-key/v1"

// messageType says in an envelope that it holds a message. It is short, since it goes with every line.
const messageType = "msg/3"

// A Hash is a SHA-256 digest of signed bytes. The zero Hash means "none".
type Hash [sha256.Size]byte

// IsZero reports whether h is "none".
func (h Hash) IsZero() bool { return h == Hash{} }

// A RoomID is the Hash of the payload of the room's Create record, which holds the owner's key and a salt: it can
// neither be forged nor met twice.
type RoomID Hash

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ErrRoomID means that a text is not a room id.
var ErrRoomID = errors.New("protocol: not a room id")

// Short is the first 26 characters of h in the base32 of a RoomID, 130 bits: enough to tell one line from another.
func (h Hash) Short() string {
	var b [28]byte
	idEncoding.Encode(b[:], h[:17])
	return string(b[:26])
}

// String is the id as people and programs write it: 52 characters of lower-case base32.
func (id RoomID) String() string { return idEncoding.EncodeToString(id[:]) }

// ParseRoomID reads what String wrote; case does not matter.
func ParseRoomID(s string) (RoomID, error) {
	s = strings.ToLower(s)
	b, err := idEncoding.DecodeString(s)
	// The decoder skips line breaks and ignores the last character's spare bits; an id has one text.
	if err != nil || len(b) != len(RoomID{}) || RoomID(b).String() != s {
		return RoomID{}, ErrRoomID
	}
	return RoomID(b), nil
}

// MarshalText makes the id a string in JSON.
func (id RoomID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *RoomID) UnmarshalText(b []byte) error {
	parsed, err := ParseRoomID(string(b))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// A Nonce binds a claim to the client that asked for it; see [PollRequest].
type Nonce [16]byte

// A Token is the secret of a single-use invite.
type Token [16]byte

// IsZero reports whether t is "no token".
func (t Token) IsZero() bool { return t == Token{} }

// An InviteID names an invite in records and lists without giving its token away: the first 8 bytes of the
// token's SHA-256.
type InviteID [8]byte

// IsZero reports whether i is "no invite".
func (i InviteID) IsZero() bool { return i == InviteID{} }

// String is the id as the owner types it: 13 characters of lower-case base32.
func (i InviteID) String() string { return idEncoding.EncodeToString(i[:]) }

// ID is the public name of t.
func (t Token) ID() InviteID {
	h := sha256.Sum256(t[:])
	return InviteID(h[:8])
}

// A Key is the 32-byte message key of one epoch of one room.
type Key [32]byte
