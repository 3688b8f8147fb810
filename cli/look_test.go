package cli

import (
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestWhatEverybodyMayAsk checks the replies of the commands that change nothing.
func TestWhatEverybodyMayAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Said = []node.Message{
			{ID: "1", Peer: clitest.AliceID, Nick: "alice", Text: "the build box is up"}, {ID: "2", Peer: clitest.MeID, Nick: "bob", Text: "fine"},
		}
		f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", Access: "knock", Members: 2, Words: "amber kiwi", In: true}}
		d := inRoom(t, f)
		for _, c := range []struct {
			typed string
			want  []string
		}{
			{"/help", []string{"/kick WHO [REASON]", "remove a member and tell them why; they may ask to come back (owner, deputies)", "//x says /x"}},
			{"/help kick", []string{"example:  /kick dave\n", "usage:    /kick WHO [REASON]\n", "for:      the room's owner"}},
			{"/help /topic", []string{"usage:    /subject TEXT\n", "also:     /topic, /room topic, /room subject"}},
			{"/rooms", []string{"> lab  knock      2 members; you are in it; owner's words: amber kiwi"}},
			{"/members", []string{"2 members of lab, key 3\n", "  alice  owner \n", "  bob    member  you\n"}},
			{"/whois ALICE", []string{"peer   " + clitest.AliceID.String(), "nick   alice", "role   owner", "here   yes", "hint: compare the words"}},
			{"/whois " + clitest.MeID.String()[:6], []string{"nick   bob", "here   this is you"}},
			{"/whoami", []string{"nick   bob", "words  amber kiwi", "in     lab, as bob, member"}},
			{"/net", []string{"join   192.168.1.7:4001  is what others type to reach you\n", "ports  TCP 4001  are the ports that others connect to; they find you at UDP 5353; --listen 4001", "me     /ip4/192.168.1.7/tcp/4001\n", "peer   alice ~", "connected, 1 ms"}},
			{"/search BUILD", []string{"<alice> the build box is up\n", "1 line found among those kept here"}},
			{"/log", []string{"hint: -v logs in detail"}},
			{"/set", []string{"times        on ", "notify       calls ", "bell         off", "keys         off"}},
			{"/set keys on", []string{"-- keys on"}},
			{"/msg alice psst", []string{"[you to alice] psst"}},
			{"/clear", nil},
		} {
			d.types(c.typed)
			d.reads()
			got := withoutTimes(d.out.Take())
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("%s shows:\n%s\nwant in it: %q", c.typed, got, w)
				}
			}
		}
		f.Emit(node.Epoch{Epoch: 9})
		d.sees("-- key 9")
		for typed, said := range map[string]string{
			"/whois dave": `there is no "dave" in lab`, "/help kcik": "did you mean /help kick?", "/set colour on": "there is no setting colour",
			"/set bell": "bell is on or off, not", "/set notify loud": "notify is off or calls or all, not",
		} {
			d.types(typed)
			d.reads(said)
		}
		d.types("/leave")
		d.sees("-- you left lab")
		d.types("/members")
		d.reads("you are not in a room")
		d.leaves(fail.ExitOK)
	})
}

// A linkLocalNode is a fake node that has only link-local addresses.
type linkLocalNode struct{ *clitest.Node }

func (linkLocalNode) Info() node.Info {
	return node.Info{Peer: clitest.MeID, Addrs: []string{"/ip6/::1/tcp/4001", "/ip6zone/wlan0/ip6/fe80::7/tcp/4001"}}
}

// TestNetSaysWhatToTypeForALinkLocalAddress: /net says that others put their own network interface into a link-local address.
func TestNetSaysWhatToTypeForALinkLocalAddress(t *testing.T) {
	got, err := runOf("net")(t.Context(), command.Call{Node: linkLocalNode{clitest.NewNode()}})
	if err != nil {
		t.Fatal(err)
	}
	want := "join   [fe80::7%wlan0]:4001  is what others type to reach you; in place of wlan0, your network interface, they type the name of theirs"
	if len(got.Lines) == 0 || string(got.Lines[0]) != want {
		t.Errorf("%q", got.Lines)
	}
	for _, line := range got.Lines {
		if strings.Contains(string(line), "::1/") {
			t.Errorf("others cannot reach %s", line)
		}
	}
}
