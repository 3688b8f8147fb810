package render

import (
	"slices"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// AuditLine returns a line for one entry of a room's log: number, time, and what was done.
func AuditLine(e node.AuditEntry) safe.Text {
	return "  " + safe.Number(int(e.Seq)) + "  " + safe.Name(e.At.Local().Format("2006-01-02 15:04")) + "  " + auditText(e)
}

func auditText(e node.AuditEntry) safe.Text {
	by, who := Nick(e.ByNick, e.By), Nick(e.Nick, e.Peer)
	if e.For != "" {
		by += ", for " + Nick(e.ForNick, e.For) + ","
	}
	what := safe.Name(e.What)
	switch e.What {
	case "created":
		return by + " created the room"
	case "admitted":
		return by + " let in " + who
	case "left":
		return who + " left"
	case "renamed":
		return Nick(e.OldNick, e.Peer) + " became " + who
	case "policy":
		return by + " changed " + safe.Join(policyTitles(e.Changed), ", ")
	case "deputies":
		return by + " changed the deputies" + people(": named ", e.Named) + people(": dismissed ", e.Dropped)
	case "transferred":
		return by + " gave the room to " + who
	case "rekeyed":
		return by + " renewed the key"
	case "closed":
		return by + " closed the room" + Because(e.Reason)
	case "unbanned":
		what = "lifted the ban of"
	}
	if e.Peer == "" {
		return by + ": " + what
	}
	return by + " " + what + " " + who + Until(e.Until) + Because(e.Reason)
}

func people(text safe.Text, all []node.Named) safe.Text {
	if len(all) == 0 {
		return ""
	}
	var names []safe.Text
	for _, n := range all {
		names = append(names, Nick(n.Nick, n.Peer))
	}
	return text + safe.Join(names, ", ")
}

// policyTitles returns what the names of parts of a policy mean.
func policyTitles(names []string) []safe.Text {
	var titles []safe.Text
	for _, r := range policyRules {
		if slices.Contains(names, r.name) {
			titles = append(titles, r.title)
		}
	}
	if titles == nil {
		return []safe.Text{"the rules of the room"}
	}
	return titles
}
