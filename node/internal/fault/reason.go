package fault

// A Reason says why something failed, more finely than a [Code] does. A face that shows the [Error] chooses its hint by the
// reason. A reason is not sent to other nodes, and the list may change. The comment on a reason names the fields of the Error
// that are set with it.
type Reason string

// Other nodes, and the network.
const (
	NoAnswer           Reason = "no answer"
	Interrupted        Reason = "interrupted"
	Unreachable        Reason = "unreachable"
	OwnFault           Reason = "own fault"
	ShuttingDown       Reason = "shutting down"
	NoNetwork          Reason = "no network"
	CannotListen       Reason = "cannot listen"
	AddressInUse       Reason = "address in use" // or not of this machine
	NobodyThere        Reason = "nobody there"   // At
	CannotDial         Reason = "cannot dial"    // At
	RoomsNotTold       Reason = "rooms not told"
	OtherVersion       Reason = "other version"
	OwnerSilent        Reason = "owner silent"
	OwnerAway          Reason = "owner away"
	OrderUnanswered    Reason = "order unanswered"
	OwnerBusy          Reason = "owner busy"
	TooMuchAtOnce      Reason = "too much at once"
	Slow               Reason = "slow" // RetryAfter
	NoKey              Reason = "no key"
	CannotTell         Reason = "cannot tell"
	NotTaken           Reason = "not taken"
	OwnerOutOfReach    Reason = "owner out of reach"
	OwnerAndInviteGone Reason = "owner out of reach, invite expired" // expired by the clock of this machine
)

// Which room.
const (
	NotInRoom         Reason = "not in that room"
	NotMember         Reason = "not a member"
	NoRoomNamed       Reason = "no room named"
	NoRoomThere       Reason = "no room there"
	RoomNotFound      Reason = "room not found"
	RoomGone          Reason = "room gone"
	RoomClosed        Reason = "room closed"
	RoomLooksAlike    Reason = "room looks alike"    // Rooms, with one room
	InSeveralRooms    Reason = "in several rooms"    // Rooms
	SeveralRooms      Reason = "several rooms"       // Rooms
	SeveralRoomsThere Reason = "several rooms there" // Rooms, More, At
	OwnRoom           Reason = "own room"
	RoomExists        Reason = "room exists"
	RoomFrozen        Reason = "room frozen"
	OwnRoomFrozen     Reason = "own room frozen"
	OneLog            Reason = "one log"
	Recovering        Reason = "recovering"
	Twin              Reason = "twin"
	OwnerLeaves       Reason = "owner leaves"
	OtherOwner        Reason = "other owner" // Change
)

// Which person.
const (
	NoSuchPerson     Reason = "no such person"
	NotRemoved       Reason = "not removed"
	BadAppeal        Reason = "bad appeal" // Limit, in characters
	AppealedAlready  Reason = "appealed already"
	AppealOver       Reason = "appeal over"
	AppealsFull      Reason = "appeals full"
	PersonLooksAlike Reason = "person looks alike"
	SeveralPeople    Reason = "several people"
	AtTheDoor        Reason = "at the door"
	AlreadyIn        Reason = "already in"
	NoMember         Reason = "no member"
	NotAtTheDoor     Reason = "not at the door"
	NoSuchInvite     Reason = "no such invite"
	MessageToSelf    Reason = "message to self"
	VerifySelf       Reason = "verify self"
	NotVerified      Reason = "not verified"
	ManyVerified     Reason = "many verified"
	IgnoreSelf       Reason = "ignore self"
	NotIgnored       Reason = "not ignored"
	ManyIgnored      Reason = "many ignored"
)

// Not allowed, or not let in.
const (
	OwnerOnly      Reason = "owner only"
	MemberAbsent   Reason = "member absent"
	MemberGuest    Reason = "member is a guest"
	MemberMuted    Reason = "member is muted"
	NotOffered     Reason = "not offered"
	NothingOffered Reason = "nothing offered"
	RoomChanged    Reason = "room changed"
	KeepsNothing   Reason = "keeps nothing"
	BadBooks       Reason = "bad books"
	TransferLost   Reason = "transfer lost"
	OwnerInvites   Reason = "owner invites"
	DeputyMayNot   Reason = "deputy may not"
	Banned         Reason = "banned"
	BannedFor      Reason = "banned for a time" // RetryAfter
	TooSoon        Reason = "too soon"          // RetryAfter
	Muted          Reason = "muted"
	Voiceless      Reason = "voiceless"
	MayTalk        Reason = "may talk"
	MutedFor       Reason = "muted for a time" // RetryAfter, Until
	InviteNotValid Reason = "invite not valid"
	InviteOnly     Reason = "invite only"
	RoomFull       Reason = "room full"
	Full           Reason = "full" // RoomFull, said to the owner
	Denied         Reason = "denied"
	LogTooLong     Reason = "log too long"
	NoLog          Reason = "no log"
	FalseLog       Reason = "false log"
	NickTaken      Reason = "nick taken"   // Nick
	NickRefused    Reason = "nick refused" // Limit, in letters
	NickHeld       Reason = "nick held"    // Nick: as NickTaken, for a member
	NickUnfit      Reason = "nick unfit"   // Limit, in letters
	NickSoon       Reason = "nick soon"    // RetryAfter
	OtherNick      Reason = "other nick"
	OwnersNick     Reason = "owner's nick"
)

// Reasons for arguments that are not fit.
const (
	NickChoice   Reason = "nick choice"
	BadRoomName  Reason = "bad room name" // Limit, in letters
	BadSubject   Reason = "bad subject"   // Limit, in bytes
	BadReason    Reason = "bad reason"    // Limit, in bytes
	AuditDamaged Reason = "audit damaged"
	BadAway      Reason = "bad away"   // Limit, in bytes
	BadText      Reason = "bad text"   // Limit, in bytes
	BadExpiry    Reason = "bad expiry" // Limit, in seconds
	BadIdle      Reason = "bad idle time"
	BadRetain    Reason = "bad retention"
	BadSpeak     Reason = "bad speak"
	BadVoice     Reason = "bad voice"
	BadSlow      Reason = "bad slow" // Limit, in seconds
	BadBan       Reason = "bad ban"
	BadMute      Reason = "bad mute"
	BadInvite    Reason = "bad invite"
	BadOrder     Reason = "bad order"
	BadAccess    Reason = "bad access"
	BadHistory   Reason = "bad history"
	BadListen    Reason = "bad listen address"
	BadAddress   Reason = "bad address"
	NoPort       Reason = "no port" // At
	BadPort      Reason = "bad port"
	NoZone       Reason = "no zone" // At
	NoSuchCard   Reason = "no such network card"
)

// The disk, and what is on it.
const (
	DiskFull         Reason = "disk full"
	DiskBroken       Reason = "disk broken"
	RoomNotKept      Reason = "room not kept"
	DirInUse         Reason = "directory in use"
	DirUnfit         Reason = "directory unfit" // Mend
	DirDenied        Reason = "directory denied"
	DirUnwritable    Reason = "directory unwritable"
	StoreUnfit       Reason = "store unfit" // Mend
	StoreDamaged     Reason = "store damaged"
	StoreNewer       Reason = "store newer"
	StoreOlder       Reason = "store older"
	IdentityReadable Reason = "identity readable" // Path
	IdentityUnfit    Reason = "identity unfit"    // Mend
	IdentityDamaged  Reason = "identity damaged"
	KnownUnreadable  Reason = "known owners unreadable"
)
