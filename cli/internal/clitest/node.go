package clitest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"localchat/node"
)

// A Node stands in for a running node. It records its calls, and its test sets the results and sends the events.
type Node struct {
	mu     sync.Mutex
	calls  []string
	Looks  int             // number of calls of Rooms
	Events chan node.Event // of the first that listens
	more   []chan node.Event
	first  bool // somebody listens to Events
	seq    uint64
	Closed bool

	Others     []node.PeerInfo // other than alice
	RoomList   []node.RoomInfo
	More       int // number of rooms that are not in rooms
	MemberList []node.MemberInfo
	Said       []node.Message
	// Forgotten and Fetching are fields of the history.
	Forgotten int
	Fetching  bool
	AtDoor    []node.KnockInfo
	Banned    []node.BanInfo
	Removing  []node.RemovalProgress
	Deeds     []node.AuditEntry
	Log       [][]byte
	Open      []node.InviteInfo
	Rules     node.PolicyInfo

	Compared []node.Verification
	Unheard  []node.IgnoredInfo
	Errors   map[string]error // by method
	// Joining blocks Join until it is closed; JoiningOf blocks the joins of one room. nil: it does not block.
	Joining   chan struct{}
	JoiningOf map[string]chan struct{}
	Refs      map[string]node.RoomRef // by the name in a request
	// Asking, if not nil, is called while the owner is asked to let us in.
	Asking func(context.Context) error
	// Wanted are the options of the last call of Listen.
	Wanted node.SubscribeOptions
	// Slow blocks the other methods that wait for nodes, in the same way.
	Slow chan struct{}
	// Alone is set if no other node is connected.
	Alone bool
	// Quiet is set if a said line does not come back as an event.
	Quiet bool
}

// NewNode returns a node that is in no room. Its room lab has a ban and an open invite.
func NewNode() *Node {
	return &Node{
		Events: make(chan node.Event, 256), Errors: map[string]error{},
		Banned: []node.BanInfo{{Peer: DaveID, Nick: "dave", Reason: "spam"}},
		Open:   []node.InviteInfo{{ID: "mf2w", Nick: "carol", Expires: time.Date(2026, 11, 23, 14, 2, 0, 0, time.Local)}},
	}
}

func (f *Node) note(method string, args ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, strings.Join(append([]string{method}, args...), " "))
	return f.Errors[method]
}

// Did returns the calls so far and forgets them.
func (f *Node) Did() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// Emit sends an event of the room lab, or of no room if its type has none.
func (f *Node) Emit(body node.EventBody) { f.EmitIn(LabID, "lab", body) }

// EmitIn sends an event of a room.
func (f *Node) EmitIn(room node.RoomID, name string, body node.EventBody) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	ev := node.Event{Seq: f.seq, Time: time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC), Room: room, RoomName: name, Body: body}
	f.Events <- ev
	for _, c := range f.more {
		c <- ev
	}
}

func (f *Node) Info() node.Info {
	return node.Info{Peer: MeID, Nick: "bob", Words: "amber kiwi", Addrs: []string{"/ip4/192.168.1.7/tcp/4001"}, Version: "devel"}
}

func (f *Node) Listen(o node.SubscribeOptions) (<-chan node.Event, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Wanted = o
	if !f.first {
		f.first = true
		return f.Events, sync.OnceFunc(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.first = false
			close(f.Events)
		})
	}
	events := make(chan node.Event, cap(f.Events))
	f.more = append(f.more, events)
	return events, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.more = slices.DeleteFunc(f.more, func(c chan node.Event) bool { return c == events })
	}
}

func (f *Node) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Closed = true
	return nil
}

func (f *Node) Peers(context.Context) ([]node.PeerInfo, error) {
	return append([]node.PeerInfo{{Peer: AliceID, Connected: !f.Alone, RTTms: 1.4}}, f.Others...), f.note("peers")
}

// waits waits until Slow is closed, unless it is nil.
func (f *Node) waits() {
	if f.Slow != nil {
		<-f.Slow
	}
}

func (f *Node) Dial(_ context.Context, addr string) (node.PeerID, error) {
	f.waits()
	return AliceID, f.note("dial", addr)
}

func (f *Node) Rooms(context.Context) ([]node.RoomInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Looks++
	return append([]node.RoomInfo(nil), f.RoomList...), f.Errors["rooms"]
}

func (f *Node) Unlisted(context.Context) (int, error) { return f.More, nil }

func (f *Node) Shown(_ context.Context, room node.RoomID, removal uint64) error {
	return f.note("shown", roomName(room.String()), strconv.FormatUint(removal, 10))
}

// Ref knows the rooms of Refs. A room that was created is one of them.
func (f *Node) Ref(_ context.Context, text string) node.RoomRef {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ref, ok := f.Refs[text]; ok {
		return ref
	}
	for _, id := range []node.RoomID{LabID, DenID} {
		if text == id.String() {
			return node.RoomRef{ID: id}
		}
	}
	return node.RoomRef{Name: text}
}

func (f *Node) Create(_ context.Context, o node.CreateOptions) (node.RoomInfo, error) {
	if err := f.note("create", o.Name); err != nil {
		return node.RoomInfo{}, err
	}
	f.Emit(node.Joined{Name: o.Name, Nick: "bob", Epoch: 1, Owner: true})
	return node.RoomInfo{ID: LabID, Name: o.Name}, nil
}

func (f *Node) Join(ctx context.Context, o node.JoinOptions) (node.JoinedInfo, error) {
	as := ""
	if o.Nick != "" {
		as = " as " + o.Nick
	}
	if err := f.note("join", o.Room+o.Invite+as); err != nil {
		return node.JoinedInfo{}, err
	}
	joining := f.Joining
	if of := f.JoiningOf[o.Room+o.Invite]; of != nil {
		joining = of
	}
	if f.Asking != nil {
		o.Asked(roomName(o.Room), Noon.Add(10*time.Minute))
		if err := f.Asking(ctx); err != nil {
			return node.JoinedInfo{}, err
		}
	}
	if joining != nil {
		select {
		case <-joining:
		case <-ctx.Done():
			return node.JoinedInfo{}, ctx.Err()
		}
	}
	id := LabID
	if o.Room == "den" {
		id = DenID
	}
	f.EmitIn(id, o.Room, node.Joined{Name: o.Room, Nick: "bob", Epoch: 3})
	return node.JoinedInfo{ID: id, Name: o.Room, Nick: "bob", Owner: AliceID, Epoch: 3, Members: f.MemberList}, nil
}

func (f *Node) Leave(_ context.Context, room string) error {
	if err := f.note("leave", roomName(room)); err != nil {
		return err
	}
	f.Emit(node.Left{})
	return nil
}

// roomName returns the name of a room by its id, so that expectations can be read.
func roomName(id string) string {
	switch id {
	case LabID.String():
		return "lab"
	case DenID.String():
		return "den"
	}
	return id
}

func (f *Node) Say(_ context.Context, room, text string, action bool) (string, error) {
	f.waits()
	verb := "say"
	if action {
		verb = "act"
	}
	if err := f.note(verb, roomName(room), text); err != nil {
		return "", err
	}
	if !f.Quiet {
		f.Emit(node.Message{ID: "m1", Peer: MeID, Nick: "bob", Text: text, Action: action, Self: true})
		f.Emit(node.Delivered{ID: "m1"})
	}
	return "m1", nil
}

func (f *Node) SetAway(_ context.Context, away bool, text string) error {
	if !away {
		return f.note("back")
	}
	return f.note("away", text)
}

func (f *Node) Tell(_ context.Context, room, who, text string) (node.TellInfo, error) {
	f.waits()
	info := node.TellInfo{ID: "d1"}
	for _, m := range f.MemberList {
		if m.Nick == who {
			info.Away, info.AwayText = m.Away, m.AwayText
		}
	}
	err := f.note("tell", roomName(room), who, text)
	if err == nil {
		f.Emit(node.Direct{ID: "d1", Peer: MeID, Nick: "bob", Text: text, Self: true, ToNick: who})
	}
	return info, err
}

func (f *Node) Members(context.Context, string) (node.MembersInfo, error) {
	return node.MembersInfo{Epoch: 3, Members: f.MemberList}, f.note("members")
}

func (f *Node) Verify(_ context.Context, room, who string, verified bool) (node.Verification, error) {
	if err := f.note("verify", roomName(room), who, strconv.FormatBool(verified)); err != nil {
		return node.Verification{}, err
	}
	for i, m := range f.MemberList {
		if m.Peer.String() == who || m.Nick == who {
			f.MemberList[i].Verified = verified
			return node.Verification{Peer: m.Peer, Nick: m.Nick, Words: m.Words, At: Noon}, nil
		}
	}
	return node.Verification{Peer: DaveID, Nick: "dave", Words: "robot lemon", At: Noon}, nil
}

func (f *Node) Verified(context.Context) ([]node.Verification, error) {
	return f.Compared, f.note("verified")
}

func (f *Node) Ignore(_ context.Context, room, who string, ignored bool) (node.IgnoredInfo, error) {
	if err := f.note("ignore", roomName(room), who, strconv.FormatBool(ignored)); err != nil {
		return node.IgnoredInfo{}, err
	}
	for i, m := range f.MemberList {
		if m.Peer.String() == who || m.Nick == who {
			f.MemberList[i].Ignored = ignored
			return node.IgnoredInfo{Peer: m.Peer, Nick: m.Nick, At: Noon}, nil
		}
	}
	return node.IgnoredInfo{Peer: DaveID, Nick: "dave", At: Noon}, nil
}

func (f *Node) Ignored(context.Context) ([]node.IgnoredInfo, error) {
	return f.Unheard, f.note("ignored")
}

func (f *Node) History(context.Context, string) (node.HistoryInfo, error) {
	return node.HistoryInfo{Messages: f.Said, More: f.Forgotten, Fetching: f.Fetching}, f.note("history")
}

func (f *Node) Invite(_ context.Context, room, nick string, expires time.Duration) (node.InviteInfo, error) {
	f.waits()
	return node.InviteInfo{ID: "mf2w", Text: "LOCALCHAT:ABCD", Expires: time.Date(2026, 11, 23, 14, 2, 0, 0, time.Local)},
		f.note("invite", roomName(room), nick, expires.String())
}

func (f *Node) Invites(context.Context, string) ([]node.InviteInfo, error) {
	return f.Open, f.note("invites")
}

func (f *Node) Uninvite(_ context.Context, room, id string) error {
	return f.note("uninvite", roomName(room), id)
}

func (f *Node) Knocks(context.Context, string) ([]node.KnockInfo, error) {
	return f.AtDoor, f.note("knocks")
}

func (f *Node) Accept(_ context.Context, room, who string) error {
	return f.note("accept", roomName(room), who)
}

func (f *Node) Deny(_ context.Context, room, who, reason string) error {
	return f.note("deny", roomName(room), who, reason)
}

func (f *Node) Kick(_ context.Context, room, who, reason string) (node.Committed, error) {
	return node.Committed{Seq: 7, Epoch: 4}, f.note("kick", roomName(room), who, reason)
}

func (f *Node) Ban(_ context.Context, room, who, reason string, d time.Duration) (node.Committed, error) {
	return node.Committed{Seq: 7, Epoch: 4}, f.note("ban", roomName(room), who, reason, d.String())
}

func (f *Node) Deputize(_ context.Context, room, who string) (node.Committed, error) {
	return node.Committed{Seq: 11, Epoch: 6}, f.note("deputy", roomName(room), who)
}

func (f *Node) Transfer(_ context.Context, room, who string) (node.TransferInfo, error) {
	return node.TransferInfo{Peer: DaveID, Nick: who, Until: Noon.Add(10 * time.Minute)}, f.note("transfer", roomName(room), who)
}

func (f *Node) StopTransfer(_ context.Context, room string) (node.TransferInfo, error) {
	return node.TransferInfo{Peer: DaveID, Nick: "dave", Until: Noon}, f.note("stop transfer", roomName(room))
}

func (f *Node) Take(_ context.Context, room string) (node.Committed, error) {
	return node.Committed{Seq: 12, Epoch: 7}, f.note("take", roomName(room))
}

func (f *Node) Undeputize(_ context.Context, room, who string) (node.Committed, error) {
	return node.Committed{Seq: 12, Epoch: 6}, f.note("undeputy", roomName(room), who)
}

func (f *Node) Deputies(context.Context, string) ([]node.DeputyInfo, error) {
	var all []node.DeputyInfo
	for _, m := range f.MemberList {
		if m.Role == node.RoleDeputy {
			all = append(all, node.DeputyInfo{Peer: m.Peer, Nick: m.Nick, Present: m.Present})
		}
	}
	return all, nil
}

func (f *Node) Mute(_ context.Context, room, who, reason string, d time.Duration) (node.Committed, error) {
	return node.Committed{Seq: 9, Epoch: 5}, f.note("mute", roomName(room), who, reason, d.String())
}

func (f *Node) Voice(_ context.Context, room, who string, d time.Duration) (node.Committed, error) {
	return node.Committed{Seq: 11, Epoch: 7}, f.note("voice", roomName(room), who, d.String())
}

func (f *Node) Unvoice(_ context.Context, room, who string) (node.Committed, error) {
	return node.Committed{Seq: 12, Epoch: 8}, f.note("unvoice", roomName(room), who)
}

func (f *Node) Hand(_ context.Context, room string, up bool) error {
	return f.note("hand", roomName(room), strconv.FormatBool(up))
}

func (f *Node) Hands(_ context.Context, room string) ([]node.Hand, error) {
	return []node.Hand{{Peer: DaveID, Nick: "dave"}}, f.note("hands", roomName(room))
}

func (f *Node) Unmute(_ context.Context, room, who string) (node.Committed, error) {
	return node.Committed{Seq: 10, Epoch: 6}, f.note("unmute", roomName(room), who)
}

func (f *Node) Appeal(_ context.Context, room, text string) (node.AppealSent, error) {
	return node.AppealSent{Name: "lab", Sent: true}, f.note("appeal", room, text)
}

func (f *Node) Appeals(context.Context, string) ([]node.AppealInfo, error) {
	return []node.AppealInfo{{Peer: DaveID, Nick: "dave", Text: "it was the cat", Removal: 7, Kind: "kicked", By: AliceID, ByNick: "alice", Reason: "too loud"}}, f.note("appeals")
}

func (f *Node) Pardon(_ context.Context, room, who string) (node.Committed, error) {
	return node.Committed{Seq: 12, Epoch: 6}, f.note("pardon", roomName(room), who)
}

func (f *Node) Warn(_ context.Context, room, who, text string) (node.Committed, error) {
	return node.Committed{Seq: 11, Epoch: 6}, f.note("warn", roomName(room), who, text)
}

func (f *Node) SetNick(_ context.Context, room, nick string) (string, error) {
	return nick, f.note("nick", roomName(room), nick)
}

func (f *Node) Audit(_ context.Context, room string, after uint64) (node.AuditInfo, error) {
	return node.AuditInfo{Entries: f.Deeds[min(after, uint64(len(f.Deeds))):]}, f.note("audit", roomName(room))
}

func (f *Node) Records(_ context.Context, room string, after uint64) (node.RecordsInfo, error) {
	return node.RecordsInfo{Records: f.Log[min(after, uint64(len(f.Log))):]}, f.note("records", roomName(room))
}

func (f *Node) Unban(_ context.Context, room, who string) (node.Committed, error) {
	return node.Committed{Seq: 8, Epoch: 4}, f.note("unban", roomName(room), who)
}

func (f *Node) Removals(context.Context, string) ([]node.RemovalProgress, error) {
	return f.Removing, f.note("removals")
}

func (f *Node) Bans(context.Context, string) ([]node.BanInfo, error) {
	return f.Banned, f.note("bans")
}

func (f *Node) Policy(_ context.Context, _ string, change node.PolicyChange) (node.PolicyInfo, error) {
	what := "read"
	switch {
	case change.Access != nil:
		what = "access=" + string(*change.Access)
	case change.Subject != nil:
		what = "subject=" + *change.Subject
	case change.IdleS != nil:
		what = "idle=" + (time.Duration(*change.IdleS) * time.Second).String()
	case change.MembersInvite != nil && *change.MembersInvite:
		what = "members-invite"
	}
	return f.Rules, f.note("policy", what)
}

func (f *Node) CloseRoom(_ context.Context, room, reason string) error {
	return f.note("close", roomName(room), reason)
}

func (f *Node) Renew(_ context.Context, room string) (node.Renewed, error) {
	return node.Renewed{Name: "lab", Sent: []string{"bob"}, Invites: []node.InviteInfo{{Nick: "carol", Text: "LOCALCHAT:AAAA"}}}, f.note("renew", roomName(room))
}
