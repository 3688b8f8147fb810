package cli

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/node"
)

// TestVerify: the plain console asks no questions. /verify shows the words first, and then the line to type once they have been
// compared.
func TestVerify(t *testing.T) {
	t.Setenv("TZ", "UTC")
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := asOwner(t, f)
		f.MemberList = []node.MemberInfo{{Peer: clitest.MeID, Nick: "bob", Role: "owner", Self: true}, {Peer: clitest.AliceID, Nick: "alice", Role: "member", Words: "robot lemon"}}
		f.AtDoor = []node.KnockInfo{{Peer: clitest.DaveID, Nick: "dave", Words: "orbit tulip", Trust: node.Trust{Other: clitest.AliceID}}}
		d.types("/verify alice")
		d.did("members", "knocks")
		d.sees("words of alice (" + endOf(clitest.AliceID) + "): robot lemon\n" +
			"hint: if they read you the same words, by voice or side by side: /verify " + clitest.AliceID.String() + " yes")
		d.types("/verify " + clitest.AliceID.String() + " yes")
		d.did("verify lab " + clitest.AliceID.String() + " true")
		d.sees("-- ✓ alice (" + endOf(clitest.AliceID) + ") is verified: you have compared the words robot lemon")
		d.types("/verify dave")
		d.did("members", "knocks")
		d.sees("words of dave (" + endOf(clitest.DaveID) + "): orbit tulip\n! this is not the dave you verified: the key is different\n" +
			"hint: if they read you the same words, by voice or side by side: /verify " + clitest.DaveID.String() + " yes")
		d.types("/members")
		d.did("members", "knocks")
		d.sees("2 members of lab, key 3\n  bob    owner   you\n✓ alice  member  verified  not heard from\n! dave   knocks  another key  " + endOf(clitest.DaveID))
		f.Compared = []node.Verification{{Peer: clitest.AliceID, Nick: "alice", Words: "robot lemon", At: clitest.Noon.Add(7 * time.Second)}}
		d.types("/verified")
		d.did("verified")
		d.sees("✓ alice (" + endOf(clitest.AliceID) + ") since 2026-11-22 14:02:07; words: robot lemon\n1 person is verified")
		d.types("/unverify alice")
		d.did("verify lab alice false")
		d.sees("-- alice (" + endOf(clitest.AliceID) + ") is no longer verified")
		d.reads()
		for typed, says := range map[string]string{
			"/verify bob":        "that is you",
			"/verify nobody":     `there is no "nobody" in lab`,
			"/verify alice sure": `/verify NICK takes yes or nothing, not "sure"`,
			"/verify":            "usage: /verify NICK [yes]",
		} {
			d.types(typed)
			d.reads(says)
		}
		d.f.Did()
		d.out.Take()
		d.leaves(fail.ExitOK)
	})
}

// TestWhoisTimes: /whois shows, to the second, when a member joined, when it last spoke, and when its words were compared.
func TestWhoisTimes(t *testing.T) {
	t.Setenv("TZ", "UTC")
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := asOwner(t, f)
		since := time.Date(2026, 11, 21, 9, 8, 7, 0, time.UTC)
		f.MemberList = []node.MemberInfo{
			{Peer: clitest.MeID, Nick: "bob", Role: "owner", Self: true, Since: since},
			{Peer: clitest.AliceID, Nick: "alice", Role: "member", Present: true, Words: "robot lemon", Since: since, LastLine: clitest.Noon.Add(3 * time.Second), Trust: node.Trust{Verified: true}},
			{Peer: clitest.PeerID("k"), Nick: "alicia", Role: "member", Words: "kiwi amber", Since: since, Trust: node.Trust{Other: clitest.AliceID}},
		}
		f.AtDoor = []node.KnockInfo{{Peer: clitest.DaveID, Nick: "dave", Words: "orbit tulip"}}
		f.Compared = []node.Verification{{Peer: clitest.AliceID, Nick: "alice", Words: "robot lemon", At: clitest.Noon.Add(59 * time.Second)}}
		head := func(p node.PeerID, nick, words, role string) string {
			return "peer   " + p.String() + "\nnick   " + nick + "\nwords  " + words + "\nrole   " + role + "\n"
		}
		for typed, want := range map[string]string{
			"/whois alice": head(clitest.AliceID, "alice", "robot lemon", "member") + "here   yes\nsince  2026-11-21 09:08:07\nspoke  2026-11-22 14:02:03\n" +
				"trust  ✓ verified: you compared these words on 2026-11-22 14:02:59\nhint: /unverify alice takes it back",
			"/whois alicia": head(clitest.PeerID("k"), "alicia", "kiwi amber", "member") + "here   no: the owner's node does not hear from theirs\nsince  2026-11-21 09:08:07\n" +
				"spoke  nothing that is still kept here\ntrust  ! another key: the alice you verified has the words robot lemon\n" +
				"hint: compare the words by voice (they stand for the key), then /verify alicia",
			"/whois dave": head(clitest.DaveID, "dave", "orbit tulip", "knocks") +
				"trust  not verified\nhint: compare the words by voice (they stand for the key), then /verify dave",
			"/whois bob": head(clitest.MeID, "bob", "", "owner") + "here   this is you\nsince  2026-11-21 09:08:07\nspoke  nothing that is still kept here\n" +
				"hint: read these words to people who want to verify you; they stand for your key",
		} {
			d.types(typed)
			d.sees(want)
		}
		d.reads()
		d.f.Did()
		d.leaves(fail.ExitOK)
	})
}

// TestPlainOwnerKey: the plain console refuses a room whose name is known with another owner, and shows the line that enters it.
func TestPlainOwnerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Errors["join"] = clitest.ChangeOf("lab")
		d := sit(t, f, "join", "lab")
		d.leaves(fail.ExitIdentity)
		d.reads("localchat: the room has a different owner from the one you know\nhint: if that is right, join it by its id")

		d = inRoom(t, clitest.NewNode())
		d.f.Errors["join"] = clitest.ChangeOf("den")
		d.types("/join den")
		d.reads("localchat: the room has a different owner from the one you know\nhint: if that is right, join it by its id")
		d.f.Did()
		d.leaves(fail.ExitOK)
	})
}

func TestRPCVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Errors["join"] = clitest.ChangeOf("lab")
		d := sit(t, f, "rpc")
		for _, c := range []struct{ in, out string }{
			{
				`{"jsonrpc":"2.0","id":1,"method":"node.verify","params":{"room":"lab","who":"dave","verified":true}}`,
				`"result":{"peer":"` + clitest.DaveID.String() + `","nick":"dave","words":"robot lemon","at":"2026-11-22T14:02:00Z"}`,
			},
			{`{"jsonrpc":"2.0","id":1,"method":"node.verify","params":{"who":"dave"}}`, `"error":{"code":-32602,"message":"invalid parameters: verified is missing"`},
			{`{"jsonrpc":"2.0","id":1,"method":"node.verified"}`, `"result":{"verified":[]}`},
			{
				`{"jsonrpc":"2.0","id":1,"method":"room.join","params":{"room":"lab"}}`,
				`"data":{"code":"refused","hint":"if that is right, room.join takes its id as room: ` + clitest.DenID.String() + `","change":{"room":"` + clitest.DenID.String() + `","name":"lab","owner":"` + clitest.DaveID.String() +
					`","words":"orbit tulip","known_owner":"` + clitest.AliceID.String() + `","known_words":"robot lemon"}`,
			},
		} {
			if got := ask(t, d, c.in); !strings.Contains(got, c.out) {
				t.Errorf("%s\nis answered %s\nwant in it: %s", c.in, got, c.out)
			}
		}
		d.did("verify lab dave true", "verified", "join lab")
		f.MemberList = []node.MemberInfo{{Peer: clitest.AliceID, Nick: "alice", Role: "owner", Trust: node.Trust{Verified: true}, Since: clitest.Noon}, {Peer: clitest.DaveID, Nick: "dave", Trust: node.Trust{Other: clitest.AliceID}}}
		got := ask(t, d, `{"jsonrpc":"2.0","id":1,"method":"room.members","params":{"room":"lab"}}`)
		for _, want := range []string{`"verified":true,"since":"2026-11-22T14:02:00Z"}`, `"verified":false,"verified_other":"` + clitest.AliceID.String() + `"`} {
			if !strings.Contains(got, want) {
				t.Errorf("the members are %s\nwant in it: %s", got, want)
			}
		}
		d.leaves(fail.ExitOK)
	})
}

// endOf returns the end of a peer ID as it is shown.
func endOf(p node.PeerID) string { return string(render.Tail(p)) }
