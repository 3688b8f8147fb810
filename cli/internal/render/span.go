package render

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"localchat/cli/internal/safe"
)

type unit struct {
	letter byte
	length time.Duration
	one    safe.Text // its name
}

// units of a span, the largest first.
var units = []unit{{'w', 7 * 24 * time.Hour, "week"}, {'d', 24 * time.Hour, "day"}, {'h', time.Hour, "hour"}, {'m', time.Minute, "minute"}, {'s', time.Second, "second"}}

// ParseSpan reads 90s, 10m, 2h, 1d, 2w, a sequence of them (1h30m), or 0.
func ParseSpan(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration; write 90s, 10m, 2h, 1d or 0", text)
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

// SpanText writes a duration in the form that ParseSpan reads.
func SpanText(d time.Duration) string {
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
