package node

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/protocol"
)

// A scenario is a file for people to read: what each node does, and what it then sees. The first line names the nodes,
// each a real libp2p host on a simulated network; time is simulated too. A line is one of
//
//	WHO create ROOM [open|invite] [KEY=VALUE …]   WHO join ROOM|=NAME   WHO leave|close|members|accept|kick|… ROOM …
//	… -> CODE                the same, and it must fail with that code
//	WHO sees TEXT            an event with this description must come; each event counts once
//	WHO then TEXT            the same, and after the last event that WHO was expected to see
//	WHO saw N TEXT           N events so far have a description with this beginning
//	cut A B | heal           no packet between the two, both ways
//	wait DURATION            of simulated time
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".txt")
		t.Run(name, func(t *testing.T) { runScenario(t, f, false) })
		t.Run(name+" without a queue", func(t *testing.T) { runScenario(t, f, true) })
	}
}

func runScenario(t *testing.T, path string, unbuffered bool) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	for sc := bufio.NewScanner(f); sc.Scan(); {
		lines = append(lines, sc.Text())
	}
	var nicks []string
	for _, l := range lines {
		if rest, ok := strings.CutPrefix(l, "nodes "); ok {
			nicks = strings.Fields(rest)
		}
	}
	simulate(t, len(nicks), func(l *simLAN) {
		l.unbuffered = unbuffered
		for _, n := range nicks {
			l.start(n)
		}
		s := &scenario{simLAN: l, names: make(map[string]string)}
		for i, line := range lines {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "nodes ") {
				continue
			}
			s.at = fmt.Sprintf("%s:%d: %s", path, i+1, line)
			if err := s.do(line); err != nil {
				l.t.Fatalf("%s: %v", s.at, err)
			}
		}
	})
}

type scenario struct {
	*simLAN
	at    string
	names map[string]string // what "NAME = …" has kept: invites, ids
}

func (s *scenario) do(line string) error {
	want := ""
	if cmd, code, ok := strings.Cut(line, " -> "); ok {
		line, want = cmd, strings.TrimSpace(code)
	}
	f := strings.Fields(line)
	switch f[0] {
	case "cut":
		s.cut(f[1], f[2])
		return nil
	case "heal":
		s.heal()
		return nil
	case "wait":
		d, err := time.ParseDuration(f[1])
		time.Sleep(d) // simulated
		return err
	}
	if len(f) < 2 || s.nodes[f[0]] == nil {
		return fmt.Errorf("unknown line %q", line)
	}
	err := s.act(f[0], f[1], f[2:])
	if want != "" {
		if got := string(codeOf(err)); got != want {
			return fmt.Errorf("%v (%s), not %s", err, got, want)
		}
		return nil
	}
	return err
}

func (s *scenario) act(who, verb string, args []string) error {
	n, w := s.nodes[who], s.subs[who]
	text := strings.Join(args, " ")
	if verb == "sees" || verb == "then" {
		return s.sees(w, text, verb == "then")
	}
	if verb == "saw" {
		return s.saw(w, args)
	}
	if verb == "lists" {
		return s.lists(n, args)
	}
	room := args[0]
	rest := args[1:]
	words := strings.Join(rest, " ")
	ctx := s.ctx()
	var err error
	switch verb {
	case "create":
		err = s.create(n, room, rest)
	case "join":
		o := JoinOptions{Room: room}
		if name, ok := strings.CutPrefix(room, "="); ok {
			o = JoinOptions{Invite: s.names[name]}
		}
		for _, a := range rest {
			o.Nick = strings.TrimPrefix(a, "as=")
		}
		_, err = n.Join(ctx, o)
	case "knocks": // does not wait for the answer
		ready := make(chan struct{})
		go func() {
			close(ready)
			_, _ = n.Join(ctx, JoinOptions{Room: room})
		}()
		<-ready
	case "leave":
		err = n.Leave(ctx, room)
	case "close":
		err = n.CloseRoom(ctx, room, words)
	case "say":
		_, err = n.Say(ctx, room, words, false)
	case "me":
		_, err = n.Say(ctx, room, words, true)
	case "tell":
		_, err = n.Tell(ctx, room, rest[0], strings.Join(rest[1:], " "))
	case "accept":
		err = n.Accept(ctx, room, rest[0])
	case "deny":
		err = n.Deny(ctx, room, rest[0], strings.Join(rest[1:], " "))
	case "kick":
		_, err = n.Kick(ctx, room, rest[0], strings.Join(rest[1:], " "))
	case "ban", "ban-for":
		d := time.Duration(0)
		who, reason := rest[0], rest[1:]
		if verb == "ban-for" {
			d, _ = time.ParseDuration(rest[1])
			reason = rest[2:]
		}
		_, err = n.Ban(ctx, room, who, strings.Join(reason, " "), d)
	case "mute", "mute-for":
		d := time.Duration(0)
		who, reason := rest[0], rest[1:]
		if verb == "mute-for" {
			d, _ = time.ParseDuration(rest[1])
			reason = rest[2:]
		}
		_, err = n.Mute(ctx, room, who, strings.Join(reason, " "), d)
	case "voice", "voice-for":
		d := time.Duration(0)
		if verb == "voice-for" {
			d, _ = time.ParseDuration(rest[1])
		}
		_, err = n.Voice(ctx, room, rest[0], d)
	case "unvoice":
		_, err = n.Unvoice(ctx, room, rest[0])
	case "hand", "hand-down":
		err = n.Hand(ctx, room, verb == "hand")
	case "hands":
		var up []string
		var hands []Hand
		hands, err = n.Hands(ctx, room)
		for _, h := range hands {
			up = append(up, h.Nick)
		}
		if got := strings.Join(up, " "); err == nil && got != words {
			return fmt.Errorf("the hands of %q are up", got)
		}
	case "unmute":
		_, err = n.Unmute(ctx, room, rest[0])
	case "away":
		err = n.SetAway(ctx, true, words)
	case "back":
		err = n.SetAway(ctx, false, "")
	case "warn":
		_, err = n.Warn(ctx, room, rest[0], strings.Join(rest[1:], " "))
	case "appeal":
		_, err = n.Appeal(ctx, room, strings.Join(rest, " "))
	case "pardon":
		_, err = n.Pardon(ctx, room, rest[0])
	case "nick":
		_, err = n.SetNick(ctx, room, rest[0])
	case "deputy":
		_, err = n.Deputize(ctx, room, rest[0])
	case "undeputy":
		_, err = n.Undeputize(ctx, room, rest[0])
	case "unban":
		_, err = n.Unban(ctx, room, rest[0])
	case "invite", "invite-for":
		nick := ""
		if verb == "invite-for" {
			nick, rest = rest[0], rest[1:]
		}
		var inv InviteInfo
		inv, err = n.Invite(ctx, room, nick, 0)
		if err == nil {
			s.names[rest[len(rest)-1]], s.names[rest[len(rest)-1]+".id"] = inv.Text, inv.ID
		}
	case "uninvite":
		err = n.Uninvite(ctx, room, s.names[rest[0]+".id"])
	case "invites":
		var open []string
		var all []InviteInfo
		all, err = n.Invites(ctx, room)
		for _, i := range all {
			open = append(open, i.Nick)
		}
		if got := strings.Join(open, " "); err == nil && got != words {
			return fmt.Errorf("the invites of %q are open", got)
		}
	case "policy":
		_, err = n.Policy(ctx, room, parsePolicy(rest))
	case "members":
		return s.members(n, room, words)
	case "history":
		return s.history(n, room, words)
	default:
		return fmt.Errorf("unknown verb %q", verb)
	}
	return err
}

func (s *scenario) create(n *Node, room string, opts []string) error {
	_, err := n.Create(s.ctx(), CreateOptions{Name: room, PolicyChange: parsePolicy(opts)})
	return err
}

// parsePolicy reads KEY=VALUE and the names of the kinds of access.
func parsePolicy(opts []string) PolicyChange {
	var c PolicyChange
	for _, o := range opts {
		k, v, _ := strings.Cut(o, "=")
		n, _ := strconv.ParseInt(v, 10, 64)
		yes := v == "yes"
		switch k {
		case "open", "knock", "invite":
			c.Access = new(Access(k))
		case "idle":
			c.IdleS = &n
		case "retain":
			c.RetainS = &n
		case "history":
			c.History = new(History(v))
		case "speak":
			c.Speak = new(Speak(v))
		case "slow":
			c.SlowS = &n
		case "members-invite":
			c.MembersInvite = &yes
		case "hide-reasons":
			c.HideReasons = &yes
		case "subject":
			c.Subject = &v
		}
	}
	return c
}

// members waits until the roster is the given one, in its order.
func (s *scenario) members(n *Node, room, want string) error {
	var got []string
	return s.within(func() bool {
		info, err := n.Members(s.ctx(), room)
		got = nil
		for _, m := range info.Members {
			got = append(got, m.Nick)
		}
		return err == nil && strings.Join(got, " ") == want
	}, func() error { return fmt.Errorf("the members are %v", got) })
}

// lists waits until a node lists these rooms, and no others.
func (s *scenario) lists(n *Node, want []string) error {
	var got []string
	slices.Sort(want)
	return s.within(func() bool {
		got = nil
		for _, r := range must(n.Rooms(s.ctx())) {
			got = append(got, r.Name)
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	}, func() error { return fmt.Errorf("the rooms are %q", got) })
}

func (s *scenario) history(n *Node, room, want string) error {
	var got []string
	return s.within(func() bool {
		h, err := n.History(s.ctx(), room)
		got = nil
		for _, m := range h.Messages {
			got = append(got, m.Nick+":"+m.Text)
		}
		return err == nil && strings.Join(got, " ") == want
	}, func() error { return fmt.Errorf("the history is %v", got) })
}

// within waits for a condition, in simulated time.
func (s *scenario) within(ok func() bool, fail func() error) error {
	for deadline := time.Now().Add(patience); ; {
		synctest.Wait()
		if ok() {
			return nil
		}
		if time.Now().After(deadline) {
			return fail()
		}
		time.Sleep(100 * time.Millisecond) // simulated: lets the network and the timers go on
	}
}

// sees waits for an event that has not been seen yet, in any order or, with then, after the last one seen.
func (s *scenario) sees(w *watcher, want string, then bool) error {
	late := strings.HasSuffix(want, " (late)")
	return s.within(func() bool {
		events := w.drain()
		for i := range events {
			d := describe(events[i])
			if !late {
				// Whether a line is fetched or live is a matter of a millisecond, unless the scenario says which.
				d = strings.TrimSuffix(d, " (late)")
			}
			if d == want && !w.shown[i] && (!then || i > w.last) {
				w.shown[i], w.last = true, i
				return true
			}
		}
		return false
	}, func() error {
		story := ""
		for i, ev := range w.seen {
			if !w.shown[i] {
				story += "\n    " + describe(ev)
			}
		}
		return fmt.Errorf("not seen; but:%s", story)
	})
}

func (s *scenario) saw(w *watcher, args []string) error {
	want, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	prefix := strings.Join(args[1:], " ")
	got := 0
	for _, ev := range w.drain() {
		if strings.HasPrefix(describe(ev), prefix) {
			got++
		}
	}
	if got != want {
		return fmt.Errorf("saw %d: %s", got, w.story())
	}
	return nil
}

var spokenWords = regexp.MustCompile(`([a-z]+ ){7}[a-z]+`)

// describe is an event in the words of the scenarios.
func describe(ev Event) string {
	late := func(l bool) string {
		if l {
			return " (late)"
		}
		return ""
	}
	why := func(text string) string {
		if text == "" {
			return ""
		}
		return ": " + text
	}
	by := func(nick, owner string) string {
		if owner == "" {
			return " by " + nick
		}
		return " by " + nick + ", for " + owner
	}
	nicks := func(all []Named) string {
		names := []string{}
		for _, n := range all {
			names = append(names, n.Nick)
		}
		return strings.Join(names, " ")
	}
	d := ""
	switch b := ev.Body.(type) {
	case Deputies:
		d = "deputies: " + nicks(b.Deputies)
		if b.Changed {
			d += fmt.Sprintf("; I am one: %v", b.Mine)
		}
	case Joined:
		d = "joined as " + b.Nick
		if b.Resumed {
			d = "resumed as " + b.Nick
		}
		if b.Muted {
			d += ", muted"
		}
		if b.Voiceless {
			d += ", without a voice"
		}
	case Left:
		d = "left"
	case Knock:
		d = b.Nick + " knocks"
	case KnockGone:
		d = b.Nick + " knocks no more"
	case MemberJoined:
		d = b.Nick + " joined"
	case MemberLeft:
		d = b.Nick + " left"
	case MemberRemoved:
		d = fmt.Sprintf("%s was %s%s", b.Nick, b.Kind, by(b.ByNick, b.ForNick))
	case RemovalReason:
		d = fmt.Sprintf("why %s was removed: %s", b.Nick, b.Text)
	case Unbanned:
		d = b.Nick + " is banned no more"
	case MemberMuted:
		d = b.Nick + " was muted" + by(b.ByNick, b.ForNick)
	case MuteReason:
		d = fmt.Sprintf("why %s was muted: %s", b.Nick, b.Text)
	case Muted:
		d = "muted" + by(b.ByNick, b.ForNick) + why(b.Text)
		if !b.Until.IsZero() {
			d += " until then"
		}
	case MemberAway:
		d = b.Nick + " is back"
		if b.Away {
			d = b.Nick + " is away" + why(b.Text)
		}
	case Warned:
		d = "warned" + by(b.ByNick, b.ForNick) + why(b.Text)
	case MemberWarned:
		d = fmt.Sprintf("%s was warned%s (%d)%s", b.Nick, by(b.ByNick, b.ForNick), b.Count, why(b.Text))
	case OrderSettled:
		d = fmt.Sprintf("%s %s, unanswered, is done: %v", b.Order, b.Nick, b.Done)
	case WarningTold:
		d = b.Nick + " knows of the warning"
	case Renamed:
		d = b.OldNick + " is " + b.Nick + " now"
	case Unmuted:
		d = b.Nick + " is muted no more"
	case Voiced:
		d = b.Nick + " has a voice"
		if !b.Until.IsZero() {
			d += " until then"
		}
	case Unvoiced:
		d = b.Nick + " has no voice any more"
	case Hand:
		d = b.Nick + " raises a hand"
	case HandGone:
		d = b.Nick + " lowers the hand"
	case Message:
		sep := ": "
		if b.Action {
			sep = " * "
		}
		d = b.Nick + sep + b.Text + late(b.Late)
	case Direct:
		d = b.Nick + " privately: " + b.Text
	case Hidden:
		d = fmt.Sprintf("%d lines of %s hidden", len(b.IDs), b.Nick)
	case Expired:
		d = fmt.Sprintf("%d lines expired", len(b.IDs))
	case Removed:
		d = fmt.Sprintf("removed: %s%s%s", b.Kind, by(b.ByNick, b.ForNick), why(b.Text))
		if !b.Until.IsZero() {
			d += " until then"
		}
	case Appeal:
		d = fmt.Sprintf("%s appeals (%s by %s): %s", b.Nick, b.Kind, b.ByNick, b.Text)
	case AppealGone:
		d = b.Nick + " appeals no more"
	case MemberPardoned:
		d = b.Nick + " was pardoned" + by(b.ByNick, b.ForNick)
	case PardonTold:
		d = b.Nick + " knows of the pardon"
	case Pardoned:
		d = "pardoned" + by(b.ByNick, b.ForNick)
	case Refused:
		d = "refused"
	case RemovalProgress:
		told := "not told"
		if b.Told {
			told = "told"
		}
		d = fmt.Sprintf("%s %s; applied by %d of %d", b.Nick, told, b.Applied, b.Total)
	case OwnerUnreachable:
		d = "owner unreachable"
	case OwnerBack:
		d = "owner back"
	case RoomClosed:
		d = "closed (" + string(b.Kind) + ")" + why(b.Text)
	case PolicyChanged:
		d = "policy: " + string(b.Access)
		if b.ForNick != "" {
			d += by(b.ByNick, b.ForNick)
		}
	case RoomFound:
		d = "found"
	case RoomLost:
		d = "lost"
	case Warning:
		d = "warning " + b.Code + ": " + b.Text
	default:
		return ev.Body.Type() + " " + ev.RoomName
	}
	return ev.RoomName + "| " + spokenWords.ReplaceAllString(d, "WORDS")
}

func TestEveryEventIsNamedOnce(t *testing.T) {
	seen := make(map[string]bool)
	for _, b := range []EventBody{
		RoomFound{},
		RoomLost{},
		Knock{},
		KnockGone{},
		Joined{},
		Left{},
		MemberJoined{},
		MemberLeft{},
		MemberRemoved{},
		RemovalReason{},
		Unbanned{},
		Appeal{},
		AppealGone{},
		MemberPardoned{},
		PardonTold{},
		Pardoned{},
		MemberMuted{},
		MuteReason{},
		Muted{},
		Unmuted{},
		Voiced{},
		Unvoiced{},
		Hand{},
		HandGone{},
		Renamed{},
		Warned{},
		MemberWarned{},
		WarningTold{},
		OrderSettled{},
		MemberAway{},
		Message{},
		Hidden{},
		Expired{},
		Delivered{},
		Direct{},
		Removed{},
		Refused{},
		Epoch{},
		RemovalProgress{},
		OwnerUnreachable{},
		OwnerBack{},
		PolicyChanged{},
		Deputies{},
		RoomClosed{},
		Gap{},
		Warning{},
	} {
		if seen[b.Type()] {
			t.Errorf("two events are called %s", b.Type())
		}
		seen[b.Type()] = true
	}
}

// TestKindNames: a wrong reading of the wire's kinds would tell a user another reason than the given one.
func TestKindNames(t *testing.T) {
	want := map[protocol.ReasonKind]string{
		protocol.Kicked: "kicked", protocol.Banned: "banned", protocol.Closed: "closed", protocol.Idle: "idle",
		protocol.InviteRevoked: "invite-revoked", protocol.Muted: "muted", protocol.Warned: "warned", protocol.Pardoned: "pardoned", protocol.Other: "other", 77: "other",
	}
	for k, name := range want {
		if got := kindFrom(k); string(got) != name {
			t.Errorf("kind %d is called %q, not %q", k, got, name)
		}
	}
}
