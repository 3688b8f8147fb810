package command

import (
	"context"
	"slices"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// runAudit shows the last entries of the room's log, or those about a peer and by it.
func runAudit(ctx context.Context, c Call) (Reply, error) {
	var all []node.AuditEntry
	after := uint64(0)
	for more := true; more; {
		info, err := c.Node.Audit(ctx, c.Room.ID, after)
		if err != nil {
			return Reply{}, err
		}
		all, more = append(all, info.Entries...), info.More && len(info.Entries) > 0
		if more {
			after = all[len(all)-1].Seq
		}
	}
	if who := c.Arg(0); who != "" {
		var people []node.Named
		for _, e := range all {
			people = append(people, node.Named{Peer: e.Peer, Nick: e.Nick}, node.Named{Peer: e.By, Nick: e.ByNick})
		}
		people = slices.DeleteFunc(people, func(n node.Named) bool { return n.Peer == "" })
		one, err := node.FindWho(who, "in the log of "+c.Room.Name, people)
		if err != nil {
			return Reply{}, err
		}
		all = slices.DeleteFunc(all, func(e node.AuditEntry) bool { return e.Peer != one.Peer && e.By != one.Peer })
	}
	all = slices.DeleteFunc(all, func(e node.AuditEntry) bool { return e.What == "rekeyed" })
	lines := []safe.Text{render.Count(len(all), "entry", "entries") + " in the log of " + safe.Name(c.Room.Name)}
	if len(all) > auditShown {
		lines[0] = "the last " + safe.Number(auditShown) + " of " + safe.Number(len(all)) + " entries; localchat audit export " + render.Word(c.Room.Name, c.Room.ID) + " FILE writes the whole log"
	}
	for _, e := range all[max(len(all)-auditShown, 0):] {
		lines = append(lines, render.AuditLine(e))
	}
	return replied(lines...)
}
