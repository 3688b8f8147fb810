package cli

import (
	"strings"
	"time"
	"unicode"

	"localchat/cli/internal/safe"
	"localchat/node"
)

// A renderer makes lines of events. It is pure: the same event gives the same lines. Each kind of line begins with a mark
// of its own; rows.go lists them.
type renderer struct {
	// clock puts HH:MM, local, in front.
	clock bool
	// room is the id of the room being typed into; lines of others name theirs.
	room string
	// keys shows changes of the room's key.
	keys bool
}

// lines are what a person is told about ev: none, one, or few.
func (r renderer) lines(ev node.Event) []safe.Text {
	text, at := r.text(ev)
	if text == "" {
		return nil
	}
	var zero node.RoomID
	if ev.Room != zero && r.room != "" && ev.Room.String() != r.room && namesNoRoom(ev.Body) {
		text = inRoomOf(safe.Name(ev.RoomName), text)
	}
	if at.IsZero() {
		at = ev.Time
	}
	return []safe.Text{r.stamp(at) + text}
}

// inRoomOf names the room that text is about, behind the mark of a line of the program: nothing comes before that.
func inRoomOf(room, text safe.Text) safe.Text {
	room = "[" + room + "] "
	for _, mark := range []safe.Text{noticeMark, askMark, faultMark} {
		if rest, ok := strings.CutPrefix(string(text), string(mark)); ok {
			return mark + room + text[len(text)-len(rest):]
		}
	}
	return room + text
}

// namesNoRoom reports whether the line for an event does not say by itself which room it is about.
func namesNoRoom(body node.EventBody) bool {
	switch body.(type) {
	case node.Joined, node.Left, node.Removed, node.Refused, node.RoomClosed, node.RoomFound, node.RoomLost:
		return false
	}
	return true
}

// stamp is the time in front of a line.
func (r renderer) stamp(at time.Time) safe.Text {
	if !r.clock || at.IsZero() {
		return ""
	}
	return safe.Name(at.Local().Format("15:04 "))
}

// text is the line for ev without time and room, "" where there is nothing to tell, and the time it speaks of where
// that is not the event's.
func (r renderer) text(ev node.Event) (safe.Text, time.Time) {
	var none time.Time
	switch b := ev.Body.(type) {
	case node.Message:
		return messageText(b), b.At
	case node.Backlog:
		return backlogText(b), none
	case node.BacklogEnd:
		return noticeMark + "end of what is from before", none
	case node.Direct:
		return "[" + nick(b.Nick, b.Peer) + " to you] " + safe.Message(b.Text), b.At
	case node.MemberJoined, node.MemberLeft, node.MemberRemoved, node.RemovalReason, node.Unbanned, node.Hidden:
		return memberText(b), none
	case node.Knock:
		return knockText(b), none
	case node.KnockGone:
		return noticeMark + nick(b.Nick, b.Peer) + " (" + safe.Name(node.ShortID(b.Peer)) + ") no longer knocks", none
	case node.RoomFound:
		return noticeMark + roomLabel(b.Name, ev.Room) + " is on this network (" + access(b.Access) + "; owner's words: " + safe.Phrase(b.Words) + ")", none
	case node.RoomLost:
		return noticeMark + safe.Phrase(b.Name) + " is no longer on this network", none
	case node.Joined, node.Left, node.Removed, node.Refused, node.RoomClosed:
		return ownText(b, ev.RoomName), none
	case node.Epoch:
		return r.epochText(b), none
	case node.RemovalProgress:
		return progressText(b), none
	case node.OwnerUnreachable:
		if b.Left {
			return faultMark + nick(b.Nick, "") + ", the owner, has gone; the room waits, and " + withoutOwner, none
		}
		return faultMark + "owner unreachable for " + minutes(b.ForS) + ": " + withoutOwner, none
	case node.OwnerBack:
		return noticeMark + "owner is back after " + minutes(b.ForS), none
	case node.PolicyChanged:
		return noticeMark + changedText(b), none
	case node.Gap:
		return faultMark + safe.Number(b.Lost) + " lines skipped: this console was too slow for them", none
	case node.Warning:
		return faultMark + safe.Phrase(b.Text), none
	}
	// Delivered and Expired change what a screen shows; a line that is printed stays printed.
	return "", none
}

// withoutOwner is what it means that the owner's node does not answer.
const withoutOwner safe.Text = "nobody can be admitted or removed"

// knockText names who knocks by all that a person can compare and type: the nick, the words and the end of the ID. The
// commands name them by that end where the nick does not.
func knockText(k node.Knock) safe.Text {
	end := safe.Name(node.ShortID(k.Peer))
	who, others := nick(k.Nick, k.Peer), safe.Text("")
	if k.Alike {
		others = ", as another does by that nick or one like it"
	}
	typed := wordFor(k.Nick, string(end))
	if k.Alike {
		typed = end
	}
	return askMark + who + trustNote(k.Trust) + " knocks" + others + "; their words: " + safe.Phrase(k.Words) + " (" + end + "); /accept " + typed + " or /deny " + typed
}

// messageText is a line that was said.
func messageText(m node.Message) safe.Text {
	who := nick(m.Nick, m.Peer)
	late := safe.Text("")
	switch {
	case m.Backlog: // what stands in front of all of it says so
	case m.Late && m.Next != nil:
		late = " (late, " + aboveText(m.Next) + ")"
	case m.Late:
		late = " (late)"
	}
	if m.Action {
		return "* " + who + " " + safe.Message(m.Text) + late
	}
	return "<" + who + "> " + safe.Message(m.Text) + late
}

// aboveText says where a line belongs that comes later than the one below it.
func aboveText(next *node.Quote) safe.Text {
	return "above <" + nick(next.Nick, "") + "> " + safe.Phrase(next.Text)
}

// backlogText says what follows.
func backlogText(b node.Backlog) safe.Text {
	text := noticeMark + count(b.N, "line", "lines") + " from before"
	if b.Next != nil {
		text += ", " + aboveText(b.Next)
	}
	return text + ":"
}

// memberText is a line about somebody else's place in the room.
func memberText(body node.EventBody) safe.Text {
	switch b := body.(type) {
	case node.MemberJoined:
		return noticeMark + nick(b.Nick, b.Peer) + " joined"
	case node.MemberLeft:
		return noticeMark + nick(b.Nick, b.Peer) + " left"
	case node.MemberRemoved:
		return noticeMark + nick(b.Nick, b.Peer) + " was " + deed(b.Kind) + " by " + nick(b.ByNick, b.By) + until(b.Until)
	case node.RemovalReason:
		return noticeMark + "why " + nick(b.Nick, b.Peer) + " was removed: " + safe.Phrase(b.Text)
	case node.Unbanned:
		return noticeMark + nick(b.Nick, b.Peer) + " is no longer banned"
	case node.Hidden:
		return noticeMark + count(len(b.IDs), "line", "lines") + " of " + nick(b.Nick, b.Peer) + " shown above do not count: said after the removal"
	}
	return ""
}

// ownText is a line about my own place in a room.
func ownText(body node.EventBody, room string) safe.Text {
	name := safe.Name(room)
	switch b := body.(type) {
	case node.Joined:
		if b.Name != "" {
			name = safe.Name(b.Name)
		}
		back := safe.Text("")
		if b.Resumed {
			back = " again"
		}
		if b.Owner {
			return noticeMark + "you own " + name + back + ", as " + safe.Name(b.Nick)
		}
		return noticeMark + "you are in " + name + back + ", as " + safe.Name(b.Nick)
	case node.Left:
		return noticeMark + "you left " + name
	case node.Removed:
		return noticeMark + removalText(b, name)
	case node.Refused:
		return noticeMark + "you are not a member of " + name
	case node.RoomClosed:
		if b.Kind == "idle" {
			return noticeMark + name + " was closed: nobody said anything for too long"
		}
		return noticeMark + "you closed " + name + because(b.Text)
	}
	return ""
}

// removalText is the last word of a room to me: what, by whom, until when and why.
func removalText(r node.Removed, room safe.Text) safe.Text {
	cause := causeText(r)
	switch r.Kind {
	case "closed", "idle":
		return room + " was " + cause
	case "invite-revoked":
		return "your invite to " + room + " was " + cause
	}
	verb := deed(r.Kind)
	return "you were " + verb + " from " + room + cause[len(verb):]
}

// causeText is the same without me and the room.
func causeText(r node.Removed) safe.Text {
	by := safe.Text("")
	if r.ByNick != "" || r.By != "" {
		by = " by " + nick(r.ByNick, r.By)
	}
	switch r.Kind {
	case "closed":
		return "closed" + by + because(r.Text)
	case "idle":
		return "closed: nobody said anything for too long"
	case "invite-revoked":
		return "revoked" + by + because(r.Text)
	}
	return deed(r.Kind) + by + until(r.Until) + because(r.Text)
}

// afterRemoval is what can be done after a removal, for the hint beside it. room is its [roomWord]; slash is what commands
// begin with where the hint is read: "/" in a console, "localchat " in a shell.
func afterRemoval(r node.Removed, room, slash safe.Text) safe.Text {
	switch r.Kind {
	case "closed", "idle":
		return "the room has ended; " + slash + "rooms lists those that are here"
	case "banned":
		if r.Until.IsZero() {
			return "you are refused until the owner lifts the ban"
		}
		return "you are refused" + until(r.Until)
	}
	return "you may ask to come back: " + slash + "join " + room
}

// progressText says how far a removal has got.
func progressText(p node.RemovalProgress) safe.Text {
	who := nick(p.Nick, p.Peer)
	what := safe.Text("removal")
	switch p.Kind {
	case "kicked":
		what = "kick"
	case "banned":
		what = "ban"
	}
	told := who + " not told yet"
	if p.Told {
		told = "told " + who
	}
	text := noticeMark + what + " of " + who + ": " + told + "; applied by " + safe.Number(p.Applied) + " of " + safe.Number(p.Total)
	if len(p.Missing) > 0 {
		missing := make([]safe.Text, len(p.Missing))
		for i, m := range p.Missing {
			missing[i] = nick(m, "")
		}
		text += "; " + safe.Join(missing, ", ") + " not heard from"
	}
	return text
}

func (r renderer) epochText(e node.Epoch) safe.Text {
	if !r.keys {
		return ""
	}
	text := noticeMark + "key " + safe.Number(e.Epoch)
	if len(e.Missing) > 0 {
		text += "; " + count(len(e.Missing), "member has", "members have") + " it not yet"
	}
	return text
}

// deed is what was done to a peer that lost its place.
func deed(kind string) safe.Text {
	switch kind {
	case "kicked", "banned":
		return safe.Name(kind)
	}
	return "removed"
}

// access is how a room is entered.
func access(a string) safe.Text {
	switch a {
	case "open":
		return "open"
	case "invite":
		return "by invite"
	case "knock":
		return "knock"
	}
	return safe.Name(a)
}

// ownWords are names by which the notices speak of us and of the room: a peer that calls itself so is shown with the end
// of its ID, so that a notice about that peer does not read as one about us.
var ownWords = []string{"you", "owner", "system", "why", "key", "policy", "kick", "ban", "removal", "your"}

// nick is how a peer is shown: by its nick, or by the end of its ID where it has none or one that could mislead.
func nick(name string, p node.PeerID) safe.Text {
	shown := safe.Name(strings.TrimSpace(name))
	if shown == "" {
		return tail(p)
	}
	for _, w := range ownWords {
		if strings.EqualFold(string(shown), w) {
			return shown + tail(p)
		}
	}
	return shown
}

// tail is the end of a peer ID, which tells two peers apart that look alike.
func tail(p node.PeerID) safe.Text {
	id := p.String()
	return "~" + safe.Name(id[max(len(id)-4, 0):])
}

// because is a reason after a colon, where there is one.
func because(reason string) safe.Text {
	if reason == "" {
		return ""
	}
	return ": " + safe.Phrase(reason)
}

// until is the end of a ban, where it has one.
func until(t time.Time) safe.Text {
	if t.IsZero() {
		return ""
	}
	return " until " + safe.Name(t.Local().Format("2006-01-02 15:04"))
}

// minutes writes a number of seconds as m:ss.
func minutes(s int) safe.Text {
	return safe.Number(s/60) + ":" + safe.Number(s/10%6) + safe.Number(s%10)
}

// count is "1 line" or "2 lines".
func count(n int, one, many safe.Text) safe.Text {
	if n == 1 {
		return "1 " + one
	}
	return safe.Number(n) + " " + many
}

// roomLines is a table of rooms.
func roomLines(rooms []node.RoomInfo) []safe.Text {
	var width int
	for _, r := range rooms {
		width = max(width, safe.Cells(rowHead(roomLabel(r.Name, r.ID))))
	}
	lines := make([]safe.Text, 0, len(rooms))
	for _, r := range rooms {
		line := safe.Pad(rowHead(roomLabel(r.Name, r.ID)), width) + "  " + safe.Pad(access(r.Access), len("by invite")) + "  " + memberCount(r)
		switch {
		case r.Mine:
			line += "; yours"
		case r.In:
			line += "; you are in"
		}
		lines = append(lines, line+whose(r))
	}
	return lines
}

// moreRooms says that a list of rooms is not all of them.
func moreRooms(n int) safe.Text {
	return noticeMark + count(n, "more room is", "more rooms are") + " on this network than this list has places for; each is joined by its name, its id or an invite all the same"
}

// roomLabel is how a room is shown in a list: by its name and, where that is not all that the name holds, the end of its
// id, so that it cannot pass for the room that has the name as it is shown.
func roomLabel(name string, id node.RoomID) safe.Text {
	shown := safe.Name(name)
	if string(shown) == name && !node.Hides(name) {
		return shown
	}
	text := id.String()
	return shown + "~" + safe.Name(text[len(text)-shortRoom:])
}

// shortRoom is how many letters of the end of a room's id tell it apart from one that looks like it.
const shortRoom = 8

// memberCount is how many are in a room, where that is told: a room for invites only tells nobody else.
func memberCount(r node.RoomInfo) safe.Text {
	if r.Members == 0 {
		return "members not told"
	}
	return count(r.Members, "member", "members")
}

// ownersNick is what the owner of a room calls itself, "" where that is not told. One that could be read as more than a
// name in a list is shown by the end of its ID.
func ownersNick(r node.RoomInfo) safe.Text {
	switch {
	case r.OwnerNick == "":
		return ""
	case strings.ContainsFunc(r.OwnerNick, unicode.IsSpace) || strings.ContainsAny(r.OwnerNick, ";:,!✓()") || node.Hides(r.OwnerNick):
		return tail(r.Owner)
	}
	return nick(r.OwnerNick, r.Owner)
}

// whose ends the description of a room: who owns it, for how long lines are kept in it, and what it is about. What is known of the owner comes before the
// words: they are as long as a row, and a warning behind them would be read last, or on the next.
func whose(r node.RoomInfo) safe.Text {
	text := safe.Text("")
	if name := ownersNick(r); name != "" && !r.Mine {
		text = "; " + name + "'s"
	}
	switch {
	case r.Verified:
		text += "; " + verifiedMark + " verified owner"
	case r.Change != nil:
		text += "; " + otherMark + " not the owner you know"
	case r.Other != "":
		text += "; " + otherMark + " not the " + ownersNick(r) + " whom you verified"
	}
	text += "; owner's words: " + safe.Phrase(r.Words)
	if r.RetainS > 0 {
		text += "; lines kept " + inWords(r.RetainS)
	}
	if r.Subject != "" {
		text += "; " + safe.Phrase(r.Subject)
	}
	return text
}
