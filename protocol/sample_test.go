package protocol

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/proto"

	"localchat/protocol/internal/pb"
)

// signer returns the same key for the same number every time, since golden bytes contain signatures.
func signer(t testing.TB, n byte) KeySigner {
	t.Helper()
	k, _, err := crypto.GenerateEd25519Key(bytes.NewReader(bytes.Repeat([]byte{n}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return KeySigner{k}
}

// noon is the time of everything in these tests.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var (
	tcp  = multiaddr.StringCast("/ip4/192.168.1.20/tcp/41234")
	quic = multiaddr.StringCast("/ip6/fd00::20/udp/41234/quic-v1")
)

func createRecord(owner peer.ID) Record {
	return Record{
		Seq: 1, Term: 1, Epoch: 1, At: noon, Author: owner,
		Body:    Create{Name: "lab", Nick: "alice", Policy: DefaultPolicy(), Salt: [16]byte{1}},
		KeyHash: CommitKey(RoomID{}, 1, sampleKey),
	}
}

// laterRecord returns a record after the first, with body b.
func laterRecord(author peer.ID, b Body) Record {
	r := Record{
		Room: RoomID{1}, Seq: 7, Prev: Hash{2}, Term: 1, Epoch: 4, At: noon, Author: author, Body: b,
	}
	if StartsEpoch(b) {
		r.KeyHash = CommitKey(r.Room, r.Epoch, sampleKey)
	}
	return r
}

// bodies returns a body of each kind, with every optional field set.
func bodies(t testing.TB) map[string]Body {
	bob := signer(t, 2).Peer()
	cut := Cut{Ctr: 9, Hash: Hash{3}}
	return map[string]Body{
		"create":     createRecord(bob).Body,
		"admit":      Admit{Peer: bob, Nick: "bob", Invite: Token{4}.ID()},
		"leave":      Leave{Peer: bob, Cut: cut},
		"remove":     Remove{Peer: bob, Kind: Banned, Until: noon.Add(time.Hour), Cut: cut},
		"unban":      Unban{Peer: bob},
		"set-policy": SetPolicy{NewEpoch: true, Policy: Policy{Access: Invite, Subject: "süß", Retain: time.Second, History: HistoryAll, MembersInvite: true, HideReasons: true, VoicedOnly: true, Slow: 5 * time.Second}, Cuts: []MemberCut{{bob, cut}}},
		"rekey":      Rekey{},
		"close":      Close{Kind: Idle},
		"mute":       Mute{Peer: bob, Until: noon.Add(time.Hour), Cut: cut},
		"unmute":     Unmute{Peer: bob},
		"voice":      Voice{Peer: bob, Until: noon.Add(time.Hour)},
		"unvoice":    Unvoice{Peer: bob, Cut: cut},

		"set-deputies": SetDeputies{Peers: []peer.ID{bob, signer(t, 3).Peer()}, Cuts: []MemberCut{{bob, cut}}},
		"warn":         Warn{Peer: bob},
		"transfer":     Transfer{Accepted: sampleAcceptance(t), Cut: cut},
		"pardon":       Pardon{Peer: bob},
		"set-nick":     SetNick{Peer: bob, Nick: "robert"},
	}
}

// sampleAcceptance is for a laterRecord of alice's.
func sampleAcceptance(t testing.TB) SignedAcceptance {
	t.Helper()
	bob := signer(t, 2)
	a, err := SignAcceptance(Acceptance{Room: RoomID{1}, From: signer(t, 1).Peer(), To: bob.Peer(), Prev: Hash{2}, Books: Hash{6}, Until: noon.Add(time.Minute)}, bob)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func sampleBooks(t testing.TB) Books {
	r := reason(t)
	r.Room = RoomID{}
	r.By, r.ByNick, r.For, r.ForNick = signer(t, 3).Peer(), "carol", r.By, r.ByNick
	owed := Owed{Reason: r, Nick: "bob", Admission: 3, Expires: noon.Add(time.Hour), Acked: true, Known: true}
	unclaimed := Owed{Reason: Reason{Peer: r.For, Kind: Warned, By: r.By, ByNick: "carol", At: noon, Removal: 8}, Nick: "alice", Admission: 1, Expires: noon}
	return Books{
		At: noon, Owed: []Owed{owed, unclaimed}, Shifts: []Shift{{7, -time.Minute}, {8, time.Hour}},
		Appeals: []BookedAppeal{
			{Peer: signer(t, 2).Peer(), Nick: "bob", Removal: 7, Text: "it was the cat", Nonce: Nonce{2}, At: noon, Expires: noon.Add(time.Hour)},
			{Peer: signer(t, 3).Peer(), Nick: "carol", Removal: 8, Expires: noon.Add(time.Hour), Told: true, Pardon: Reason{
				Peer: signer(t, 3).Peer(), Kind: Pardoned, By: signer(t, 2).Peer(), ByNick: "bob", At: noon, Removal: 9,
				For: signer(t, 1).Peer(), ForNick: "alice",
			}},
		},
		Invites: []BookedInvite{
			{Token: Token{4}, By: r.By, Expires: noon},
			{Token: Token{5}, Nick: "dave", By: r.By, Expires: noon, RevokedAt: noon, Text: "late", Seq: 7, RevokedBy: r.By, RevokedByNick: "carol", RevokedFor: r.For, RevokedForNick: "alice", TellPeer: r.By, TellNonce: Nonce{3}},
		},
	}
}

func sampleRecord(t testing.TB, b Body) SignedRecord {
	t.Helper()
	alice := signer(t, 1)
	r := laterRecord(alice.Peer(), b)
	if _, ok := b.(Create); ok {
		r = createRecord(alice.Peer())
	}
	s, err := SignRecord(r, alice)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func reason(t testing.TB) Reason {
	return Reason{
		Room: RoomID{1}, Peer: signer(t, 2).Peer(), Kind: Banned, Text: "too loud", By: signer(t, 1).Peer(),
		ByNick: "alice", At: noon, Until: noon.Add(time.Hour), Removal: 7, Nonce: Nonce{5},
	}
}

// orderedRecord returns a record that carol, a deputy, has ordered, and orderedReason the reason of one.
func orderedRecord(t testing.TB) SignedRecord {
	t.Helper()
	alice := signer(t, 1)
	r := laterRecord(alice.Peer(), bodies(t)["unban"])
	r.By = signer(t, 3).Peer()
	s, err := SignRecord(r, alice)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func orderedReason(t testing.TB) SignedReason {
	t.Helper()
	r := reason(t)
	r.By, r.ByNick, r.For, r.ForNick = signer(t, 3).Peer(), "carol", r.By, r.ByNick
	s, err := SignReason(r, signer(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sampleReason(t testing.TB) SignedReason {
	t.Helper()
	s, err := SignReason(reason(t), signer(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var (
	sampleHeader  = Header{Room: RoomID{1}, Epoch: 3, Ctr: 4, Prev: Hash{5}, Lamport: 6}
	sampleContent = Content{Kind: Say, Text: "hello\nthere", At: noon}
	sampleKey     = Key{7}
)

func sampleMessage(t testing.TB) Message {
	t.Helper()
	bob := signer(t, 2)
	nonce := bytes.NewReader(bytes.Repeat([]byte{8}, nonceSize))
	m, err := SealMessage(sampleHeader, sampleContent, sampleKey, bob.Peer(), bob, nonce)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A namedFrame is a frame, its name in testdata and error messages, and an empty frame of its type.
type namedFrame struct {
	name   string
	frame  Frame
	empty  func() Frame
	schema proto.Message
}

func frameOf[F any, P interface {
	*F
	Frame
}](name string, f F,
) namedFrame {
	schema := map[string]proto.Message{
		"PollAsk": &pb.PollAsk{}, "PollReply": &pb.PollReply{}, "JoinRequest": &pb.JoinRequest{},
		"JoinReply": &pb.JoinReply{}, "AskRequest": &pb.AskRequest{}, "AskReply": &pb.AskReply{},
		"TakeRequest": &pb.TakeRequest{}, "TakeReply": &pb.TakeReply{},
		"OrderRequest": &pb.OrderRequest{}, "OrderReply": &pb.OrderReply{},
		"SyncRequest": &pb.SyncRequest{}, "SyncReply": &pb.SyncReply{}, "PassRequest": &pb.PassRequest{}, "PassReply": &pb.PassReply{}, "TellRequest": &pb.TellRequest{},
		"TellReply": &pb.TellReply{}, "RoomsRequest": &pb.RoomsRequest{}, "RoomsReply": &pb.RoomsReply{},
	}[reflect.TypeFor[F]().Name()]
	return namedFrame{name, P(&f), func() Frame { return P(new(F)) }, schema}
}

// frames returns at least one frame of each type. Every field is set in some frame.
func frames(t testing.TB) []namedFrame {
	t.Helper()
	bob := signer(t, 2).Peer()
	records := [][]byte{sampleRecord(t, bodies(t)["create"]).Bytes()}
	keys := []EpochKey{{Epoch: 3, Key: sampleKey}}
	addrs := []multiaddr.Multiaddr{tcp, quic}
	return []namedFrame{
		frameOf("poll-request", PollAsk{Request: &PollRequest{Room: RoomID{1}, Nonce: Nonce{2}, Admission: 3, HaveSeq: 4, HaveKey: 5, HavePresence: 6, Head: Hash{7}, HaveDesk: 8, HaveOffer: 9}}),
		frameOf("poll-ack", PollAsk{Ack: &PollAck{Room: RoomID{1}, Removal: 7, Nonce: Nonce{2}}}),
		frameOf("poll-appeal", PollAsk{Appeal: &PollAppeal{Room: RoomID{1}, Removal: 7, Nonce: Nonce{2}, Text: "it was the cat"}}),
		frameOf("poll-appealed", PollReply{Appeal: AppealTwice}),
		frameOf("poll-refused", PollReply{}),
		frameOf("poll-reason", PollReply{Reason: sampleReason(t).Bytes()}),
		frameOf("poll-moved", PollReply{Moved: &Moved{[][]byte{sampleRecord(t, bodies(t)["transfer"]).Bytes()}, addrs}}),
		frameOf("poll-nothing-new", PollReply{Member: &PollMember{}}),
		frameOf("poll-member", PollReply{Member: &PollMember{Records: records, Keys: keys, Presence: 8, Present: []Presence{{Peer: bob, Addrs: addrs, Away: Away{true, "lunch"}}}, More: true, Receipt: Runs{9, 7, 5}, Last: Cut{Ctr: 9, Hash: Hash{8}}, Proof: records, Desk: &Desk{Number: 9, Knocks: []Knocker{{bob, "bob"}}, Hands: []peer.ID{bob}, Appeals: []Appeal{{bob, "bob", 7, "it was the cat"}}, Removals: []Progress{{Seq: 2, Told: true, Applied: 1, Total: 3, Missing: []peer.ID{bob}}}}, Offer: &Offer{Until: noon, Left: time.Minute}}}),
		frameOf("poll-no-offer", PollReply{Member: &PollMember{Offer: &Offer{}}}),
		frameOf("join-request", JoinRequest{Room: RoomID{1}, Nick: "bob", Token: Token{9}}),
		frameOf("join-knock", JoinRequest{Room: RoomID{1}, Nick: "bob"}),
		frameOf("join-nonce", JoinRequest{Room: RoomID{1}, Nick: "bob", Token: Token{9}, Nonce: Nonce{2}}),
		frameOf("join-waiting", JoinReply{Code: JoinWaiting}),
		frameOf("join-banned", JoinReply{Code: JoinBanned, Text: "no", Wait: time.Minute}),
		frameOf("join-revoked", JoinReply{Code: JoinInviteBad, Reason: sampleReason(t).Bytes()}),
		frameOf("join-admitted", JoinReply{Code: JoinAdmitted, Records: records, Keys: keys, Admission: 2, Seq: 3, Head: Hash{4}}),
		frameOf("join-moved", JoinReply{Code: JoinMoved, Moved: &Moved{Transfers: [][]byte{sampleRecord(t, bodies(t)["transfer"]).Bytes()}}}),
		frameOf("ask-hand", AskRequest{Room: RoomID{1}, Hand: &AskHand{Down: true}}),
		frameOf("ask-leave", AskRequest{Room: RoomID{1}, Leave: true}),
		frameOf("ask-invite", AskRequest{Room: RoomID{1}, Invite: &AskInvite{Nick: "carol", Expires: time.Hour}}),
		frameOf("ask-nick", AskRequest{Room: RoomID{1}, Nick: "robert"}),
		frameOf("ask-away", AskRequest{Room: RoomID{1}, Away: &Away{true, "lunch"}}),
		frameOf("ask-back", AskRequest{Room: RoomID{1}, Away: &Away{}}),
		frameOf("ask-nick-taken", AskReply{Code: JoinNickTaken, Text: "robert2"}),
		frameOf("ask-nick-soon", AskReply{Code: JoinTooSoon, Wait: time.Minute}),
		frameOf("ask-yes", AskReply{OK: true, Text: "LOCALCHAT:AAAA"}),
		frameOf("ask-no", AskReply{}),
		frameOf("ask-open-invites", AskRequest{Room: RoomID{1}, OpenInvites: true}),
		frameOf("ask-invites", AskReply{OK: true, Invites: []OpenInvite{{ID: InviteID{1}, Nick: "carol", Expires: time.UnixMilli(1e12).UTC()}, {ID: InviteID{2}, Expires: time.UnixMilli(1e12).UTC()}}}),
		frameOf("order-ban", OrderRequest{Room: RoomID{1}, Kind: OrderBan, Peer: bob, Text: "too loud", For: time.Hour}),
		frameOf("order-access", OrderRequest{Room: RoomID{1}, Kind: OrderAccess, Access: Invite}),
		frameOf("order-voice", OrderRequest{Room: RoomID{1}, Kind: OrderVoice, Peer: bob, For: time.Hour}),
		frameOf("order-uninvite", OrderRequest{Room: RoomID{1}, Kind: OrderUninvite, Invite: InviteID{3}}),
		frameOf("order-done", OrderReply{Code: OrderDone, Seq: 7, Epoch: 4}),
		frameOf("order-refused", OrderReply{Code: OrderRefused, Text: "no"}),
		frameOf("take-first", TakeRequest{Room: RoomID{1}, Head: Hash{2}}),
		frameOf("take-next", TakeRequest{Room: RoomID{1}, Head: Hash{2}, Books: Hash{3}, Offset: 4}),
		frameOf("take-accepted", TakeRequest{Room: RoomID{1}, Head: Hash{2}, Accepted: sampleAcceptance(t).Bytes()}),
		frameOf("take-part", TakeReply{Code: TakePart, Books: Hash{3}, Size: 9, Part: []byte{1, 2}, Until: noon}),
		frameOf("take-done", TakeReply{Code: TakeDone, Transfer: sampleRecord(t, bodies(t)["transfer"]).Bytes()}),
		frameOf("take-changed", TakeReply{Code: TakeChanged}),
		frameOf("sync-request", SyncRequest{Room: RoomID{1}, HaveSeq: 4, Head: Hash{6}, Proof: [][]byte{records[0], records[0]}, Keys: []uint64{2, 3}, Heads: []Head{{Author: bob, Runs: Runs{300, 20, 10}}}}),
		frameOf("sync-reply", SyncReply{Records: records, Keys: keys, Lines: [][]byte{sampleMessage(t).Raw()}, Ages: []time.Duration{90 * time.Second}, Receipt: Runs{300}, HaveSeq: 4, Head: Hash{6}, Last: Cut{Ctr: 9, Hash: Hash{8}}, Proof: records, More: true}),
		frameOf("sync-nothing", SyncReply{}),
		frameOf("pass-line", PassRequest{Room: RoomID{1}, Line: sampleMessage(t).Raw(), To: []peer.ID{bob}}),
		frameOf("pass-record", PassRequest{Room: RoomID{1}, Record: records[0]}),
		frameOf("pass-missed", PassReply{OK: true, Missed: []peer.ID{bob}}),
		frameOf("pass-refused", PassReply{}),
		frameOf("tell-request", TellRequest{Room: RoomID{1}, ID: [16]byte{2}, Text: "psst", At: noon}),
		frameOf("tell-yes", TellReply{OK: true}),
		frameOf("tell-no", TellReply{}),
		frameOf("rooms-request", RoomsRequest{}),
		frameOf("rooms-request-next", RoomsRequest{After: RoomID{1}}),
		frameOf("rooms-moved", RoomsReply{Rooms: []RoomAd{{Create: records[0], Moved: [][]byte{sampleRecord(t, bodies(t)["transfer"]).Bytes()}, OwnerNick: "bob", Access: Open}}}),
		frameOf("rooms-reply", RoomsReply{Rooms: []RoomAd{{Create: records[0], Access: Open, Subject: "tests", Members: 3, Addrs: addrs, Retain: 24 * time.Hour}}, Ended: records, Asleep: true}),
	}
}

func sampleInvite(t testing.TB) InviteText {
	return InviteText{
		Owner: signer(t, 1).Peer(), Room: RoomID{1, 2, 3}, Token: Token{4, 5, 6}, Expires: noon,
		Addrs: []multiaddr.Multiaddr{tcp, quic},
	}
}
