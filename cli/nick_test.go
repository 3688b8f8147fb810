package cli

import (
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
)

func TestCutNick(t *testing.T) {
	for text, want := range map[string][2]string{
		"lab": {"lab", ""}, "lab --nick bob": {"lab", "bob"}, "the big room --nick=bob": {"the big room", "bob"}, "--nick bob the big room": {"the big room", "bob"},
		"LOCALCHAT:ABCD --nick bob": {"LOCALCHAT:ABCD", "bob"}, "lab  --nick   bob ": {"lab", "bob"}, "lab--nick": {"lab--nick", ""}, "lab --nickname": {"lab --nickname", ""},
	} {
		if room, nick, err := command.CutNick(text); room != want[0] || nick != want[1] || err != nil {
			t.Errorf("%q: %q, %q, %v", text, room, nick, err)
		}
	}
	for _, text := range []string{"lab --nick", "--nick bob", "--nick", "lab --nick bob smith", "lab --nick="} {
		if room, nick, err := command.CutNick(text); err == nil {
			t.Errorf("%q: %q, %q", text, room, nick)
		}
	}
}

// TestPlainTakenNick: the plain console says which nick is free.
func TestPlainTakenNick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := sit(t, f)
		d.out.Take()
		d.words.Take()
		f.Errors["join"] = clitest.NickTaken("bob2")
		d.types("/join lab")
		d.reads("is taken in lab", "hint: choose another with --nick: bob2 is free")
		delete(f.Errors, "join")
		d.f.Did()
		d.types("/join lab --nick bob2")
		d.did("join lab as bob2")
		d.leaves(fail.ExitOK)
	})
}
