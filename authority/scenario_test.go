package authority

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

var update = flag.Bool("update", false, "write what happens into the scenario files")

// TestScenarios plays testdata/*.txt. A line that begins at the margin is an act, "NAME: VERB …"; the indented lines
// after it are its effects. Blank lines and those that begin with # are for the reader.
//
//	create ACCESS | kick WHO TEXT | ban WHO [FOR] TEXT | unban WHO | close TEXT | rekey | policy ACCESS [idle FOR]
//	invite NAME [NICK] | uninvite NAME | accept WHO | deny WHO TEXT                    the owner
//	knock [as NICK] [with NAME] [nonce NONCE] | gone | leave [CTR] | says EPOCH CTR                   anybody
//	poll NONCE [ADMISSION] | ack NONCE REMOVAL                                          anybody
//	members                                                                            anybody
//	clock: +FOR         tick: [line]         owner: restart         disk: fails
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			switch {
			case *update:
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			case !bytes.Equal(got, want):
				t.Errorf("it went differently; go test -run Scenarios -update, then look at the difference:\n%s", got)
			}
		})
	}
}

// A stage is a world, with the things that a script has named.
type stage struct {
	*world
	names      map[peer.ID]string
	admissions map[string]uint64
	invites    map[string]Invite
	out        bytes.Buffer
}

func play(t *testing.T, script string) []byte {
	s := &stage{
		world: newWorld(t, "alice"), names: map[peer.ID]string{}, admissions: map[string]uint64{},
		invites: map[string]Invite{},
	}
	for n, line := range strings.Split(strings.TrimRight(script, "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		fmt.Fprintln(&s.out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		who, rest, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("line %d: %q has no actor", n+1, line)
		}
		s.act(who, strings.Fields(rest))
	}
	return s.out.Bytes()
}

func (s *stage) act(who string, args []string) {
	s.t.Helper()
	switch who {
	case "clock":
		s.now = s.now.Add(s.duration(args[0]))
		return
	case "disk":
		s.fail = true
		return
	case "tick":
		var last time.Time
		if args[0] == "line" {
			last = s.now
		}
		s.run(Tick{LastLine: last})
		return
	}
	p := s.peer(who)
	rest := func(n int) string { return strings.Join(args[min(n, len(args)):], " ") }
	switch verb := args[0]; verb {
	case "restart":
		s.show(s.restart())
	case "members":
		var names []string
		for _, m := range s.ledger.state.Members() {
			names = append(names, m.Nick)
		}
		s.say("%s; epoch %d, record %d", strings.Join(names, " "), s.ledger.state.Epoch(), s.ledger.state.Seq())
	case "says":
		h := protocol.Header{Room: s.ledger.state.room, Epoch: s.number(args[1]), Ctr: s.number(args[2])}
		s.say("%s", s.ledger.state.Check(p, h))
	case "poll":
		admission := s.admissions[who]
		if len(args) > 2 {
			admission = s.number(args[2])
		}
		state := s.ledger.state
		s.run(Poll{p, protocol.PollRequest{
			Room: state.room, Nonce: nonce(args[1]), Admission: admission, HaveSeq: state.Seq(), HaveKey: state.Epoch(),
		}})
	case "ack":
		s.run(Ack{p, protocol.PollAck{Room: s.ledger.state.room, Nonce: nonce(args[1]), Removal: s.number(args[2])}})
	case "knock":
		s.run(s.knockEvent(who, args[1:]))
	case "gone":
		s.run(KnockGone{p})
	case "leave":
		var cut protocol.Cut
		if len(args) > 1 {
			cut = protocol.Cut{Ctr: s.number(args[1]), Hash: protocol.Hash{1}}
		}
		s.run(Leave{p, cut})
	case "invite":
		s.run(MakeInvite{Nick: rest(2), By: p})
		for _, i := range s.ledger.Invites(s.now) {
			if !slices.ContainsFunc(mapValues(s.invites), func(o Invite) bool { return o.ID == i.ID }) {
				s.invites[args[1]] = i
			}
		}
	case "uninvite":
		s.run(RevokeInvite{s.invites[args[1]].ID})
	default:
		s.run(s.order(verb, args, rest))
	}
}

func (s *stage) order(verb string, args []string, rest func(int) string) Event {
	// The cut is the peer's fifth line.
	cut := protocol.Cut{Ctr: 5, Hash: protocol.Hash{1}}
	switch verb {
	case "create":
		return CreateRoom{Name: "lab", Nick: s.owner, Policy: s.policy(args[1:])}
	case "policy":
		return SetPolicy{Policy: s.policy(args[1:])}
	case "kick":
		return Kick{s.peer(args[1]), rest(2), cut}
	case "ban":
		if d, err := time.ParseDuration(args[min(2, len(args)-1)]); err == nil {
			return Ban{s.peer(args[1]), rest(3), d, cut}
		}
		return Ban{s.peer(args[1]), rest(2), 0, cut}
	case "unban":
		return Unban{s.peer(args[1])}
	case "close":
		return Close{protocol.Closed, rest(1)}
	case "rekey":
		return Rekey{}
	case "accept":
		return Accept{s.peer(args[1])}
	case "deny":
		return Deny{s.peer(args[1]), rest(2)}
	}
	s.t.Fatalf("no verb %q", verb)
	return nil
}

func (s *stage) policy(args []string) protocol.Policy {
	p := protocol.DefaultPolicy()
	p.Access = map[string]protocol.Access{"open": protocol.Open, "knock": protocol.Knock, "invite": protocol.Invite}[args[0]]
	if len(args) == 3 {
		p.Idle = s.duration(args[2])
	}
	return p
}

func (s *stage) knockEvent(who string, args []string) Event {
	q := protocol.JoinRequest{Room: s.ledger.state.room, Nick: who}
	for ; len(args) > 1; args = args[2:] {
		switch args[0] {
		case "as":
			q.Nick = args[1]
			continue
		case "nonce":
			q.Nonce = nonce(args[1])
			continue
		}
		i, ok := s.invites[args[1]]
		if q.Token = i.Token; !ok {
			q.Token = protocol.Token{1}
		}
	}
	return Knock{Peer: s.peer(who), Request: q}
}

func (s *stage) run(ev Event) {
	s.t.Helper()
	effects, err := s.step(ev)
	if err != nil {
		s.say("error: %s", strings.TrimPrefix(err.Error(), "authority: "))
		return
	}
	s.show(effects)
}

func (s *stage) say(format string, args ...any) { fmt.Fprintf(&s.out, "    "+format+"\n", args...) }

func (s *stage) show(effects []Effect) {
	if len(effects) == 0 {
		s.say("nothing")
	}
	for _, e := range effects {
		switch e := e.(type) {
		case Persist:
			s.say("saved: %s", s.showBatch(e.Batch))
		case Commit:
			s.say("record %d: %s%s, epoch %d", e.Record.Seq, e.Change.Kind, s.concerned(e.Change), e.Change.Epoch)
		case Already:
			s.say("stands since record %d", e.Seq)
		case AnswerJoin:
			s.say("to %s: %s", s.names[e.Peer], s.showJoin(e))
		case KnockShown:
			s.say("%s is at the door", e.Nick)
		case KnockDropped:
			s.say("%s is at the door no more", e.Nick)
		case AnswerPoll:
			s.say("to %s: %s", s.names[e.Peer], showPoll(s.t, e))
		case Told:
			how := "is being told"
			if e.Acked {
				how = "has been told"
			}
			s.say("%s %s of removal %d (%s)", e.Nick, how, e.Removal, kindName(e.Kind))
		case Invited:
			s.say("invite for %q", e.Invite.Nick)
		case Attempt:
			s.say("%s tried: %s", s.names[e.Peer], e.What)
		}
	}
}

func (s *stage) concerned(c Change) string {
	var b strings.Builder
	if c.Nick != "" {
		b.WriteString(" " + c.Nick)
	}
	if c.Kind == Removed || c.Kind == Closed {
		fmt.Fprintf(&b, " (%s)", kindName(c.Reason))
	}
	return b.String()
}

func (s *stage) showJoin(e AnswerJoin) string {
	name := [...]string{
		"", "admitted", "waiting", "denied", "banned", "too soon", "invite is bad", "needs an invite", "nick is bad",
		"nick is taken", "full", "no such room",
	}[e.Reply.Code]
	if e.Reply.Code == protocol.JoinAdmitted {
		s.admissions[s.names[e.Peer]] = e.Reply.Admission
		name += fmt.Sprintf(" by record %d", e.Reply.Admission)
	}
	if e.Reply.Text != "" {
		name += fmt.Sprintf(" %q", e.Reply.Text)
	}
	if e.Reply.Wait != 0 {
		name += fmt.Sprintf(", still %v", e.Reply.Wait)
	}
	if e.Reply.Reason != nil {
		r, err := protocol.OpenReason(e.Reply.Reason)
		if err != nil || r.Peer != e.Peer || r.Room != s.ledger.state.room {
			s.t.Fatalf("to %s: %+v, %v", s.names[e.Peer], r, err)
		}
		name += fmt.Sprintf("; %s %q by %s, record %d", kindName(r.Kind), r.Text, r.ByNick, r.Removal)
		if !r.Until.IsZero() {
			name += fmt.Sprintf(", for %v", r.Until.Sub(r.At))
		}
	}
	return name
}

func (s *stage) showBatch(b Batch) string {
	var parts []string
	for _, r := range b.Records {
		parts = append(parts, fmt.Sprintf("record %d", r.Seq))
	}
	var failures []string
	for p, f := range b.Failures {
		switch {
		case f == nil:
			failures = append(failures, "no failure of "+s.names[p])
		case f.Acked:
			failures = append(failures, "told failure of "+s.names[p])
		case f.Known:
			failures = append(failures, "known failure of "+s.names[p])
		case f.Claimed:
			failures = append(failures, "claimed failure of "+s.names[p])
		default:
			failures = append(failures, "failure of "+s.names[p])
		}
	}
	slices.Sort(failures)
	parts = append(parts, failures...)
	for _, i := range b.Invites {
		switch {
		case i == nil:
			parts = append(parts, "no invite")
		case i.Revoked.Peer != "":
			parts = append(parts, "claimed revocation")
		case !i.open():
			parts = append(parts, "revoked invite")
		default:
			parts = append(parts, "invite")
		}
	}
	return strings.Join(parts, ", ")
}

func (s *stage) peer(name string) peer.ID {
	p := id(name)
	s.names[p] = name
	return p
}

func (s *stage) number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *stage) duration(text string) time.Duration {
	d, err := time.ParseDuration(strings.TrimPrefix(text, "+"))
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func mapValues[K comparable, V any](m map[K]V) []V {
	var vs []V
	for _, v := range m {
		vs = append(vs, v)
	}
	return vs
}
