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

// Levels are the levels there are.
var Levels = []string{string(Off), string(Calls), string(All)}

func (l *Level) String() string { return string(*l) }

// Type is how the help of a flag names the value.
func (l *Level) Type() string { return strings.Join(Levels, "|") }

// Set takes the level that text names.
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
	// Text is set if a notification may show names, and what was said.
	Text bool
}

// Usual are the settings of a person who has chosen nothing.
var Usual = Settings{Level: Calls, Text: true}

// A Kind is why an event calls the person.
type Kind int

const (
	Nothing Kind = iota
	Line         // somebody says something
	Mention      // a line that names me
	Direct       // a direct message
	Knock        // somebody asks to be let into a room of mine
	Removal      // I have lost my place in a room
)

// Of returns why ev calls a person who has that nick in the room of ev.
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
		return Direct
	case node.Knock:
		if b.Ignored {
			return Nothing
		}
		return Knock
	case node.Removed, node.Refused:
		return Removal
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

// title begins each title, so that a person knows which program calls. It also keeps a title, and a text that begins with it, from
// being an option of a command or a number that a terminal gives another meaning.
const title safe.Text = "localchat"

// unnamed are the bodies of notifications that show nothing of a room.
var unnamed = [...]safe.Text{
	Line: "somebody says something", Mention: "somebody names you", Direct: "a direct message for you", Knock: "somebody knocks",
	Removal: "you are no longer in a room",
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
	case node.Knock: // the line in the room has the words, and what to type
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

// short cuts text to so many cells and bytes.
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

// A Caller bounds the notifications of one face. The zero value has called nobody yet. Its face owns it.
type Caller struct {
	start time.Time // of the window
	told  []told    // in the window
	more  int       // events that would have called, were there not too many
}

// A told is a notification of the window.
type told struct {
	of   Kind
	peer node.PeerID
}

// Hear returns the notifications for ev, which happens now: none, one, or that some were left out and one.
func (c *Caller) Hear(ev node.Event, now time.Time, nick string, s Settings) []Note {
	k := Of(ev, nick)
	if !s.Level.Wants(k) {
		return nil
	}
	notes := c.Rest(now)
	t := told{of: k, peer: cause(ev.Body)}
	if t.of == Direct {
		t.of = Mention
	}
	all, its := 0, 0
	for _, other := range c.told {
		if other.of == t.of {
			all++
			if other.peer == t.peer {
				its++
			}
		}
	}
	if all >= most[t.of] || its >= maxOfPeer {
		c.more++
		return notes
	}
	if len(c.told) == 0 {
		c.start = now
	}
	c.told = append(c.told, t)
	return append(notes, note(ev, k, s))
}

// cause is the peer that causes an event.
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
	}
	return ""
}

// Rest says how many events were left out in a window that is over, if there are any.
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

// Due returns when Rest has something to say; zero: it has nothing.
func (c *Caller) Due() time.Time {
	if c.more == 0 {
		return time.Time{}
	}
	return c.start.Add(window)
}

// Looked notes that the person looks: what was left out is on the screen.
func (c *Caller) Looked() { *c = Caller{} }
