package rpc

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A counterpart is how a program does what a command of the console does.
type counterpart struct {
	// methods are those that an attached console uses to run the command.
	methods string
	// also are further methods for it, with the reason why a console does without them here.
	also, why string
	// lines are typed to try the command; nil: its examples.
	lines []string
}

// consoleCommands are all of them.
var consoleCommands = map[string]counterpart{
	"help":   {why: "this page of the manual is docs/interface.md"},
	"switch": {why: "each request names its room"},
	"clear":  {why: "a program has no screen"},
	"quit":   {also: "node.shutdown", why: "the end of input; this ends the node in another process"},
	"set":    {also: "node.settings node.set", why: "a console changes its own settings; these are those of the next"},

	"rooms":  {methods: "room.list"},
	"create": {methods: "room.list room.create"},
	"join":   {methods: "room.join"},
	"leave":  {methods: "room.leave"},
	"me":     {methods: "room.say"},
	"msg":    {methods: "room.tell"},

	"members":  {methods: "room.members room.knocks"},
	"whois":    {methods: "room.members room.knocks node.verified"},
	"verify":   {methods: "room.members room.knocks node.verify"},
	"unverify": {methods: "node.verify"},
	"verified": {methods: "node.verified"},
	"ignore":   {methods: "node.ignore"},
	"unignore": {methods: "node.ignore"},
	"ignored":  {methods: "node.ignored"},
	"whoami":   {methods: "node.info"},
	"net":      {methods: "node.info node.peers room.list room.members", also: "node.net", why: "the same as one object"},
	"doctor":   {methods: "node.doctor"},
	"search":   {methods: "room.history"},
	"save":     {methods: "room.history"},
	"log":      {methods: "node.log"},

	"invite": {methods: "node.info room.invite room.policy room.members"},
	"share": {
		methods: "room.shared room.share", also: "room.unshare", why: "nothing is shared here; TestShareAttached ends a share",
		lines: []string{"/share --no-invite", "/share off"},
	},
	"accept":   {methods: "room.accept"},
	"deny":     {methods: "room.deny"},
	"kick":     {methods: "room.kick"},
	"ban":      {methods: "room.ban"},
	"unban":    {methods: "room.unban"},
	"appeal":   {methods: "room.appeal"},
	"appeals":  {methods: "room.appeals"},
	"pardon":   {methods: "room.pardon"},
	"warn":     {methods: "room.warn"},
	"nick":     {methods: "room.nick"},
	"audit":    {methods: "room.audit", also: "room.records", why: "localchat audit export writes the records to a file"},
	"away":     {methods: "node.away"},
	"back":     {methods: "node.back"},
	"mute":     {methods: "room.mute"},
	"unmute":   {methods: "room.unmute"},
	"deputy":   {methods: "room.deputy"},
	"undeputy": {methods: "room.undeputy"},
	"deputies": {methods: "room.deputies"},
	"transfer": {methods: "room.transfer"},
	"take":     {methods: "room.take"},
	"voice":    {methods: "room.voice"},
	"unvoice":  {methods: "room.unvoice"},
	"floor":    {methods: "room.voice"},
	"hands":    {methods: "room.hands"},
	"hand":     {methods: "room.hand"},
	"bans":     {methods: "room.bans"},
	"invites":  {methods: "room.invites"},
	"uninvite": {methods: "room.uninvite"},
	"subject":  {methods: "room.policy"},
	"policy":   {methods: "room.policy"},
	"close":    {methods: "room.close"},
	"renew":    {methods: "room.renew"},
}

// programsAlone are methods for which the console has no command, each with the reason.
var programsAlone = map[string]string{
	"node.dial":      "the flag --peer",
	"node.subscribe": "a console shows the events of all rooms",
	"node.shown":     "a console says so by itself",
	"room.removals":  "a console has the events since its start",
	"node.focus":     "a console calls its user itself",
	"node.cancel":    "Ctrl-C",
	"node.status":    "localchat status",
}

// A tap notes the methods of the requests that pass.
type tap struct {
	net.Conn
	mu      sync.Mutex // the commands of a console run beside each other
	methods map[string]bool
}

func (c *tap) Write(line []byte) (int, error) {
	var r wireRequest
	if err := json.Unmarshal(line, &r); err != nil {
		return 0, err
	}
	c.mu.Lock()
	c.methods[r.Method] = true
	c.mu.Unlock()
	return c.Conn.Write(line)
}

func (c *tap) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	used := slices.Sorted(maps.Keys(c.methods))
	clear(c.methods)
	return used
}

// TestWhateverTheConsoleDoes: for each command of the console there are the methods that its counterpart names, and an attached
// console uses these, so that a program can do what a person can.
func TestWhateverTheConsoleDoes(t *testing.T) {
	here, there := net.Pipe()
	f := clitest.NewNode()
	f.Quiet = true
	f.MemberList = []node.MemberInfo{{Peer: clitest.MeID, Nick: "me", Role: "owner", Self: true}, {Peer: clitest.AliceID, Nick: "bob", Role: "member", Trust: node.Trust{Other: clitest.DaveID}}}
	f.RoomList = []node.RoomInfo{{ID: clitest.DenID, Name: "den", In: true}}
	f.Rules.MembersInvite = true
	env := func() *command.Env {
		return &command.Env{Stderr: io.Discard, Log: slog.New(slog.DiscardHandler), Ring: &command.LogRing{}, Doctor: func(context.Context, command.Patient) command.Diagnosis {
			return command.Diagnosis{}
		}}
	}
	ended := make(chan error, 1)
	go func() { ended <- ServeFace(context.Background(), env(), f, there, there, 0, false) }()
	wire := &tap{Conn: here, methods: make(map[string]bool)}
	c := NewClient(env(), wire, bufio.NewReader(here))
	table, methods := command.Table(), rpcMethods{}.table()
	served := make(map[string]bool)
	for name := range programsAlone {
		served[name] = true
	}
	for _, cmd := range table {
		of, listed := consoleCommands[cmd.Name]
		if !listed {
			t.Errorf("/%s has no counterpart among the methods", cmd.Name)
			continue
		}
		lines := of.lines
		if lines == nil {
			lines = append(cmd.Examples, "/"+cmd.Name+" bob")
		}
		used := make(map[string]bool)
		for _, line := range lines {
			if cmd.Name == "save" {
				line = "/save " + filepath.Join(t.TempDir(), "lines")
			}
			in, err := command.Parse(line, table)
			if err != nil {
				continue // a command without arguments
			}
			for _, owned := range []bool{true, false} {
				room := command.Room{ID: clitest.LabID.String(), Name: "lab", Nick: "bob", Owned: owned}
				if command.Permit(in.Cmd, room) == nil {
					// Whether it succeeds is not what is asked here.
					_, _ = cmd.Run(t.Context(), command.Call{Node: c, Args: in.Args, Room: room, Rooms: []command.Room{room}, Table: table, Env: env(), Keys: []safe.Text{"x"}})
				}
			}
			for _, m := range wire.take() {
				used[m] = true
			}
		}
		want := strings.Fields(of.methods)
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(used)); !slices.Equal(got, want) {
			t.Errorf("/%s uses %q; its counterpart names %q", cmd.Name, got, want)
		}
		if (of.methods == "" || of.also != "") && of.why == "" {
			t.Errorf("/%s: no reason is given", cmd.Name)
		}
		for _, m := range append(want, strings.Fields(of.also)...) {
			if served[m] = true; methods[m] == nil {
				t.Errorf("/%s: there is no %s", cmd.Name, m)
			}
		}
	}
	for name := range consoleCommands {
		if cmd, _ := command.LookUp(name, "", table); cmd == nil {
			t.Errorf("there is no /%s", name)
		}
	}
	for name := range methods {
		if !served[name] {
			t.Errorf("%s is the counterpart of no command, and no reason is given", name)
		}
	}
	_ = c.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestLogOfTheNode: an attached console shows the log of the process that runs the node.
func TestLogOfTheNode(t *testing.T) {
	here, there := net.Pipe()
	f := clitest.NewNode()
	log := slog.New(slog.DiscardHandler)
	host := &command.Env{Stderr: io.Discard, Log: log, Ring: &command.LogRing{}}
	for _, line := range []string{"one", "two", "three"} {
		_, _ = io.WriteString(host.Ring, line+"\n")
	}
	ended := make(chan error, 1)
	go func() { ended <- ServeFace(context.Background(), host, f, there, there, 0, false) }()
	c := NewClient(&command.Env{Stderr: io.Discard, Log: log, Ring: &command.LogRing{}}, here, bufio.NewReader(here))
	if got, err := c.ReadLog(t.Context(), 2); err != nil || !slices.Equal(got.Lines, []string{"two", "three"}) || got.Kept != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.ReadLog(t.Context(), 0); err != nil || len(got.Lines) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	_ = c.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
