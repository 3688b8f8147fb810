package command

import (
	"strings"
	"testing"
)

func TestLogRing(t *testing.T) {
	r := &LogRing{}
	for i := range maxLogLines + 5 {
		if _, err := r.Write([]byte(strings.Repeat("x", i%3) + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	if got, all := r.last(maxLogLines * 2); len(got) != maxLogLines || all != maxLogLines {
		t.Errorf("%d lines kept, of %d", len(got), all)
	}
	_, _ = r.Write([]byte("the last\n"))
	if got, _ := r.last(2); len(got) != 2 || got[1] != "the last" {
		t.Errorf("%q", got)
	}
	_, _ = r.Write([]byte(strings.Repeat("x", maxLogLine+5) + "\n"))
	if got, _ := r.last(1); len(got[0]) != maxLogLine {
		t.Errorf("a line of %d bytes is kept, want %d", len(got[0]), maxLogLine)
	}
}
