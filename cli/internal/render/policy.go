package render

import (
	"slices"
	"time"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// A policyRule describes one part of a room's policy.
type policyRule struct {
	name  string // in JSON
	title safe.Text
	value func(node.PolicyInfo) safe.Text
}

// policyRules are the parts of a policy in the order in which /policy shows them.
var policyRules = []policyRule{
	{"subject", "the subject", func(p node.PolicyInfo) safe.Text {
		if p.Subject == "" {
			return "none"
		}
		return safe.Phrase(p.Subject)
	}},
	{"access", "who may join", func(p node.PolicyInfo) safe.Text {
		switch p.Access {
		case node.AccessOpen:
			return "everybody"
		case node.AccessKnock:
			return "people whom the owner accepts, and people with an invite"
		case node.AccessInvite:
			return "people with an invite"
		}
		return Access(p.Access)
	}},
	{"retain_s", "how long lines are kept", func(p node.PolicyInfo) safe.Text { return Seconds(p.RetainS) }},
	{"history", "what new members see", func(p node.PolicyInfo) safe.Text {
		switch p.History {
		case node.HistoryNone:
			return "only lines said while they are here"
		case node.HistorySinceJoin:
			return "lines said since they joined"
		case node.HistoryAll:
			return "all lines still kept"
		}
		return safe.Name(string(p.History))
	}},
	{"idle_s", "when the room closes by itself", func(p node.PolicyInfo) safe.Text {
		if p.IdleS == 0 {
			return "never"
		}
		return "after " + Seconds(p.IdleS) + " without a line"
	}},
	{"speak", "who may talk", func(p node.PolicyInfo) safe.Text {
		if p.Speak == node.SpeakVoiced {
			return "the owner, the deputies, and members with a voice"
		}
		return "everybody in the room"
	}},
	{"slow_s", "how often a member may say something", func(p node.PolicyInfo) safe.Text {
		if p.SlowS == 0 {
			return "as often as they like"
		}
		return "one line every " + Seconds(p.SlowS) + ", except for the owner and the deputies"
	}},
	{"members_invite", "who may invite", func(p node.PolicyInfo) safe.Text {
		if p.MembersInvite {
			return "every member"
		}
		return "the owner"
	}},
	{"hide_reasons", "who sees why a member was removed", func(p node.PolicyInfo) safe.Text {
		if p.HideReasons {
			return "only the removed member"
		}
		return "everybody in the room"
	}},
}

// Policy describes a policy, one part a line.
func Policy(room string, p node.PolicyInfo) []safe.Text {
	lines := []safe.Text{"the policy of " + safe.Phrase(room) + ":"}
	for _, r := range policyRules {
		lines = append(lines, "  "+r.title+": "+r.value(p))
	}
	return lines
}

// changedText says who changed a policy, and which parts of it.
func changedText(c node.PolicyChanged) safe.Text {
	by := safe.Text("the owner")
	if c.ByNick != "" || c.By != "" {
		by = Nick(c.ByNick, c.By)
	}
	if c.ForNick != "" || c.For != "" {
		by += ", for " + Nick(c.ForNick, c.For) + ","
	}
	var deeds []safe.Text
	for _, r := range policyRules {
		switch {
		case !slices.Contains(c.Changed, r.name):
		case r.name == "subject" && c.Subject == "":
			deeds = append(deeds, "removed the subject")
		case r.name == "subject":
			deeds = append(deeds, "set the subject: "+r.value(c.PolicyInfo))
		default:
			deeds = append(deeds, "changed "+r.title+": "+r.value(c.PolicyInfo))
		}
	}
	if len(deeds) == 0 {
		return by + " changed the policy; /policy shows it"
	}
	return by + " " + safe.Join(deeds, "; ")
}

// WithKept adds to the lines that are shown on entering a room how long the room keeps its lines.
func WithKept(retainS int64, lines ...safe.Text) []safe.Text {
	if retainS > 0 {
		lines = append(lines, NoticeMark+"lines are kept for "+Seconds(retainS)+", in memory only; /policy shows the rules of the room")
	}
	return lines
}

// Seconds writes a number of seconds in words: 1 day 2 hours.
func Seconds(s int64) safe.Text {
	var parts []safe.Text
	d := time.Duration(s) * time.Second
	for _, u := range units {
		if n := d / u.length; n > 0 {
			parts = append(parts, Count(int(n), u.one, u.one+"s"))
			d -= n * u.length
		}
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return safe.Join(parts, " ")
}
