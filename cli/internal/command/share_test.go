package command

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/share"
	"localchat/node"
)

// An inviting node makes a different invite each time.
type inviting struct {
	*clitest.Node
	made []node.InviteInfo
	text string // of each invite, "" for a plain one
}

func (n *inviting) Invite(ctx context.Context, room, nick string, expires time.Duration) (node.InviteInfo, error) {
	_, err := n.Node.Invite(ctx, room, nick, expires)
	text := n.text
	if text == "" {
		text = fmt.Sprintf("LOCALCHAT:ROOM%c", 'A'+len(n.made))
	}
	i := node.InviteInfo{ID: fmt.Sprint("i", len(n.made)), Text: text, Expires: clitest.Noon}
	if err == nil {
		n.made = append(n.made, i)
		n.Open = append(n.Open, i)
	}
	return i, err
}

// Listen does not close the events when it is stopped; the test does.
func (n *inviting) Listen(o node.SubscribeOptions) (<-chan node.Event, func()) {
	events, _ := n.Node.Listen(o)
	return events, func() {}
}

// sharer returns a node in the room lab, which it owns or not, and the call of a command there.
func sharer(t *testing.T, owned bool) (*inviting, Call) {
	t.Helper()
	f := &inviting{Node: clitest.NewNode()}
	f.Node.Open = nil
	f.Refs = map[string]node.RoomRef{clitest.LabID.String(): {ID: clitest.LabID, Here: true}, "lab": {ID: clitest.LabID, Here: true}}
	f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", In: true, Mine: owned}, {ID: clitest.DenID, Name: "den", In: true}}
	f.MemberList = []node.MemberInfo{{Nick: "bob", Self: true, Role: "owner", Words: "amber kiwi"}}
	if !owned {
		f.MemberList = []node.MemberInfo{{Nick: "bob", Self: true, Role: "member"}, {Nick: "olga", Role: "owner", Words: "robot lemon"}}
	}
	f.Rules.Access = "knock"
	env := &Env{Exit: func(code int) { t.Errorf("the program ended itself with %d", code) }, Stderr: io.Discard}
	t.Cleanup(env.Shares.Close)
	return f, Call{Node: f, Room: Room{ID: clitest.LabID.String(), Name: "lab", Owned: owned}, Env: env}
}

// do runs /share with these words.
func do(t *testing.T, c Call, words string) (string, error) {
	t.Helper()
	if words != "" {
		c.Args = []string{words}
	}
	r, err := runShare(t.Context(), c)
	text := ""
	for _, line := range r.Lines {
		text += string(line) + "\n"
	}
	return text, err
}

// page returns what the share of c serves under path, or "" if nothing is served.
func page(t *testing.T, c Call, path string) string {
	t.Helper()
	of, on := c.Env.Shares.Of(c.Room.ID)
	if !on {
		return ""
	}
	return read(t, of.Port, path)
}

// portOf returns the port of the page of c.
func portOf(c Call) int {
	of, _ := c.Env.Shares.Of(c.Room.ID)
	return of.Port
}

func read(t *testing.T, port int, path string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	r, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", port, path))
	if err != nil {
		return ""
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

// TestShare: the page has the program, words and invites. /share shows the page again; /share off ends it and revokes the invites that
// nobody has used.
func TestShare(t *testing.T) {
	f, c := sharer(t, true)
	said, err := do(t, c, "--invites 2")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 invites to lab", "-- http://192.168.1.7:", "-- your words: amber kiwi", "localchat_", "each invite lets one person in"} {
		if !strings.Contains(said, want) {
			t.Errorf("it says\n%s\nand not %q", said, want)
		}
	}
	shown := page(t, c, "/")
	if !strings.Contains(shown, "join LOCALCHAT:ROOMA") || !strings.Contains(shown, "amber kiwi") {
		t.Errorf("the page is\n%s", shown)
	}
	if again, err := do(t, c, ""); err != nil || again != said {
		t.Errorf("the second time it says\n%s, %v", again, err)
	}
	if _, err := do(t, c, "--port 1"); err == nil {
		t.Error("it is shared twice")
	}

	// A used invite is shown to nobody.
	f.Node.Open = f.made[1:]
	f.Emit(node.MemberJoined{Nick: "carol"})
	eventually(t, "the used invite is gone", func() bool { return strings.Contains(page(t, c, "/"), "join LOCALCHAT:ROOMB") })

	// An invite that the owner makes while the room is shared has a page of its own.
	r, err := runInvite(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	line := string(r.Lines[len(r.Lines)-1])
	_, path, found := strings.Cut(line, fmt.Sprintf("http://192.168.1.7:%d", portOf(c)))
	if !found || !strings.Contains(page(t, c, path), "join "+r.Secret+"\n") {
		t.Errorf("/invite says %s", line)
	}

	f.Did()
	port := portOf(c)
	if said, err := do(t, c, "off"); err != nil || said != "-- the page of lab is gone\n" || read(t, port, "/") != "" {
		t.Errorf("off: %q, %v", said, err)
	}
	c.Env.Shares.Close()
	if did := f.Did(); !slices.Equal(did, []string{"uninvite lab i1"}) {
		t.Errorf("at the end it did %q", did)
	}
	if _, err := do(t, c, "off"); err == nil {
		t.Error("it is ended twice")
	}
	if r, err := runInvite(t.Context(), c); err != nil || !strings.Contains(string(r.Lines[len(r.Lines)-1]), "/share hands it out") {
		t.Errorf("/invite says %v, %v", r.Lines, err)
	}
}

// eventually waits for a change that no event reports.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatal("never: ", what)
		case <-tick.C:
		}
	}
}

// TestShareEnds: the page ends when we are no longer in the room, when its time is over, and with the program. Events of other rooms do
// not end it.
func TestShareEnds(t *testing.T) {
	for name, end := range map[string]func(*inviting, Call){
		"the room is closed": func(f *inviting, _ Call) { f.Emit(node.RoomClosed{}) },
		"kicked":             func(f *inviting, _ Call) { f.Emit(node.Removed{Kind: "kicked"}) },
		"refused":            func(f *inviting, _ Call) { f.Emit(node.Refused{}) },
		"left":               func(f *inviting, _ Call) { f.Emit(node.Left{}) },
		"an event was lost": func(f *inviting, _ Call) {
			f.Errors["members"] = &node.Error{Code: node.CodeNotMember}
			f.EmitIn(node.RoomID{}, "", node.Gap{Lost: 1})
		},
		"the node has stopped": func(f *inviting, _ Call) { close(f.Events) },
		"the program ends":     func(_ *inviting, c Call) { c.Env.Shares.Close() },
	} {
		f, c := sharer(t, true)
		if _, err := do(t, c, ""); err != nil {
			t.Fatal(err)
		}
		port := portOf(c)
		f.EmitIn(clitest.DenID, "den", node.RoomClosed{})
		f.EmitIn(clitest.DenID, "den", node.Left{})
		f.Emit(node.MemberLeft{Nick: "carol"})
		f.Node.Open = f.made[1:]
		f.Emit(node.MemberJoined{Nick: "carol"}) // once this one has an effect, the share has seen those before it
		eventually(t, name+": carol's invite is used", func() bool { return slices.Contains(f.Did(), "invites") })
		if page(t, c, "/") == "" {
			t.Fatalf("%s: the page is gone before that", name)
		}
		end(f, c)
		eventually(t, name+": the page is gone", func() bool { _, on := c.Env.Shares.Of(c.Room.ID); return !on })
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			t.Errorf("%s: somebody still listens", name)
		}
	}
	_, c := sharer(t, true)
	if _, err := do(t, c, "--for 1s"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its time is over", func() bool { _, on := c.Env.Shares.Of(c.Room.ID); return !on })
}

// TestShareAsMember: a member that may not invite shares a page without invites. If the member may invite, the page has invites of
// the owner. It has the words of both.
func TestShareAsMember(t *testing.T) {
	f, c := sharer(t, false)
	if _, err := do(t, c, ""); err != nil {
		t.Fatal(err)
	}
	shown := page(t, c, "/")
	for _, want := range []string{"./localchat_", " join lab\n", "amber kiwi", "robot lemon", "you knock, and olga lets you in"} {
		if !strings.Contains(shown, want) {
			t.Errorf("a member's page lacks %q:\n%s", want, shown)
		}
	}
	if strings.Contains(shown, "LOCALCHAT:") || len(f.made) > 0 {
		t.Errorf("a member has made %d invites:\n%s", len(f.made), shown)
	}

	f, c = sharer(t, false)
	f.Rules.MembersInvite = true
	if _, err := do(t, c, "--invites 1"); err != nil || !strings.Contains(page(t, c, "/"), "join LOCALCHAT:ROOMA\n") {
		t.Errorf("%v:\n%s", err, page(t, c, "/"))
	}
	c.Env.Shares.Close()
	if did := f.Did(); slices.ContainsFunc(did, func(s string) bool { return strings.HasPrefix(s, "uninvite") }) {
		t.Errorf("a member revokes: %q", did)
	}

	// Guests type a line that has the invite in it. The node of a hostile owner makes an invite that is more than a plain word.
	f, c = sharer(t, false)
	f.Rules.MembersInvite, f.text = true, "LOCALCHAT:AB\nCD"
	if said, err := do(t, c, ""); err == nil {
		t.Errorf("it is shared: %s", said)
	}
}

// TestShareRefused: each wrong option gets an error, and no page or invite is left behind.
func TestShareRefused(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for words, want := range map[string]string{
		"--invites 33": "cannot have 33", "--invites -1": "cannot have -1", "--for 0": "cannot be shared for", "--for 25h": "cannot be shared for", "--for soon": "soon",
		"--port 70000": "not a port", "--port x": "port", "--loud": "loud", "on": `"on"`, "--release": "needs a folder", "--release /nowhere at all": "/nowhere at all", "--port " + port: "cannot be served",
	} {
		f, c := sharer(t, true)
		said, err := do(t, c, words)
		if text, hint, _ := fail.Explain(orNil(err)); err == nil || !strings.Contains(text, want) || hint == "" {
			t.Errorf("/share %s: %v, says %q", words, err, said)
		}
		revoked := 0
		for _, call := range f.Did() {
			if strings.HasPrefix(call, "uninvite") {
				revoked++
			}
		}
		if revoked != len(f.made) {
			t.Errorf("/share %s leaves %d of %d invites", words, len(f.made)-revoked, len(f.made))
		}
	}
	f, c := sharer(t, true)
	f.Errors["invite"] = os.ErrPermission
	if _, err := do(t, c, ""); err == nil {
		t.Error("without an invite it is shared")
	}
	if _, on := c.Env.Shares.Of(c.Room.ID); on {
		t.Error("it is shared all the same")
	}
}

// orNil returns err, or another error if there is none: fail.Explain needs one.
func orNil(err error) error {
	if err == nil {
		return os.ErrInvalid
	}
	return err
}

// TestShareSaysLinked: a program that starts only on few systems is reported, unless the release has another one for this system.
func TestShareSaysLinked(t *testing.T) {
	sum := strings.Repeat("0", 64)
	own := &share.File{Name: "own", OS: "linux", Arch: "amd64", SHA256: sum, Linked: true}
	for want, files := range map[bool][]*share.File{
		true:  {{Name: "other", OS: "linux", Arch: "arm64", SHA256: sum}, own},
		false: {{Name: "archive", OS: "linux", Arch: "amd64", SHA256: sum}, own},
	} {
		said := string(safe.Join(sharedReply(Call{}, Shared{Files: files}).Lines, "\n"))
		if got := strings.Contains(said, "starts only on systems like it"); got != want {
			t.Errorf("it says\n%s", said)
		}
	}
}
