// Package protocol defines what goes over the wire: types, their strict encoding and bounds, signatures and sealing, frames,
// the invite text, and the words that stand for a key. It owns no state and starts no goroutine. It does not know permissions,
// nor when a message is sent.
//
// Three steps are separate everywhere. Validating looks at the form, and verifying at signatures; both happen here. Checking
// looks at permission, and belongs to package authority. A [SignedRecord], [SignedReason] or [Message] that is not zero has been
// validated and verified.
//
// Every function may be called from any goroutine. A result aliases its input only if the comment says so.
//
// # Wire specification
//
// This is the whole format; the schema is internal/pb/localchat.proto. The bounds are the constants of limits.go and, for
// the size of a frame, of its file.
//
// # Streams
//
//	/localchat/poll/9   PollAsk → PollReply, repeated on one stream   member → authority
//	/localchat/join/9   JoinRequest → JoinReply, again after WAITING  stranger → authority
//	/localchat/ask/9    AskRequest → AskReply                         member → authority
//	/localchat/order/9  OrderRequest → OrderReply                     deputy → authority
//	/localchat/take/9   TakeRequest → TakeReply                       member → authority
//	/localchat/sync/9   SyncRequest → SyncReply                       member → member
//	/localchat/pass/9   PassRequest → PassReply                       member → member
//	/localchat/tell/9   TellRequest → TellReply                       member → member
//	/localchat/rooms/9  RoomsRequest → RoomsReply                     anybody → anybody
//
// The caller is the peer that the stream authenticates; no frame names its sender. A frame is an unsigned varint, the length of
// what follows, and one protobuf message of the stream's type. The varint has its shortest form and at most 9 bytes. The
// length is checked against the bound of the frame's type before anything is allocated:
//
//	JoinRequest, AskRequest, AskReply,
//	OrderRequest, OrderReply, TakeRequest           1 KiB
//	PollAsk                                         3024 bytes
//	TellRequest                                     65 KiB (MaxFrame)
//	PassRequest, PassReply                          106 KiB
//	SyncRequest, RoomsReply                         256 KiB
//	PollReply, JoinReply, SyncReply, TakeReply      1 MiB (MaxBatch)
//	TellReply                                       16 bytes
//	RoomsRequest                                    64 bytes
//
// After a frame that breaks these rules nothing more can be read from its stream, and the stream is reset.
//
// A PollReply that says REFUSED is always the three bytes 02 0a 00, length included, so that a caller does
// not learn from it whether it was ever known. A PollAck has no answer.
// A PollAppeal is answered with a code or, once it has an answer, with a Reason of the kind pardoned, whose removal is the number of the
// Pardon record and whose nonce is that of the appeal.
//
// A JoinReply that refuses carries a signed Reason, as a PollReply does, if the caller loses what it held: its place at the door,
// because of a ban or the end of the room, or a valid invite, which was revoked. The reason's nonce is that of the request; a
// request without a nonce gets no reason. For every other caller, all refusals of one code are the same bytes.
//
// # Gossip
//
// Each room has a gossipsub instance of its own, /localchat/room/ID/9 with the room's id, and in it the topics lines
// and records. The data of one pubsub message is one signed envelope: on lines a message, on records a record. Pubsub's
// own signature and sequence number are not used (StrictNoSign); the message ID is [DataID] of the data.
//
// # Signed envelopes
//
// Records, messages, reasons and acceptances are signed in libp2p envelopes (libp2p RFC 0002): public key, payload type, payload, signature.
// The key is Ed25519. The domain of the signature, which is not sent, and the payload type are
//
//	localchat/record/v2           the same    Record     at most 48 KiB (MaxRecord)
//	localchat/message/v3 | room   msg/3       Message    at most 65 KiB (MaxMessage)
//	localchat/reason/v1           the same    Reason     at most 2 KiB (MaxSignedReason)
//	localchat/accept/v1           the same    Acceptance at most 512 bytes (MaxAcceptance)
//
// where room is the 32 bytes of the room's id. Record.author must be the signer. A Reason names no signer: its reader knows the
// authority, and by is the peer that decided. Acceptance.to must be the signer. A Message names its author only by
// the key of its envelope, and its room only by its signature: every stream and topic that carries a message belongs to one room.
//
// # Canonical form
//
// Every protobuf message, at every level, has one encoding: fields in the order of their numbers, none twice, varints in
// their shortest form, proto3 default values absent, no field that the schema does not have. Anything else is malformed,
// and so are bytes after the end. So the hash of the bytes identifies the content.
//
// # Fields
//
//	room, hash            32 bytes            salt, nonce, token, id  16 bytes
//	invite                8 bytes             key                     32 bytes
//	nonce of a message    24 bytes
//	peer, author, by, for 38 bytes: the ID of an Ed25519 peer
//	seq, epoch, term, ctr, lamport, removal, admission   1 to 2^53-1 (MaxCounter); have_… presence and number from 0
//	at, until             milliseconds since 1970, to the end of year 9999; until 0: none
//	idle_seconds, retain_seconds    to 365 days; idle 0: never; retain from 1, in the list of rooms 0: not given
//	slow_seconds          to 6 hours; 0: none
//	ages_ms               milliseconds, from 0; of the first lines, in their order; a line without one counts as said just now
//	wait_ms, expires_ms   milliseconds; wait to 290 years, 0: for good; expires to 7 days, 0: the authority's choice
//	for_ms                milliseconds, to 290 years; 0: without end
//	left_ms               milliseconds, to 10 minutes; by_ns in a shift: nanoseconds, forward or back
//	name, …_nick, nick    1 to 32 characters, to 128 bytes, one line, no control or bidi control characters, no blanks
//	                      around it; a nick asked for (JoinRequest, AskInvite, AskNick): 1 to 128 bytes, no control characters
//	away_text, text of AskAway    to 120 bytes (MaxAway), one line, no blanks around it; only where away is set
//	text of an appeal     1 to 500 characters, to 2000 bytes, one line, no blanks around it
//	subject, reason text  to 400 bytes, one line, no blanks around it
//	text of a line        1 byte to 64 KiB, no NUL
//	addrs                 at most 16, each a binary multiaddr of 1 to 128 bytes without /p2p
//	runs, receipt         numbers of one author's lines, from the highest down: the last of a run, its first, the last of the
//	                      next one, and so on; ends with a last: all below; to 6144 numbers in one frame
//	lists                 records, keys, lines, heads to 2048; present, to, missed, cuts, hands to 512; open invites to 128; knocks, appeals to 64; removals on a desk, and the missing of each, to 16; rooms to 32; transfers to 16; deputies to 4
//
// All text is UTF-8. Bytes of fixed length are never all zero: a field that may be absent is left out. A node brings the text that
// its user types to Unicode form NFC. No decoder requires NFC, since it depends on the version of Unicode.
//
// # Records
//
// A Record has room, seq, prev, term, epoch, at, author and one body. Seq counts from 1 without a gap; prev is the SHA-256
// of the payload of the record before. Create alone has seq 1 and neither room nor prev; the SHA-256 of its
// payload is the room's id. Epoch is the epoch in force after the record. Create, Admit, Leave,
// Remove, Rekey, Mute, Unmute, Voice, Unvoice, SetDeputies and Transfer start an epoch and have key, and so does a SetPolicy with new_epoch; the others do not: SHA-256("localchat/epoch-key/v1" | room | epoch in 8 bytes, big endian | the
// epoch's key of 32 bytes), where room is the field of this record, 32 zero bytes in Create. A key that does not match the
// key field of its epoch's record is not the key of that epoch, whichever peer sends it.
//
//	8 create      name, nick, policy, salt           12 unban       peer
//	9 admit       peer, nick, invite (or none)       13 set_policy  policy, new_epoch, cuts
//	10 leave      peer, cut (or none)                14 rekey
//	11 remove     peer, kind (kicked, banned),       15 close       kind (closed, idle)
//	              until (bans, after at), cut
//	17 mute       peer, until (after at), cut        18 unmute      peer
//	19 set_nick   peer, nick
//	20 voice      peer, until (after at)             21 unvoice      peer, cut
//	24 transfer   accepted, cut (or none)            25 warn        peer
//	26 pardon     peer
//	23 set_deputies  deputies: the peer of each, none twice; cuts: peer, cut, in order
//
// By is the deputy on whose order the author signed the record. Admit, Remove, Unban, Pardon, SetPolicy, Mute, Unmute, Warn, Voice and Unvoice may have it. A
// Reason whose removal a deputy ordered names the deputy in by, and in for the authority for which it acted; others have no for.
//
// A wish for a nick that is refused is answered with code: nick bad, nick taken, where text is a free nick, or too soon, where wait_ms
// says for how long. No other answer to a wish has code.
//
// An order is of a kind. All kinds but subject and access name a peer; deny, kick, ban, mute (a reason, or none) and subject may have
// text; ban and mute may have for_ms; access alone has access. A reply that says done has the seq and the epoch of the record, or of the
// last one if the order made none; any other may have text.
//
// Accepted is the envelope of an Acceptance: room, from (the owner), to (the next one), prev (the hash of the record before the
// transfer), books (the SHA-256 of the Books that to has got) and until. Books come in parts of one encoding, each at most 512 KiB, of
// 16 MiB in all: a request names the hash that the first part came with, and the offset of the next. A request with accepted has
// neither. A part has books, size, part and until; an answer that says done has the record; any other has nothing.
//
// A poll, or a knock, at a peer that was the owner is answered with the transfers from its own on, at most 16: each is by the peer to
// which the one before gave the room. The caller goes on to the last one.
//
// A cut is the ctr and id of the last message that counts; without a cut, no message counts. The cuts of a policy are those of the
// members that may talk no more, in the order of their peers.
//
// A list of rooms comes in pages: after is the id of the last room of the page before, and absent for the first page. A page
// holds the rooms with greater ids, in the order of their ids, and more counts those that follow it.
//
// Head belongs to have_seq or seq: it is the hash of the record of that number, and absent if the number is 0. Proof holds at most
// two records: if the logs of the two sides may differ, the answerer's record of the last number that both have; or the two records
// of one number that have frozen the room.
//
// # Messages
//
// A Message has header, nonce and sealed. Header is an encoded Header: epoch, ctr, prev (the id of the author's previous message;
// absent at the start of a chain) and lamport. Nonce is 24 random bytes. Sealed is the encoded Content, encrypted by
// XChaCha20-Poly1305 with the key of that epoch and that nonce. The additional data is the 32 bytes of the room's id, the 38 bytes
// of the author's ID and the bytes of header.
// Content is kind (1 say, 2 action, 3 note of a reason), text, at, and removal for a note alone. A message's id is the
// SHA-256 of its envelope.
//
// # Invite text
//
// "LOCALCHAT:" and base32 (RFC 4648, capitals, no padding) of
//
//	version 1 (1 byte) | owner's Ed25519 key (32) | room (32) | token (16) | expiry in seconds since 1970 (varint)
//	| number of addresses, 0 to 4 (1) | for each its length (1) and binary multiaddr | checksum (2, big endian)
//
// at most 512 characters in all. The checksum is CRC-16/IBM-3740 of all before it, in this and every later version.
// Readers ignore case, blanks, line breaks, hyphens, quotes around it, and a missing prefix.
//
// # Words
//
// The first 88 bits of H(5200), each 11 of them an index into the BIP-39 English list, where H(1) =
// SHA-512("localchat/words/v1" | peer ID) and H(n+1) = SHA-512(H(n) | peer ID).
//
// # Compatibility
//
// Numbers of fields, bodies and enumerations are append-only. Three enumerations may gain values without a new version, since a
// reader has a meaning for those it does not know: reason kinds (other), join codes (denied), content kinds (not shown). Every other
// change, a new field included, is malformed to an older reader; it needs a new number in the protocol ID, or a new domain, which
// older nodes do not have. A new version of the invite text needs a new version byte.
package protocol
