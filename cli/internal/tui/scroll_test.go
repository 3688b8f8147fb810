package tui

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"charm.land/bubbletea/v2"
	"pgregory.net/rapid"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
	"localchat/node"
)

func TestScreenScrolls(t *testing.T) {
	g := memberAt(t, 80, 12)
	for i := range 100 {
		g.hears(clitest.Spoken(i, fmt.Sprint("line ", i, " of many")))
	}
	g.sees("line 99 of", "line 91 of")
	g.press("pgup")
	g.misses("line 99 of")
	g.sees("line 84 of")
	at := g.screen()
	g.hears(clitest.Spoken(100, "newer"), clitest.Spoken(101, "newest"))
	g.sees("2 new below; End returns", "line 84 of")
	if rows := strings.Split(g.screen(), "\n"); rows[1] != strings.Split(at, "\n")[1] {
		t.Errorf("the window moved:\n%s\nwas:\n%s", g.screen(), at)
	}
	g.press("end")
	g.sees("newest")
	g.misses("new below")
	g.press("pgup", "pgup")
	g.says("me again")
	g.sees("newest")
	g.press("pgup")
	for range 30 {
		g.press("pgup")
	}
	g.sees("you are in lab, as bob", "line 1 of")
	g.press("pgdown")
	g.misses("you are in lab, as bob") // the first press has an effect, however often another was pressed at the top
	for range 60 {
		g.press("pgdown")
	}
	g.sees("newest")
	g.misses("new below", "End returns")
}

// TestScreenPutsALateLineInItsPlace: a late line appears where it was said. The lines being read and the rule "new" do not
// move.
func TestScreenPutsALateLineInItsPlace(t *testing.T) {
	g := memberAt(t, 80, 12)
	for i := range 60 {
		g.hears(clitest.Spoken(i, fmt.Sprint("line ", i, " of many")))
	}
	late := func(i, above int, text string) node.Message {
		m := clitest.Spoken(i, text)
		m.Late, m.Before = true, clitest.Spoken(above, "").ID
		return m
	}
	order := func(first, second string) {
		t.Helper()
		screen := g.screen()
		if a, b := strings.Index(screen, first), strings.Index(screen, second); a < 0 || b < a {
			t.Errorf("%q does not stand above %q:\n%s", first, second, screen)
		}
	}
	g.hears(late(100, 58, "between them"))
	order("line 57 of", "between them")
	order("between them", "line 58 of")
	g.press("pgup")
	g.misses("line 58 of")
	at := strings.Split(g.screen(), "\n")[1:9]
	g.hears(late(101, 100, "below the window"), late(102, 10, "above the window"))
	if now := strings.Split(g.screen(), "\n")[1:9]; !slices.Equal(at, now) {
		t.Errorf("the window moved:\n%q\nwas:\n%q", now, at)
	}
	g.sees("1 new below")
	g.press("end")
	order("below the window", "between them")
	order("between them", "line 58 of")
	g.hears(late(103, 999, "above what is forgotten"))
	order("line 59 of", "above what is forgotten")
}

func TestScreenKeepsItsPlaceWhenResized(t *testing.T) {
	g := memberAt(t, 90, 12)
	for i := range 100 {
		g.hears(clitest.Spoken(i, fmt.Sprint("line ", i, strings.Repeat(" word", 30))))
	}
	g.press("pgup", "pgup", "pgup")
	last := func() string {
		rows := g.m.tabs.shown().scroll
		i, _ := rows.bottom()
		return string(rows.lines[i].text)
	}
	was := last()
	for _, width := range []int{40, 200, 71, 90} {
		g.send(resized(width, 12))
		if got := last(); got != was {
			t.Fatalf("at %d columns the window ends with %q, ended with %q", width, got, was)
		}
	}
}

func TestScreenJumpsBetweenCalls(t *testing.T) {
	g := memberAt(t, 90, 12)
	g.hears(clitest.Spoken(0, "bob: the first"))
	for i := range 50 {
		g.hears(clitest.Spoken(i, "talk"))
	}
	g.hears(clitest.Spoken(0, "bob: the second"))
	for i := range 50 {
		g.hears(clitest.Spoken(i, "talk"))
	}
	g.press("alt+p")
	g.sees("bob: the second")
	g.press("alt+p")
	g.sees("bob: the first")
	g.press("alt+n")
	g.sees("bob: the second")
}

// TestScrollWindow compares the window with the rows of the whole transcript after any moves and changes.
func TestScrollWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &scroll{}
		s.resize(20, 5, true)
		all := func() (rows []row) {
			for i := range s.lines {
				rows = append(rows, s.rows(i)...)
			}
			return rows
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"add", "add", "up", "down", "end", "top", "forget", "resize", "new"}).Draw(t, "step") {
			case "add":
				n := rapid.IntRange(0, 12).Draw(t, "words")
				s.add(line{at: clitest.Noon, text: "a" + safe.Repeat(" word", n), id: fmt.Sprint(len(s.lines) % 7)})
			case "up":
				s.up(rapid.IntRange(1, 9).Draw(t, "rows"))
			case "down":
				s.down(rapid.IntRange(1, 9).Draw(t, "rows"))
			case "end":
				s.end()
			case "top":
				s.top()
			case "forget":
				s.forget([]string{fmt.Sprint(rapid.IntRange(0, 6).Draw(t, "id"))})
			case "resize":
				s.resize(rapid.IntRange(1, 60).Draw(t, "width"), rapid.IntRange(0, 9).Draw(t, "height"), rapid.Bool().Draw(t, "times"))
			case "new":
				s.newFrom = s.last
			}
			window, whole := s.window(), all()
			if want := min(len(whole), s.height); len(window) != want {
				t.Fatalf("%d rows in the window, want %d", len(window), want)
			}
			if s.anchor == 0 && !sameRows(window, whole[len(whole)-len(window):]) {
				t.Fatal("the window does not follow the end")
			}
			if !isWithin(window, whole) {
				t.Fatal("the window shows what is not there, or in another order")
			}
			bytes := 0
			for _, l := range s.lines {
				bytes += len(l.text)
			}
			if bytes != s.bytes {
				t.Fatalf("%d bytes are counted, %d are there", s.bytes, bytes)
			}
		}
	})
}

func sameRows(a, b []row) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// isWithin reports whether part is a part of whole without gaps.
func isWithin(part, whole []row) bool {
	for i := 0; i+len(part) <= len(whole); i++ {
		if sameRows(part, whole[i:i+len(part)]) {
			return true
		}
	}
	return len(part) == 0
}

func TestScrollIsBounded(t *testing.T) {
	s := &scroll{}
	s.resize(80, 24, true)
	for range 3 * maxScrollLines {
		s.add(line{text: "word"})
	}
	if n := len(s.lines); n > maxScrollLines || n < maxScrollLines-scrollChunk {
		t.Errorf("%d lines are kept, want at most %d", n, maxScrollLines)
	}
	long := safe.Repeat("x", safe.MaxText)
	for range 2 * maxScrollBytes / safe.MaxText {
		s.add(line{text: long})
	}
	if s.bytes > maxScrollBytes {
		t.Errorf("%d bytes are kept, want at most %d", s.bytes, maxScrollBytes)
	}
}

// TestFold: no row is too wide, and nothing is lost except the blanks at which a row ends, with their combining marks.
func TestFold(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"word", " ", "  ", "A*18〆-", "你好", "🙂", "e\u0301", "-", "⏎", " ⏎ ", strings.Repeat("x", 70)})
	bare := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.M, r) || r == '⏎' }), "")
	}
	rapid.Check(t, func(t *rapid.T) {
		text := safe.Message(strings.Join(rapid.SliceOf(rapid.OneOf(pieces, rapid.String())).Draw(t, "text"), ""))
		width := rapid.IntRange(2, 80).Draw(t, "width")
		var kept strings.Builder
		for _, r := range safe.Fold(text, width) {
			if safe.Cells(r) > width {
				t.Fatalf("%q has %d cells, want at most %d", r, safe.Cells(r), width)
			}
			if strings.ContainsFunc(string(r), safe.Forbidden) {
				t.Fatalf("%q holds what no terminal may get", r)
			}
			kept.WriteString(string(r))
		}
		if got, want := bare(kept.String()), bare(string(text)); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}

// TestScreenProperties throws every event with hostile text in it, keys and sizes at the console. The glass checks each
// screen that follows.
func TestScreenProperties(t *testing.T) {
	withLinks(t)
	nasty := rapid.OneOf(rapid.Just(clitest.Hostile), rapid.String(), rapid.SampledFrom([]string{
		"\x1b[31mred\x1b[0m", "\u009b2J", "\x1b]52;c;ZXZpbA==\a", "e" + strings.Repeat("\u0301", 40), "\u202eevil", strings.Repeat("x", 5000), "👨‍👩‍👧‍👦🏴‍☠️", "\u2028\r\n",
		"https://example.org/a https://bank.example@evil.example/ \x1b]8;;https://evil.example\ahttps://bank.example\x1b]8;;\a",
	}))
	presses := []string{"enter", "tab", "shift+tab", "up", "down", "pgup", "pgdown", "end", "esc", "f1", "f2", "f5", "alt+1", "alt+2", "ctrl+r", "alt+enter", "/", "k", "y", "n", "ctrl+w"}
	rapid.Check(t, func(rt *rapid.T) {
		f := clitest.NewNode()
		f.Quiet = true
		name := nasty.Draw(rt, "name")
		f.MemberList = []node.MemberInfo{{Peer: clitest.MeID, Nick: "bob", Role: "owner", Self: true}, {Peer: clitest.DaveID, Nick: name, Role: node.Role(name)}}
		f.AtDoor = []node.KnockInfo{{Peer: clitest.AliceID, Nick: name, Words: name}}
		f.Banned[0].Nick, f.Open[0].Nick = name, name
		f.RoomList = []node.RoomInfo{{ID: clitest.DenID, Name: name, Words: name, Access: node.Access(name), Subject: name}}
		f.Rules = node.PolicyInfo{Access: node.Access(name), Subject: name}
		a, _, words := newScreenEnv(t, strings.NewReader(""))
		a.Exit = nil
		g := before(rt, t.Context(), a, words, f, f, 80, 24, &command.Opening{Run: func(ctx context.Context, c command.Call) (command.Reply, error) {
			return command.CreateRoom(ctx, c.Node, node.CreateOptions{Name: name})
		}})
		bodies := append(clitest.Events(), node.Message{ID: name, Peer: clitest.DaveID, Nick: name, Text: name, At: clitest.Noon}, node.Direct{Peer: clitest.DaveID, Nick: name, Text: name},
			node.Knock{Peer: clitest.DaveID, Nick: name, Words: name}, node.Joined{Name: name, Nick: name, Owner: true}, node.Warning{Text: name})
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"event", "event", "key", "key", "size", "tick", "paste"}).Draw(rt, "step") {
			case "event":
				g.hears(rapid.SampledFrom(bodies).Draw(rt, "event"))
			case "key":
				g.press(rapid.SampledFrom(presses).Draw(rt, "key"))
			case "size":
				g.send(resized(rapid.IntRange(1, 120).Draw(rt, "width"), rapid.IntRange(1, 40).Draw(rt, "height")))
			case "tick":
				g.passes(time.Second)
			case "paste":
				g.send(tea.PasteMsg{Content: nasty.Draw(rt, "pasted")})
			}
			g.drain()
		}
	})
}

// busy returns a console with a full transcript.
func busy(b *testing.B) *glass {
	b.Helper()
	f := clitest.NewNode()
	a, _, words := newScreenEnv(b, strings.NewReader(""))
	g := before(b, b.Context(), a, words, f, f, 120, 40, &command.Opening{Run: memberOpening})
	for i := range maxScrollLines {
		g.m.event(node.Event{Time: clitest.Noon, Room: clitest.LabID, RoomName: "lab", Body: clitest.Spoken(i, "a line of an ordinary length, as people say them in a room")})
	}
	return g
}

// BenchmarkKeystroke measures a key with a full transcript, until the screen is drawn.
func BenchmarkKeystroke(b *testing.B) {
	g := busy(b)
	b.ReportAllocs()
	for b.Loop() {
		if len(g.m.input.text()) > 60 {
			g.m.input.set("")
		}
		g.m.Update(tea.KeyPressMsg{Text: "x", Code: 'x'})
		g.m.View()
	}
}

// BenchmarkReceive measures a line received with a full transcript, until the screen is drawn: alone, and in a full batch. At
// a thousand lines a second, the input stays responsive if a line takes well below 1 ms.
func BenchmarkReceive(b *testing.B) {
	for _, size := range []int{1, maxBatch} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			g := busy(b)
			b.ReportAllocs()
			lines := 0
			for b.Loop() {
				batch := make(happenings, size)
				for i := range batch {
					lines++
					batch[i] = node.Event{Time: clitest.Noon, Room: clitest.LabID, RoomName: "lab", Body: clitest.Spoken(lines, "one more line, which names bob")}
				}
				g.m.Update(batch)
				g.m.View()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lines), "ns/line")
		})
	}
}

// BenchmarkResize measures a change of width with a full transcript.
func BenchmarkResize(b *testing.B) {
	g := busy(b)
	for n := 0; b.Loop(); n++ {
		g.m.Update(resized(90+n%2, 40))
		g.m.View()
	}
}

// BenchmarkTranscript measures the memory of a full transcript that has been drawn from end to end.
func BenchmarkTranscript(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		g := busy(b)
		s := &g.m.tabs.shown().scroll
		for i := range s.lines {
			s.rows(i)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/(1<<20), "MiB")
		runtime.KeepAlive(g)
	}
}
