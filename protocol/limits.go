package protocol

import "time"

// The bounds of the protocol, with their units and reasons. The size of a frame is beside its type. A decoder checks a bound before
// it allocates.
const (
	// MaxText is the length of the longest text of a line or a direct message, in bytes of UTF-8: a pasted log of about a thousand
	// lines. A longer text belongs in a file.
	MaxText = 64 << 10
	// MaxNick is in bytes and MaxNickRunes in runes: what a list of members can show in one column.
	MaxNick      = 128
	MaxNickRunes = 32
	// MaxRoomName and MaxRoomNameRunes are as for nicks.
	MaxRoomName      = 128
	MaxRoomNameRunes = 32
	// MaxSubject is in bytes: one line of a status bar, in any script.
	MaxSubject = 400
	// MaxReason is in bytes: a reason is one sentence, and IRC has about as many bytes for the comment of a kick.
	MaxReason = 400
	// MaxAppeal is in bytes and MaxAppealRunes in runes: a few sentences, in any script.
	MaxAppeal      = 4 * MaxAppealRunes
	MaxAppealRunes = 500
	// MaxAway is in bytes: a few words, which are in every list of present members.
	MaxAway = 120
	// MaxMembers is the number of members of a room. An author sends a line to each of them itself (to 512 members that is 200 kB,
	// and some 10 ms of a core), and the state of a room and the answers to polls grow with it.
	MaxMembers = 512
	// MaxDeputies is the number of deputies of a room: enough for a large one, and few enough that each is known to all.
	MaxDeputies = 4
	// MaxTold is the number of removals and mutes whose progress a deputy is told, and MaxToldMissing the number of members that are named
	// for each: more than a person follows. Together they are some 10 kB, sent anew while they get on.
	MaxTold        = 16
	MaxToldMissing = 16
	// MaxOpenInvites is the number of open invites that a deputy is told: more than a person reads through.
	MaxOpenInvites = 128
	// MaxKnocks is the number of strangers at a door: more than a person reads through.
	MaxKnocks = 64
	// MaxAppeals is the number of appeals to the authority of a room: more than a person reads through.
	MaxAppeals = 64
	// MaxAddrs is the number of addresses of one peer in a frame, and MaxAddr the length of one, in bytes: a laptop has a handful,
	// and a hostile peer would name as many as it can.
	MaxAddrs = 16
	MaxAddr  = 128
	// MaxRecord and MaxMessage are the lengths of signed envelopes, in bytes: the largest valid payload, the key and the signature.
	// The largest record is a SetPolicy that names the last message of each member, with some 90 bytes for each.
	MaxRecord  = 48 << 10
	MaxMessage = MaxText + 1<<10
	// MaxFrame is the length of a frame with one text, in bytes.
	MaxFrame = MaxText + 1<<10
	// MaxBatch is the length of a frame with records, keys or lines, in bytes. A sender that has more sets the field more.
	MaxBatch = 1 << 20
	// MaxBatchItems is the number of records, of keys, of lines and of heads in one frame.
	MaxBatchItems = 4 * MaxMembers
	// MaxRuns is the number of numbers in all [Runs] of one frame: one for each head, and two for each of as many gaps.
	MaxRuns = 3 * MaxBatchItems
	// MaxRooms is the number of rooms on one page of a node's list of rooms.
	MaxRooms = 32
	// MaxUnlisted is the largest number of rooms that may follow a page: more than a person has.
	MaxUnlisted = 9999
	// MaxEnded is the number of Close records in a list of rooms: more rooms than end in one evening.
	MaxEnded = 16
	// MaxInvite is in characters: enough for MaxInviteAddrs addresses, and few enough for a QR code that a phone can read from a
	// terminal.
	MaxInvite       = 512
	MaxInviteAddrs  = 4
	MaxInviteExpiry = 7 * 24 * time.Hour // a forgotten invite must not let somebody in much later
	// MaxSignedReason is the length of the signed envelope, in bytes: the longest reason, the longest nick, ids and the signature.
	MaxSignedReason = 2 << 10
	// MaxAcceptance is the length of the signed envelope, in bytes: ids and hashes, and the signature.
	MaxAcceptance = 512
	// MaxBooks is the length of what is handed over with a room, in bytes: the longest reasons of as many peers as an authority keeps
	// them for, and as many invites, take some 9 MiB. MaxBooksPart is the length of one part.
	MaxBooks     = 16 << 20
	MaxBooksPart = 512 << 10
	// OfferLife is how long the offer of a room holds: long enough to call the person.
	OfferLife = 10 * time.Minute
	// MaxMoved is the number of transfers in one answer: the rest is with the owners that follow.
	MaxMoved = 16
	// MaxCounter is the largest seq, epoch, term, ctr and lamport: the largest integer that every JSON reader holds exactly. A
	// lamport clock that has reached it stays there.
	MaxCounter = 1<<53 - 1
	// MaxPolicyTime bounds Idle and Retain of a policy: a room is a conversation, not an archive.
	MaxPolicyTime = 365 * 24 * time.Hour
	// MaxSlow bounds Slow of a policy: as much as other chats allow, and longer than any conversation waits for one line.
	MaxSlow = 6 * time.Hour
	// MaxAge is the age of the oldest line that is handed over: no line is retained for longer.
	MaxAge = MaxPolicyTime
	// maxTimeMillis is the last millisecond of year 9999, after which RFC 3339 cannot write a time.
	maxTimeMillis = 253402300799999
)
