package command

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// An Input is the meaning of a line that was typed: a command, or something to say.
type Input struct {
	Say  string   // text to say, if Cmd is nil
	Cmd  *Command // command to run
	Args []string
}

// Parse returns the meaning of line. Nothing that looks like a command is ever said by mistake: if the first visible character of
// a line is a slash, it is a command or an error. "//x" says "/x". Text is said exactly as it was typed. The meaning of an empty
// line is an empty Input.
func Parse(line string, table []*Command) (Input, error) {
	line = strings.TrimRight(line, "\r\n")
	slash, text := cutSlash(line)
	if slash == "" {
		if text == "" {
			return Input{}, nil
		}
		return Input{Say: line}, nil
	}
	if slices.ContainsFunc(slashes, func(s string) bool { return strings.HasPrefix(text, s) }) {
		return Input{Say: text}, nil
	}
	name, rest := splitWord(text)
	if name == "" || !strings.HasPrefix(text, name) {
		return Input{}, fail.Usage("/help lists the commands; to say a text that begins with /, type //", "/ alone is not a command")
	}
	cmd, rest := LookUp(name, rest, table)
	if cmd == nil {
		hint := "/help lists the commands; to say it as text, begin with //"
		if near := nearest(commandWord(name), table); near != "" {
			hint = "did you mean /" + near + "?"
		} else if other, ok := elsewhere[commandWord(name)]; ok {
			hint = other
		}
		return Input{}, fail.Usage(hint, "there is no /%s; nothing was said", name)
	}
	args, err := cmd.split(rest)
	if err == nil && cmd.exact {
		args[cmd.Max-1] = afterWords(text, cmd.Max)
	}
	return Input{Cmd: cmd, Args: args}, err
}

// Meant returns the meaning of a line without a slash. room is the room in which it was typed; without an ID, it was typed in the
// lobby. Such a line is something to say, unless it is an invite: the first person who reads an invite can use it, so it is never
// said by mistake.
func Meant(text string, room Room, table []*Command) (Input, error) {
	invite := strings.TrimFunc(text, unseen)
	if !IsInvite(invite) {
		return Input{Cmd: sayCommand, Args: []string{text}}, nil
	}
	join, _ := LookUp("join", "", table)
	if room.ID == "" {
		return Input{Cmd: join, Args: []string{invite}}, nil
	}
	return Input{}, fail.Usage("/join INVITE enters that room; /msg NICK INVITE sends it to one member",
		"that is an invite and was not said: the first person to read it could use it")
}

// elsewhere holds commands that other programs or other consoles have, and what to use instead.
var elsewhere = map[string]string{
	"nick":   "you choose a nick when you join: /join ROOM --nick NICK",
	"detach": "this console runs the node, which ends with it; localchat up runs one in the background, and consoles attach to that",
}

// slashes are the characters that begin a command. While an input method for Chinese, Japanese or Korean is on, the key of the
// slash types the wide one. No key types the other characters that look like a slash, so a line that begins with one of them is
// said.
var slashes = []string{"/", "\uFF0F"}

// cutSlash cuts off the slash that is the first visible character of a line. If there is none, slash is "" and text is the
// visible part of the line.
func cutSlash(line string) (slash, text string) {
	// A screen shows nothing of an escape sequence, so the line without such sequences is looked at too.
	for _, text = range []string{line, ansi.Strip(line)} {
		text = strings.TrimLeftFunc(text, unseen)
		for _, s := range slashes {
			if rest, ok := strings.CutPrefix(text, s); ok {
				return s, rest
			}
		}
	}
	return "", text
}

// unseen reports whether r is invisible at the beginning of a line, where a mark has no letter to stand on.
func unseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.M, r) || safe.Forbidden(r) || node.Hides(string(r))
}

// LookUp finds a command by name or alias. An alias may have two words, as "/room close" has.
func LookUp(name, rest string, table []*Command) (*Command, string) {
	name = commandWord(name)
	second, after := splitWord(rest)
	for _, c := range table {
		for _, alias := range c.Aliases {
			if alias == name+" "+commandWord(second) {
				return c, after
			}
		}
	}
	for _, c := range table {
		if c.Name == name || slices.Contains(c.Aliases, name) {
			return c, rest
		}
	}
	return nil, rest
}

// commandWord returns a word in the form in which commands are compared: in lower case, without wide letters.
func commandWord(word string) string { return strings.ToLower(norm.NFKC.String(word)) }

// split returns the arguments of c from the rest of its line: up to c.Max of them, the last one with all that remains.
func (c *Command) split(rest string) ([]string, error) {
	var args []string
	rest = strings.TrimSpace(rest)
	for rest != "" && len(args) < c.Max-1 {
		var word string
		word, rest = splitWord(rest)
		args = append(args, word)
	}
	if rest != "" && c.Max > 0 {
		args, rest = append(args, rest), ""
	}
	if len(args) < c.min || rest != "" {
		return nil, fail.Usage("/help "+c.Name+" has examples", "usage: %s", c.Synopsis())
	}
	return args, nil
}

// afterWords returns the part of s after n words and one blank.
func afterWords(s string, n int) string {
	for range n {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
		i := max(strings.IndexFunc(s, unicode.IsSpace), 0)
		_, blank := utf8.DecodeRuneInString(s[i:])
		s = s[i+blank:]
	}
	return s
}

// splitWord cuts the first word off s.
func splitWord(s string) (word, rest string) {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	i := strings.IndexFunc(s, unicode.IsSpace)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeftFunc(s[i:], unicode.IsSpace)
}

// nearest returns the command that somebody who typed name most likely meant, or "". That is a command that begins with name, or
// one that differs from it by a few slips. A slip is a letter left out, a letter added, two neighbours swapped, or the key beside
// the right one.
func nearest(name string, table []*Command) string {
	const enough = 3 // letters; a shorter beginning says too little
	if len(name) < enough {
		return ""
	}
	for _, c := range table {
		if strings.HasPrefix(c.Name, name) {
			return c.Name
		}
	}
	best, bestSlips := "", maxSlips(name)+1
	for _, c := range table {
		for _, known := range append([]string{c.Name}, c.Aliases...) {
			if n := Slips(name, known); n < bestSlips && n < len(known) {
				best, bestSlips = known, n
			}
		}
	}
	return best
}

// longWord is a length in letters. A word of that length is recognized with two slips in it, and any wrong letter counts as a slip.
// In a shorter word these would make another word: nick is not kick, and font is not host.
const longWord = 6

func maxSlips(word string) int {
	if len(word) < longWord {
		return 1
	}
	return 2
}

// Slips returns how many slips turn meant into typed (optimal string alignment). For words longer than any command it returns the
// length of the longer one.
func Slips(typed, meant string) int {
	const longest = 16
	if len(typed) > longest || len(meant) > longest {
		return max(len(typed), len(meant))
	}
	var d [longest + 1][longest + 1]int
	for i := range len(typed) + 1 {
		d[i][0] = i
	}
	for j := range len(meant) + 1 {
		d[0][j] = j
	}
	for i := 1; i <= len(typed); i++ {
		for j := 1; j <= len(meant); j++ {
			cost := longest // not a slip
			switch a, b := typed[i-1], meant[j-1]; {
			case a == b:
				cost = 0
			case len(typed) >= longWord || besides(a, b):
				cost = 1
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && typed[i-1] == meant[j-2] && typed[i-2] == meant[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(typed)][len(meant)]
}

// besides reports whether the keys of two letters touch each other in any of these keyboard layouts.
func besides(a, b byte) bool {
	for _, rows := range [...][3]string{
		{"qwertyuiop", "asdfghjkl", "zxcvbnm"},
		{"qwertzuiop", "asdfghjkl", "yxcvbnm"},
		{"azertyuiop", "qsdfghjklm", "wxcvbn"},
	} {
		ax, ay := keyAt(rows, a)
		bx, by := keyAt(rows, b)
		// Distances are in quarters of a key, since each row is shifted a little to the right of the one above it.
		if dx, dy := ax-bx, ay-by; ay >= 0 && by >= 0 && dx*dx <= 4*4 && dy*dy <= 1 {
			return true
		}
	}
	return false
}

// keyAt returns the position of a key: its distance from the left, in quarters of a key, and its row. For no such key y is -1.
func keyAt(rows [3]string, key byte) (x, y int) {
	for y, row := range rows {
		if i := strings.IndexByte(row, key); i >= 0 {
			return 4*i + [...]int{0, 1, 3}[y], y
		}
	}
	return 0, -1
}
