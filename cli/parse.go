package cli

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"localchat/node"
)

// An input is what a line of the console means: a command, or something to say.
type input struct {
	say  string   // what to say, where cmd is nil
	cmd  *command // what to do
	args []string
}

// parse says what line means. Nothing that looks like a command is ever said by mistake: a line whose first visible
// character is "/" is a command or an error. "//x" says "/x". An empty line means nothing and is neither.
func parse(line string, table []*command) (input, error) {
	line = strings.TrimRight(line, "\r\n")
	text := strings.TrimLeftFunc(line, unseen)
	switch {
	case text == "":
		return input{}, nil
	case strings.HasPrefix(text, "//"):
		return input{say: text[1:]}, nil
	case text[0] != '/':
		return input{say: line}, nil
	}
	name, rest := splitWord(text[1:])
	if name == "" || !strings.HasPrefix(text[1:], name) {
		return input{}, usage("/help lists the commands; to say something that begins with /, type //", "a lone / is no command")
	}
	cmd, rest := lookUp(name, rest, table)
	if cmd == nil {
		hint := "/help lists the commands; to say it, begin with //"
		if near := nearest(strings.ToLower(name), table); near != "" {
			hint = "did you mean /" + near + "?"
		}
		return input{}, usage(hint, "there is no /%s; nothing was said", name)
	}
	args, err := cmd.split(rest)
	return input{cmd: cmd, args: args}, err
}

// unseen reports whether r shows nothing on a screen.
func unseen(r rune) bool { return unicode.IsSpace(r) || node.Hides(string(r)) }

// lookUp finds a command by name or alias. An alias may be two words, as the ancestor's "/room close" is.
func lookUp(name, rest string, table []*command) (*command, string) {
	name = strings.ToLower(name)
	second, after := splitWord(rest)
	for _, c := range table {
		for _, alias := range c.aliases {
			if alias == name+" "+strings.ToLower(second) {
				return c, after
			}
		}
	}
	for _, c := range table {
		if c.name == name || slices.Contains(c.aliases, name) {
			return c, rest
		}
	}
	return nil, rest
}

// split makes the arguments of c out of the rest of its line: up to c.max of them, the last one with all that remains.
func (c *command) split(rest string) ([]string, error) {
	var args []string
	rest = strings.TrimSpace(rest)
	for rest != "" && len(args) < c.max-1 {
		var word string
		word, rest = splitWord(rest)
		args = append(args, word)
	}
	if rest != "" && c.max > 0 {
		args, rest = append(args, rest), ""
	}
	if len(args) < c.min || rest != "" {
		return nil, usage("/help "+c.name+" has examples", "usage: %s", c.synopsis())
	}
	return args, nil
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

// nearest is the name in the table that name was most likely meant to be, or "".
func nearest(name string, table []*command) string {
	const enough = 3 // letters of a beginning that tell more than a likeness does
	for _, c := range table {
		if len(name) >= enough && strings.HasPrefix(c.name, name) {
			return c.name
		}
	}
	best, bestDistance := "", 3 // more than two slips is another word
	for _, c := range table {
		for _, known := range append([]string{c.name}, c.aliases...) {
			d := distance(name, known)
			if d < bestDistance && d < len(known) && d < len(name) {
				best, bestDistance = known, d
			}
		}
	}
	return best
}

// distance is how many letters must be put in, left out, changed or swapped with their neighbour to make b of a
// (optimal string alignment). Long words are no slips: they cost their length.
func distance(a, b string) int {
	const longest = 16
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	var d [longest + 1][longest + 1]int
	for i := range len(a) + 1 {
		d[i][0] = i
	}
	for j := range len(b) + 1 {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

type unit struct {
	letter byte
	length time.Duration
}

// units of a span, the largest first.
var units = []unit{{'w', 7 * 24 * time.Hour}, {'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

// parseSpan reads 90s, 10m, 2h, 1d, 2w, any of them one after the other (1h30m), or 0.
func parseSpan(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no length of time; write 90s, 10m, 2h, 1d or 0", text)
	if text == "0" {
		return 0, nil
	}
	var total time.Duration
	for rest := text; rest != ""; {
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return 0, bad
		}
		n, err := strconv.ParseInt(rest[:i], 10, 64)
		if err != nil {
			return 0, bad
		}
		u := slices.IndexFunc(units, func(u unit) bool { return u.letter == rest[i] })
		if u < 0 || n > int64((math.MaxInt64-total)/units[u].length) {
			return 0, bad
		}
		total += time.Duration(n) * units[u].length
		rest = rest[i+1:]
	}
	if total == 0 {
		return 0, bad
	}
	return total, nil
}

// spanText writes what parseSpan reads.
func spanText(d time.Duration) string {
	var b strings.Builder
	for _, u := range units {
		if n := d / u.length; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(u.letter)
			d -= n * u.length
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}
