package cli

import (
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestIgnore: the replies of the commands about ignored people, and the mark in /members and in the line of a knock.
func TestIgnore(t *testing.T) {
	t.Setenv("TZ", "UTC")
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := asOwner(t, f)
		f.MemberList = []node.MemberInfo{{Peer: clitest.MeID, Nick: "bob", Role: "owner", Self: true}, {Peer: clitest.AliceID, Nick: "alice", Role: "member", Present: true}}
		d.types("/ignore alice")
		d.did("ignore lab alice true")
		d.sees("-- alice (" + endOf(clitest.AliceID) + ") is ignored: their lines and direct messages are not shown to you\nhint: /unignore alice takes it back")
		d.types("/members")
		d.did("members", "knocks")
		d.sees("2 members of lab, key 3\n  bob    owner   you\n  alice  member  ignored")
		f.Unheard = []node.IgnoredInfo{{Peer: clitest.AliceID, Nick: "alice", At: clitest.Noon}}
		d.types("/ignored")
		d.did("ignored")
		d.sees("  alice (" + endOf(clitest.AliceID) + ") since 2026-11-22 14:02:00\n1 person is ignored")
		d.types("/unignore alice")
		d.did("ignore lab alice false")
		d.sees("-- alice (" + endOf(clitest.AliceID) + ") is no longer ignored")
		f.Emit(node.Knock{Peer: clitest.DaveID, Nick: "dave", Words: "robot lemon", Trust: node.Trust{Ignored: true}})
		d.sees("? dave (ignored) knocks; their words: robot lemon (5TrznQC8); /accept dave or /deny dave")
		d.f.Did()
		d.leaves(fail.ExitOK)
	})
}

func TestRPCIgnore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := sit(t, f, "rpc")
		for _, c := range []struct{ in, out string }{
			{
				`{"jsonrpc":"2.0","id":1,"method":"node.ignore","params":{"room":"lab","who":"dave","ignored":true}}`,
				`"result":{"peer":"` + clitest.DaveID.String() + `","nick":"dave","at":"2026-11-22T14:02:00Z"}`,
			},
			{`{"jsonrpc":"2.0","id":1,"method":"node.ignore","params":{"who":"dave"}}`, `"error":{"code":-32602,"message":"invalid parameters: ignored is missing"`},
			{`{"jsonrpc":"2.0","id":1,"method":"node.ignored"}`, `"result":{"ignored":[]}`},
		} {
			if got := ask(t, d, c.in); !strings.Contains(got, c.out) {
				t.Errorf("%s\nis answered %s\nwant in it: %s", c.in, got, c.out)
			}
		}
		d.did("ignore lab dave true", "ignored")
		d.leaves(fail.ExitOK)
	})
}
