package cli

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"localchat/node"
)

// A fakeNode is a peerNode that does what its test says: calls are noted, answers are set, events are sent by hand.
type fakeNode struct {
	mu     sync.Mutex
	calls  []string
	looks  int // at the rooms
	events chan node.Event
	seq    uint64
	closed bool

	peers   []node.PeerInfo // beside alice
	rooms   []node.RoomInfo
	more    int // rooms that are not in rooms
	members []node.MemberInfo
	history []node.Message
	// forgotten and fetching are of the history.
	forgotten int
	fetching  bool
	knocks    []node.KnockInfo
	bans      []node.BanInfo
	invites   []node.InviteInfo
	policy    node.PolicyInfo

	verified []node.Verification
	fail     map[string]error // by method
	// joining blocks Join until it is closed, where it is not nil; joiningOf does for one room.
	joining   chan struct{}
	joiningOf map[string]chan struct{}
	refs      map[string]node.RoomRef // by what a room is called
	// atDoor is what happens while the owner of a room to be joined is asked, where it is not nil.
	atDoor func(context.Context) error
	// slow blocks in the same way what else waits for others.
	slow chan struct{}
	// alone: no other node is connected.
	alone bool
	// quiet: what is said comes back as no event.
	quiet bool
}

var (
	labID   = node.RoomID{1}
	denID   = node.RoomID{2}
	meID    = node.PeerID("me-key")
	aliceID = node.PeerID("alice-key")
	daveID  = node.PeerID("dave-key")
)

func newFake() *fakeNode {
	return &fakeNode{
		events: make(chan node.Event, 256), fail: map[string]error{},
		bans:    []node.BanInfo{{Peer: daveID, Nick: "dave", Reason: "spam"}},
		invites: []node.InviteInfo{{ID: "mf2w", Nick: "carol", Expires: time.Date(2026, 11, 23, 14, 2, 0, 0, time.Local)}},
	}
}

func (f *fakeNode) note(method string, args ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, strings.Join(append([]string{method}, args...), " "))
	return f.fail[method]
}

// did returns the calls so far and forgets them.
func (f *fakeNode) did() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.calls = nil
	return calls
}

// emit sends an event of the room lab, or of no room where body says so.
func (f *fakeNode) emit(body node.EventBody) { f.emitIn(labID, "lab", body) }

func (f *fakeNode) emitIn(room node.RoomID, name string, body node.EventBody) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	f.events <- node.Event{Seq: f.seq, Time: time.Date(2026, 11, 22, 14, 2, 0, 0, time.UTC), Room: room, RoomName: name, Body: body}
}

func (f *fakeNode) Info() node.Info {
	return node.Info{Peer: meID, Nick: "bob", Words: "amber kiwi", Addrs: []string{"/ip4/192.168.1.7/tcp/4001"}, Version: "devel"}
}

func (f *fakeNode) Listen() (<-chan node.Event, func()) {
	return f.events, sync.OnceFunc(func() { close(f.events) })
}

func (f *fakeNode) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

func (f *fakeNode) Peers(context.Context) ([]node.PeerInfo, error) {
	return append([]node.PeerInfo{{Peer: aliceID, Connected: !f.alone, RTTms: 1.4}}, f.peers...), f.note("peers")
}

// waits until slow is closed, where there is one.
func (f *fakeNode) waits() {
	if f.slow != nil {
		<-f.slow
	}
}

func (f *fakeNode) Dial(_ context.Context, addr string) (node.PeerID, error) {
	f.waits()
	return aliceID, f.note("dial", addr)
}

func (f *fakeNode) Rooms(context.Context) ([]node.RoomInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looks++
	return append([]node.RoomInfo(nil), f.rooms...), f.fail["rooms"]
}

func (f *fakeNode) Unlisted(context.Context) (int, error) { return f.more, nil }

// Ref knows the rooms of refs. A room that was created is one of them.
func (f *fakeNode) Ref(_ context.Context, text string) node.RoomRef {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ref, ok := f.refs[text]; ok {
		return ref
	}
	return node.RoomRef{Name: text}
}

func (f *fakeNode) Create(_ context.Context, o node.CreateOptions) (node.RoomInfo, error) {
	if err := f.note("create", o.Name); err != nil {
		return node.RoomInfo{}, err
	}
	f.emit(node.Joined{Name: o.Name, Nick: "bob", Epoch: 1, Owner: true})
	return node.RoomInfo{ID: labID, Name: o.Name}, nil
}

func (f *fakeNode) Join(ctx context.Context, o node.JoinOptions) (node.JoinedInfo, error) {
	as := ""
	if o.Nick != "" {
		as = " as " + o.Nick
	}
	if err := f.note("join", o.Room+o.Invite+as); err != nil {
		return node.JoinedInfo{}, err
	}
	joining := f.joining
	if of := f.joiningOf[o.Room+o.Invite]; of != nil {
		joining = of
	}
	if f.atDoor != nil {
		o.Asked(roomName(o.Room), noon.Add(knockWait))
		if err := f.atDoor(ctx); err != nil {
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
	id := labID
	if o.Room == "den" {
		id = denID
	}
	f.emitIn(id, o.Room, node.Joined{Name: o.Room, Nick: "bob", Epoch: 3})
	return node.JoinedInfo{ID: id, Name: o.Room, Nick: "bob", Owner: aliceID, Epoch: 3, Members: f.members}, nil
}

func (f *fakeNode) Leave(_ context.Context, room string) error {
	if err := f.note("leave", roomName(room)); err != nil {
		return err
	}
	f.emit(node.Left{})
	return nil
}

// roomName makes ids readable in expectations.
func roomName(id string) string {
	switch id {
	case labID.String():
		return "lab"
	case denID.String():
		return "den"
	}
	return id
}

func (f *fakeNode) Say(_ context.Context, room, text string, action bool) (string, error) {
	f.waits()
	verb := "say"
	if action {
		verb = "act"
	}
	if err := f.note(verb, roomName(room), text); err != nil {
		return "", err
	}
	if !f.quiet {
		f.emit(node.Message{ID: "m1", Peer: meID, Nick: "bob", Text: text, Action: action, Self: true})
		f.emit(node.Delivered{ID: "m1"})
	}
	return "m1", nil
}

func (f *fakeNode) Tell(_ context.Context, room, who, text string) (string, error) {
	f.waits()
	return "d1", f.note("tell", roomName(room), who, text)
}

func (f *fakeNode) Members(context.Context, string) (node.MembersInfo, error) {
	return node.MembersInfo{Epoch: 3, Members: f.members}, f.note("members")
}

func (f *fakeNode) Verify(_ context.Context, room, who string, verified bool) (node.Verification, error) {
	if err := f.note("verify", roomName(room), who, strconv.FormatBool(verified)); err != nil {
		return node.Verification{}, err
	}
	for i, m := range f.members {
		if m.Peer.String() == who || m.Nick == who {
			f.members[i].Verified = verified
			return node.Verification{Peer: m.Peer, Nick: m.Nick, Words: m.Words, At: noon}, nil
		}
	}
	return node.Verification{Peer: daveID, Nick: "dave", Words: "robot lemon", At: noon}, nil
}

func (f *fakeNode) Verified(context.Context) ([]node.Verification, error) {
	return f.verified, f.note("verified")
}

func (f *fakeNode) History(context.Context, string) (node.HistoryInfo, error) {
	return node.HistoryInfo{Messages: f.history, More: f.forgotten, Fetching: f.fetching}, f.note("history")
}

func (f *fakeNode) Invite(_ context.Context, room, nick string, expires time.Duration) (node.InviteInfo, error) {
	f.waits()
	return node.InviteInfo{ID: "mf2w", Text: "LOCALCHAT:ABCD", Expires: time.Date(2026, 11, 23, 14, 2, 0, 0, time.Local)},
		f.note("invite", roomName(room), nick, expires.String())
}

func (f *fakeNode) Invites(context.Context, string) ([]node.InviteInfo, error) {
	return f.invites, f.note("invites")
}

func (f *fakeNode) Uninvite(_ context.Context, room, id string) error {
	return f.note("uninvite", roomName(room), id)
}

func (f *fakeNode) Knocks(context.Context, string) ([]node.KnockInfo, error) {
	return f.knocks, f.note("knocks")
}

func (f *fakeNode) Accept(_ context.Context, room, who string) error {
	return f.note("accept", roomName(room), who)
}

func (f *fakeNode) Deny(_ context.Context, room, who, reason string) error {
	return f.note("deny", roomName(room), who, reason)
}

func (f *fakeNode) Kick(_ context.Context, room, who, reason string) (node.Committed, error) {
	return node.Committed{Seq: 7, Epoch: 4}, f.note("kick", roomName(room), who, reason)
}

func (f *fakeNode) Ban(_ context.Context, room, who, reason string, d time.Duration) (node.Committed, error) {
	return node.Committed{Seq: 7, Epoch: 4}, f.note("ban", roomName(room), who, reason, d.String())
}

func (f *fakeNode) Unban(_ context.Context, room, who string) (node.Committed, error) {
	return node.Committed{Seq: 8, Epoch: 4}, f.note("unban", roomName(room), who)
}

func (f *fakeNode) Bans(context.Context, string) ([]node.BanInfo, error) {
	return f.bans, f.note("bans")
}

func (f *fakeNode) Policy(_ context.Context, _ string, change node.PolicyChange) (node.PolicyInfo, error) {
	what := "read"
	switch {
	case change.Access != nil:
		what = "access=" + *change.Access
	case change.Subject != nil:
		what = "subject=" + *change.Subject
	case change.IdleS != nil:
		what = "idle=" + (time.Duration(*change.IdleS) * time.Second).String()
	case change.MembersInvite != nil && *change.MembersInvite:
		what = "members-invite"
	}
	return f.policy, f.note("policy", what)
}

func (f *fakeNode) CloseRoom(_ context.Context, room, reason string) error {
	return f.note("close", roomName(room), reason)
}

func (f *fakeNode) Renew(_ context.Context, room string) (node.Renewed, error) {
	return node.Renewed{Name: "lab", Sent: []string{"bob"}, Invites: []node.InviteInfo{{Nick: "carol", Text: "LOCALCHAT:AAAA"}}}, f.note("renew", roomName(room))
}

// A screen is an output that two goroutines may write to and a test reads.
type screen struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	broken bool
}

// breaks makes every later write fail, as a pipe does whose reader has gone.
func (s *screen) breaks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return 0, syscall.EPIPE
	}
	return s.buf.Write(p)
}

// take returns what was written since the last take.
func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.buf.String()
	s.buf.Reset()
	return text
}

// newApp is a program whose nodes are f, with an environment of its own.
func newApp(t testing.TB, f *fakeNode, stdin io.Reader) (*app, *screen, *screen) {
	t.Helper()
	out, words := &screen{}, &screen{}
	home := t.TempDir()
	env := map[string]string{"XDG_CONFIG_HOME": home, "USER": "bob", "LOCALCHAT_EPHEMERAL": "true"}
	a := &app{
		stdin: stdin, stdout: out, stderr: words, ring: &logRing{},
		env:  func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		exit: func(code int) { t.Errorf("the program ended itself with %d", code) },
	}
	a.start = func(node.Config) (peerNode, error) { return f, f.fail["start"] }
	return a, out, words
}
