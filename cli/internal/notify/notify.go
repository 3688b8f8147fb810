package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A Level says which events call the person.
type Level string

const (
	Off   Level = "off"
	Calls Level = "calls"
	All   Level = "all"
)

// Levels lists all levels.
var Levels = []string{string(Off), string(Calls), string(All)}

func (l *Level) String() string { return string(*l) }

// Type returns the name of the value in the help of a flag.
func (l *Level) Type() string { return strings.Join(Levels, "|") }

// Set sets l to the level that text names.
func (l *Level) Set(text string) error {
	if !slices.Contains(Levels, text) {
		return fmt.Errorf("%q is not off, calls or all", text)
	}
	*l = Level(text)
	return nil
}

// Settings are what the person has chosen.
type Settings struct {
	Level Level
	// Text is set if a notification may show names and what was said.
	Text bool
}

// Default holds the settings of a person who has chosen nothing.
var Default = Settings{Level: Calls, Text: true}

// A Kind says why an event calls the person.
type Kind int

const (
	Nothing Kind = iota
	Line         // somebody says something
	Mention      // a line that names me
	Direct       // a direct message
	Knock        // somebody asks to be let into a room of mine
	Removal      // I have lost my place in a room
	Mute         // nobody hears what I say in a room
	Offer        // a room is offered to me
)

// Of returns the reason for which ev calls a person whose nick in the room of ev is nick.
func Of(ev node.Event, nick string) Kind {
	switch b := ev.Body.(type) {
	case node.Message:
		switch {
		case b.Self || b.Backlog:
			return Nothing
		case render.Mentions(b.Text, nick):
			return Mention
		}
		return Line
	case node.Direct:
		if b.Self || b.Backlog {
			return Nothing
		}
		return Direct
	case node.Knock:
		if b.Ignored {
			return Nothing
		}
		return Knock
	case node.Appeal:
		return Knock
	case node.Removed, node.Refused:
		return Removal
	case node.Pardoned:
		return Removal
	case node.Muted, node.Warned:
		return Mute
	case node.TransferOffered:
		if !b.Until.IsZero() {
			return Offer
		}
	}
	return Nothing
}

// Wants reports whether events of a kind call the person.
func (l Level) Wants(k Kind) bool {
	switch l {
	case Off:
		return false
	case All:
		return k != Nothing
	}
	return k > Line
}

// A Note is a notification.
type Note struct{ Title, Body safe.Text }

// title begins each title, so that a person knows which program calls. No title can therefore be taken for an option of a command,
// or for a number to which a terminal gives another meaning.
const title safe.Text = "localchat"

// unnamed holds the bodies of notifications that may show nothing of a room.
var unnamed = [...]safe.Text{
	Line: "somebody says something", Mention: "somebody names you", Direct: "a direct message for you", Knock: "somebody knocks",
	Removal: "you are no longer in a room", Mute: "you are muted in a room", Offer: "a room is offered to you",
}

// note puts ev into words.
func note(ev node.Event, k Kind, s Settings) Note {
	if !s.Text {
		return Note{title, unnamed[k]}
	}
	var body safe.Text
	switch b := ev.Body.(type) {
	case node.Message:
		b.Late = false
		body = render.Message(b)
	case node.Knock: // shorter than its line in the room, which also has the words and what to type
		body = render.Nick(b.Nick, b.Peer) + render.TrustNote(b.Trust) + " knocks"
	default:
		body, _ = render.View{}.Text(ev)
		if strings.HasPrefix(string(body), string(render.NoticeMark)) {
			body = body[len(render.NoticeMark):]
		}
	}
	head := title
	if ev.RoomName != "" {
		head += ": " + safe.Name(ev.RoomName)
	}
	return Note{short(head, maxTitle, maxTitleBytes), short(body, maxBody, maxBodyBytes)}
}

// short cuts text to a number of cells and bytes.
func short(text safe.Text, cells, bytes int) safe.Text {
	text = safe.Crop(text, cells)
	if len(text) <= bytes {
		return text
	}
	end := bytes - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// A Caller bounds the notifications of one face. The zero value is ready for use. Its face owns it.
type Caller struct {
	start  time.Time // of the window
	recent []call    // the notifications of the window
	more   int       // the events of the window for which there was no notification, because there were too many
}

// A call is a notification that was returned.
type call struct {
	of   Kind
	peer node.PeerID
}

// Hear returns the notifications for ev, which happens now. There are up to two: first, that some of an earlier window were left
// out; second, the one for ev.
func (c *Caller) Hear(ev node.Event, now time.Time, nick string, s Settings) []Note {
	k := Of(ev, nick)
	if !s.Level.Wants(k) {
		return nil
	}
	notes := c.Rest(now)
	t := call{of: k, peer: cause(ev.Body)}
	if t.of == Direct {
		t.of = Mention
	}
	all, its := 0, 0
	for _, other := range c.recent {
		if other.of == t.of {
			all++
			if other.peer == t.peer {
				its++
			}
		}
	}
	if all >= maxOfKind[t.of] || its >= maxOfPeer {
		c.more++
		return notes
	}
	if len(c.recent) == 0 {
		c.start = now
	}
	c.recent = append(c.recent, t)
	return append(notes, note(ev, k, s))
}

// cause returns the peer that causes an event.
func cause(body node.EventBody) node.PeerID {
	switch b := body.(type) {
	case node.Message:
		return b.Peer
	case node.Direct:
		return b.Peer
	case node.Knock:
		return b.Peer
	case node.Removed:
		return b.By
	case node.Warned:
		return b.By
	case node.Appeal:
		return b.Peer
	case node.Pardoned:
		return b.By
	case node.Muted:
		return b.By
	case node.TransferOffered:
		return b.By
	}
	return ""
}

// Rest returns a notification with the number of events that were left out, if the window is over and there are any.
func (c *Caller) Rest(now time.Time) []Note {
	if age := now.Sub(c.start); age >= 0 && age < window {
		return nil
	}
	more := c.more
	*c = Caller{}
	if more == 0 {
		return nil
	}
	return []Note{{title, "and " + safe.Number(more) + " more"}}
}

// Due returns the time from which Rest returns a notification, or the zero time if there is none to come.
func (c *Caller) Due() time.Time {
	if c.more == 0 {
		return time.Time{}
	}
	return c.start.Add(window)
}

// Looked records that the person looks at the screen, which shows everything that was left out.
func (c *Caller) Looked() { *c = Caller{} }
