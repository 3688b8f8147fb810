package render

import (
	"strings"
	"time"
	"unicode"

	"localchat/cli/internal/hint"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A View turns events into lines. It is pure: the same event gives the same lines. Each kind of line begins with a mark of its own;
// rows.go lists the marks.
type View struct {
	// Clock is set if lines begin with the local time, HH:MM.
	Clock bool
	// Room is the ID of the current room. A line from another room begins with the name of that room.
	Room string
	// Keys is set if a new key of the room is shown.
	Keys bool
	// Shell is set if no console shows the line, so that nothing can be typed where it stands.
	Shell bool
}

// Lines returns the lines that show ev. There may be none.
func (r View) Lines(ev node.Event) []safe.Text {
	text, at := r.Text(ev)
	if text == "" {
		return nil
	}
	var zero node.RoomID
	if ev.Room != zero && r.Room != "" && ev.Room.String() != r.Room && namesNoRoom(ev.Body) {
		text = InRoomOf(safe.Name(ev.RoomName), text)
	}
	if at.IsZero() {
		at = ev.Time
	}
	return []safe.Text{r.Stamp(at) + text}
}

// InRoomOf puts the name of a room in front of text. If text begins with a mark of the program, the name comes after the mark.
func InRoomOf(room, text safe.Text) safe.Text {
	room = "[" + room + "] "
	for _, mark := range []safe.Text{NoticeMark, AskMark, FaultMark} {
		if rest, ok := strings.CutPrefix(string(text), string(mark)); ok {
			return mark + room + text[len(text)-len(rest):]
		}
	}
	return room + text
}

// namesNoRoom reports whether the line for an event does not say which room it is about.
func namesNoRoom(body node.EventBody) bool {
	switch body.(type) {
	case node.Joined, node.Left, node.Removed, node.Muted, node.Warned, node.Pardoned, node.TransferOffered, node.OwnerChanged, node.Refused, node.RoomClosed, node.RoomFound, node.RoomLost:
		return false
	}
	return true
}

// Stamp returns the time to put in front of a line, or "".
func (r View) Stamp(at time.Time) safe.Text {
	if !r.Clock || at.IsZero() {
		return ""
	}
	return safe.Name(at.Local().Format("15:04 "))
}

// Text returns the line for ev, without time and room. It is "" if ev is not shown. The second result is the time of the line, or
// the zero time if that is the time of the event.
func (r View) Text(ev node.Event) (safe.Text, time.Time) {
	var none time.Time
	switch b := ev.Body.(type) {
	case node.Message:
		return Message(b), b.At
	case node.Backlog:
		return backlogText(b), none
	case node.BacklogEnd:
		return NoticeMark + "end of earlier lines", none
	case node.Direct:
		if b.Self {
			return "[you to " + Nick(b.ToNick, b.To) + "] " + safe.Message(b.Text), b.At
		}
		return "[" + Nick(b.Nick, b.Peer) + " to you] " + safe.Message(b.Text), b.At
	case node.MemberJoined, node.MemberLeft, node.MemberRemoved, node.RemovalReason, node.Unbanned, node.Hidden, node.MemberMuted, node.MuteReason, node.Unmuted, node.Renamed,
		node.Voiced, node.Unvoiced, node.Hand, node.HandGone, node.MemberWarned, node.WarningTold, node.OrderSettled:
		return memberText(b), none
	case node.Appeal, node.AppealGone, node.MemberPardoned, node.PardonTold, node.Pardoned:
		return appealText(b, ev.RoomName), none
	case node.Knock:
		return knockText(b), none
	case node.KnockGone:
		return NoticeMark + Nick(b.Nick, b.Peer) + " (" + safe.Name(node.ShortID(b.Peer)) + ") no longer knocks", none
	case node.RoomFound:
		return NoticeMark + RoomLabel(b.Name, ev.Room) + " is on this network (" + Access(b.Access) + "; owner's words: " + safe.Phrase(b.Words) + ")", none
	case node.RoomLost:
		return NoticeMark + safe.Phrase(b.Name) + " is no longer on this network", none
	case node.Joined, node.Left, node.Removed, node.Muted, node.Warned, node.Refused, node.RoomClosed:
		return ownText(b, ev.RoomName), none
	case node.Epoch:
		return r.epochText(b), none
	case node.RemovalProgress:
		return progressText(b), none
	case node.OwnerUnreachable:
		if b.Left {
			return FaultMark + Nick(b.Nick, "") + ", the owner, has quit; " + WithoutOwner, none
		}
		return FaultMark + "owner unreachable for " + Minutes(b.ForS) + ": " + WithoutOwner, none
	case node.OwnerBack:
		return NoticeMark + "owner is back after " + Minutes(b.ForS), none
	case node.PolicyChanged:
		return NoticeMark + changedText(b), none
	case node.Deputies:
		return deputiesText(b, ev.RoomName), none
	case node.TransferOffered:
		return offerText(b, RoomWord(ev.RoomName, ev.Room), safe.Name(ev.RoomName)), none
	case node.OwnerChanged:
		return ownerText(b, safe.Name(ev.RoomName)), none
	case node.Gap:
		return FaultMark + safe.Number(b.Lost) + " lines were skipped because this console was too slow", none
	case node.Warning:
		if r.Shell {
			return WarningInShell(b), none
		}
		return Warning(b), none
	}
	// Delivered and Expired change lines that are on a screen already.
	return "", none
}

// Warning says at a console what is wrong and what to do about it.
func Warning(w node.Warning) safe.Text { return warning(w, hint.OfWarning(w.Code)) }

// WarningInShell is Warning for the output of a command.
func WarningInShell(w node.Warning) safe.Text { return warning(w, hint.OfWarningInShell(w.Code)) }

func warning(w node.Warning, do string) safe.Text {
	text := FaultMark + safe.Phrase(w.Text)
	if do != "" {
		text += "; " + safe.Phrase(do)
	}
	return text
}

// WithoutOwner says what nobody can do while the owner's node does not answer.
const WithoutOwner safe.Text = "nobody can be admitted or removed"

// knockText describes a peer that knocks by all that a person can compare or type: its nick, its words and the end of its ID. The
// commands in the text contain the end of the ID if the nick is not unique.
func knockText(k node.Knock) safe.Text {
	end := safe.Name(node.ShortID(k.Peer))
	name, others := Nick(k.Nick, k.Peer), safe.Text("")
	if k.Alike {
		others = " (somebody with the same or a similar nick knocks too)"
	}
	typed := Word(k.Nick, string(end))
	if k.Alike {
		typed = end
	}
	return AskMark + name + TrustNote(k.Trust) + " knocks" + others + "; their words: " + safe.Phrase(k.Words) + " (" + end + "); /accept " + typed + " or /deny " + typed
}

// Message returns a line that was said.
func Message(m node.Message) safe.Text {
	who := Nick(m.Nick, m.Peer)
	late := safe.Text("")
	switch {
	case m.Backlog: // the line that announces the backlog says so
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

// aboveText says where a late line belongs: above the line that was said next.
func aboveText(next *node.Quote) safe.Text {
	return "above <" + Nick(next.Nick, "") + "> " + safe.Phrase(next.Text)
}

// backlogText announces lines that were said before.
func backlogText(b node.Backlog) safe.Text {
	text := NoticeMark + Count(b.N, "line", "lines") + " from before"
	if b.Next != nil {
		text += ", " + aboveText(b.Next)
	}
	return text + ":"
}

// memberText returns a line about another member's place in the room.
func memberText(body node.EventBody) safe.Text {
	switch b := body.(type) {
	case node.MemberJoined:
		return NoticeMark + Nick(b.Nick, b.Peer) + " joined"
	case node.MemberLeft:
		return NoticeMark + Nick(b.Nick, b.Peer) + " left"
	case node.MemberRemoved:
		return NoticeMark + Nick(b.Nick, b.Peer) + " was " + Deed(b.Kind) + By(b.By, b.ByNick, b.For, b.ForNick) + Until(b.Until)
	case node.RemovalReason:
		return NoticeMark + "why " + Nick(b.Nick, b.Peer) + " was removed: " + safe.Phrase(b.Text)
	case node.Unbanned:
		return NoticeMark + Nick(b.Nick, b.Peer) + " is no longer banned"
	case node.Hidden:
		return NoticeMark + Count(len(b.IDs), "line", "lines") + " of " + Nick(b.Nick, b.Peer) + " shown above do not count: they were sent after the removal or mute, or too soon"
	case node.MemberMuted:
		return NoticeMark + Nick(b.Nick, b.Peer) + " was muted" + By(b.By, b.ByNick, b.For, b.ForNick) + Until(b.Until)
	case node.MuteReason:
		return NoticeMark + "why " + Nick(b.Nick, b.Peer) + " was muted: " + safe.Phrase(b.Text)
	case node.MemberWarned:
		return NoticeMark + Nick(b.Nick, b.Peer) + " was warned" + By(b.By, b.ByNick, b.For, b.ForNick) + ", for the " + ordinal(b.Count) + " time" + Because(b.Text)
	case node.WarningTold:
		return NoticeMark + Nick(b.Nick, b.Peer) + " has got the warning"
	case node.OrderSettled:
		order := "/" + safe.Name(b.Order)
		if b.Peer != "" {
			order += " " + Nick(b.Nick, b.Peer)
		}
		if b.Done {
			return NoticeMark + "your " + order + ", which had no answer, was carried out"
		}
		return FaultMark + "your " + order + ", which had no answer, was not carried out; give it again"
	case node.Renamed:
		if b.Self {
			return NoticeMark + "you are " + Nick(b.Nick, b.Peer) + " now"
		}
		return NoticeMark + Nick(b.OldNick, b.Peer) + " is " + Nick(b.Nick, b.Peer) + " now"
	case node.Voiced:
		if b.Self {
			return NoticeMark + "you have a voice" + Until(b.Until)
		}
		return NoticeMark + Nick(b.Nick, b.Peer) + " has a voice" + Until(b.Until)
	case node.Unvoiced:
		if b.Self {
			return NoticeMark + "you have no voice any more"
		}
		return NoticeMark + Nick(b.Nick, b.Peer) + " has no voice any more"
	case node.Hand:
		return NoticeMark + Nick(b.Nick, b.Peer) + " asks for a voice; /floor or /voice gives one"
	case node.HandGone:
		return NoticeMark + Nick(b.Nick, b.Peer) + " no longer asks for a voice"
	case node.Unmuted:
		if b.Self {
			return NoticeMark + "you are no longer muted"
		}
		return NoticeMark + Nick(b.Nick, b.Peer) + " is no longer muted"
	}
	return ""
}

// ownText returns a line about our own place in a room.
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
			return NoticeMark + "you own " + name + back + ", as " + safe.Name(b.Nick)
		}
		text := NoticeMark + "you are in " + name + back + ", as " + safe.Name(b.Nick)
		if b.Deputy {
			text += ", a deputy"
		}
		if b.Muted {
			text += "; you are muted" + Until(b.MutedUntil)
		}
		if b.Voiceless {
			text += "; only members with a voice may talk here, and /hand asks for one"
		}
		return text
	case node.Left:
		return NoticeMark + "you left " + name
	case node.Removed:
		return NoticeMark + removalText(b, name)
	case node.Warned:
		text := FaultMark + Nick(b.ByNick, b.By)
		if b.ForNick != "" || b.For != "" {
			text += ", for " + Nick(b.ForNick, b.For) + ","
		}
		return text + " warns you in " + name + Because(b.Text)
	case node.Muted:
		return NoticeMark + "you were muted in " + name + By(b.By, b.ByNick, b.For, b.ForNick) + Until(b.Until) + Because(b.Text) + "; you can still read, and /msg reaches the owner alone"
	case node.Refused:
		return NoticeMark + "you are not a member of " + name
	case node.RoomClosed:
		if b.Kind == node.KindIdle {
			return NoticeMark + name + " was closed: nobody said anything for too long"
		}
		return NoticeMark + "you closed " + name + Because(b.Text)
	}
	return ""
}

// By says who decided something and, if that was a deputy, for which owner. It is "" if nobody is known.
func By(by node.PeerID, nick string, owner node.PeerID, ownerNick string) safe.Text {
	if nick == "" && by == "" {
		return ""
	}
	text := " by " + Nick(nick, by)
	if ownerNick != "" || owner != "" {
		text += ", for " + Nick(ownerNick, owner)
	}
	return text
}

// deputiesText returns a line about members that became deputies, or are no longer deputies.
func deputiesText(d node.Deputies, room string) safe.Text {
	switch {
	case d.Changed && d.Mine:
		return NoticeMark + "you are a deputy of " + safe.Name(room) + ": /help shows what you may do while its owner's node runs"
	case d.Changed:
		return NoticeMark + "you are no longer a deputy of " + safe.Name(room)
	}
	var deeds []safe.Text
	for _, n := range d.Named {
		deeds = append(deeds, Nick(n.Nick, n.Peer)+" is a deputy now")
	}
	for _, n := range d.Dropped {
		deeds = append(deeds, Nick(n.Nick, n.Peer)+" is no longer a deputy")
	}
	return NoticeMark + safe.Join(deeds, "; ")
}

// offerText says that the room is offered to us, or is no longer.
func offerText(o node.TransferOffered, word, room safe.Text) safe.Text {
	if o.Until.IsZero() {
		return NoticeMark + room + " is no longer offered to you"
	}
	return AskMark + Nick(o.Nick, o.By) + " offers you " + room + Until(o.Until) + "; /take " + word + " makes you its owner"
}

// ownerText says that a room was given to another owner.
func ownerText(o node.OwnerChanged, room safe.Text) safe.Text {
	if o.Self {
		return NoticeMark + "you own " + room + " now; /help shows what you may do"
	}
	return NoticeMark + Nick(o.FromNick, o.From) + " gave " + room + " to " + Nick(o.Nick, o.Peer) + ", who owns it now"
}

// removalText says how we were removed from a room, by whom, until when and why.
func removalText(r node.Removed, room safe.Text) safe.Text {
	cause := Cause(r)
	switch r.Kind {
	case node.KindClosed, node.KindIdle:
		return room + " was " + cause
	case node.KindInviteRevoked:
		return "your invite to " + room + " was " + cause
	}
	verb := Deed(r.Kind)
	return "you were " + verb + " from " + room + cause[len(verb):]
}

// Cause says the same without mentioning us and the room.
func Cause(r node.Removed) safe.Text {
	by := By(r.By, r.ByNick, r.For, r.ForNick)
	switch r.Kind {
	case node.KindClosed:
		return "closed" + by + Because(r.Text)
	case node.KindIdle:
		return "closed: nobody said anything for too long"
	case node.KindInviteRevoked:
		return "revoked" + by + Because(r.Text)
	}
	return Deed(r.Kind) + by + Until(r.Until) + Because(r.Text)
}

// AfterRemoval returns the hint for somebody who was removed. room is the [RoomWord] of the room. slash is the prefix of commands:
// "/" in a console, "localchat " in a shell.
func AfterRemoval(r node.Removed, room, slash safe.Text) safe.Text {
	switch r.Kind {
	case node.KindClosed, node.KindIdle:
		return "the room has ended; " + slash + "rooms lists the rooms on this network"
	case node.KindBanned:
		end := Until(r.Until)
		if r.Until.IsZero() {
			end = " until the ban is lifted"
		}
		if r.AtDoor { // there was no membership that an appeal could be about
			return "you cannot join" + end
		}
		appeal := slash + "appeal " + room + " TEXT"
		if slash == "/" {
			appeal = "/appeal TEXT"
		}
		return "you cannot join" + end + "; once, you may write to the owner: " + appeal
	}
	return "you may ask to come back: " + slash + "join " + room
}

// progressText says how many members have applied a removal.
func progressText(p node.RemovalProgress) safe.Text {
	name := Nick(p.Nick, p.Peer)
	deed := safe.Text("removal")
	switch p.Kind {
	case node.KindKicked:
		deed = "kick"
	case node.KindBanned:
		deed = "ban"
	case node.KindMuted:
		deed = "mute"
	}
	told := name + " not told yet"
	if p.Told {
		told = "told " + name
	}
	text := NoticeMark + deed + " of " + name + ": " + told + "; applied by " + safe.Number(p.Applied) + " of " + safe.Number(p.Total)
	if len(p.Missing) > 0 {
		missing := make([]safe.Text, len(p.Missing))
		for i, m := range p.Missing {
			missing[i] = Nick(m, "")
		}
		text += "; waiting for " + safe.Join(missing, ", ")
	}
	return text
}

func (r View) epochText(e node.Epoch) safe.Text {
	if !r.Keys {
		return ""
	}
	text := NoticeMark + "key " + safe.Number(e.Epoch)
	if len(e.Missing) > 0 {
		text += "; " + Count(len(e.Missing), "member does", "members do") + " not have it yet"
	}
	return text
}

// Deed returns the word for how a peer lost its place.
func Deed(kind node.Kind) safe.Text {
	switch kind {
	case node.KindKicked, node.KindBanned:
		return safe.Name(string(kind))
	}
	return "removed"
}

// Access says how people enter a room.
func Access(a node.Access) safe.Text {
	switch a {
	case node.AccessOpen:
		return "open"
	case node.AccessInvite:
		return "by invite"
	case node.AccessKnock:
		return "knock"
	}
	return safe.Name(string(a))
}

// ownWords are words with which notices begin or name us. A peer with such a nick is shown with the end of its ID. Otherwise a notice
// about that peer would read as one about us or about the room.
var ownWords = []string{"you", "owner", "system", "why", "key", "policy", "kick", "ban", "removal", "your"}

// Nick returns the name by which a peer is shown: its nick, or the end of its ID if it has no nick or a misleading one.
func Nick(name string, p node.PeerID) safe.Text {
	shown := safe.Name(strings.TrimSpace(name))
	if shown == "" {
		return Tail(p)
	}
	for _, w := range ownWords {
		if strings.EqualFold(string(shown), w) {
			return shown + Tail(p)
		}
	}
	return shown
}

// Tail returns the end of a peer ID, which distinguishes two peers that look alike.
func Tail(p node.PeerID) safe.Text {
	id := p.String()
	return "~" + safe.Name(id[max(len(id)-4, 0):])
}

// Because returns a reason after a colon, or "" if there is none.
func Because(reason string) safe.Text {
	if reason == "" {
		return ""
	}
	return ": " + safe.Phrase(reason)
}

// Until returns the end of something, such as a ban, or "" if it has none.
func Until(t time.Time) safe.Text {
	if t.IsZero() {
		return ""
	}
	return " until " + safe.Name(t.Local().Format("2006-01-02 15:04"))
}

// Minutes writes a number of seconds as m:ss.
func Minutes(s int) safe.Text {
	return safe.Number(s/60) + ":" + safe.Number(s/10%6) + safe.Number(s%10)
}

// Count returns "1 line" or "2 lines".
func Count(n int, one, many safe.Text) safe.Text {
	if n == 1 {
		return "1 " + one
	}
	return safe.Number(n) + " " + many
}

// Rooms returns a table of rooms.
func Rooms(rooms []node.RoomInfo) []safe.Text {
	var width int
	for _, r := range rooms {
		width = max(width, safe.Cells(rowHead(RoomLabel(r.Name, r.ID))))
	}
	lines := make([]safe.Text, 0, len(rooms))
	for _, r := range rooms {
		line := safe.Pad(rowHead(RoomLabel(r.Name, r.ID)), width) + "  " + safe.Pad(Access(r.Access), len("by invite")) + "  " + memberCount(r)
		switch {
		case r.Mine:
			line += "; yours"
		case r.In:
			line += "; you are in it"
		}
		lines = append(lines, line+details(r))
	}
	return lines
}

// MoreRooms says that a list of rooms is incomplete.
func MoreRooms(n int) safe.Text {
	return NoticeMark + Count(n, "more room", "more rooms") + " on this network, not listed here; you can still join by name, id or invite"
}

// RoomLabel returns the name of a room for a list. If the name cannot be shown exactly, the end of the room's ID follows, so that the
// room cannot pass for the one that really has the name as shown.
func RoomLabel(name string, id node.RoomID) safe.Text {
	shown := safe.Name(name)
	if string(shown) == name && !node.Hides(name) {
		return shown
	}
	text := id.String()
	return shown + "~" + safe.Name(text[len(text)-ShortRoom:])
}

// ShortRoom is how many letters of the end of a room's id distinguish it from one that looks like it.
const ShortRoom = 8

// memberCount says how many members a room has. A room for invites only hides that from others.
func memberCount(r node.RoomInfo) safe.Text {
	if r.Members == 0 {
		return "members hidden"
	}
	return Count(r.Members, "member", "members")
}

// OwnersNick returns the nick of a room's owner, or "" if it is unknown. If the nick could be read as more than a name in a list, it
// returns the end of the owner's ID.
func OwnersNick(r node.RoomInfo) safe.Text {
	switch {
	case r.OwnerNick == "":
		return ""
	case strings.ContainsFunc(r.OwnerNick, unicode.IsSpace) || strings.ContainsAny(r.OwnerNick, ";:,!✓()") || node.Hides(r.OwnerNick):
		return Tail(r.Owner)
	}
	return Nick(r.OwnerNick, r.Owner)
}

// details returns the end of the description of a room: its owner, how long it keeps lines, and its subject. A warning about the
// owner comes before the words. They are as long as a row, so a warning after them would be on the next row.
func details(r node.RoomInfo) safe.Text {
	text := safe.Text("")
	if name := OwnersNick(r); name != "" && !r.Mine {
		text = "; " + name + "'s"
	}
	switch {
	case r.Verified:
		text += "; " + VerifiedMark + " verified owner"
	case r.Change != nil:
		text += "; " + OtherMark + " not the owner you know"
	case r.Other != "":
		text += "; " + OtherMark + " not the " + OwnersNick(r) + " you verified"
	}
	if g := r.GivenBy; g != nil {
		text += "; given away by " + Nick(g.Nick, g.Peer) + ", the owner you know"
	}
	text += "; owner's words: " + safe.Phrase(r.Words)
	if r.RetainS > 0 {
		text += "; lines kept for " + Seconds(r.RetainS)
	}
	if r.Subject != "" {
		text += "; " + safe.Phrase(r.Subject)
	}
	return text
}

// ordinal writes a number as 1st, 2nd, 3rd, 4th.
func ordinal(n int) safe.Text {
	end := safe.Text("th")
	switch {
	case n%100 >= 11 && n%100 <= 13:
	case n%10 == 1:
		end = "st"
	case n%10 == 2:
		end = "nd"
	case n%10 == 3:
		end = "rd"
	}
	return safe.Number(n) + end
}
