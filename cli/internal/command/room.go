package command

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

// This file holds the commands for everybody and for members.

func runHelp(_ context.Context, c Call) (Reply, error) {
	if name := strings.TrimPrefix(c.Arg(0), "/"); name != "" {
		cmd, _ := LookUp(SplitHelp(name, c.Table))
		if cmd == nil {
			hint := "/help lists them all"
			if near := nearest(name, c.Table); near != "" {
				hint = "did you mean /help " + near + "?"
			}
			return Reply{}, fail.Usage(hint, "there is no /%s", name)
		}
		lines := HelpLines(cmd)
		return Reply{Lines: lines, Page: textPage(lines)}, nil
	}
	lines := slices.Clone(c.Keys)
	width := 0
	for _, cmd := range c.Table {
		width = max(width, len(cmd.Synopsis()))
	}
	for _, cmd := range c.Table {
		line := safe.Pad(safe.Phrase(cmd.Synopsis()), width) + "  " + safe.Phrase(cmd.Help)
		switch cmd.Role {
		case Owner:
			line += " (owner)"
		case Moderator:
			line += " (owner, deputies)"
		}
		lines = append(lines, line)
	}
	return Reply{Lines: append(lines, sayingHelp...), Page: helpPage(c.Keys, c.Table, c.Room)}, nil
}

// sayingHelp ends the text of /help.
var sayingHelp = []safe.Text{
	"text that does not begin with / is said; //x says /x",
	"WHO is a nick, or the start or the end of a peer ID",
}

// SplitHelp turns the argument of /help into the arguments of LookUp.
func SplitHelp(name string, table []*Command) (string, string, []*Command) {
	first, rest := splitWord(name)
	return first, rest, table
}

// HelpLines returns the help for one command, examples first.
func HelpLines(cmd *Command) []safe.Text {
	var lines []safe.Text
	for _, example := range cmd.Examples {
		lines = append(lines, "example:  "+safe.Phrase(example))
	}
	lines = append(lines, "usage:    "+safe.Phrase(cmd.Synopsis()), "          "+safe.Phrase(cmd.Help))
	if len(cmd.Aliases) > 0 {
		lines = append(lines, "also:     /"+safe.Phrase(strings.Join(cmd.Aliases, ", /")))
	}
	return append(lines, "for:      "+safe.Phrase(cmd.Role.String()))
}

func runRooms(ctx context.Context, c Call) (Reply, error) {
	rooms, err := c.Node.Rooms(ctx)
	if err != nil {
		return Reply{}, err
	}
	if len(rooms) == 0 {
		return replied("no rooms found so far", "hint: /create ROOM makes one; where mDNS is blocked, use /join INVITE")
	}
	lines := render.Rooms(rooms)
	for i, r := range rooms {
		mark := safe.Text("  ")
		if r.ID.String() == c.Room.ID {
			mark = "> "
		}
		lines[i] = mark + lines[i]
	}
	if more, err := c.Node.Unlisted(ctx); err == nil && more > 0 {
		lines = append(lines, render.MoreRooms(more))
	}
	return replied(lines...)
}

func runSwitch(_ context.Context, c Call) (Reply, error) {
	var fits, alike []Room
	for _, r := range c.Rooms {
		switch {
		case node.SameName(r.Name, c.Args[0]) || node.SameName(r.ID, c.Args[0]):
			fits = append(fits, r)
		case node.Alike(r.Name, c.Args[0]):
			alike = append(alike, r)
		}
	}
	if len(fits) == 0 {
		return Reply{}, &fail.Error{Code: fail.ExitNotFound, Text: "you are not in a room called " + c.Args[0], Hint: "/rooms lists the rooms; /join enters one"}
	}
	if node.SameName(fits[0].ID, c.Args[0]) || len(fits)+len(alike) == 1 {
		return Reply{
			Lines: []safe.Text{render.NoticeMark + "switched to " + safe.Name(fits[0].Name)},
			Room:  fits[0].ID,
		}, nil
	}
	hint := "/switch ID, with the id of the one you mean:"
	for _, r := range append(fits, alike...) {
		hint += "\n  " + r.ID + "  " + r.Name + ", as " + r.Nick
	}
	return Reply{}, &fail.Error{Code: fail.ExitUsage, Text: "you are in several rooms called " + c.Args[0] + " or similar", Hint: hint}
}

func runCreate(ctx context.Context, c Call) (Reply, error) {
	name, nick, err := CutNick(c.Args[0])
	if err != nil {
		return Reply{}, err
	}
	return CreateRoom(ctx, c.Node, node.CreateOptions{Name: name, Nick: nick})
}

// CreateRoom creates a room, or returns to a room of that name that we already own: a second room of the same name would only
// confuse people.
func CreateRoom(ctx context.Context, n Node, o node.CreateOptions) (Reply, error) {
	rooms, err := n.Rooms(ctx)
	if err != nil {
		return Reply{}, err
	}
	for _, r := range rooms {
		if r.Mine && r.In && node.SameName(r.Name, o.Name) {
			return Reply{
				Lines: render.WithKept(r.RetainS, render.NoticeMark+safe.Name(r.Name)+" is your room from last time and is open again; /policy changes it, /close ends it"),
				Room:  r.ID.String(),
			}, nil
		}
	}
	r, err := n.Create(ctx, o)
	if err != nil {
		return Reply{}, err
	}
	lines := []safe.Text{render.NoticeMark + "others join with: localchat join " + render.RoomWord(r.Name, r.ID) + ", or with an invite: /invite"}
	if r.Access == node.AccessKnock {
		lines = append(lines, render.NoticeMark+"people who join knock first, and wait until you /accept them")
	}
	if r.IdleS > 0 {
		lines = append(lines, render.NoticeMark+"the room closes when nobody has said anything for "+render.Seconds(r.IdleS))
	}
	lines = render.WithKept(r.RetainS, lines...)
	if twin := twinOf(o.Name, rooms); twin != nil {
		lines = append(lines, render.FaultMark+alreadyHere(*twin)+"; people who join by name have to choose one")
	}
	return Reply{Lines: lines, Room: r.ID.String()}, nil
}

// twinOf returns a room of another owner with this name or a similar one, or nil.
func twinOf(name string, rooms []node.RoomInfo) *node.RoomInfo {
	for i, r := range rooms {
		if !r.Mine && (strings.EqualFold(r.Name, name) || node.Alike(r.Name, name)) {
			return &rooms[i]
		}
	}
	return nil
}

// alreadyHere says that a room is on this network.
func alreadyHere(r node.RoomInfo) safe.Text {
	text := "a room called " + render.RoomLabel(r.Name, r.ID) + " is already on this network"
	if name := render.OwnersNick(r); name != "" {
		text += ", owned by " + name
	}
	return text
}

// askCreate asks before a second room of the same name is created.
func askCreate(c Call, k CompletionContext) (*Confirmation, error) {
	name, _, err := CutNick(c.Args[0])
	if err != nil {
		return nil, err
	}
	for _, r := range k.Found {
		if r.Mine && r.In && node.SameName(r.Name, name) {
			return nil, nil // CreateRoom enters it
		}
	}
	twin := twinOf(name, k.Found)
	if twin == nil {
		return nil, nil
	}
	return &Confirmation{Text: alreadyHere(*twin) + ": create another?", Args: c.Args}, nil
}

func runJoin(ctx context.Context, c Call) (Reply, error) {
	room, nick, err := CutNick(c.Args[0])
	if err != nil {
		return Reply{}, err
	}
	o := JoinOptions(room)
	o.Nick = nick
	return JoinRoom(ctx, c, c.Patient(o))
}

// nickOption matches the option for a nick, as on the command line.
var nickOption = regexp.MustCompile(`(^|\s)--nick(=|\s|$)`)

// CutNick separates the nick from the argument of /join or /create; nick is "" if none is given.
func CutNick(text string) (room, nick string, err error) {
	at := nickOption.FindStringIndex(text)
	if at == nil {
		return text, "", nil
	}
	room, nick = strings.TrimSpace(text[:at[0]]), strings.TrimSpace(text[at[1]:])
	if room == "" { // the nick stands first
		nick, room = splitWord(nick)
	}
	if room == "" || nick == "" || strings.ContainsFunc(nick, unicode.IsSpace) {
		return "", "", fail.Usage("/join lab --nick bob", "--nick needs a nick of one word, and a room")
	}
	return room, nick, nil
}

// Patient returns o with two time limits: a person may take longer to answer than the search for the room may take.
func (c Call) Patient(o node.JoinOptions) node.JoinOptions {
	o.Find, o.Asked = JoinWait, c.Asked
	return o
}

// JoinRoom asks to be admitted and lists the members.
func JoinRoom(ctx context.Context, c Call, o node.JoinOptions) (Reply, error) {
	j, err := c.Node.Join(ctx, o)
	if err != nil {
		return Reply{}, err
	}
	c.Env.Visits.Keep(j.ID)
	return Reply{
		Lines: render.WithKept(j.RetainS, render.NoticeMark+"in "+safe.Name(j.Name)+": "+names(j.Members)),
		Room:  j.ID.String(),
	}, nil
}

// names lists members in one line and marks the owner and the deputies.
func names(members []node.MemberInfo) safe.Text {
	parts := make([]safe.Text, 0, len(members))
	for _, m := range members {
		name := render.Nick(m.Nick, m.Peer)
		switch {
		case m.Role == node.RoleOwner && m.Self:
			name += " (owner, you)"
		case m.Role == node.RoleOwner:
			name += " (owner)"
		case m.Role == node.RoleDeputy && m.Self:
			name += " (deputy, you)"
		case m.Role == node.RoleDeputy:
			name += " (deputy)"
		case m.Self:
			name += " (you)"
		}
		parts = append(parts, name)
	}
	return safe.Join(parts, ", ")
}

// stay is the argument of /leave with which an owner hides a room and stays its owner.
const stay = "stay"

func leaveWords(CompletionContext) []string { return []string{stay, yes} }

// runLeave leaves a room. An owner has to choose between closing and hiding it: no member is removed without a reason.
func runLeave(ctx context.Context, c Call) (Reply, error) {
	switch {
	case c.Arg(0) != "" && c.Arg(0) != stay && c.Arg(0) != yes:
		return Reply{}, fail.Usage("/leave by itself leaves the room; /leave "+stay+" is for its owner", "/leave takes "+stay+", "+yes+" or nothing, not %q", c.Arg(0))
	case !c.Room.Owned && c.Arg(0) == stay:
		return Reply{}, fail.Usage("/leave by itself leaves the room", "only the owner of %s can use /leave %s", c.Room.Name, stay)
	case c.Room.Deputy && c.Arg(0) != yes:
		return Reply{}, &fail.Error{Code: fail.ExitUsage, Text: string(asDeputy(c.Room)) + "; nothing was done", Hint: "/leave " + yes + " leaves it all the same"}
	case !c.Room.Owned:
		return Reply{}, c.Node.Leave(ctx, c.Room.ID)
	case c.Arg(0) != stay:
		return Reply{}, &fail.Error{
			Code: fail.ExitUsage, Text: "you own " + c.Room.Name + "; without you, its members have no owner",
			Hint: "/close REASON ends it and tells them why; /leave " + stay + " hides it from you, and you stay its owner",
		}
	}
	return Reply{Then: func(f Face) { f.PutAway(c.Room) }}, nil
}

// Away tells an owner that a room is hidden and stays open.
func Away(r Room) safe.Text {
	return render.NoticeMark + safe.Name(r.Name) + " is hidden from you, and you are still its owner; /switch " + render.Word(r.Name, r.ID) + " brings it back"
}

// asDeputy says what a deputy loses who leaves.
func asDeputy(r Room) safe.Text {
	return "you are a deputy of " + safe.Name(r.Name) + "; if you leave, you are none any more, also if you come back"
}

// askLeave asks an owner whether to close the room or hide it, and a deputy whether to leave it at all.
func askLeave(c Call, k CompletionContext) (*Confirmation, error) {
	if c.Room.Deputy && c.Arg(0) == "" {
		return &Confirmation{Text: asDeputy(c.Room) + ". Leave?", Args: []string{yes}}, nil
	}
	if !c.Room.Owned || c.Arg(0) != "" {
		return nil, nil
	}
	inIt := safe.Text("nobody else is in it")
	if others := len(k.Members) - 1; others > 0 {
		inIt = render.Count(others, "other member is", "other members are") + " in it"
	}
	return &Confirmation{
		Text: "you own " + safe.Name(c.Room.Name) + ", and " + inIt + ". Close it, or hide it and stay its owner?",
		Choices: []Choice{
			{Key: "c", Word: "close it, with a reason", Begun: "/close "},
			{Key: "s", Word: "stay its owner", Args: []string{stay}},
		},
	}, nil
}

func runMe(ctx context.Context, c Call) (Reply, error) { return say(ctx, c, c.Args[0], true) }

// say sends a line; it is shown when its event comes back.
func say(ctx context.Context, c Call, text string, action bool) (Reply, error) {
	id, err := c.Node.Say(ctx, c.Room.ID, text, action)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Then: func(f Face) { f.Said(id) }}, nil
}

func runMsg(ctx context.Context, c Call) (Reply, error) {
	told, err := c.Node.Tell(ctx, c.Room.ID, c.Args[0], c.Args[1])
	if err != nil {
		return Reply{}, err
	}
	if !told.Away {
		return Reply{}, nil // the event shows the message
	}
	return replied(render.NoticeMark + safe.Name(c.Args[0]) + " is " + render.AwayText(told.AwayText))
}

func runAway(ctx context.Context, c Call) (Reply, error) {
	if err := c.Node.SetAway(ctx, true, c.Arg(0)); err != nil {
		return Reply{}, err
	}
	return replied(render.NoticeMark + "you are " + render.AwayText(c.Arg(0)) + "; /back ends it")
}

func runBack(ctx context.Context, c Call) (Reply, error) {
	if err := c.Node.SetAway(ctx, false, ""); err != nil {
		return Reply{}, err
	}
	return replied(render.NoticeMark + "you are back")
}

// runNick asks for another nick; the event says that it is ours.
func runNick(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.SetNick(ctx, c.Room.ID, c.Args[0])
	return Reply{}, err
}

// runMembers lists the members and, for the owner, the peers that knock.
func runMembers(ctx context.Context, c Call) (Reply, error) {
	r, err := people(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	lines := []safe.Text{render.Count(len(r.Members), "member", "members") + " of " + safe.Name(c.Room.Name) + ", key " + safe.Number(r.Epoch)}
	all := r.all()
	width := 0
	for _, who := range all {
		width = max(width, len(render.Nick(who.Nick, who.Peer)))
	}
	for _, who := range all {
		line := render.TrustMark(who.Trust) + " " + safe.Pad(render.Nick(who.Nick, who.Peer), width) + "  " + safe.Pad(safe.Name(string(who.Role)), len("member"))
		if word := render.TrustWord(who.Trust); word != "" {
			line += "  " + word
		}
		if who.Voiced {
			line += "  voice" + render.Until(who.VoicedUntil)
		}
		if who.Hand {
			line += "  asks for a voice"
		}
		if who.Muted {
			line += "  muted" + render.Until(who.MutedUntil)
		}
		if who.Warnings > 0 {
			line += "  warned " + render.Count(who.Warnings, "time", "times")
		}
		if who.Away {
			line += "  " + render.AwayText(who.AwayText)
		}
		switch {
		case who.Role == Knocking:
			line += "  " + render.Tail(who.Peer)
		case who.Self:
			line += "  you"
		case !who.Present:
			line += "  not heard from"
		}
		lines = append(lines, line)
	}
	return replied(lines...)
}

func runWhoami(_ context.Context, c Call) (Reply, error) {
	info := c.Node.Info()
	lines := Identity{Peer: info.Peer, Nick: info.Nick, Words: info.Words}.Lines()
	for _, r := range c.Rooms {
		role := safe.Text("member")
		switch {
		case r.Owned:
			role = "owner"
		case r.Deputy:
			role = "deputy"
		}
		lines = append(lines, "in     "+safe.Name(r.Name)+", as "+safe.Name(r.Nick)+", "+role)
	}
	return replied(lines...)
}

func runSearch(ctx context.Context, c Call) (Reply, error) {
	history, err := c.Node.History(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	wanted := strings.ToLower(c.Args[0])
	var found []Hit
	for _, m := range history.Messages {
		if strings.Contains(strings.ToLower(m.Text), wanted) {
			found = append(found, Hit{At: m.At, Text: render.Message(m)})
		}
	}
	lines := []safe.Text{render.Count(len(found), "line", "lines") + " found among those kept here"}
	if len(found) > searchShown {
		lines[0] = "the last " + safe.Number(searchShown) + " of " + safe.Number(len(found)) + " lines; /save FILE writes all lines kept here"
	}
	return Reply{Hits: found[max(len(found)-searchShown, 0):], Lines: append(lines, notHere(history)...)}, nil
}

// notHere says which lines a history lacks, and why.
func notHere(h node.HistoryInfo) (lines []safe.Text) {
	if h.More > 0 {
		lines = append(lines, render.NoticeMark+render.Count(h.More, "line was", "lines were")+" dropped early: the room says more than a node can keep")
	}
	if h.Fetching {
		lines = append(lines, render.NoticeMark+"missing lines are still being fetched from other members")
	}
	return lines
}

func runLog(ctx context.Context, c Call) (Reply, error) {
	var lines []safe.Text
	log, err := c.host().ReadLog(ctx, logShown)
	if err != nil {
		return Reply{}, err
	}
	if log.Kept > len(log.Lines) {
		lines = append(lines, "the last "+safe.Number(len(log.Lines))+" of "+safe.Number(log.Kept)+" lines that are kept:")
	}
	for _, line := range log.Lines {
		lines = append(lines, safe.Phrase(line))
	}
	return replied(append(lines, "hint: -v logs in detail, --log-file FILE writes the log to a file")...)
}

func runClear(context.Context, Call) (Reply, error) {
	return Reply{Then: Face.Clear}, nil
}

// endsToo says how many other processes end with this console. It returns "" if none do.
func endsToo(c Call) safe.Text {
	if c.Env.Process == nil {
		return ""
	}
	n := len(c.Env.Process.Attached())
	if n == 0 {
		return ""
	}
	return render.Count(n, "other localchat is", "others are") + " attached to this one and would end as well"
}

// askQuit asks before quitting, if other processes end as well.
func askQuit(c Call, _ CompletionContext) (*Confirmation, error) {
	others := endsToo(c)
	if others == "" || c.Arg(0) == yes {
		return nil, nil
	}
	return &Confirmation{Text: others + ". Quit?", Args: []string{yes}}, nil
}

func runQuit(_ context.Context, c Call) (Reply, error) {
	switch others := endsToo(c); {
	case c.Arg(0) != "" && c.Arg(0) != yes:
		return Reply{}, fail.Usage("/quit by itself quits", "/quit takes "+yes+" or nothing, not %q", c.Arg(0))
	case others != "" && c.Arg(0) == "":
		return Reply{}, &fail.Error{Code: fail.ExitFailure, Text: string(others), Hint: "/quit " + yes + " ends them all"}
	}
	return Reply{Then: Face.End}, nil
}

// GoesOn tells the user of an attached console, which quits, that the node goes on.
func GoesOn(rooms []Room) safe.Text {
	text := render.NoticeMark + "goodbye; localchat goes on in the process that runs the node"
	var names []safe.Text
	for _, r := range rooms {
		names = append(names, safe.Name(r.Name))
	}
	if len(names) > 0 {
		text += ", and you stay in " + safe.Join(names, ", ")
	}
	return text
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
