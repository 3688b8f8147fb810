package tui

import (
	"slices"
	"sort"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

// A lineKind decides how a line of a transcript looks.
type lineKind int

const (
	happened  lineKind = iota // a notice
	said                      // a member said it
	calling                   // it is for the user in particular, or needs an answer
	trouble                   // an error, or something that must not be overlooked
	answer                    // the reply of a command
	figure                    // a drawing, which is cut and never wrapped
	foundLine                 // an earlier line, found by a search
	verbatim                  // a text to copy, which is broken at any character and has no marks
	day                       // a new date
)

// A line is one line of a transcript.
type line struct {
	seq  uint64 // its number in the transcript, from 1; add sets it
	at   time.Time
	kind lineKind
	text safe.Text
	// head is the length, in bytes, of the speaker's name in its brackets, at the start of text.
	head int
	hue  int // the style of that name
	// id is the ID of the message, or "".
	id string
	// key is "", or the key under which the line can be replaced or completed later.
	key string
	// above is the ID of the message that this line belongs above, or "" for a line that comes last.
	above string
	// pending is set for a line of our own that no other node is known to have.
	pending bool

	rows     []row // text as it is drawn for width, times and clusters; nil: not drawn yet
	width    int
	times    bool
	clusters bool
}

// A row is one row of the screen, with its colours.
type row struct {
	text  string
	cells int
}

// A scroll is the transcript of a room and the window over it. A line is wrapped only when it is shown, once for each width. So
// the cost of adding a line, and of drawing the window, does not grow with the transcript.
type scroll struct {
	lines []line // in the order of seq, which has gaps where lines were forgotten
	last  uint64 // the highest seq so far
	bytes int    // length of all texts

	width, height int
	times         bool

	// anchor is the seq of the line at the bottom of the window, or 0 if the window follows the end. skip is how many rows of that line
	// are below the window.
	anchor uint64
	skip   int
	below  int // number of lines added since the window left the end
	// newFrom is the seq of the first line that came while the user did not look, or 0.
	newFrom uint64
}

// resize sets the size of the window, and whether times are shown. The line at the bottom stays at the bottom.
func (s *scroll) resize(width, height int, times bool) {
	s.width, s.height, s.times = max(width, 1), max(height, 0), times
}

// add adds l at the end, or in its place if it came late, and returns its seq.
func (s *scroll) add(l line) uint64 {
	if at := s.index(l.above); at >= 0 {
		return s.insert(at, l)
	}
	if n := len(s.lines); n > 0 && !l.at.IsZero() && s.lines[n-1].date() != l.date() && s.lines[n-1].date() != "" {
		s.push(line{at: l.at, kind: day, text: safe.Name(l.at.Local().Format("Monday 2 January 2006"))})
	}
	s.push(l)
	if s.anchor != 0 {
		s.below++
	}
	if len(s.lines) > maxScrollLines || s.bytes > maxScrollBytes {
		s.shorten()
	}
	return s.last
}

// index returns the index of the message with that id, or -1. Most are near the end.
func (s *scroll) index(id string) int {
	for i := len(s.lines) - 1; i >= 0 && id != ""; i-- {
		if s.lines[i].id == id {
			return i
		}
	}
	return -1
}

// insert inserts l above line at and renumbers the lines below. The window stays where it is.
func (s *scroll) insert(at int, l line) uint64 {
	l.seq = s.lines[at].seq
	for i := range s.lines[at:] {
		s.lines[at+i].seq++
	}
	s.last++
	switch {
	case s.anchor >= l.seq:
		s.anchor++
	case s.anchor != 0:
		s.below++
	}
	if s.newFrom >= l.seq {
		s.newFrom++
	}
	s.bytes += len(l.text)
	s.lines = slices.Insert(s.lines, at, l)
	if len(s.lines) > maxScrollLines || s.bytes > maxScrollBytes {
		s.shorten()
	}
	return l.seq
}

func (s *scroll) push(l line) {
	s.last++
	l.seq = s.last
	s.bytes += len(l.text)
	s.lines = append(s.lines, l)
}

// shorten drops the oldest lines, and more of them than necessary, so that it is rarely called.
func (s *scroll) shorten() {
	n, bytes := 0, s.bytes
	for n < len(s.lines)-1 && (len(s.lines)-n > maxScrollLines-scrollChunk || bytes > maxScrollBytes-maxScrollBytes/10) {
		bytes -= len(s.lines[n].text)
		n++
	}
	s.lines, s.bytes = slices.Clone(s.lines[n:]), bytes
}

// replace replaces the line with the same key by l, or adds l.
func (s *scroll) replace(l line) {
	for i := len(s.lines) - 1; i >= 0; i-- {
		if s.lines[i].key == l.key {
			s.bytes += len(l.text) - len(s.lines[i].text)
			l.seq = s.lines[i].seq
			s.lines[i] = l
			return
		}
	}
	s.add(l)
}

// comings is the key of a line about members that joined and left.
const comings = "comings"

// extend adds text to the last line if that is about members that joined or left, and reports whether it did. Otherwise a laptop that
// sleeps and wakes again and again would push the talk off the screen.
func (s *scroll) extend(text safe.Text) bool {
	const longest = 200 // bytes
	if len(s.lines) == 0 {
		return false
	}
	l := &s.lines[len(s.lines)-1]
	if l.key != comings || len(l.text)+len(text) > longest {
		return false
	}
	more := ", " + text[len(render.NoticeMark):]
	l.text, l.rows = l.text+more, nil
	s.bytes += len(more)
	return true
}

// amend adds text to the line with that key, at most once. It reports whether there is such a line.
func (s *scroll) amend(key string, more safe.Text) bool {
	for i := len(s.lines) - 1; i >= 0; i-- {
		if l := &s.lines[i]; l.key == key {
			l.text, l.key, l.rows = l.text+more, "", nil
			s.bytes += len(more)
			return true
		}
	}
	return false
}

// forget removes the lines with these ids, which have expired.
func (s *scroll) forget(ids []string) {
	gone := setOf(ids)
	s.lines = slices.DeleteFunc(s.lines, func(l line) bool {
		if l.id == "" || !gone[l.id] {
			return false
		}
		s.bytes -= len(l.text)
		return true
	})
}

// hide replaces the text of the lines with these ids by a notice.
func (s *scroll) hide(ids []string) {
	gone := setOf(ids)
	for i := range s.lines {
		if l := &s.lines[i]; l.id != "" && gone[l.id] {
			s.bytes -= len(l.text)
			*l = line{seq: l.seq, at: l.at, kind: happened, text: render.NoticeMark + "not counted: sent after the removal"}
			s.bytes += len(l.text)
		}
	}
}

// deliver records that another node has the line with this id.
func (s *scroll) deliver(id string) {
	for i := len(s.lines) - 1; i >= 0; i-- {
		if l := &s.lines[i]; l.id == id {
			l.pending, l.rows = false, nil
			return
		}
	}
}

// pending returns how many of our lines no other node is known to have.
func (s *scroll) pending() (n int) {
	for i := range s.lines {
		if s.lines[i].pending {
			n++
		}
	}
	return n
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// clear empties the transcript.
func (s *scroll) clear() {
	*s = scroll{last: s.last, width: s.width, height: s.height, times: s.times}
}

// bottom returns the index of the line at the bottom of the window, and how many rows of that line are below the window.
func (s *scroll) bottom() (i, skip int) {
	end := len(s.lines) - 1
	if s.anchor == 0 {
		return end, 0
	}
	i = sort.Search(len(s.lines), func(i int) bool { return s.lines[i].seq >= s.anchor })
	if i > end {
		return end, 0
	}
	return i, min(s.skip, len(s.rows(i))-1)
}

// place makes line i, without its last skip rows, the bottom line of the window.
func (s *scroll) place(i, skip int) {
	if i == len(s.lines)-1 && skip == 0 {
		s.end()
		return
	}
	s.anchor, s.skip = s.lines[i].seq, skip
}

// up moves the window n rows towards the beginning, and down towards the end.
func (s *scroll) up(n int) {
	if len(s.lines) == 0 {
		return
	}
	i, skip := s.bottom()
	for ; n > 0; n-- {
		if skip+1 < len(s.rows(i)) {
			skip++
		} else if i > 0 {
			i, skip = i-1, 0
		} else {
			break
		}
	}
	i, skip = s.fill(i, skip)
	s.place(i, skip)
}

func (s *scroll) down(n int) {
	if len(s.lines) == 0 {
		return
	}
	i, skip := s.bottom()
	for ; n > 0; n-- {
		i, skip = s.next(i, skip)
	}
	s.place(i, skip)
}

// next moves the bottom (i, skip) down by one row, if there is one.
func (s *scroll) next(i, skip int) (int, int) {
	if skip > 0 {
		return i, skip - 1
	}
	if i < len(s.lines)-1 {
		return i + 1, len(s.rows(i+1)) - 1
	}
	return i, 0
}

// fill moves the bottom (i, skip) down until the rows above it fill the window, or no rows are left.
func (s *scroll) fill(i, skip int) (int, int) {
	have := -skip
	for j := i; j >= 0 && have < s.height; j-- {
		have += len(s.rows(j))
	}
	for ; have < s.height; have++ {
		i, skip = s.next(i, skip)
	}
	return i, skip
}

// end makes the window follow the end.
func (s *scroll) end() { s.anchor, s.skip, s.below = 0, 0, 0 }

// top moves the window to the beginning.
func (s *scroll) top() {
	if len(s.lines) > 0 {
		i, skip := s.fill(0, len(s.rows(0))-1)
		s.place(i, skip)
	}
}

// startAt shows the lines from seq on. If they do not all fit, it shows the first of them: a long reply is read from its start.
func (s *scroll) startAt(seq uint64) {
	over := -s.height
	for i := sort.Search(len(s.lines), func(i int) bool { return s.lines[i].seq >= seq }); i < len(s.lines); i++ {
		over += len(s.rows(i))
	}
	if over > 0 && s.height > 1 {
		s.height-- // for the row that says how to return
		s.up(over + 1)
	}
}

// seek shows the nearest line of a kind before the bottom of the window (back) or after it.
func (s *scroll) seek(kind lineKind, back bool) {
	i, _ := s.bottom()
	step := 1
	if back {
		step = -1
	}
	for i += step; i >= 0 && i < len(s.lines); i += step {
		if s.lines[i].kind == kind {
			s.place(s.fill(i, 0))
			return
		}
	}
}

// window returns the rows shown, at most height.
func (s *scroll) window() []row {
	if len(s.lines) == 0 || s.height == 0 {
		return nil
	}
	i, skip := s.bottom()
	if s.anchor != 0 {
		i, skip = s.fill(i, skip)
	}
	shown := make([]row, s.height)
	free := s.height
	for ; i >= 0 && free > 0; i-- {
		rows := s.rows(i)
		rows = rows[:len(rows)-skip]
		skip = 0
		rows = rows[max(len(rows)-free, 0):]
		free -= copy(shown[free-len(rows):], rows)
	}
	return shown[free:]
}

// rows returns line i as it is drawn. The first new line has the rule "new" above it.
func (s *scroll) rows(i int) []row {
	l := &s.lines[i]
	if now := safe.InClusters(); l.rows == nil || l.width != s.width || l.times != s.times || l.clusters != now {
		l.width, l.times, l.clusters = s.width, s.times, now
		l.rows = l.draw()
	}
	if l.seq == s.newFrom {
		return append([]row{rule("new", s.width)}, l.rows...)
	}
	return l.rows
}

// The time in front of a line takes stampCells. It is shown if the window has at least stampFrom columns.
const (
	stampCells = len("15:04 ")
	stampFrom  = 30 // columns
)

// draw wraps and styles a line: a mark, the time, and the text. Each row of the text after its first begins with a mark.
func (l *line) draw() []row {
	if l.kind == day {
		return []row{rule(l.text, l.width)}
	}
	indent := 0
	stamp := safe.Text("")
	if l.times && l.width >= stampFrom && l.kind != figure {
		indent = stampCells
		stamp = safe.Pad(render.View{Clock: true}.Stamp(l.at), stampCells)
	}
	mark, style := l.look()
	folded := []safe.Text{l.text}
	switch l.kind {
	case figure:
	case verbatim:
		folded = safe.Fold(l.text, max(l.width-1-indent, 1))
	default:
		folded = render.Rows(l.text, l.width-1-indent)
	}
	rows := make([]row, len(folded))
	addresses := render.WebAddresses(l.text)
	drawn := func(text string) string { return style.Render(text) }
	for n, text := range folded {
		text = safe.Crop(text, max(l.width-1-indent, 0))
		body := ""
		if n == 0 && l.head > 0 && l.head <= len(text) {
			body = speaks[l.hue].Render(string(text[:l.head])) + render.Linked(text[l.head:], addresses, drawn)
		} else {
			body = render.Linked(text, addresses, drawn)
		}
		front := safe.Repeat(" ", 1+indent)
		if n == 0 {
			front = mark + stamp
		}
		rows[n] = row{text: dim.Render(string(front)) + body, cells: 1 + indent + safe.Cells(text)}
	}
	return rows
}

// look returns the mark in front of a line, which shows its kind without colours, and its style.
func (l *line) look() (safe.Text, lipgloss.Style) {
	switch {
	case l.pending:
		return "…", plain
	case l.kind == calling:
		return ">", bold
	case l.kind == trouble:
		return " ", alarm
	case l.kind == happened:
		return " ", quiet
	case l.kind == figure:
		return " ", command.QRStyle
	case l.kind == foundLine:
		return "=", plain
	}
	return " ", plain
}

// date returns the date of a line, or "" if it has no time.
func (l *line) date() string {
	if l.at.IsZero() {
		return ""
	}
	return l.at.Local().Format(time.DateOnly)
}

// rule returns a horizontal line with a word in it.
func rule(word safe.Text, width int) row {
	const side = 3 // number of dashes before the word
	text := safe.Repeat("─", side) + " " + word + " "
	text = safe.Crop(text+safe.Repeat("─", width-safe.Cells(text)), width)
	return row{text: dim.Render(string(text)), cells: safe.Cells(text)}
}

// copied returns the text of the last n lines, without dates and drawings, and how many there were.
func (s *scroll) copied(n int) (text string, lines int) {
	var all []string
	for _, l := range slices.Backward(s.lines) {
		if len(all) == n {
			break
		}
		if l.kind != day && l.kind != figure {
			all = append(all, string(render.View{Clock: s.times}.Stamp(l.at)+l.text))
		}
	}
	slices.Reverse(all)
	return strings.Join(all, "\n"), len(all)
}
