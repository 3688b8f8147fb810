package cli

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// This file holds the commands that everybody and every member may use.

func runHelp(_ context.Context, c call) (reply, error) {
	if name := strings.TrimPrefix(c.arg(0), "/"); name != "" {
		cmd, _ := lookUp(splitHelp(name, c.table))
		if cmd == nil {
			hint := "/help lists them all"
			if near := nearest(name, c.table); near != "" {
				hint = "did you mean /help " + near + "?"
			}
			return reply{}, fail.Usage(hint, "there is no /%s", name)
		}
		lines := helpLines(cmd)
		return reply{lines: lines, page: textPage(lines)}, nil
	}
	lines := slices.Clone(c.keys)
	width := 0
	for _, cmd := range c.table {
		width = max(width, len(cmd.synopsis()))
	}
	for _, cmd := range c.table {
		line := safe.Pad(safe.Phrase(cmd.synopsis()), width) + "  " + safe.Phrase(cmd.help)
		if cmd.who == owner {
			line += " (owner)"
		}
		lines = append(lines, line)
	}
	return reply{lines: append(lines, sayingHelp...), page: helpPage(c.keys, c.table, c.room)}, nil
}

// sayingHelp is the end of /help.
var sayingHelp = []safe.Text{
	"text that does not begin with / is said; //x says /x",
	"WHO is a nick, or the start or the end of a peer ID",
}

// splitHelp makes the arguments of lookUp of what /help is asked about.
func splitHelp(name string, table []*command) (string, string, []*command) {
	first, rest := splitWord(name)
	return first, rest, table
}

// helpLines explains one command, examples first.
func helpLines(cmd *command) []safe.Text {
	var lines []safe.Text
	for _, example := range cmd.examples {
		lines = append(lines, "example:  "+safe.Phrase(example))
	}
	lines = append(lines, "usage:    "+safe.Phrase(cmd.synopsis()), "          "+safe.Phrase(cmd.help))
	if len(cmd.aliases) > 0 {
		lines = append(lines, "also:     /"+safe.Phrase(strings.Join(cmd.aliases, ", /")))
	}
	return append(lines, "for:      "+safe.Phrase(cmd.who.String()))
}

func runRooms(ctx context.Context, c call) (reply, error) {
	rooms, err := c.n.Rooms(ctx)
	if err != nil {
		return reply{}, err
	}
	if len(rooms) == 0 {
		return told("no rooms found so far", "hint: /create ROOM makes one; where mDNS is blocked, /join an invite text")
	}
	lines := render.Rooms(rooms)
	for i, r := range rooms {
		mark := safe.Text("  ")
		if r.ID.String() == c.room.id {
			mark = "> "
		}
		lines[i] = mark + lines[i]
	}
	if more, err := c.n.Unlisted(ctx); err == nil && more > 0 {
		lines = append(lines, render.MoreRooms(more))
	}
	return told(lines...)
}

func runSwitch(_ context.Context, c call) (reply, error) {
	var fits, alike []here
	for _, r := range c.rooms {
		switch {
		case node.SameName(r.name, c.args[0]) || node.SameName(r.id, c.args[0]):
			fits = append(fits, r)
		case node.Alike(r.name, c.args[0]):
			alike = append(alike, r)
		}
	}
	if len(fits) == 0 {
		return reply{}, &node.Error{Code: node.CodeNotFound, Text: "you are in no room called " + c.args[0], Hint: "/rooms lists the rooms; /join enters one"}
	}
	if node.SameName(fits[0].id, c.args[0]) || len(fits)+len(alike) == 1 {
		return reply{
			lines: []safe.Text{render.NoticeMark + "you type into " + safe.Name(fits[0].name) + " now"},
			room:  fits[0].id,
		}, nil
	}
	hint := "/switch to the one you mean by its id:"
	for _, r := range append(fits, alike...) {
		hint += "\n  " + r.id + "  " + r.name + ", as " + r.nick
	}
	return reply{}, &node.Error{Code: node.CodeAmbiguous, Text: "you are in several rooms called " + c.args[0] + ", or that look like it", Hint: hint}
}

func runCreate(ctx context.Context, c call) (reply, error) {
	name, nick, err := cutNick(c.args[0])
	if err != nil {
		return reply{}, err
	}
	return createRoom(ctx, c.n, node.CreateOptions{Name: name, Nick: nick})
}

// createRoom makes a room, or goes back into the one of that name which we own already: a second room of the name
// would only confuse those who look for it.
func createRoom(ctx context.Context, n peerNode, o node.CreateOptions) (reply, error) {
	rooms, err := n.Rooms(ctx)
	if err != nil {
		return reply{}, err
	}
	for _, r := range rooms {
		if r.Mine && r.In && node.SameName(r.Name, o.Name) {
			return reply{
				lines: render.WithKept(r.RetainS, render.NoticeMark+safe.Name(r.Name)+" is yours from last time and open again; /policy changes it, /close ends it"),
				room:  r.ID.String(),
			}, nil
		}
	}
	r, err := n.Create(ctx, o)
	if err != nil {
		return reply{}, err
	}
	lines := []safe.Text{render.NoticeMark + "others come in by: localchat join " + render.RoomWord(r.Name, r.ID) + ", or by an invite: /invite"}
	if r.Access == "knock" {
		lines = append(lines, render.NoticeMark+"who joins knocks, and waits until you /accept them")
	}
	if r.IdleS > 0 {
		lines = append(lines, render.NoticeMark+"the room closes when nobody has said anything for "+render.Seconds(r.IdleS))
	}
	lines = render.WithKept(r.RetainS, lines...)
	if twin := twinOf(o.Name, rooms); twin != nil {
		lines = append(lines, render.FaultMark+alreadyHere(*twin)+": whoever joins by the name has to say which")
	}
	return reply{lines: lines, room: r.ID.String()}, nil
}

// twinOf is a room of somebody else that has a name, or one that looks like it; nil: there is none.
func twinOf(name string, rooms []node.RoomInfo) *node.RoomInfo {
	for i, r := range rooms {
		if !r.Mine && (strings.EqualFold(r.Name, name) || node.Alike(r.Name, name)) {
			return &rooms[i]
		}
	}
	return nil
}

// alreadyHere says of a room that it is on this network.
func alreadyHere(r node.RoomInfo) safe.Text {
	text := "a room called " + render.RoomLabel(r.Name, r.ID) + " is already here"
	if name := render.OwnersNick(r); name != "" {
		text += ", owned by " + name
	}
	return text
}

// askCreate asks before a second room of a name is made.
func askCreate(c call, k known) (*confirmation, error) {
	name, _, err := cutNick(c.args[0])
	if err != nil {
		return nil, err
	}
	for _, r := range k.found {
		if r.Mine && r.In && node.SameName(r.Name, name) {
			return nil, nil // that one is entered
		}
	}
	twin := twinOf(name, k.found)
	if twin == nil {
		return nil, nil
	}
	return &confirmation{text: alreadyHere(*twin) + ": create another?", args: c.args}, nil
}

func runJoin(ctx context.Context, c call) (reply, error) {
	room, nick, err := cutNick(c.args[0])
	if err != nil {
		return reply{}, err
	}
	o := joinOptions(room)
	o.Nick = nick
	return joinRoom(ctx, c.n, c.patient(o))
}

// nickOption begins the nick by which a room is entered, as on the command line.
var nickOption = regexp.MustCompile(`(^|\s)--nick(=|\s|$)`)

// cutNick cuts the nick off what is typed behind /join or /create; "" where none is given.
func cutNick(text string) (room, nick string, err error) {
	at := nickOption.FindStringIndex(text)
	if at == nil {
		return text, "", nil
	}
	room, nick = strings.TrimSpace(text[:at[0]]), strings.TrimSpace(text[at[1]:])
	if room == "" { // the nick stands first
		nick, room = splitWord(nick)
	}
	if room == "" || nick == "" || strings.ContainsFunc(nick, unicode.IsSpace) {
		return "", "", fail.Usage("/join lab --nick bob", "--nick wants a nick of one word, and a room beside it")
	}
	return room, nick, nil
}

// patient is a join that waits for a person, and not that long for a room that nobody shows.
func (c call) patient(o node.JoinOptions) node.JoinOptions {
	o.Find, o.Asked = joinWait, c.asked
	return o
}

// joinRoom asks to be admitted and says who is there.
func joinRoom(ctx context.Context, n peerNode, o node.JoinOptions) (reply, error) {
	j, err := n.Join(ctx, o)
	if err != nil {
		return reply{}, err
	}
	return reply{
		lines: render.WithKept(j.RetainS, render.NoticeMark+"in "+safe.Name(j.Name)+": "+names(j.Members)),
		room:  j.ID.String(),
	}, nil
}

// names are members in one line, the owner marked by a word.
func names(members []node.MemberInfo) safe.Text {
	parts := make([]safe.Text, 0, len(members))
	for _, m := range members {
		name := render.Nick(m.Nick, m.Peer)
		switch {
		case m.Role == "owner" && m.Self:
			name += " (owner, you)"
		case m.Role == "owner":
			name += " (owner)"
		case m.Self:
			name += " (you)"
		}
		parts = append(parts, name)
	}
	return safe.Join(parts, ", ")
}

// stay is the argument of /leave by which an owner takes a room out of sight and stays its owner.
const stay = "stay"

func justStay(known) []string { return []string{stay} }

// runLeave leaves a room. An owner has to say what is to become of it: nobody is put out without a word.
func runLeave(ctx context.Context, c call) (reply, error) {
	switch {
	case c.arg(0) != "" && c.arg(0) != stay:
		return reply{}, fail.Usage("/leave alone leaves the room; /leave "+stay+" is for its owner", "%q is not %s", c.arg(0), stay)
	case !c.room.owned && c.arg(0) == stay:
		return reply{}, fail.Usage("/leave alone leaves the room", "/leave %s is for the owner of %s", stay, c.room.name)
	case !c.room.owned:
		return reply{}, c.n.Leave(ctx, c.room.id)
	case c.arg(0) == "":
		return reply{}, &node.Error{
			Code: node.CodeInvalid, Text: "you own " + c.room.name + ": without you its members have no owner",
			Hint: "/close REASON ends it and tells them why; /leave " + stay + " takes it out of your sight, and you stay its owner",
		}
	}
	return reply{then: func(f face) { f.putAway(c.room) }}, nil
}

// awayText says of a room that it goes on out of sight.
func awayText(r here) safe.Text {
	return render.NoticeMark + safe.Name(r.name) + " goes on out of sight, and you are its owner; /switch " + render.Word(r.name, r.id) + " brings it back"
}

// askLeave asks an owner what is to become of the room.
func askLeave(c call, k known) (*confirmation, error) {
	if !c.room.owned || c.arg(0) != "" {
		return nil, nil
	}
	inIt := safe.Text("nobody else is in it")
	if others := len(k.members) - 1; others > 0 {
		inIt = render.Count(others, "other member is", "other members are") + " in it, who cannot do without you"
	}
	return &confirmation{
		text: "you own " + safe.Name(c.room.name) + ", and " + inIt + ". Close it, or let it go on out of your sight?",
		choices: []choice{
			{key: "c", word: "close it, with a reason", begun: "/close "},
			{key: "s", word: "stay its owner", args: []string{stay}},
		},
	}, nil
}

func runMe(ctx context.Context, c call) (reply, error) { return say(ctx, c, c.args[0], true) }

// say sends a line; it is shown when its event comes back.
func say(ctx context.Context, c call, text string, action bool) (reply, error) {
	id, err := c.n.Say(ctx, c.room.id, text, action)
	if err != nil {
		return reply{}, err
	}
	return reply{then: func(f face) { f.said(id) }}, nil
}

func runMsg(ctx context.Context, c call) (reply, error) {
	if _, err := c.n.Tell(ctx, c.room.id, c.args[0], c.args[1]); err != nil {
		return reply{}, err
	}
	return told("[you to " + safe.Name(c.args[0]) + "] " + safe.Message(c.args[1]))
}

func runMembers(ctx context.Context, c call) (reply, error) {
	m, err := c.n.Members(ctx, c.room.id)
	if err != nil {
		return reply{}, err
	}
	lines := []safe.Text{render.Count(len(m.Members), "member", "members") + " of " + safe.Name(c.room.name) + ", key " + safe.Number(m.Epoch)}
	width := 0
	for _, who := range m.Members {
		width = max(width, len(render.Nick(who.Nick, who.Peer)))
	}
	for _, who := range m.Members {
		line := render.TrustMark(who.Trust) + " " + safe.Pad(render.Nick(who.Nick, who.Peer), width) + "  " + safe.Pad(safe.Name(who.Role), len("member"))
		if word := render.TrustWord(who.Trust); word != "" {
			line += "  " + word
		}
		if !who.Present && !who.Self {
			line += "  not heard from"
		}
		if who.Self {
			line += "  you"
		}
		lines = append(lines, line)
	}
	return told(lines...)
}

func runWhoami(_ context.Context, c call) (reply, error) {
	info := c.n.Info()
	lines := identity{Peer: info.Peer, Nick: info.Nick, Words: info.Words}.lines()
	for _, r := range c.rooms {
		role := safe.Text("member")
		if r.owned {
			role = "owner"
		}
		lines = append(lines, "in     "+safe.Name(r.name)+", as "+safe.Name(r.nick)+", "+role)
	}
	return told(lines...)
}

// searchShown is how many lines /search prints: the latest that fit on a screen or two.
const searchShown = 50

func runSearch(ctx context.Context, c call) (reply, error) {
	history, err := c.n.History(ctx, c.room.id)
	if err != nil {
		return reply{}, err
	}
	wanted := strings.ToLower(c.args[0])
	var found []hit
	for _, m := range history.Messages {
		if strings.Contains(strings.ToLower(m.Text), wanted) {
			found = append(found, hit{at: m.At, text: render.Message(m)})
		}
	}
	lines := []safe.Text{render.Count(len(found), "line", "lines") + " of those kept here"}
	if len(found) > searchShown {
		lines[0] = "the last " + safe.Number(searchShown) + " of " + safe.Number(len(found)) + " lines; /save FILE writes all that are kept here"
	}
	return reply{hits: found[max(len(found)-searchShown, 0):], lines: append(lines, notHere(history)...)}, nil
}

// notHere says which lines are missing in a history.
func notHere(h node.HistoryInfo) (lines []safe.Text) {
	if h.More > 0 {
		lines = append(lines, render.NoticeMark+render.Count(h.More, "line was", "lines were")+" forgotten before the time: more is said here than a node keeps")
	}
	if h.Fetching {
		lines = append(lines, render.NoticeMark+"the others are still asked for lines that are missing here")
	}
	return lines
}

func runLog(_ context.Context, c call) (reply, error) {
	var lines []safe.Text
	last, all := c.env.Ring.last(logShown)
	if all > len(last) {
		lines = append(lines, "the last "+safe.Number(len(last))+" of "+safe.Number(all)+" lines that are kept:")
	}
	for _, line := range last {
		lines = append(lines, safe.Phrase(line))
	}
	return told(append(lines, "hint: -v logs in detail, --log-file FILE keeps it")...)
}

func runClear(context.Context, call) (reply, error) {
	return reply{then: face.clear}, nil
}

func runQuit(context.Context, call) (reply, error) {
	return reply{then: face.end}, nil
}

// settings are what /set changes.
type settings struct{ times, bell, keys, mouse bool }

// A shownSetting is one of them.
type shownSetting struct {
	name, help string
	field      func(*settings) *bool
}

// settingTable names them.
var settingTable = []shownSetting{
	{"times", "HH:MM in front of every line", func(s *settings) *bool { return &s.times }},
	{"bell", "ring when somebody knocks, names you or writes to you alone", func(s *settings) *bool { return &s.bell }},
	{"keys", "tell when the room has a new key", func(s *settings) *bool { return &s.keys }},
	{"mouse", "scroll by the wheel, choose by a click; hold Shift to select text", func(s *settings) *bool { return &s.mouse }},
}

func settingNames() string {
	var all []string
	for _, s := range settingTable {
		all = append(all, s.name)
	}
	return strings.Join(all, ", ")
}

func runSet(_ context.Context, c call) (reply, error) {
	if len(c.args) == 0 {
		var lines []safe.Text
		for _, s := range settingTable {
			value := safe.Text("off")
			if *s.field(&c.show) {
				value = "on"
			}
			lines = append(lines, safe.Pad(safe.Name(s.name), len("times"))+"  "+safe.Pad(value, len("off"))+"  "+safe.Phrase(s.help))
		}
		return told(lines...)
	}
	for _, s := range settingTable {
		if s.name != c.args[0] {
			continue
		}
		on, err := parseSwitch(c.arg(1))
		if err != nil {
			return reply{}, err
		}
		r := reply{
			lines: []safe.Text{render.NoticeMark + safe.Name(s.name) + " " + safe.Name(c.arg(1))},
			then:  func(f face) { *s.field(f.settings()) = on },
		}
		if c.env.Keep == nil {
			return r, nil
		}
		if err := c.env.Keep(s.name, on); err != nil {
			text, _, _ := fail.Explain(err)
			r.lines = append(r.lines, render.FaultMark+"for now alone: "+safe.Phrase(text))
		}
		return r, nil
	}
	return reply{}, fail.Usage("/set lists them: "+settingNames(), "there is no setting %s", c.args[0])
}

// parseSwitch reads on or off.
func parseSwitch(text string) (bool, error) {
	switch text {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, fail.Usage("write on or off", "%q is neither on nor off", text)
}
