package render

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "10m": 10 * time.Minute, "2h": 2 * time.Hour, "1d": 24 * time.Hour, "2w": 14 * 24 * time.Hour, "1h30m": 90 * time.Minute, "0": 0,
	} {
		got, err := ParseSpan(text)
		if err != nil || got != want {
			t.Errorf("parseSpan(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "m", "10", "-1h", "1.5h", "1x", "99999999999999999999s", "9999999999w", "0s"} {
		if got, err := ParseSpan(text); err == nil {
			t.Errorf("parseSpan(%q) = %v", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "seconds")) * time.Second
		if got, err := ParseSpan(SpanText(d)); err != nil || got != d {
			t.Errorf("%v is written %q and read %v, %v", d, SpanText(d), got, err)
		}
	})
}
