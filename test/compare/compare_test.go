package main

import (
	"cmp"
	"errors"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"localchat/test/driver"
)

// TestContenders runs each scene once, as small as possible: every member receives every line, and contenders that can
// remove members do. The figures are not judged here.
func TestContenders(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out the measurements beside other servers")
	}
	for _, c := range contenders {
		t.Run(c.name, func(t *testing.T) {
			needProgram(t, programOf[c.name])
			c.rhythm = time.Millisecond
			figures, err := deliver(c, 3, pace{lines: 9, every: time.Millisecond})
			if err != nil || figures["lost"] != 0 || figures["p50"] <= 0 {
				t.Errorf("deliver: %v, %v", figures, err)
			}
			figures, err = flood(c, 3, 6, 50*time.Millisecond)
			if err != nil || figures["lost"] != 0 || figures["lines/s"] <= 0 {
				t.Errorf("flood: %v, %v", figures, err)
			}
			figures, err = kick(c, 3, 2)
			if c.removes && (err != nil || figures["told"] <= 0 || figures["last"] <= 0) {
				t.Errorf("kick: %v, %v", figures, err)
			} else if !c.removes && !errors.Is(err, errNoKick) {
				t.Errorf("kick: %v, want %v", err, errNoKick)
			}
		})
	}
	program, err := driver.Build("../..", t.TempDir(), "localchat")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(nodeEnv, program)
	t.Run("beside itself", func(t *testing.T) {
		c := contender{name: earlier, open: processes(program)}
		figures, err := latency(c, 3, pace{lines: 6, every: time.Millisecond})
		if err != nil || figures["p50"] <= 0 || figures["cpu"] <= 0 {
			t.Errorf("latency: %v, %v", figures, err)
		}
		figures, err = kick(c, 3, 2)
		if err != nil || figures["told"] <= 0 || figures["last"] <= 0 {
			t.Errorf("kick: %v, %v", figures, err)
		}
	})
	for name, open := range map[string]func(int) (*desk, error){ours: pollOurs, irc: pollIRC} {
		t.Run("poll "+name, func(t *testing.T) {
			needProgram(t, programOf[name])
			if figures, err := poll(open, 2, 1); err != nil || figures["polls/s"] <= 0 {
				t.Errorf("poll: %v, %v", figures, err)
			}
		})
	}
}

// programOf names the programs, and packages the Debian packages that are not called as the program is.
var (
	programOf = map[string]string{
		irc: "ngircd", secureIRC: "ngircd", "Prosody": "prosody", "Mumble": "murmurd", "mosquitto": "mosquitto", "mosquitto, TLS, QoS 1": "mosquitto",
	}
	packages = map[string]string{"murmurd": "mumble-server"}
)

func needProgram(t *testing.T, name string) {
	t.Helper()
	if name == "" {
		return
	}
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin") // where Debian puts servers
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	driver.DidNotRun(t, "it needs "+name+" (Debian: apt-get install "+cmp.Or(packages[name], name)+")")
}

// TestBoard: a line that is lost, doubled or invented does not count as delivered.
func TestBoard(t *testing.T) {
	b := newBoard(3, 2)
	b.hear(1, lineText(b.id, 0), false)
	if whole, err := b.await(1, time.Millisecond); whole != 0 || err != nil {
		t.Errorf("heard by one of two: %d lines are complete, %v", whole, err)
	}
	b.hear(2, lineText(b.id, 0), true)
	if whole, err := b.await(1, time.Millisecond); whole != 1 || err != nil || b.late.Load() != 1 {
		t.Errorf("heard by both: %d lines are complete, %d late, %v", whole, b.late.Load(), err)
	}
	for what, text := range map[string]string{
		"twice": lineText(b.id, 0), "unsaid": lineText(b.id, 2), "of another board": lineText(b.id-1, 1), "garbled": "x",
	} {
		b.failed = nil
		b.hear(2, text, false)
		if _, err := b.await(2, time.Millisecond); err == nil {
			t.Errorf("a line heard %s passes", what)
		}
	}
}

func TestTable(t *testing.T) {
	var r results
	for round, v := range []float64{300, 100, 200} {
		r.add(round, "delivery 8", ours, map[string]float64{"p50": v, "lost": 0})
		r.add(round, "delivery 8", secureIRC, map[string]float64{"p50": 100})
	}
	r.add(1, "poll 8", ours, map[string]float64{"polls/s": 60})
	r.add(1, "poll 8", irc, map[string]float64{"polls/s": 100})
	if v := r[key("poll 8", "polls/s")][ours]; len(v) != 2 || !math.IsNaN(v[0]) {
		t.Errorf("a round that failed: %v", v)
	}
	got := r.table()
	for _, want := range []string{
		"| 8 | delivery p50, µs | 200 | 100 | - | - | - | - | - | - | **2.00** (1.00 to 3.00) | - | ≤ 1.5 × ngircd, TLS | NOT MET |",
		"| 8 | lines that did not reach everybody | 0 | - | - | - | - | - | - | - | - | - | ≤ 0 | met |",
		"| 8 | polls a second, 8 clients | 60 | - | 100 | - | - | - | - | - | **0.60** (0.60 to 0.60) | - | ≥ 0.5 × ngircd | met |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line\n%s\nin\n%s", want, got)
		}
	}
}

// TestBeside: a ratio is formed within a round, and what one side lacks is no row.
func TestBeside(t *testing.T) {
	var r results
	for round, v := range []float64{100, 400, 200} {
		r.add(round, "a line", earlier, map[string]float64{"p50": v})
		r.add(round, "a line", present, map[string]float64{"p50": v * float64(1+round), "p90": 1})
	}
	want := "| a line | p50, µs | 200 | 600 | **2.00** (1.00 to 3.00) |\n"
	if got := r.beside([]scene{{name: "a line"}}); !strings.HasSuffix(got, "---|\n"+want) {
		t.Errorf("%s\nwant one row, %s", got, want)
	}
}
