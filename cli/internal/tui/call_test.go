package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/notify"
	"localchat/node"
)

// inKitty is a member's console in a terminal that shows notifications.
func inKitty(t *testing.T) *glass {
	g := memberAt(t, 80, 24)
	g.m.env.Terminal = terminalOf("TERM", "xterm-kitty")
	return g
}

func terminalOf(vars ...string) notify.Terminal {
	return notify.TerminalOf(func(name string) string {
		for i := 0; i < len(vars); i += 2 {
			if vars[i] == name {
				return vars[i+1]
			}
		}
		return ""
	})
}

// calls checks what was written to the terminal beside the screen, since the last time.
func (g *glass) calls(want ...string) {
	g.t.Helper()
	var got []string
	for _, e := range g.effects {
		if raw, is := e.(tea.RawMsg); is {
			got = append(got, fmt.Sprint(raw.Msg))
		}
	}
	g.effects = nil
	if strings.Join(got, "|") != strings.Join(want, "|") {
		g.t.Errorf("the terminal was told %q, want %q", got, want)
	}
}

// shown is a notification of the room lab as kitty gets it.
func shown(body string) string { return "\x1b]777;notify;localchat: lab;" + body + "\a\a" }

// TestScreenCalls: what is for the user calls while another window has the keyboard, and not while this one has it.
func TestScreenCalls(t *testing.T) {
	direct := node.Direct{Peer: clitest.AliceID, Nick: "alice", Text: "psst"}
	g := inKitty(t)
	g.calls()
	g.hears(clitest.Spoken(1, "bob?"), direct)
	g.calls()
	g.send(tea.BlurMsg{})
	g.hears(clitest.Spoken(2, "hello"), clitest.Spoken(3, "bob?"), direct)
	g.calls(shown("<alice> bob?"), shown("[alice to you] psst"))
	g.send(tea.FocusMsg{})
	g.hears(clitest.Spoken(4, "bob?"))
	g.passes(time.Hour)
	g.hears(clitest.Spoken(5, "bob?"))
	g.calls()
	g.send(tea.BlurMsg{})
	g.hears(node.Removed{Kind: "kicked", By: clitest.AliceID, ByNick: "alice", Text: "too loud"})
	g.calls(shown("you were kicked from lab by alice: too loud"))

	g = ownerAt(t, 80, 24)
	g.send(tea.BlurMsg{})
	g.hears(node.Knock{Peer: clitest.PeerID("erin"), Nick: "erin", Words: "robot lemon"})
	g.calls(notify.Bell)
}

// TestScreenCallsAsSet: /set notify and /set notify-text say what calls, and with which words.
func TestScreenCallsAsSet(t *testing.T) {
	g := inKitty(t)
	away := func(bodies ...node.EventBody) {
		g.send(tea.BlurMsg{})
		g.hears(bodies...)
		g.send(tea.FocusMsg{})
	}
	g.says("/set notify all")
	away(clitest.Spoken(1, "hello"))
	g.calls(shown("<alice> hello"))
	g.says("/set notify-text off")
	away(clitest.Spoken(2, "hello"), clitest.Spoken(3, "bob?"))
	g.calls("\x1b]777;notify;localchat;somebody says something\a\a", "\x1b]777;notify;localchat;somebody names you\a\a")
	g.says("/set notify off")
	g.says("/set bell on")
	away(clitest.Spoken(4, "bob?"))
	g.hears(clitest.Spoken(5, "bob?"))
	g.calls()
}

// TestScreenCallsOfAFlood: mentions without end give a few notifications, and one that says how many were left out.
func TestScreenCallsOfAFlood(t *testing.T) {
	g := inKitty(t)
	g.send(tea.BlurMsg{})
	for i := range 50 {
		g.hears(clitest.Spoken(i, "bob!"))
	}
	one := shown("<alice> bob!")
	g.calls(one, one, one)
	g.passes(30 * time.Second)
	g.calls()
	g.passes(30 * time.Second)
	g.calls("\x1b]777;notify;localchat;and 47 more\a\a")
	g.passes(time.Hour)
	g.calls()
	for i := range 50 {
		g.hears(clitest.Spoken(100+i, "bob!"))
	}
	g.effects = nil
	g.send(tea.FocusMsg{})
	g.passes(time.Hour)
	g.calls() // the user has seen them
}

// TestScreenWithoutFocus: in a terminal that reports no focus, a user who uses the keyboard looks, and one who does not is called
// after a minute. A terminal that says that it reports focus is believed, but tmux, which says so too when it does not.
func TestScreenWithoutFocus(t *testing.T) {
	for name, c := range map[string]struct {
		vars  []string
		mode  ansi.ModeSetting
		after string
	}{
		"unknown mode":      {[]string{"TERM", "xterm-kitty"}, ansi.ModeNotRecognized, shown("<alice> bob?")},
		"known mode":        {[]string{"TERM", "xterm-kitty"}, ansi.ModeSet, ""},
		"known and not set": {[]string{"TERM", "xterm-kitty"}, ansi.ModeReset, ""},
		"tmux":              {[]string{"TERM", "tmux-256color", "TMUX", "x"}, ansi.ModeSet, notify.Bell},
	} {
		g := memberAt(t, 80, 24)
		g.m.env.Terminal = terminalOf(c.vars...)
		g.send(tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeNotRecognized})
		g.calls(ansi.RequestModeFocusEvent)
		g.send(tea.ModeReportMsg{Mode: ansi.ModeFocusEvent, Value: c.mode})
		g.hears(clitest.Spoken(1, "bob?"))
		g.passes(notify.UnseenAfter)
		g.press("x")
		g.hears(clitest.Spoken(2, "bob?"))
		g.calls()
		g.passes(notify.UnseenAfter)
		g.hears(clitest.Spoken(3, "bob?"))
		var want []string
		if c.after != "" {
			want = append(want, c.after)
		}
		t.Log(name)
		g.calls(want...)
	}
}

// TestScreenKeepsSettings: each setting goes to where it is kept, and one that cannot be kept holds all the same.
func TestScreenKeepsSettings(t *testing.T) {
	g := memberAt(t, 80, 24)
	kept := map[string]string{}
	g.m.env.Keep = func(s command.Setting, value string) error {
		kept[s.Name] = value
		return &node.Error{Code: node.CodeInternal, Text: "the disk is full"}
	}
	for _, s := range command.SettingTable {
		value := s.Values[0]
		if value == s.Get(&g.m.show) {
			value = s.Values[1]
		}
		g.says("/set " + s.Name + " " + value)
		g.sees("! not kept for next time: the disk is full")
		if kept[s.Name] != value || s.Get(&g.m.show) != value {
			t.Errorf("/set %s %s: kept as %q, and in force is %q", s.Name, value, kept[s.Name], s.Get(&g.m.show))
		}
		g.says("/clear")
	}
}
