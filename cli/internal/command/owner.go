package command

import (
	"cmp"
	"context"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/mdp/qrterminal/v3"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// This file holds the commands of a room's owner and deputies. Most of them have no reply: everybody in the room gets an event about what they
// did, and so does the owner.

func runInvite(ctx context.Context, c Call) (Reply, error) {
	if !c.Room.Owned {
		p, err := c.Node.Policy(ctx, c.Room.ID, node.PolicyChange{})
		if err != nil {
			return Reply{}, err
		}
		if !p.MembersInvite && !c.Room.Deputy {
			return Reply{}, &fail.Error{Code: fail.ExitRefused, Text: "only the owner of " + c.Room.Name + " can invite; nothing was sent", Hint: "the owner can allow it: /policy members-invite on"}
		}
	}
	words, err := ownersWords(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	nick, length, err := inviteTerms(c)
	if err != nil {
		return Reply{}, err
	}
	invite, err := c.host().MakeInvite(ctx, c.Room.ID, nick, length)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Secret: invite.Text, Lines: []safe.Text{
		render.NoticeMark + "a single-use invite, valid until " + safe.Name(invite.Expires.Local().Format("2006-01-02 15:04")) + ":",
		safe.Phrase(invite.Text),
		render.NoticeMark + "they type localchat join and this text; /uninvite " + safe.Name(invite.ID) + " revokes it",
		words,
	}}
	// A camera that reads the invite cannot do anything with it, but one that reads the address of a shared page can open it.
	code := cmp.Or(invite.Page, invite.Text)
	if invite.Page == "" {
		r.Lines = append(r.Lines, render.NoticeMark+"for people without the program, /share hands it out on a web page")
	} else {
		r.Lines = append(r.Lines, render.NoticeMark+"with the program, on a web page: "+safe.Phrase(code))
	}
	if c.Terminal {
		r.Figure = qrLines(code)
	}
	return r, nil
}

// inviteTerms returns for whom an invite is, "" for anybody, and how long it is valid, 0 for as long as usual. One argument that is a
// length of time is no nick.
func inviteTerms(c Call) (nick string, length time.Duration, err error) {
	nick, text := c.Arg(0), c.Arg(1)
	if text == "" {
		if d, err := render.ParseSpan(nick); err == nil {
			return "", d, nil
		}
		return nick, 0, nil
	}
	if length, err = render.ParseSpan(text); err != nil {
		return "", 0, fail.Usage("/invite NICK, and a time such as 2h", "%v", err)
	}
	return nick, length, nil
}

// ownersWords returns the line with the owner's words. A guest with an invite compares them, because the owner admits it.
func ownersWords(ctx context.Context, c Call) (safe.Text, error) {
	if c.Room.Owned {
		return render.NoticeMark + "your words, for them to compare by voice: " + safe.Phrase(c.Node.Info().Words), nil
	}
	m, err := c.Node.Members(ctx, c.Room.ID)
	r := Roster{Members: m.Members}
	owner := r.Owner()
	return render.NoticeMark + "words of the owner, " + render.Nick(owner.Nick, owner.Peer) + render.TrustNote(owner.Trust) + ", for them to compare by voice: " + safe.Phrase(owner.Words), err
}

// QRStyle is the look of a QR code. A camera needs dark on light, so these are two colours that no theme changes. Without
// them the code has the colours of the terminal, and most cameras can read it only on a dark background.
var QRStyle = lipgloss.NewStyle().Foreground(lipgloss.Color("231")).Background(lipgloss.Color("16"))

const ColourlessQR safe.Text = "hint: without colours, most cameras can read the QR code only on a dark background"

// qrLines draws text as a QR code in half blocks, light ones where the code is light, with the margin that a camera needs.
func qrLines(text string) []safe.Text {
	var b strings.Builder
	qrterminal.GenerateHalfBlock(text, qrterminal.L, &b)
	var lines []safe.Text
	for line := range strings.Lines(b.String()) {
		lines = append(lines, safe.Phrase(strings.TrimRight(line, "\n")))
	}
	return lines
}

func runAccept(ctx context.Context, c Call) (Reply, error) {
	return Reply{}, c.Node.Accept(ctx, c.Room.ID, c.Args[0])
}

func runDeny(ctx context.Context, c Call) (Reply, error) {
	if err := c.Node.Deny(ctx, c.Room.ID, c.Args[0], c.Arg(1)); err != nil {
		return Reply{}, err
	}
	line := render.NoticeMark + safe.Name(c.Args[0]) + " was turned away"
	if why := c.Arg(1); why != "" {
		line += ": " + safe.Phrase(why)
	}
	return replied(line)
}

func runKick(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Kick(ctx, c.Room.ID, c.Args[0], c.Arg(1))
	return Reply{}, err
}

func runWarn(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Warn(ctx, c.Room.ID, c.Args[0], c.Args[1])
	return Reply{}, err
}

// banTerms returns the length and the reason of a ban or a mute. A length of 0 means that it has no end.
func banTerms(c Call) (length time.Duration, reason string) {
	reason = c.Arg(1)
	// "0" is not read as a length: nobody bans for no time, so the digit probably begins the reason.
	if first, rest := splitWord(reason); first != "0" {
		if d, err := render.ParseSpan(first); err == nil {
			return d, rest
		}
	}
	return 0, reason
}

func runBan(ctx context.Context, c Call) (Reply, error) {
	length, reason := banTerms(c)
	_, err := c.Node.Ban(ctx, c.Room.ID, c.Args[0], reason, length)
	return Reply{}, err
}

// askBan says whom the ban is for, by more than a nick, and what will happen. A yes bans that peer, even if its nick changes hands.
func askBan(c Call, k CompletionContext) (*Confirmation, error) {
	target, args := safe.Name(c.Args[0])+" (not in the room now)", c.Args
	switch one, err := k.one(c.Args[0], c.Room.Name); {
	case err == nil:
		target = render.Nick(one.Nick, one.Peer) + " (" + render.Tail(one.Peer) + ")"
		if one.Role == Knocking {
			target += ", who is knocking,"
		}
		args = append([]string{one.Peer.String()}, c.Args[1:]...)
	case node.AsError(err).Code == node.CodeAmbiguous:
		return nil, err
	}
	length, reason := banTerms(c)
	until := safe.Text("until you lift the ban")
	if length > 0 {
		until = "for " + safe.Name(render.SpanText(length))
	}
	text := "ban " + target + " from " + safe.Name(c.Room.Name) + render.Because(reason) + "? They are removed, told why, and kept out " + until
	return &Confirmation{Text: text, Args: args}, nil
}

func runUnban(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Unban(ctx, c.Room.ID, c.Args[0])
	return Reply{}, err
}

func runMute(ctx context.Context, c Call) (Reply, error) {
	length, reason := banTerms(c)
	_, err := c.Node.Mute(ctx, c.Room.ID, c.Args[0], reason, length)
	return Reply{}, err
}

func runUnmute(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Unmute(ctx, c.Room.ID, c.Args[0])
	return Reply{}, err
}

func runDeputy(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Deputize(ctx, c.Room.ID, c.Args[0])
	return Reply{}, err
}

func runUndeputy(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Undeputize(ctx, c.Room.ID, c.Args[0])
	return Reply{}, err
}

func runDeputies(ctx context.Context, c Call) (Reply, error) {
	deputies, err := c.Node.Deputies(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	lines := make([]safe.Text, 0, len(deputies)+1)
	for _, d := range deputies {
		line := "  " + render.Nick(d.Nick, d.Peer) + " " + safe.Phrase(d.Peer.String())
		if !d.Present {
			line += "  not heard from"
		}
		lines = append(lines, line)
	}
	return replied(append(lines, render.Count(len(deputies), "deputy", "deputies")+" of "+safe.Name(c.Room.Name))...)
}

// askTransfer says to whom the room is offered, by more than a nick. A yes offers it to that peer, even if its nick changes hands.
func askTransfer(c Call, k CompletionContext) (*Confirmation, error) {
	if c.Args[0] == off {
		return nil, nil
	}
	one, err := k.one(c.Args[0], c.Room.Name)
	if err != nil {
		return nil, err
	}
	text := "offer " + safe.Name(c.Room.Name) + " to " + render.Nick(one.Nick, one.Peer) + " (" + render.Tail(one.Peer) + ")? Once they take it they own it, and you cannot take it back"
	return &Confirmation{Text: text, Args: []string{one.Peer.String()}}, nil
}

func runTransfer(ctx context.Context, c Call) (Reply, error) {
	if c.Args[0] == off {
		was, err := c.Node.StopTransfer(ctx, c.Room.ID)
		if err != nil {
			return Reply{}, err
		}
		return replied(render.NoticeMark + safe.Name(c.Room.Name) + " is no longer offered to " + render.Nick(was.Nick, was.Peer))
	}
	offer, err := c.Node.Transfer(ctx, c.Room.ID, c.Args[0])
	if err != nil {
		return Reply{}, err
	}
	name, word := safe.Name(c.Room.Name), render.Word(c.Room.Name, c.Room.ID)
	return replied(render.NoticeMark + name + " is offered to " + render.Nick(offer.Nick, offer.Peer) + render.Until(offer.Until) + ": /take " + word + " there makes them its owner; until then it is yours")
}

func runTake(ctx context.Context, c Call) (Reply, error) {
	room := c.Args[0]
	for _, r := range c.Rooms {
		if r.Owned && node.SameName(r.Name, room) {
			return Reply{}, &fail.Error{Code: fail.ExitRefused, Text: "you own " + r.Name + " already", Hint: "/help lists what you may do there"}
		}
	}
	_, err := c.Node.Take(ctx, room)
	return Reply{}, err
}

func runBans(ctx context.Context, c Call) (Reply, error) {
	bans, err := c.Node.Bans(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	lines := make([]safe.Text, 0, len(bans)+1)
	for _, b := range bans {
		forever := safe.Text(" until lifted")
		if !b.Until.IsZero() {
			forever = render.Until(b.Until)
		}
		lines = append(lines, "  "+render.Nick(b.Nick, b.Peer)+" "+safe.Phrase(b.Peer.String())+forever+render.Because(b.Reason))
	}
	return replied(append(lines, render.Count(len(bans), "ban", "bans")+" in force")...)
}

func runInvites(ctx context.Context, c Call) (Reply, error) {
	invites, err := c.Node.Invites(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	lines := make([]safe.Text, 0, len(invites)+1)
	for _, i := range invites {
		line := safe.Name(i.ID) + render.Until(i.Expires)
		if i.Nick != "" {
			line += " for " + safe.Name(i.Nick)
		}
		lines = append(lines, line)
	}
	return replied(append(lines, render.Count(len(invites), "invite", "invites")+" unused")...)
}

func runUninvite(ctx context.Context, c Call) (Reply, error) {
	if err := c.Node.Uninvite(ctx, c.Room.ID, c.Args[0]); err != nil {
		return Reply{}, err
	}
	return replied(render.NoticeMark + "invite " + safe.Name(c.Args[0]) + " is revoked")
}

func runSubject(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Policy(ctx, c.Room.ID, node.PolicyChange{Subject: &c.Args[0]})
	return Reply{}, err
}

// askClose says how many members lose the room.
func askClose(c Call, k CompletionContext) (*Confirmation, error) {
	text := "close " + safe.Name(c.Room.Name) + render.Because(c.Arg(0)) + "? "
	if others := len(k.Members) - 1; others > 0 {
		text += render.Count(others, "other member is", "other members are") + " removed and told why, and the room ends for good"
	} else {
		text += "Nobody else is in it; it ends for good"
	}
	return &Confirmation{Text: text, Args: c.Args}, nil
}

func runClose(ctx context.Context, c Call) (Reply, error) {
	return Reply{}, c.Node.CloseRoom(ctx, c.Room.ID, c.Arg(0))
}

func runRenew(ctx context.Context, c Call) (Reply, error) {
	made, err := c.Node.Renew(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Room: made.ID.String(), Lines: []safe.Text{render.NoticeMark + safe.Name(made.Name) + " has been replaced, with the same bans"}}
	if len(made.Sent) > 0 {
		r.Lines = append(r.Lines, render.NoticeMark+"invites sent to: "+safe.Phrase(strings.Join(made.Sent, ", ")))
	}
	for _, inv := range made.Invites {
		r.Lines = append(r.Lines, render.NoticeMark+safe.Name(inv.Nick)+" was not reached; hand over this invite:", safe.Phrase(inv.Text))
	}
	return r, nil
}

// A policySetting is a setting that /policy changes.
type policySetting struct {
	name, values string
	words        []string // values that can be completed
	set          func(*node.PolicyChange, string) error
}

// defaultFloor is how long a member has the floor: as long as a question and its answer take.
const defaultFloor = 5 * time.Minute

func runVoice(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Voice(ctx, c.Room.ID, c.Args[0], 0)
	return Reply{}, err
}

func runUnvoice(ctx context.Context, c Call) (Reply, error) {
	_, err := c.Node.Unvoice(ctx, c.Room.ID, c.Args[0])
	return Reply{}, err
}

func runFloor(ctx context.Context, c Call) (Reply, error) {
	length := defaultFloor
	if text := c.Arg(1); text != "" {
		d, err := render.ParseSpan(text)
		if err != nil || d <= 0 {
			return Reply{}, fail.Usage("write 5m, 1h or 90s", "%s is no time", text)
		}
		length = d
	}
	_, err := c.Node.Voice(ctx, c.Room.ID, c.Args[0], length)
	return Reply{}, err
}

func runHand(ctx context.Context, c Call) (Reply, error) {
	switch c.Arg(0) {
	case "":
		if err := c.Node.Hand(ctx, c.Room.ID, true); err != nil {
			return Reply{}, err
		}
		return replied(render.NoticeMark + "the owner sees that you ask for a voice; /hand down takes it back")
	case "down":
		return Reply{}, c.Node.Hand(ctx, c.Room.ID, false)
	}
	return Reply{}, fail.Usage("/hand, or /hand down", "/hand does not take %s", c.Arg(0))
}

func runHands(ctx context.Context, c Call) (Reply, error) {
	hands, err := c.Node.Hands(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	if len(hands) == 0 {
		return replied(render.NoticeMark + "nobody asks for a voice in " + safe.Name(c.Room.Name))
	}
	lines := []safe.Text{render.NoticeMark + render.Count(len(hands), "member asks", "members ask") + " for a voice; /floor gives it for a while:"}
	for _, h := range hands {
		lines = append(lines, "  "+render.Nick(h.Nick, h.Peer))
	}
	return replied(lines...)
}

// policyTable lists the settings that /policy changes.
var policyTable = []policySetting{
	{"access", "open, knock or invite", []string{"open", "knock", "invite"}, func(p *node.PolicyChange, v string) error { p.Access = new(node.Access(v)); return nil }},
	{"subject", "a text", nil, func(p *node.PolicyChange, v string) error { p.Subject = &v; return nil }},
	{"idle", "10m, 6h, 1d, or 0 for never", []string{"1h", "6h", "1d", "0"}, func(p *node.PolicyChange, v string) error { return setSeconds(&p.IdleS, v) }},
	{"retain", "10m, 1h, 1d", []string{"10m", "1h", "1d"}, func(p *node.PolicyChange, v string) error { return setSeconds(&p.RetainS, v) }},
	{"history", "none, since-join or all", []string{"none", "since-join", "all"}, func(p *node.PolicyChange, v string) error { p.History = new(node.History(v)); return nil }},
	{"speak", "all or voiced", []string{"all", "voiced"}, func(p *node.PolicyChange, v string) error { p.Speak = new(node.Speak(v)); return nil }},
	{"slow", "5s, 1m, or 0 for none", []string{"5s", "30s", "5m", "0"}, func(p *node.PolicyChange, v string) error { return setSeconds(&p.SlowS, v) }},
	{"members-invite", "on or off", []string{"on", "off"}, func(p *node.PolicyChange, v string) error { return setSwitch(&p.MembersInvite, v) }},
	{"hide-reasons", "on or off", []string{"on", "off"}, func(p *node.PolicyChange, v string) error { return setSwitch(&p.HideReasons, v) }},
}

func policyNames() string { return strings.Join(policyTargets(CompletionContext{}), ", ") }

func setSeconds(field **int64, text string) error {
	var s Span
	if err := s.Set(text); err != nil {
		return fail.Usage("/help policy has examples", "%v", err)
	}
	*field = s.Seconds()
	return nil
}

func setSwitch(field **bool, text string) error {
	on, err := parseSwitch(text)
	*field = &on
	return err
}

func runPolicy(ctx context.Context, c Call) (Reply, error) {
	var change node.PolicyChange
	if name := c.Arg(0); name != "" {
		if !c.Room.Owned && (!c.Room.Deputy || name != "access" && name != "subject") {
			return Reply{}, &fail.Error{Code: fail.ExitRefused, Text: "only the owner of " + c.Room.Name + " can change its policy; a deputy can change access and subject; nothing was sent", Hint: "/policy shows it"}
		}
		if err := setPolicy(&change, name, c.Arg(1)); err != nil {
			return Reply{}, err
		}
	}
	p, err := c.Node.Policy(ctx, c.Room.ID, change)
	if err != nil || change != (node.PolicyChange{}) {
		return Reply{}, err
	}
	return replied(render.Policy(c.Room.Name, p)...)
}

// setPolicy sets the setting called name in change.
func setPolicy(change *node.PolicyChange, name, value string) error {
	for _, p := range policyTable {
		if p.name != name {
			continue
		}
		if value == "" {
			return fail.Usage("give it "+p.values, "/policy %s needs a value", name)
		}
		return p.set(change, value)
	}
	return fail.Usage("one of "+policyNames(), "there is no policy %s", name)
}
