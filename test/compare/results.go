package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// results are figures by scene, figure and contender, one a round; NaN for a failed round.
type results map[string]map[string][]float64

func key(scene, figure string) string { return scene + "/" + figure }

// add takes a round's figures. A failed round has none.
func (r *results) add(round int, scene, contender string, figures map[string]float64) {
	if *r == nil {
		*r = results{}
	}
	for figure, v := range figures {
		k := key(scene, figure)
		if (*r)[k] == nil {
			(*r)[k] = map[string][]float64{}
		}
		taken := (*r)[k][contender]
		for len(taken) < round {
			taken = append(taken, math.NaN())
		}
		(*r)[k][contender] = append(taken, v)
	}
}

// A row is a line of the table.
type row struct {
	text          string
	scene, figure string
	format        string
	goal          goal
}

// A goal bounds our figure from above or below, or as a multiple of the figure of another contender, of.
type goal struct {
	set     bool
	limit   float64
	atLeast bool
	of      string
}

func atMost(limit float64) goal  { return goal{set: true, limit: limit} }
func atLeast(limit float64) goal { return goal{set: true, limit: limit, atLeast: true} }
func (g goal) ofIRC() goal       { g.of = secureIRC; return g }

func (g goal) String() string {
	if !g.set {
		return "-"
	}
	sign, unit := "≤", ""
	if g.atLeast {
		sign = "≥"
	}
	if g.of != "" {
		unit = " × " + g.of
	}
	return fmt.Sprintf("%s %g%s", sign, g.limit, unit)
}

func (g goal) met(v float64) string {
	switch {
	case !g.set:
		return "-"
	case math.IsNaN(v):
		return "NOT MEASURED"
	case g.atLeast && v >= g.limit, !g.atLeast && v <= g.limit:
		return "met"
	}
	return "NOT MET"
}

// rows are the rows of the table: every figure of the scenes, in the order in which README.md explains them.
func rows() []row {
	var all []row
	for _, n := range deliveries {
		s := fmt.Sprintf("delivery %d", n)
		p50, p99 := atMost(1.5).ofIRC(), goal{}
		if n == 64 {
			p99 = atMost(2).ofIRC()
		}
		all = append(all,
			row{"delivery p50, µs", s, "p50", "%.0f", p50},
			row{"delivery p99, µs", s, "p99", "%.0f", p99},
			row{"bytes a delivery, above a quiet room", s, "bytes", "%.0f", atMost(450)},
			row{"bytes a delivery, with what a quiet room sends", s, "gross bytes", "%.0f", goal{}},
			row{"packets a delivery, above a quiet room", s, "packets", "%.2f", goal{}},
			row{"allocations a delivery, above a quiet room", s, "allocs", "%.1f", atMost(20)},
			row{"allocations a delivery, with a quiet room's", s, "gross allocs", "%.1f", goal{}},
			row{"quiet room: bytes a second and member", s, "idle bytes", "%.0f", goal{}},
			row{"quiet room: CPU µs a second and member", s, "idle cpu", "%.0f", goal{}},
			row{"lines that did not reach everybody", s, "lost", "%.0f", atMost(0)},
			row{"deliveries by way of a repair", s, "late", "%.0f", goal{}},
		)
	}
	all = append(all,
		row{"closed loop: lines a second", "flood 8", "lines/s", "%.0f", atLeast(3000)},
		row{"closed loop: CPU µs a delivery, all processes", "flood 8", "cpu", "%.1f", atMost(70)},
		row{"closed loop: allocations a delivery", "flood 8", "allocs", "%.1f", goal{}},
		row{"closed loop: bytes a delivery", "flood 8", "bytes", "%.0f", goal{}},
		row{"closed loop: lines that did not reach everybody", "flood 8", "lost", "%.0f", atMost(0)},
		row{"closed loop: deliveries by way of a repair", "flood 8", "late", "%.0f", goal{}},
	)
	for _, s := range []string{"kick 8", "kick 32"} {
		all = append(all,
			row{"kick to told p50, µs", s, "told", "%.0f", atMost(1.5).ofIRC()},
			row{"kick to told p99, µs", s, "told p99", "%.0f", goal{}},
			row{"kick to last member refusing p50, µs", s, "last", "%.0f", atMost(2).ofIRC()},
			row{"kick to last member refusing p99, µs", s, "last p99", "%.0f", goal{}},
			row{"lines said as soon as it is back: delivery p99, µs", s, "again p99", "%.0f", goal{}},
			row{"lines said as soon as it is back: slowest delivery, µs", s, "again worst", "%.0f", goal{}},
		)
	}
	return append(all,
		row{"polls a second, 8 clients", "poll 8", "polls/s", "%.0f", goal{set: true, limit: 0.5, atLeast: true, of: irc}},
		row{"CPU µs a poll, both ends", "poll 8", "cpu", "%.1f", goal{}},
		row{"resident MiB of a node, in no room", "memory 64", "no room", "%.0f", atMost(40)},
		row{"resident MiB of a node, in the room", "memory 64", "in room", "%.0f", atMost(60)},
	)
}

// table is Markdown.
func (r results) table() string {
	var t strings.Builder
	t.WriteString("| room | figure |")
	for _, c := range contenders {
		t.WriteString(" " + c.name + " |")
	}
	t.WriteString(" × " + secureIRC + ", polls " + irc + " (least to most) | × raw hub | goal | |\n|---|---|")
	t.WriteString(strings.Repeat("---|", len(contenders)+4) + "\n")
	for _, row := range rows() {
		of := r[key(row.scene, row.figure)]
		if of == nil {
			continue
		}
		_, room, _ := strings.Cut(row.scene, " ")
		fmt.Fprintf(&t, "| %s | %s |", room, row.text)
		for _, c := range contenders {
			fmt.Fprintf(&t, " %s |", show(row.format, of[c.name]))
		}
		beside := ratios(of[ours], of[cmp.Or(row.goal.of, secureIRC)])
		spread := "-"
		if len(beside) > 0 && !strings.HasPrefix(row.figure, "idle ") { // the others have next to no traffic then
			spread = fmt.Sprintf("**%.2f** (%.2f to %.2f)", median(beside), slices.Min(beside), slices.Max(beside))
		}
		judged := of[ours]
		if row.goal.of != "" {
			judged = beside
		}
		fmt.Fprintf(&t, " %s | %s | %s | %s |\n", spread, show("%.2f", ratios(of[ours], of["raw hub"])), row.goal, row.goal.met(median(judged)))
	}
	return t.String()
}

func show(format string, v []float64) string {
	if len(v) == 0 {
		return "-"
	}
	return fmt.Sprintf(format, median(v))
}

// ratios are formed within a round: a disturbance of the machine for a minute disturbs both. There is no ratio to zero.
func ratios(a, b []float64) []float64 {
	var all []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 && a[i] > 0 {
			all = append(all, a[i]/b[i])
		}
	}
	return all
}

func median(v []float64) float64 {
	s := slices.DeleteFunc(slices.Sorted(slices.Values(v)), math.IsNaN)
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
