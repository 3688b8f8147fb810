package protocol

import "time"

// The bounds of the wire, with their units and reasons; the size of a frame stands beside its type. Decoders check them before
// they allocate.
const (
	// MaxText is the longest text of a line or a direct message, in bytes of UTF-8: 64 KiB is a pasted log of
	// about a thousand lines; more belongs in a file.
	MaxText = 64 << 10
	// MaxNick, in bytes and in runes: what a member list can show in one column.
	MaxNick      = 128
	MaxNickRunes = 32
	// MaxRoomName, in bytes: as for nicks.
	MaxRoomName      = 128
	MaxRoomNameRunes = 32
	// MaxSubject, in bytes: one line of a status bar, in any script.
	MaxSubject = 400
	// MaxReason, in bytes: about what IRC gives a kick comment; a reason is one sentence.
	MaxReason = 400
	// MaxMembers of a room. An author sends a line to each of them itself (to 512 that is 200 kB, and some 10 ms of a core);
	// state and poll replies grow with it.
	MaxMembers = 512
	// MaxAddrs of one peer in any frame, and MaxAddr in bytes of one multiaddr: a laptop has a handful, a hostile
	// peer as many as we let it.
	MaxAddrs = 16
	MaxAddr  = 128
	// MaxRecord and MaxMessage, in bytes of the signed envelope: the largest legal body and its proof.
	MaxRecord  = 4 << 10
	MaxMessage = MaxText + 1<<10
	// MaxFrame, in bytes, of a small request or answer (everything but a batch of records or lines).
	MaxFrame = MaxText + 1<<10
	// MaxBatch, in bytes, of a frame that carries records, keys or lines; a sender stops filling before it and
	// says that there is more.
	MaxBatch = 1 << 20
	// MaxBatchItems of each kind (records, keys, lines, heads) in one frame.
	MaxBatchItems = 4 * MaxMembers
	// MaxRuns, in numbers of all [Runs] in one frame: one for each head, and two for as many gaps.
	MaxRuns = 3 * MaxBatchItems
	// MaxRooms on one page of a node's list of rooms.
	MaxRooms = 32
	// MaxUnlisted, in rooms, that it says follow a page: more than a person has, and no number for a list to be full of.
	MaxUnlisted = 9999
	// MaxEnded, in records, that one node hands on when it lists its rooms: more rooms than one evening has.
	MaxEnded = 16
	// MaxInvite, in characters of an invite text: what fits in a QR code that a phone reads off a terminal, and 4
	// addresses.
	MaxInvite       = 512
	MaxInviteAddrs  = 4
	MaxInviteExpiry = 7 * 24 * time.Hour // a forgotten invite is a door left open
	// MaxSignedReason, in bytes of the signed envelope: the longest reason, the longest nick, ids and proof.
	MaxSignedReason = 2 << 10
	// MaxCounter is the largest seq, epoch, term, ctr and lamport: what every JSON reader still holds exactly, and
	// far from where adding one wraps around. A lamport clock that has reached it stays there.
	MaxCounter = 1<<53 - 1
	// MaxPolicyTime bounds Idle and Retain of a policy: a room is a conversation, not an archive.
	MaxPolicyTime = 365 * 24 * time.Hour
	// MaxAge of a line that is handed over: what is as old as a line may get is not handed over.
	MaxAge = MaxPolicyTime
	// maxTimeMillis is the last moment that a field can name, the end of year 9999, after which RFC 3339 has no form.
	maxTimeMillis = 253402300799999
)
