package tui

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// imitations returns texts with a row that could be read as another line: with every kind of break, a row filled to its end,
// wide letters, letters of disputed width, and letters that are written from right to left.
func imitations(width int) []string {
	forged := []string{
		"-- alice was kicked by bob", "? mallory knocks; their words: a b", "! owner unreachable for 0:40", "<alice> yes", "* alice waves", "[alice to you] psst",
		"14:05 <alice> good: its password is x", "─── new ───", "| more",
	}
	var all []string
	for i, f := range forged {
		for _, br := range []string{"\n", "\r", "\r\n", "\n\n", "\u2028", "\u2029", "\u0085", "\v", "\f", " ⏎ ", "\x1b[2J\n"} {
			all = append(all, "yes"+br+f, br+f)
		}
		if i > 0 {
			continue // the text does not affect the length
		}
		for _, n := range []int{0, 1, 2, 5, 6, 7, 11, 13} {
			all = append(all, strings.Repeat("x", max(width-n, 1))+f, strings.Repeat("x ", max(width-n, 2)/2)+f, strings.Repeat("y\u00a0", max(width-n, 2)/2)+f)
		}
		all = append(all,
			strings.Repeat("你", width)+f, strings.Repeat("🇩🇪", width)+f, strings.Repeat("👍🏽", width)+f, strings.Repeat("❤️", width)+f, strings.Repeat("क्षि", width)+f,
			strings.Repeat("각", width)+f, strings.Repeat("שלום ", width)+"\n"+f, "سلام\n"+f, strings.Repeat("e\u0301\u0301\u0301\u0301\u0301", width)+f,
			strings.Repeat(" ", width)+f, strings.Repeat("\t", width)+f, strings.Repeat("x", 5*width)+"\n"+strings.Repeat(" ", 3)+f)
	}
	return all
}

// screens are widths of windows, usual and extreme ones.
var screens = []int{6, 11, 25, 29, 30, 60, 200}

// checkRows fails if a row after the first has no mark, or if a row is wider than the screen by any way of counting.
func checkRows(t *testing.T, what string, rows []string, width, indent int) {
	t.Helper()
	for i, row := range rows {
		if w := max(ansi.StringWidth(row), ansi.StringWidthWc(row)); w > width {
			t.Errorf("%s: row %d has %d cells on a screen of %d: %q", what, i, w, width, row)
		}
		if i > 0 && width > indent+2 && !strings.HasPrefix(row[min(indent, len(row)):], string(render.MoreMark)) {
			t.Errorf("%s at %d: row %d is not marked: %q", what, width, i, row)
		}
		if strings.ContainsAny(row, "\r\v\f\u2028\u2029\u0085") {
			t.Errorf("%s: a break in row %q", what, row)
		}
	}
}

// TestRowsOfAText: at any width and setting, each row of a member's text after its first is marked, and the first one does
// not begin as a line of the program does. The same holds for a reason and a subject.
func TestRowsOfAText(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.Local)
	for _, width := range screens {
		for _, text := range imitations(width) {
			for _, body := range []node.EventBody{
				node.Message{Peer: clitest.DaveID, Nick: "3", Text: text, At: at},
				node.Message{Peer: clitest.DaveID, Nick: "3", Text: text, At: at, Action: true},
				node.Direct{Peer: clitest.DaveID, Nick: "den", Text: text, At: at},
				node.RemovalReason{Peer: clitest.DaveID, Nick: "dave", Text: text},
				node.PolicyChanged{PolicyInfo: node.PolicyInfo{Subject: text}},
				node.Removed{Kind: "kicked", ByNick: "alice", Text: text},
			} {
				for _, times := range []bool{true, false} {
					plainRows(t, body, text, width, times)
					screenRows(t, body, text, width, times)
				}
			}
		}
	}
}

// plainRows checks the output of the plain console on a terminal.
func plainRows(t *testing.T, body node.EventBody, text string, width int, times bool) {
	t.Helper()
	var out clitest.WideScreen
	out.Width = width
	for _, line := range (render.View{Clock: times, Room: clitest.DenID.String()}).Lines(node.Event{Room: clitest.LabID, RoomName: "x] -- y", Body: body}) {
		if err := render.Data(&out, line); err != nil {
			t.Fatal(err)
		}
	}
	rows := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	checkRows(t, fmt.Sprintf("plain %s %q times %v", body.Type(), text, times), rows, width, 0)
}

// screenRows checks the output of the full-screen console.
func screenRows(t *testing.T, body node.EventBody, text string, width int, times bool) {
	t.Helper()
	words, at := render.View{}.Text(node.Event{Room: clitest.LabID, RoomName: "lab", Body: body})
	s := scroll{}
	s.resize(width, 24, times)
	s.add(line{at: at, kind: said, text: words})
	indent := 1
	if times && width >= stampFrom {
		indent += stampCells
	}
	var rows []string
	for i, r := range s.rows(0) {
		row := ansi.Strip(r.text)
		if front := row[:min(len(row), indent)]; i > 0 && strings.TrimSpace(front) != "" {
			t.Errorf("row %d of %q has %q before its mark", i, text, front)
		}
		rows = append(rows, row)
	}
	checkRows(t, fmt.Sprintf("screen %s %q times %v", body.Type(), text, times), rows, width, indent)
}

// peersText reports whether the line for an event holds a member's words, and so has no mark of the program.
func peersText(body node.EventBody) bool {
	switch body.(type) {
	case node.Message, node.Direct:
		return true
	}
	return false
}

// noticed reports whether a row begins with a mark of the program.
func noticed(row string) bool {
	for _, mark := range []safe.Text{render.NoticeMark, render.AskMark, render.FaultMark} {
		if strings.HasPrefix(row, string(mark)) {
			return true
		}
	}
	return false
}

// TestNoticeHasItsMark: every notice begins with a mark of the program, whether its room is shown or another one. No line with
// a member's words does, whatever its nick and its text. Even an action that reads as a notice is told apart.
func TestNoticeHasItsMark(t *testing.T) {
	var notices []string
	for _, body := range clitest.Events() {
		for _, room := range []string{"", clitest.LabID.String(), clitest.DenID.String()} {
			for _, line := range (render.View{Keys: true, Room: room}).Lines(node.Event{Room: clitest.LabID, RoomName: "lab", Body: body}) {
				if noticed(string(line)) == peersText(body) {
					t.Errorf("%s in %q: %q", body.Type(), room, line)
				}
				if !peersText(body) {
					notices = append(notices, string(line))
				}
			}
		}
	}
	for _, notice := range notices {
		first, rest, _ := strings.Cut(notice, " ")
		word, end, _ := strings.Cut(rest, " ")
		for _, m := range []node.Message{
			{Nick: word, Text: end, Action: true},
			{Nick: first, Text: rest, Action: true},
			{Nick: first, Text: rest},
			{Nick: notice, Text: "x"},
			{Nick: "3", Text: notice, Action: true},
			{Nick: "", Peer: clitest.DaveID, Text: notice},
		} {
			for _, room := range []string{clitest.LabID.String(), clitest.DenID.String()} {
				for _, line := range (render.View{Keys: true, Room: room}).Lines(node.Event{Room: clitest.LabID, RoomName: first, Body: m}) {
					if noticed(string(line)) || slices.Contains(notices, string(line)) {
						t.Errorf("%+v reads as a notice: %q", m, line)
					}
				}
			}
		}
	}
}

// TestAnswersAreTheProgramsOwn: in the reply of a command, no row begins with a text that a peer has chosen: a name, a nick, a
// reason or a subject.
func TestAnswersAreTheProgramsOwn(t *testing.T) {
	forged := "-- alice was kicked by bob"
	f := clitest.NewNode()
	f.RoomList = []node.RoomInfo{{ID: clitest.DenID, Name: forged, Subject: forged, Words: forged, Access: "open"}, {ID: clitest.LabID, Name: "? x knocks", In: true}}
	f.MemberList = []node.MemberInfo{{Peer: clitest.AliceID, Nick: forged, Role: "owner"}, {Peer: clitest.DaveID, Nick: "! x", Words: forged}}
	f.Said = []node.Message{{Peer: clitest.DaveID, Nick: forged, Text: forged}, {Peer: clitest.DaveID, Nick: "3", Text: "x\n" + forged, Action: true}}
	f.Banned = []node.BanInfo{{Peer: clitest.DaveID, Nick: forged, Reason: "x\n" + forged}}
	f.Open = []node.InviteInfo{{ID: "mf2w", Nick: forged}}
	f.Compared = []node.Verification{{Peer: clitest.DaveID, Nick: forged, Words: forged}}
	f.Rules = node.PolicyInfo{Subject: "x\n" + forged}
	ring := &command.LogRing{}
	_, _ = io.WriteString(ring, "time=x msg="+forged+"\n")
	for typed, args := range map[string][]string{
		"rooms": nil, "members": nil, "search": {"x"}, "bans": nil, "invites": nil, "verified": nil, "policy": nil, "log": nil,
		"whois": {clitest.DaveID.String()}, "verify": {clitest.DaveID.String()}, "whoami": nil, "net": nil,
	} {
		cmd, _ := command.LookUp(typed, "", command.Table())
		r, err := cmd.Run(context.Background(), command.Call{Node: f, Args: args, Room: command.Room{ID: clitest.LabID.String(), Name: forged, Owned: true}, Env: &command.Env{Ring: ring}})
		if err != nil {
			t.Errorf("/%s: %v", typed, err)
		}
		for _, line := range r.Lines {
			for _, width := range screens {
				for i, row := range render.Rows(line, width) {
					if strings.HasPrefix(string(row), string(render.NoticeMark)) || strings.HasPrefix(string(row), "? ") || i > 0 && width > 2 && !strings.HasPrefix(string(row), string(render.MoreMark)) {
						t.Errorf("/%s at %d: a row reads %q", typed, width, row)
					}
				}
			}
		}
	}
	for _, name := range []string{forged, "--", "? x", "!", "| x", "lab"} {
		shown := string(render.RoomHead(name))
		if noticed(shown+" ") || strings.HasPrefix(shown, "|") || !strings.Contains(shown, name) {
			t.Errorf("the name %q begins a row as %q", name, shown)
		}
	}
}
