// Command compare measures localchat beside the usual alternatives: ngircd, Prosody, Mumble, mosquitto, and a raw TCP hub.
// See README.md; test/compare/run starts it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"time"
)

var contenders = []contender{
	// A stream of pings ends after half a minute (libp2p), and another is opened.
	{ours, openOurs, 31 * time.Second, true},
	{secureIRC, openIRCTLS, 2 * time.Second, true},
	{irc, openIRC, 2 * time.Second, true},
	{"Prosody", openXMPP, 2 * time.Second, true},
	{"Mumble", openMumble, 2 * time.Second, true},
	{"mosquitto, TLS, QoS 1", openMQTTTLS, 2 * time.Second, false},
	{"mosquitto", openMQTT, 2 * time.Second, false},
	{"raw hub", openHub, 2 * time.Second, false},
}

// removers are the contenders that can remove a member.
func removers() []contender {
	return slices.DeleteFunc(slices.Clone(contenders), func(c contender) bool { return !c.removes })
}

const (
	ours      = "localchat"
	irc       = "ngircd"
	secureIRC = "ngircd, TLS"
)

// A scene is one measurement, of the contenders that can be measured.
type scene struct {
	name string
	who  []contender
	run  func(c contender) (map[string]float64, error)
	once bool // another round would give the same figures
}

func main() {
	rounds := flag.Int("rounds", 5, "rounds; each runs every contender in turn")
	lines := flag.Int("lines", 620, "lines of a delivery scene, 20 a second; fewer may miss the traffic that a room has twice a minute")
	kicks := flag.Int("kicks", 25, "kicks of a round, with -before")
	only := flag.String("only", ".", "run only scenes whose name matches this regular expression")
	beforeBin := flag.String("before", "", "measure only this program and an earlier one, at this path, in turns")
	flag.Parse()
	match, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if *beforeBin != "" {
		if err := compareWith(*beforeBin, *rounds, *lines, *kicks); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var r results
	var failures []string
	// After an interrupt, it ends with the present scene and prints the figures so far.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for round := range *rounds {
		for _, s := range scenes(pace{lines: *lines, every: 50 * time.Millisecond}) {
			if !match.MatchString(s.name) || s.once && round > 0 {
				continue
			}
			for i := range s.who {
				if ctx.Err() != nil {
					break
				}
				c := s.who[(i+round)%len(s.who)] // so that no contender always goes first
				fmt.Fprintf(os.Stderr, "round %d: %s: %s\n", round+1, s.name, c.name)
				figures, err := s.run(c)
				if err != nil {
					failures = append(failures, fmt.Sprintf("round %d: %s: %s: %v", round+1, s.name, c.name, err))
					fmt.Fprintln(os.Stderr, "FAILED", failures[len(failures)-1])
					continue
				}
				r.add(round, s.name, c.name, figures)
			}
		}
	}
	fmt.Print(r.table())
	if len(failures) > 0 {
		fmt.Printf("\nFAILED, and counted in no figure:\n%s\n", strings.Join(failures, "\n"))
		os.Exit(1)
	}
}

// deliveries are the sizes of the rooms in which lines are measured.
var deliveries = []int{2, 8, 32, 64}

func scenes(p pace) []scene {
	var all []scene
	for _, n := range deliveries {
		all = append(all, scene{name: fmt.Sprintf("delivery %d", n), who: contenders, run: func(c contender) (map[string]float64, error) {
			return deliver(c, n, p)
		}})
	}
	all = append(all, scene{name: "flood 8", who: contenders, run: func(c contender) (map[string]float64, error) {
		return flood(c, 8, 64, 3*time.Second)
	}})
	for _, n := range []int{8, 32} {
		all = append(all, scene{name: fmt.Sprintf("kick %d", n), who: removers(), run: func(c contender) (map[string]float64, error) {
			return kick(c, n, 160/n+5) // 25 and 10: each ends with a line of every member
		}})
	}
	desks := map[string]func(int) (*desk, error){ours: pollOurs, irc: pollIRC}
	all = append(all,
		scene{name: "poll 8", who: []contender{{name: ours}, {name: irc}}, run: func(c contender) (map[string]float64, error) {
			return poll(desks[c.name], 8, 4)
		}},
		scene{name: "memory 64", who: contenders[:1], once: true, run: func(contender) (map[string]float64, error) {
			return memory(64, 100)
		}},
	)
	return all
}
