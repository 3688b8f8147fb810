package cli

import (
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

// This file holds the commands of a room's owner. Most of them answer nothing: what they did is told by the event that
// everybody gets.

func runInvite(ctx context.Context, c call) (reply, error) {
	if !c.room.owned {
		p, err := c.n.Policy(ctx, c.room.id, node.PolicyChange{})
		if err != nil {
			return reply{}, err
		}
		if !p.MembersInvite {
			return reply{}, &node.Error{Code: node.CodeNotOwner, Text: "only the owner of " + c.room.name + " invites; nothing was sent", Hint: "the owner can change that: /policy members-invite on"}
		}
	}
	words, err := ownersWords(ctx, c)
	if err != nil {
		return reply{}, err
	}
	invite, err := c.n.Invite(ctx, c.room.id, c.arg(0), 0)
	if err != nil {
		return reply{}, err
	}
	r := reply{secret: invite.Text, lines: []safe.Text{
		render.NoticeMark + "a single-use invite, good until " + safe.Name(invite.Expires.Local().Format("2006-01-02 15:04")) + ":",
		safe.Phrase(invite.Text),
		render.NoticeMark + "they type: localchat join, and that text; /uninvite " + safe.Name(invite.ID) + " revokes it",
		words,
	}}
	if c.terminal {
		r.figure = qrLines(invite.Text)
	}
	return r, nil
}

// ownersWords are for the one who comes by an invite, whoever made it: it is the owner who lets them in.
func ownersWords(ctx context.Context, c call) (safe.Text, error) {
	if c.room.owned {
		return render.NoticeMark + "my words, for them to compare by voice: " + safe.Phrase(c.n.Info().Words), nil
	}
	m, err := c.n.Members(ctx, c.room.id)
	r := roster{members: m.Members}
	who := r.owner()
	return render.NoticeMark + "words of the owner, " + render.Nick(who.Nick, who.Peer) + render.TrustNote(who.Trust) + ", for them to compare by voice: " + safe.Phrase(who.Words), err
}

// pattern is the look of a QR code. A camera wants dark on light, so these are the two colours that no theme changes. Without
// colours the code is that of the terminal, and light on dark is what most cameras do not read.
var pattern = lipgloss.NewStyle().Foreground(lipgloss.Color("231")).Background(lipgloss.Color("16"))

const colourlessCode safe.Text = "hint: without colours most cameras read the QR code only where the background of the terminal is dark"

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

func runAccept(ctx context.Context, c call) (reply, error) {
	return reply{}, c.n.Accept(ctx, c.room.id, c.args[0])
}

func runDeny(ctx context.Context, c call) (reply, error) {
	if err := c.n.Deny(ctx, c.room.id, c.args[0], c.arg(1)); err != nil {
		return reply{}, err
	}
	return told(render.NoticeMark + safe.Name(c.args[0]) + " was turned away")
}

func runKick(ctx context.Context, c call) (reply, error) {
	_, err := c.n.Kick(ctx, c.room.id, c.args[0], c.arg(1))
	return reply{}, err
}

// banTerms are how long a ban is to last, 0 for without end, and why.
func banTerms(c call) (length time.Duration, reason string) {
	reason = c.arg(1)
	// "0" is no span here: a ban for no time is a slip, and the digit may begin the reason.
	if first, rest := splitWord(reason); first != "0" {
		if d, err := render.ParseSpan(first); err == nil {
			return d, rest
		}
	}
	return 0, reason
}

func runBan(ctx context.Context, c call) (reply, error) {
	length, reason := banTerms(c)
	_, err := c.n.Ban(ctx, c.room.id, c.args[0], reason, length)
	return reply{}, err
}

// askBan names who it is, by more than the nick, and what will happen, and binds the answer to that one.
func askBan(c call, k known) (*confirmation, error) {
	who, args := safe.Name(c.args[0])+", who is not in the room now,", c.args
	switch one, err := k.one(c.args[0], c.room.name); {
	case err == nil:
		who = render.Nick(one.Nick, one.Peer) + " (" + render.Tail(one.Peer) + ")"
		if one.Role == knocking {
			who += ", who knocks,"
		}
		args = append([]string{one.Peer.String()}, c.args[1:]...)
	case node.AsError(err).Code == node.CodeAmbiguous:
		return nil, err
	}
	length, reason := banTerms(c)
	until := safe.Text("until you lift it")
	if length > 0 {
		until = "for " + safe.Name(render.SpanText(length))
	}
	text := "ban " + who + " from " + safe.Name(c.room.name) + render.Because(reason) + "? Out now, told why, and refused " + until
	return &confirmation{text: text, args: args}, nil
}

func runUnban(ctx context.Context, c call) (reply, error) {
	_, err := c.n.Unban(ctx, c.room.id, c.args[0])
	return reply{}, err
}

func runBans(ctx context.Context, c call) (reply, error) {
	bans, err := c.n.Bans(ctx, c.room.id)
	if err != nil {
		return reply{}, err
	}
	lines := make([]safe.Text, 0, len(bans)+1)
	for _, b := range bans {
		forever := safe.Text(" until lifted")
		if !b.Until.IsZero() {
			forever = render.Until(b.Until)
		}
		lines = append(lines, "  "+render.Nick(b.Nick, b.Peer)+" "+safe.Phrase(b.Peer.String())+forever+render.Because(b.Reason))
	}
	return told(append(lines, render.Count(len(bans), "ban", "bans")+" in force")...)
}

func runInvites(ctx context.Context, c call) (reply, error) {
	invites, err := c.n.Invites(ctx, c.room.id)
	if err != nil {
		return reply{}, err
	}
	lines := make([]safe.Text, 0, len(invites)+1)
	for _, i := range invites {
		line := safe.Name(i.ID) + render.Until(i.Expires)
		if i.Nick != "" {
			line += " for " + safe.Name(i.Nick)
		}
		lines = append(lines, line)
	}
	return told(append(lines, render.Count(len(invites), "invite", "invites")+" unused")...)
}

func runUninvite(ctx context.Context, c call) (reply, error) {
	if err := c.n.Uninvite(ctx, c.room.id, c.args[0]); err != nil {
		return reply{}, err
	}
	return told(render.NoticeMark + "invite " + safe.Name(c.args[0]) + " is revoked")
}

func runSubject(ctx context.Context, c call) (reply, error) {
	_, err := c.n.Policy(ctx, c.room.id, node.PolicyChange{Subject: &c.args[0]})
	return reply{}, err
}

// askClose says whom it concerns.
func askClose(c call, k known) (*confirmation, error) {
	text := "close " + safe.Name(c.room.name) + render.Because(c.arg(0)) + "? "
	if others := len(k.members) - 1; others > 0 {
		text += render.Count(others, "other member is", "other members are") + " put out and told why, and the room ends for good"
	} else {
		text += "Nobody else is in it; it ends for good"
	}
	return &confirmation{text: text, args: c.args}, nil
}

func runClose(ctx context.Context, c call) (reply, error) {
	return reply{}, c.n.CloseRoom(ctx, c.room.id, c.arg(0))
}

func runRenew(ctx context.Context, c call) (reply, error) {
	made, err := c.n.Renew(ctx, c.room.id)
	if err != nil {
		return reply{}, err
	}
	r := reply{room: made.ID.String(), lines: []safe.Text{render.NoticeMark + safe.Name(made.Name) + " is made anew, with the same bans"}}
	if len(made.Sent) > 0 {
		r.lines = append(r.lines, render.NoticeMark+"sent their invite: "+safe.Phrase(strings.Join(made.Sent, ", ")))
	}
	for _, inv := range made.Invites {
		r.lines = append(r.lines, render.NoticeMark+"not reached, so hand it over: the invite of "+safe.Name(inv.Nick)+":", safe.Phrase(inv.Text))
	}
	return r, nil
}

// policyTable names what /policy changes.
var policyTable = []struct {
	name, values string
	words        []string // values that can be completed
	set          func(*node.PolicyChange, string) error
}{
	{"access", "open, knock or invite", []string{"open", "knock", "invite"}, func(p *node.PolicyChange, v string) error { p.Access = &v; return nil }},
	{"subject", "a text", nil, func(p *node.PolicyChange, v string) error { p.Subject = &v; return nil }},
	{"idle", "10m, 6h, 1d, or 0 for never", []string{"1h", "6h", "1d", "0"}, func(p *node.PolicyChange, v string) error { return setSeconds(&p.IdleS, v) }},
	{"retain", "10m, 1h, 1d", []string{"10m", "1h", "1d"}, func(p *node.PolicyChange, v string) error { return setSeconds(&p.RetainS, v) }},
	{"history", "none, since-join or all", []string{"none", "since-join", "all"}, func(p *node.PolicyChange, v string) error { p.History = &v; return nil }},
	{"members-invite", "on or off", []string{"on", "off"}, func(p *node.PolicyChange, v string) error { return setSwitch(&p.MembersInvite, v) }},
	{"hide-reasons", "on or off", []string{"on", "off"}, func(p *node.PolicyChange, v string) error { return setSwitch(&p.HideReasons, v) }},
}

func policyNames() string {
	var all []string
	for _, p := range policyTable {
		all = append(all, p.name)
	}
	return strings.Join(all, ", ")
}

func setSeconds(field **int64, text string) error {
	var s span
	if err := s.Set(text); err != nil {
		return fail.Usage("write 90s, 10m, 2h, 1d or 0", "%v", err)
	}
	*field = s.seconds()
	return nil
}

func setSwitch(field **bool, text string) error {
	on, err := parseSwitch(text)
	*field = &on
	return err
}

func runPolicy(ctx context.Context, c call) (reply, error) {
	var change node.PolicyChange
	if name := c.arg(0); name != "" {
		if !c.room.owned {
			return reply{}, &node.Error{Code: node.CodeNotOwner, Text: "only the owner of " + c.room.name + " changes its policy; nothing was sent", Hint: "/policy shows it"}
		}
		if err := setPolicy(&change, name, c.arg(1)); err != nil {
			return reply{}, err
		}
	}
	p, err := c.n.Policy(ctx, c.room.id, change)
	if err != nil || change != (node.PolicyChange{}) {
		return reply{}, err
	}
	return told(render.Policy(c.room.name, p)...)
}

// setPolicy sets what name says in change.
func setPolicy(change *node.PolicyChange, name, value string) error {
	for _, p := range policyTable {
		if p.name != name {
			continue
		}
		if value == "" {
			return fail.Usage("give it "+p.values, "/policy %s wants a value", name)
		}
		return p.set(change, value)
	}
	return fail.Usage("one of "+policyNames(), "there is no policy %s", name)
}
