package lan

import (
	"cmp"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

var makePictures = flag.Bool("pictures", false, "make the pictures of the README anew")

// TestPictures plays the scene of the README's pictures in real terminals, and checks that the consoles show the same
// as the README, except for the time of day. With -pictures it makes the pictures:
//
//	go test -run TestPictures ./test/lan -pictures
func TestPictures(t *testing.T) {
	l := newLAN(t)
	alice, bob, carol, dave := l.host("alice").terminal(), l.host("bob").terminal(), l.host("carol").terminal(), l.host("dave").terminal()
	alice.types("localchat create lab --open --ephemeral --subject 'the build'")
	alice.sees("you own lab, as alice")
	for i, w := range []*terminal{bob, carol, dave} {
		w.types("localchat join lab --ephemeral")
		w.sees("you are in lab, as " + w.name)
		alice.sees(fmt.Sprintf("%d members", i+2), fmt.Sprintf("%d node", i+1))
	}
	alice.types("/verify bob")
	alice.sees("did bob (", "[y] yes")
	alice.press("y")
	alice.sees("-- ✓ bob (")
	alice.types("/clear") // clears the words, which differ each time
	alice.loses("-- ✓ bob (")
	for _, said := range []struct {
		by   *terminal
		text string
	}{
		{bob, "the build is green again"},
		{carol, "thanks! what was it?"},
		{bob, "a test that slept instead of waiting"},
		{dave, "CHEAP TONER!!! CHEAP TONER!!!"},
	} {
		said.by.types(said.text)
		for _, w := range []*terminal{alice, bob, carol, dave} {
			w.sees("<" + said.by.name + "> " + said.text)
		}
	}
	alice.types("/kick dave this is no market")
	alice.sees("dave was kicked by alice: this is no market", "3 members")
	dave.sees("you were kicked from lab by alice: this is no market", "you are no longer in this room")
	carol.types("peace")
	alice.sees("<carol> peace")
	alice.picture("owner", "The owner's console after a kick")
	dave.picture("kicked", "The console of the member that was kicked")
}

// picture compares the screen with docs/NAME.svg, or makes that file.
func (w *terminal) picture(name, title string) {
	w.lan.t.Helper()
	path := filepath.Join(moduleRoot, "docs", name+".svg")
	if *makePictures {
		if err := os.WriteFile(path, []byte(drawn(w.tmux("capture-pane", "-p", "-e", "-N"), title)), 0o644); err != nil {
			w.lan.t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		w.lan.t.Fatal(err)
	}
	want := timeless(written(w.lan.t, raw))
	var got string
	eventually(w.lan.t, w.name+" sees what "+path+" shows:\n"+want+"(if it should look otherwise: go test -run TestPictures ./test/lan -pictures)", func() bool {
		got = timeless(w.screen())
		return got == want
	})
}

var clockTime = regexp.MustCompile(`\d\d:\d\d`)

// timeless is a screen without the time of day and without the empty space at its edges.
func timeless(screen string) string {
	var b strings.Builder
	for line := range strings.Lines(clockTime.ReplaceAllString(screen, "00:00")) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// written are the rows of a picture, as text.
func written(t *testing.T, svg []byte) string {
	t.Helper()
	var picture struct {
		Rows []struct {
			Runs []struct {
				Column int    `xml:"data-column,attr"`
				Text   string `xml:",chardata"`
			} `xml:"text"`
		} `xml:"g"`
	}
	if err := xml.Unmarshal(svg, &picture); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range picture.Rows {
		column := 0
		for _, run := range row.Runs {
			b.WriteString(strings.Repeat(" ", run.Column-column) + run.Text)
			column = run.Column + utf8.RuneCountInString(run.Text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// The sizes of a picture, in pixels. All runes in a picture are one cell wide.
const (
	cellWidth, cellHeight = 8.4, 18.0
	columns, rows         = 90, 20
	margin                = 12.0
)

// A look is how a run of text is drawn.
type look struct {
	bold, faint, underlined, reversed bool
	fg, bg                            string
}

const ink, paper = "#d8dee9", "#22262e"

var (
	styling = regexp.MustCompile("\x1b\\[([0-9;]*)m")
	palette = [...]string{
		"#3b4252", "#d96b75", "#98c379", "#e5c07b", "#6fa8dc", "#b48ead", "#6cc0c9", "#e5e9f0",
		"#6b7487", "#e98a93", "#b3d69a", "#f0d399", "#93c1ea", "#cba9c6", "#8fd6dd", "#ffffff",
	}
)

// drawn is a screen with its styling as an SVG picture.
func drawn(screen, title string) string {
	var b strings.Builder
	width, height := columns*cellWidth+2*margin, rows*cellHeight+2*margin
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"14\">\n", width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"%s\"/>\n", title, paper)
	l := look{}
	for y, line := range strings.Split(strings.TrimRight(screen, "\n"), "\n") {
		b.WriteString("<g>\n")
		column := 0
		put := func(text string) {
			b.WriteString(l.run(text, column, y))
			column += utf8.RuneCountInString(text)
		}
		for {
			at := styling.FindStringSubmatchIndex(line)
			if at == nil {
				put(line)
				break
			}
			put(line[:at[0]])
			l.change(line[at[2]:at[3]])
			line = line[at[1]:]
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// run draws a run of text. Runs of spaces are left out; only their background is drawn.
func (l look) run(text string, column, row int) string {
	fg, bg := l.fg, l.bg
	if l.reversed {
		fg, bg = cmp.Or(bg, paper), cmp.Or(fg, ink)
	}
	fg = cmp.Or(fg, ink)
	x, y, width := margin+float64(column)*cellWidth, margin+float64(row)*cellHeight, float64(utf8.RuneCountInString(text))*cellWidth
	var b strings.Builder
	if bg != "" && width > 0 {
		fmt.Fprintf(&b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\" fill=\"%s\"/>\n", x, y, width, cellHeight, bg)
	}
	lead := len(text) - len(strings.TrimLeft(text, " "))
	text = strings.Trim(text, " ")
	if text == "" {
		return b.String()
	}
	x, width = x+float64(lead)*cellWidth, float64(utf8.RuneCountInString(text))*cellWidth
	fmt.Fprintf(&b, "<text data-column=\"%d\" x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\" xml:space=\"preserve\" fill=\"%s\"", column+lead, x, y+13, width, fg)
	if l.bold {
		b.WriteString(` font-weight="bold"`)
	}
	if l.faint {
		b.WriteString(` opacity="0.6"`)
	}
	if l.underlined {
		b.WriteString(` text-decoration="underline"`)
	}
	b.WriteString(">")
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	b.WriteString("</text>\n")
	return b.String()
}

// change follows an SGR sequence (ECMA-48, 8.3.117; colours as xterm has them).
func (l *look) change(params string) {
	var p []int
	for _, s := range strings.Split(params, ";") {
		n, _ := strconv.Atoi(s) // an empty parameter is 0
		p = append(p, n)
	}
	for len(p) > 0 {
		n := p[0]
		p = p[1:]
		switch {
		case n == 0:
			*l = look{}
		case n == 1:
			l.bold = true
		case n == 2:
			l.faint = true
		case n == 4:
			l.underlined = true
		case n == 7:
			l.reversed = true
		case n == 22:
			l.bold, l.faint = false, false
		case n == 24:
			l.underlined = false
		case n == 27:
			l.reversed = false
		case n >= 30 && n < 38:
			l.fg = palette[n-30]
		case n == 39:
			l.fg = ""
		case n >= 40 && n < 48:
			l.bg = palette[n-40]
		case n == 49:
			l.bg = ""
		case n >= 90 && n < 98:
			l.fg = palette[n-82]
		case n >= 100 && n < 108:
			l.bg = palette[n-92]
		case n == 38, n == 48:
			var c string
			c, p = colour(p)
			if n == 38 {
				l.fg = c
			} else {
				l.bg = c
			}
		}
	}
}

// colour reads the parameters after 38 or 48: 5 and one of 256, or 2 and red, green, blue.
func colour(p []int) (hex string, rest []int) {
	switch {
	case len(p) >= 2 && p[0] == 5:
		n := p[1]
		switch {
		case n < 16:
			return palette[n], p[2:]
		case n < 232:
			level := func(n int) int { return [...]int{0, 95, 135, 175, 215, 255}[n] }
			n -= 16
			return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6)), p[2:]
		}
		grey := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey), p[2:]
	case len(p) >= 4 && p[0] == 2:
		return fmt.Sprintf("#%02x%02x%02x", p[1], p[2], p[3]), p[4:]
	}
	return "", nil
}
