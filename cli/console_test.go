package cli

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/node"
)

func TestTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		d.types("hello")
		d.did("say lab hello")
		d.sees("<bob> hello")
		d.types("/me waves")
		d.did("act lab waves")
		d.sees("* bob waves")
		d.types("//etc/hosts is wrong")
		d.did("say lab /etc/hosts is wrong")
		d.sees("<bob> /etc/hosts is wrong")
		d.f.Emit(node.Message{ID: "m2", Peer: clitest.AliceID, Nick: "alice", Text: "hi\x1b[2J there"})
		d.sees("<alice> hi there")
		d.reads()
		d.leaves(fail.ExitOK)
	})
}

// TestPlainTextIsExact: text typed into the plain console is sent exactly as it is.
func TestPlainTextIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		for _, text := range []string{"\tif x {", "می\u200cخواهم", "👨\u200d👩\u200d👧", "  two  blanks  ", "a\x1b[31mb", "\u200bx", "e\u0301", "\ufeffx", "a\u202eb\u2069"} {
			d.types(text)
			d.did("say lab " + text)
			d.types("/me " + text)
			d.did("act lab " + text)
			d.types("/msg alice " + text)
			d.did("tell lab alice " + text)
		}
		d.out.Take()
		for _, text := range []string{"LOCALCHAT:ABCD", "\ufeff localchat:abcd"} {
			d.types(text)
			d.did()
			d.reads("that is an invite and was not said")
		}
		d.leaves(fail.ExitOK)
	})
}

func TestMistypedCommandIsNeverSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		for typed, hint := range map[string]string{
			"/kcik dave": "hint: did you mean /kick?", "  /kick dave": "is for the owner of lab", "/frobnicate": "hint: /help lists",
			"/": "/ alone is not a command", "/me": "usage: /me TEXT", "/room destroy": "no /room", "/KICK dave": "is for the owner",
		} {
			d.types(typed)
			d.reads(hint)
			d.did()
			d.sees("")
		}
		d.leaves(fail.ExitOK)
	})
}

func TestOwnersCommandsAreRefusedHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		for _, cmd := range command.Table() {
			whose, refused := map[command.Role]string{command.Owner: "", command.Moderator: " and its deputies"}[cmd.Role]
			if !refused {
				continue
			}
			d.types(cmd.Examples[len(cmd.Examples)-1])
			d.reads("localchat: /"+cmd.Name+" is for the owner of lab"+whose+"; nothing was sent", "hint:")
			d.did()
		}
		d.types("/invite")
		d.reads("only the owner of lab can invite")
		d.did("policy read")
		d.f.Rules.MembersInvite = true
		d.out.Take()
		d.types("/invite carol")
		d.did("policy read", "members", "invite lab carol 0s")
		if got := d.out.Take(); !strings.Contains(got, "-- words of the owner, alice, for them to compare by voice: \n") {
			t.Errorf("a member's invite says %s", got)
		}
		d.leaves(fail.ExitOK)
	})
}

func TestOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := asOwner(t, clitest.NewNode())
		for typed, did := range map[string]string{
			"/accept dave": "accept lab dave", "/accept all": "accept lab all", "/deny dave": "deny lab dave ",
			"/deny dave who are you?": "deny lab dave who are you?", "/kick dave too loud": "kick lab dave too loud",
			"/ban dave": "ban lab dave  0s", "/ban dave 2h": "ban lab dave  2h0m0s", "/ban dave 2h too loud": "ban lab dave too loud 2h0m0s",
			"/ban dave 2 many lines": "ban lab dave 2 many lines 0s", "/ban dave 1d gone": "ban lab dave gone 24h0m0s",
			"/unban dave": "unban lab dave", "/bans": "bans", "/invites": "invites", "/uninvite mf2w": "uninvite lab mf2w",
			"/subject the build": "policy subject=the build", "/topic the build": "policy subject=the build",
			"/room topic the build": "policy subject=the build",
			"/policy access open":   "policy access=open", "/policy idle 1d": "policy idle=24h0m0s", "/policy members-invite on": "policy members-invite",
			"/policy": "policy read", "/room invite": "invite lab  0s", "/invite carol": "invite lab carol 0s",
			"/room close see you": "close lab see you", "/close": "close lab ",
		} {
			d.types(typed)
			d.reads()
			d.did(did)
		}
		d.leaves(fail.ExitOK)
	})
}

func TestOwnerMistakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := asOwner(t, clitest.NewNode())
		for typed, said := range map[string]string{
			"/policy":                     "",
			"/policy idle soon":           "not a duration",
			"/policy colour red":          "hint: one of access, subject",
			"/policy access":              "needs a value",
			"/policy members-invite maby": "neither on nor off",
			"/kick":                       "usage: /kick WHO [REASON]",
			"/unban":                      "usage: /unban WHO",
		} {
			d.types(typed)
			if said == "" {
				d.reads()
			} else {
				d.reads(said)
			}
			d.f.Did()
		}
		d.f.Errors["kick"] = &node.Error{Code: node.CodeAmbiguous, Text: "several members fit da", Reason: "several people"}
		d.types("/kick da")
		d.reads("localchat: several members fit da\nhint: nothing was done; give the end of a peer ID, which is in brackets here, or more of it\n")
		d.out.Take()
		d.leaves(fail.ExitOK)
	})
}

func TestKickedFromTheRoomJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		d.f.Emit(node.Removed{Kind: "kicked", By: clitest.AliceID, ByNick: "alice", Text: "too loud"})
		d.sees("-- you were kicked from lab by alice: too loud")
		d.reads("localchat: no longer in lab\nhint: you may ask to come back: localchat join lab\n")
		d.ends(fail.ExitRefused)
		_ = d.keys.Close()
	})
}

func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		d.f.Emit(node.Refused{})
		d.sees("-- you are not a member of lab")
		d.ends(fail.ExitRefused)
		_ = d.keys.Close()
	})
}

func TestKickedInTheLobby(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := sit(t, clitest.NewNode())
		d.reads("-- you are bob; nothing is kept on disk", "/join ROOM")
		d.types("/join lab")
		d.sees("-- you are in lab, as bob\n-- in lab: ")
		d.f.Emit(node.Removed{Kind: "banned", By: clitest.AliceID, ByNick: "alice"})
		d.sees("-- you were banned from lab by alice\nhint: you cannot join until the ban is lifted; once, you may write to the owner: /appeal TEXT")
		d.types("hello?")
		d.reads("localchat: you are not in a room")
		d.f.Did()
		d.leaves(fail.ExitRefused)
	})
}

func TestJoinFails(t *testing.T) {
	for code, err := range map[int]error{
		fail.ExitNotFound: &node.Error{Code: node.CodeNotFound, Text: "no room called lab", Reason: "room gone"},
		fail.ExitRefused:  &node.Error{Code: node.CodeRefused, Text: "the owner said no", Reason: "denied"},
		fail.ExitUsage:    &node.Error{Code: node.CodeAmbiguous, Text: "two rooms are called lab", Reason: "in several rooms"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := clitest.NewNode()
			f.Errors["join"] = err
			d := sit(t, f, "join", "lab")
			d.reads("localchat: "+err.Error(), "hint: ")
			d.ends(code)
			_ = d.keys.Close()
		})
	}
}

func TestJoinTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Joining = make(chan struct{})
		begin := time.Now()
		d := sit(t, f, "join", "lab", "--timeout", "20s")
		if got := <-d.code; got != fail.ExitNotFound {
			t.Errorf("exit %d", got)
		}
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("gave up after %v", took)
		}
		d.reads("localchat: no answer in time", "hint:")
		_ = d.keys.Close()
	})
}

func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Joining = make(chan struct{})
		d := sit(t, f, "join", "lab")
		d.stop(fail.ErrInterrupted)
		d.ends(fail.ExitInterrupted)
		_ = d.keys.Close()
	})
}

func TestInputIsActedOnInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Joining = make(chan struct{})
		d := sit(t, f, "join", "lab")
		d.types("one\ntwo\n/quit")
		d.did("join lab")
		close(f.Joining)
		d.did("say lab one", "say lab two")
		d.ends(fail.ExitOK)
		_ = d.keys.Close()
	})
}

func TestEndOfInputWaitsForDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Quiet = true
		d := inRoom(t, f)
		d.types("hello")
		_ = d.keys.Close()
		synctest.Wait()
		if len(d.code) > 0 {
			t.Fatal("left with a line that nobody had")
		}
		f.Emit(node.Delivered{ID: "m1"})
		d.ends(fail.ExitOK)
	})
}

func TestEndOfInputDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Quiet = true
		d := inRoom(t, f)
		d.types("hello")
		begin := time.Now()
		_ = d.keys.Close()
		if got := <-d.code; got != fail.ExitOK || time.Since(begin) != 5*time.Second {
			t.Errorf("exit %d after %v", got, time.Since(begin))
		}
		d.sees("! 1 line has reached nobody yet")
	})
}

func TestSeveralRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		d.types("/join den")
		d.sees("-- you are in den, as bob\n-- in den: alice (owner), bob (you)")
		d.f.Did()
		d.f.Emit(node.Message{ID: "m2", Peer: clitest.AliceID, Nick: "alice", Text: "over here"})
		d.sees("[lab] <alice> over here")
		d.types("/switch lab")
		d.sees("-- switched to lab")
		d.types("/switch attic")
		d.reads("you are not in a room called attic")
		d.f.EmitIn(clitest.DenID, "den", node.Removed{Kind: "closed", ByNick: "carol", By: clitest.DaveID, Text: "lunch"})
		d.sees("-- den was closed by carol: lunch\nhint: the room has ended; /rooms lists the rooms on this network")
		d.types("still here")
		d.did("say lab still here")
		d.leaves(fail.ExitOK)
	})
}

// TestTypingNeverMovesByItself: when the current room is lost in any way, the next line is said nowhere until the user has
// chosen a room.
func TestTypingNeverMovesByItself(t *testing.T) {
	for name, goes := range map[string]func(d *desk){
		"kicked": func(d *desk) {
			d.f.Emit(node.Removed{Kind: "kicked", By: clitest.AliceID, ByNick: "alice", Text: "too loud"})
		},
		"banned":  func(d *desk) { d.f.Emit(node.Removed{Kind: "banned", By: clitest.AliceID, ByNick: "alice"}) },
		"closed":  func(d *desk) { d.f.Emit(node.Removed{Kind: "closed", By: clitest.AliceID, ByNick: "alice"}) },
		"refused": func(d *desk) { d.f.Emit(node.Refused{}) },
		"left":    func(d *desk) { d.types("/leave"); d.f.Did() },
		"ended":   func(d *desk) { d.f.Emit(node.RoomClosed{Kind: "idle"}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := inRoom(t, clitest.NewNode())
				d.types("/join den")
				d.types("/switch lab")
				d.f.Did()
				d.out.Take()
				goes(d)
				synctest.Wait()
				text := d.out.Take()
				if !strings.Contains(text, "hint: no room is current now; /switch den switches to den\n") {
					t.Errorf("it says\n%s", text)
				}
				if strings.Contains(text, "\x1b") {
					t.Errorf("it erases: %q", text)
				}
				d.types("meant for lab")
				d.did()
				d.reads("localchat: no room is current; nothing was done\nhint: /switch ROOM")
				// A room that the node enters again by itself does not become the current one either.
				d.f.EmitIn(node.RoomID{3}, "attic", node.Joined{Name: "attic", Nick: "bob", Resumed: true})
				d.types("meant for lab, again")
				d.did()
				d.types("/switch den")
				d.types("meant for den")
				d.did("say den meant for den")
				d.leaves(fail.ExitOK)
			})
		})
	}
}

func TestResumedRoomIsEnteredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: "lab", Mine: true, In: true}}
		f.Emit(node.Joined{Name: "lab", Nick: "bob", Epoch: 1, Owner: true, Resumed: true})
		d := sit(t, f, "create", "lab")
		d.did()
		d.sees("-- you own lab again, as bob\n-- lab is your room from last time and is open again; /policy changes it, /close ends it")
		d.types("/kick dave")
		d.did("kick lab dave ")
		d.leaves(fail.ExitOK)
	})
}

func TestLongLineIsNotSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := inRoom(t, clitest.NewNode())
		d.types(strings.Repeat("x", 64<<10+513))
		d.reads("bytes was ignored")
		d.did()
		d.types("short")
		d.did("say lab short")
		d.leaves(fail.ExitOK)
	})
}

func TestOutputGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := inRoom(t, f)
		d.out.Break()
		f.Emit(node.Left{})
		d.ends(fail.ExitOK)
		_ = d.keys.Close()
	})
}

func TestPanicInACommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _, words := newApp(t, clitest.NewNode(), strings.NewReader(""))
		ended := 0
		a.Exit = func(code int) { ended = code }
		func() {
			defer a.Guard()
			panic("boom")
		}()
		if ended != fail.ExitInternal {
			t.Errorf("exit %d, want %d", ended, fail.ExitInternal)
		}
		if text := words.Take(); !strings.Contains(text, "internal error: boom") || !strings.Contains(text, "console_test.go") {
			t.Errorf("no stack on standard error: %s", text)
		}
		a.start = func(node.Config) (command.OwnNode, error) { panic("boom") }
		if code := a.run(t.Context(), nil); code != fail.ExitInternal {
			t.Errorf("exit %d, want %d", code, fail.ExitInternal)
		}
	})
}

// TestRemovalIsOneLine: in the plain console, too, a removal is one line, whichever of its events comes first. If no reason
// comes, nothing is lost.
func TestRemovalIsOneLine(t *testing.T) {
	removed := node.MemberRemoved{Peer: clitest.DaveID, Nick: "dave", By: clitest.AliceID, ByNick: "alice", Kind: "banned", Seq: 7}
	why := node.RemovalReason{Peer: clitest.DaveID, Nick: "dave", Text: "this is no market", Removal: 7}
	told := node.RemovalProgress{Peer: clitest.DaveID, Nick: "dave", Kind: "banned", Told: true, Applied: 2, Total: 2}
	untold := node.RemovalProgress{Peer: clitest.DaveID, Nick: "dave", Kind: "banned", Applied: 1, Total: 2, Missing: []string{"carol"}}
	other := why
	other.Removal = 5
	const line, all = "-- dave was banned by alice", "-- ban of dave: told dave; applied by 2 of 2"
	for name, c := range map[string]struct {
		events []node.EventBody
		after  time.Duration
		want   string
	}{
		"with its reason":            {[]node.EventBody{removed, why}, 0, line + ": this is no market"},
		"of an owner":                {[]node.EventBody{removed, untold, told, why}, 0, line + ": this is no market\n" + all},
		"without one":                {[]node.EventBody{removed}, time.Second, line},
		"the reason comes late":      {[]node.EventBody{removed, clitest.Spoken(1, "oh"), why}, 0, line + "\n<alice> oh\n-- why dave was removed: this is no market"},
		"the reason of another":      {[]node.EventBody{removed, other}, 0, line + "\n-- why dave was removed: this is no market"},
		"another removal after it":   {[]node.EventBody{removed, removed, why}, 0, line + "\n" + line + ": this is no market"},
		"a knock in between":         {[]node.EventBody{removed, node.KnockGone{Peer: clitest.DaveID, Nick: "dave"}}, 0, line + "\n-- dave (5TrznQC8) no longer knocks"},
		"somebody has not heard":     {[]node.EventBody{removed, untold, why}, 2 * render.RemovalPatience, line + ": this is no market\n-- [lab] ban of dave: dave not told yet; applied by 1 of 2; waiting for carol"},
		"the console is left before": {[]node.EventBody{removed}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := inRoom(t, clitest.NewNode())
				for _, ev := range c.events {
					d.f.Emit(ev)
				}
				time.Sleep(c.after)
				d.sees(c.want)
				d.leaves(fail.ExitOK)
				if name == "the console is left before" {
					d.sees(line)
				}
			})
		})
	}
}

// TestTailPrintsARemovalInOneLine: "tail" prints a removal as the console does.
func TestTailPrintsARemovalInOneLine(t *testing.T) {
	removed := node.MemberRemoved{Peer: clitest.DaveID, Nick: "dave", By: clitest.AliceID, ByNick: "alice", Kind: "kicked", Seq: 7}
	why := node.RemovalReason{Peer: clitest.DaveID, Nick: "dave", Text: "too loud", Removal: 7}
	const line = "-- dave was kicked by alice"
	for name, c := range map[string]struct {
		events []node.EventBody
		after  time.Duration
		want   string
	}{
		"with its reason":       {[]node.EventBody{removed, why}, 0, line + ": too loud"},
		"without one":           {[]node.EventBody{removed}, time.Second, line},
		"the reason comes late": {[]node.EventBody{removed, clitest.Spoken(1, "oh"), why}, 0, line + "\n<alice> oh\n-- why dave was removed: too loud"},
		"nothing to print":      {[]node.EventBody{removed, node.Delivered{ID: "m1"}, why}, 0, line + ": too loud"},
		"it ends before":        {[]node.EventBody{removed}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := sit(t, clitest.NewNode(), "tail", "lab")
				synctest.Wait()
				d.out.Take()
				for _, ev := range c.events {
					d.f.Emit(ev)
				}
				time.Sleep(c.after)
				synctest.Wait()
				if got := withoutTimes(strings.TrimSuffix(d.out.Take(), "\n")); got != c.want {
					t.Errorf("%q, want %q", got, c.want)
				}
				d.stop(fail.ErrInterrupted)
				synctest.Wait()
				<-d.code
				if got := withoutTimes(strings.TrimSuffix(d.out.Take(), "\n")); c.want == "" && got != line {
					t.Errorf("at the end: %q, want %q", got, line)
				}
			})
		})
	}
}
