package command

import (
	"cmp"
	"context"
	"slices"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// This file holds the commands about the identity of others.

// people returns the peers that a command can name: the members and, if we own the room or are its deputy, the peers that knock.
func people(ctx context.Context, c Call) (r Roster, err error) {
	m, err := c.Node.Members(ctx, c.Room.ID)
	if err != nil {
		return Roster{}, err
	}
	r.Epoch, r.Members = m.Epoch, m.Members
	if c.Room.Moderated() {
		r.Knocks, err = c.Node.Knocks(ctx, c.Room.ID)
	}
	return r, err
}

// person returns the member or knocking peer that the first argument names.
func person(ctx context.Context, c Call) (node.MemberInfo, error) {
	r, err := people(ctx, c)
	if err != nil {
		return node.MemberInfo{}, err
	}
	return r.one(c.Args[0], c.Room.Name)
}

// Knocking is the role of a peer at the door.
const Knocking = "knocks"

// all returns the members and the peers that knock. A peer that knocks has the role Knocking and is not present.
func (r *Roster) all() []node.MemberInfo {
	all := r.Members[:len(r.Members):len(r.Members)]
	for _, k := range r.Knocks {
		all = append(all, node.MemberInfo{Peer: k.Peer, Nick: k.Nick, Role: Knocking, Words: k.Words, Trust: k.Trust})
	}
	return all
}

// one returns the member or knocking peer that word names.
func (r *Roster) one(word, room string) (node.MemberInfo, error) {
	all := r.all()
	names := make([]node.Named, len(all))
	for i, m := range all {
		names[i] = node.Named{Peer: m.Peer, Nick: m.Nick}
	}
	n, err := node.FindWho(word, "in "+room, names)
	if err != nil {
		return node.MemberInfo{}, err
	}
	return all[slices.IndexFunc(all, func(m node.MemberInfo) bool { return m.Peer == n.Peer })], nil
}

func runWhois(ctx context.Context, c Call) (Reply, error) {
	who, err := person(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	lines := append(Identity{Peer: who.Peer, Nick: who.Nick, Words: who.Words}.Lines(), "role   "+safe.Name(string(who.Role)))
	switch {
	case who.Role == Knocking:
	case who.Self:
		lines = append(lines, "here   this is you")
	case who.Present:
		lines = append(lines, "here   yes")
	default:
		lines = append(lines, "here   no: the owner's node does not hear from theirs")
	}
	if !who.Since.IsZero() {
		lines = append(lines, "since  "+render.Moment(who.Since))
	}
	if who.Voiced {
		lines = append(lines, "has a voice"+render.Until(who.VoicedUntil))
	}
	if who.Muted {
		lines = append(lines, "muted"+cmp.Or(render.Until(who.MutedUntil), "  until it is lifted"))
	}
	switch {
	case !who.LastLine.IsZero():
		lines = append(lines, "spoke  "+render.Moment(who.LastLine))
	case who.Role != Knocking:
		lines = append(lines, "spoke  nothing that is still kept here")
	}
	if who.Self {
		return replied(append(lines, "hint: read these words to people who want to verify you; they stand for your key")...)
	}
	typed := render.PeerWord(c.Args[0], who.Peer)
	if who.Verified {
		v, err := verification(ctx, c.Node, who.Peer)
		if err != nil {
			return Reply{}, err
		}
		return replied(append(lines, "trust  "+render.VerifiedMark+" verified: you compared these words on "+render.Moment(v.At), "hint: /unverify "+typed+" takes it back")...)
	}
	trust := safe.Text("trust  not verified")
	if who.Other != "" {
		v, err := verification(ctx, c.Node, who.Other)
		if err != nil {
			return Reply{}, err
		}
		trust = "trust  " + render.OtherMark + " another key: the " + render.Nick(v.Nick, v.Peer) + " you verified has the words " + safe.Phrase(v.Words)
	}
	return replied(append(lines, trust, "hint: compare the words by voice (they stand for the key), then /verify "+typed)...)
}

// verification returns the note about a verified peer.
func verification(ctx context.Context, n Node, p node.PeerID) (node.Verification, error) {
	all, err := n.Verified(ctx)
	for _, v := range all {
		if v.Peer == p {
			return v, nil
		}
	}
	return node.Verification{Peer: p}, err
}

// yes is the argument of /verify with which the user confirms having compared the words. The full-screen console asks instead.
const yes = "yes"

func runVerify(ctx context.Context, c Call) (Reply, error) {
	switch c.Arg(1) {
	case yes:
		v, err := c.Node.Verify(ctx, c.Room.ID, c.Args[0], true)
		if err != nil {
			return Reply{}, err
		}
		return replied(render.NoticeMark + render.VerifiedMark + " " + render.Nick(v.Nick, v.Peer) + " (" + render.Tail(v.Peer) + ") is verified: you have compared the words " + safe.Phrase(v.Words))
	case "":
	default:
		return Reply{}, fail.Usage("/verify NICK shows the words; /verify NICK yes confirms that you have compared them", "/verify NICK takes yes or nothing, not %q", c.Arg(1))
	}
	who, err := person(ctx, c)
	if err != nil {
		return Reply{}, err
	}
	if who.Self {
		return Reply{}, errSelf
	}
	lines := []safe.Text{"words of " + render.Nick(who.Nick, who.Peer) + " (" + render.Tail(who.Peer) + "): " + safe.Phrase(who.Words)}
	if who.Other != "" {
		lines = append(lines, render.FaultMark+"this is not the "+render.Nick(who.Nick, who.Peer)+" you verified: the key is different")
	}
	return replied(append(lines, "hint: if they read you the same words, by voice or side by side: /verify "+safe.Phrase(who.Peer.String())+" yes")...)
}

var errSelf = &fail.Error{Code: fail.ExitUsage, Text: "that is you", Hint: "/whoami shows your words, for others to compare"}

// askVerify shows the words. A yes verifies the key that they stand for, even if the nick changes hands.
func askVerify(c Call, k CompletionContext) (*Confirmation, error) {
	who, err := k.one(c.Args[0], c.Room.Name)
	switch {
	case err != nil:
		return nil, err
	case who.Self:
		return nil, errSelf
	}
	name := render.Nick(who.Nick, who.Peer)
	text := "did " + name + " (" + render.Tail(who.Peer) + ") read you these words, by voice or side by side? " + safe.Phrase(who.Words)
	if who.Other != "" {
		text = "this is not the " + name + " you verified: the key is different. Now, " + text
	}
	return &Confirmation{Text: text, Args: []string{who.Peer.String(), yes}}, nil
}

func runUnverify(ctx context.Context, c Call) (Reply, error) {
	v, err := c.Node.Verify(ctx, c.Room.ID, c.Args[0], false)
	if err != nil {
		return Reply{}, err
	}
	return replied(render.NoticeMark + render.Nick(v.Nick, v.Peer) + " (" + render.Tail(v.Peer) + ") is no longer verified")
}

func runVerified(ctx context.Context, c Call) (Reply, error) {
	all, err := c.Node.Verified(ctx)
	if err != nil {
		return Reply{}, err
	}
	lines := make([]safe.Text, 0, len(all)+1)
	for _, v := range all {
		lines = append(lines, render.VerifiedMark+" "+render.Nick(v.Nick, v.Peer)+" ("+render.Tail(v.Peer)+") since "+render.Moment(v.At)+"; words: "+safe.Phrase(v.Words))
	}
	return replied(append(lines, render.Count(len(all), "person is", "people are")+" verified")...)
}

// askJoin asks before joining a room whose name belonged to another owner's room the last time.
func askJoin(c Call, k CompletionContext) (*Confirmation, error) {
	room, nick, err := CutNick(c.Args[0])
	if err != nil {
		return nil, err
	}
	var fits []node.RoomInfo
	for _, r := range k.Found {
		if !r.In && (node.SameName(r.ID.String(), room) || node.SameName(r.Name, room)) {
			fits = append(fits, r)
		}
	}
	// If several rooms fit, the node joins that of the known owner, or returns an error that lists them.
	if len(fits) != 1 || fits[0].Change == nil {
		return nil, nil
	}
	target := fits[0].ID.String()
	if nick != "" {
		target += " --nick " + nick
	}
	return &Confirmation{Text: render.KeyChange(*fits[0].Change), Args: []string{target}}, nil
}
