package cli

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestVerify on the plain console, which has no questions: the words first, and a line that says that they were compared.
func TestVerify(t *testing.T) {
	t.Setenv("TZ", "UTC")
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		d := asOwner(t, f)
		f.members = []node.MemberInfo{{Peer: meID, Nick: "bob", Role: "owner", Self: true}, {Peer: aliceID, Nick: "alice", Role: "member", Words: "robot lemon"}}
		f.knocks = []node.KnockInfo{{Peer: daveID, Nick: "dave", Words: "orbit tulip", Trust: node.Trust{Other: aliceID}}}
		d.types("/verify alice")
		d.did("members", "knocks")
		d.sees("words of alice (" + short(aliceID) + "): robot lemon\n" +
			"hint: if they read you the same words, by voice or side by side: /verify " + aliceID.String() + " yes")
		d.types("/verify " + aliceID.String() + " yes")
		d.did("verify lab " + aliceID.String() + " true")
		d.sees("-- ✓ alice (" + short(aliceID) + ") is verified: you have compared the words robot lemon")
		d.types("/verify dave")
		d.did("members", "knocks")
		d.sees("words of dave (" + short(daveID) + "): orbit tulip\n! this is not the dave whom you verified: the key is another\n" +
			"hint: if they read you the same words, by voice or side by side: /verify " + daveID.String() + " yes")
		d.types("/members")
		d.did("members")
		d.sees("2 members of lab, key 3\n  bob    owner   you\n✓ alice  member  verified  not heard from")
		f.verified = []node.Verification{{Peer: aliceID, Nick: "alice", Words: "robot lemon", At: noon.Add(7 * time.Second)}}
		d.types("/verified")
		d.did("verified")
		d.sees("✓ alice (" + short(aliceID) + ") since 2026-11-22 14:02:07; words: robot lemon\n1 person is verified")
		d.types("/unverify alice")
		d.did("verify lab alice false")
		d.sees("-- alice (" + short(aliceID) + ") is no longer verified")
		d.reads()
		for typed, says := range map[string]string{
			"/verify bob":        "that is you",
			"/verify nobody":     `there is no "nobody" in lab`,
			"/verify alice sure": `"sure" is not yes`,
			"/verify":            "usage: /verify NICK [yes]",
		} {
			d.types(typed)
			d.reads(says)
		}
		d.f.did()
		d.out.take()
		d.leaves(fail.ExitOK)
	})
}

// TestWhoisTimes: whois tells to the second since when somebody is here and when they spoke last, and whether words were
// compared.
func TestWhoisTimes(t *testing.T) {
	t.Setenv("TZ", "UTC")
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		d := asOwner(t, f)
		since := time.Date(2026, 11, 21, 9, 8, 7, 0, time.UTC)
		f.members = []node.MemberInfo{
			{Peer: meID, Nick: "bob", Role: "owner", Self: true, Since: since},
			{Peer: aliceID, Nick: "alice", Role: "member", Present: true, Words: "robot lemon", Since: since, LastLine: noon.Add(3 * time.Second), Trust: node.Trust{Verified: true}},
			{Peer: "k", Nick: "alicia", Role: "member", Words: "kiwi amber", Since: since, Trust: node.Trust{Other: aliceID}},
		}
		f.knocks = []node.KnockInfo{{Peer: daveID, Nick: "dave", Words: "orbit tulip"}}
		f.verified = []node.Verification{{Peer: aliceID, Nick: "alice", Words: "robot lemon", At: noon.Add(59 * time.Second)}}
		head := func(p node.PeerID, nick, words, role string) string {
			return "peer   " + p.String() + "\nnick   " + nick + "\nwords  " + words + "\nrole   " + role + "\n"
		}
		for typed, want := range map[string]string{
			"/whois alice": head(aliceID, "alice", "robot lemon", "member") + "here   yes\nsince  2026-11-21 09:08:07\nspoke  2026-11-22 14:02:03\n" +
				"trust  ✓ verified: you compared these words on 2026-11-22 14:02:59\nhint: /unverify alice takes it back",
			"/whois alicia": head("k", "alicia", "kiwi amber", "member") + "here   not heard from by the owner\nsince  2026-11-21 09:08:07\n" +
				"spoke  nothing that is still kept here\ntrust  ! another key: the alice whom you verified has the words robot lemon\n" +
				"hint: compare the words by voice, for they stand for the key; then /verify alicia",
			"/whois dave": head(daveID, "dave", "orbit tulip", "knocks") +
				"trust  not verified\nhint: compare the words by voice, for they stand for the key; then /verify dave",
			"/whois bob": head(meID, "bob", "", "owner") + "here   this is you\nsince  2026-11-21 09:08:07\nspoke  nothing that is still kept here\n" +
				"hint: read these words to who wants to be sure of you; they stand for your key",
		} {
			d.types(typed)
			d.sees(want)
		}
		d.reads()
		d.f.did()
		d.leaves(fail.ExitOK)
	})
}

// TestPlainOwnerKey: the plain console refuses a room of a known name and another owner, with the line to type.
func TestPlainOwnerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.fail["join"] = changeOf("lab")
		d := sit(t, f, "join", "lab")
		d.leaves(fail.ExitIdentity)
		d.reads("localchat: the room has another owner than the one you know\nhint: join it by its id")

		d = inRoom(t, newFake())
		d.f.fail["join"] = changeOf("den")
		d.types("/join den")
		d.reads("localchat: the room has another owner than the one you know\nhint: join it by its id")
		d.f.did()
		d.leaves(fail.ExitOK)
	})
}

func TestRPCVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.fail["join"] = changeOf("lab")
		d := sit(t, f, "rpc")
		for _, c := range []struct{ in, out string }{
			{
				`{"jsonrpc":"2.0","id":1,"method":"node.verify","params":{"room":"lab","who":"dave","verified":true}}`,
				`"result":{"peer":"` + daveID.String() + `","nick":"dave","words":"robot lemon","at":"2026-11-22T14:02:00Z"}`,
			},
			{`{"jsonrpc":"2.0","id":1,"method":"node.verify","params":{"who":"dave"}}`, `"error":{"code":-32602,"message":"invalid parameters: verified is missing"`},
			{`{"jsonrpc":"2.0","id":1,"method":"node.verified"}`, `"result":{"verified":[]}`},
			{
				`{"jsonrpc":"2.0","id":1,"method":"room.join","params":{"room":"lab"}}`,
				`"data":{"code":"refused","hint":"join it by its id","change":{"room":"` + denID.String() + `","name":"lab","owner":"` + daveID.String() +
					`","words":"orbit tulip","known_owner":"` + aliceID.String() + `","known_words":"robot lemon"}}`,
			},
		} {
			if got := ask(t, d, c.in); !strings.Contains(got, c.out) {
				t.Errorf("%s\nis answered %s\nwant in it: %s", c.in, got, c.out)
			}
		}
		d.did("verify lab dave true", "verified", "join lab")
		f.members = []node.MemberInfo{{Peer: aliceID, Nick: "alice", Role: "owner", Trust: node.Trust{Verified: true}, Since: noon}, {Peer: daveID, Nick: "dave", Trust: node.Trust{Other: aliceID}}}
		got := ask(t, d, `{"jsonrpc":"2.0","id":1,"method":"room.members","params":{"room":"lab"}}`)
		for _, want := range []string{`"verified":true,"since":"2026-11-22T14:02:00Z"}`, `"verified":false,"verified_other":"` + aliceID.String() + `"`} {
			if !strings.Contains(got, want) {
				t.Errorf("the members are %s\nwant in it: %s", got, want)
			}
		}
		d.leaves(fail.ExitOK)
	})
}
