package transcript

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// An Opened line has passed validation and been opened.
type Opened struct {
	Msg     protocol.Message
	Content protocol.Content
	Late    bool
	Fetched bool // it came by a comparison
	// vouched: the authority itself has handed it over.
	Vouched bool
	Given
}

// Given is what is said of a line that a fellow member has handed over.
type Given struct {
	Age time.Duration // when it came
	By  peer.ID       // "": it came live
	// doubted: its author's own time says that it is younger.
	Doubted bool
}

// A Line is a message that counts, retained.
type Line struct {
	Opened
	Got       time.Time // when this node had it, by clock.even
	delivered bool      // of our own: another node has it
	told      bool      // to the faces
	warned    bool      // of our own: it has been said that none has
	taken     bool      // of our own: its number had been used before this node's disk was put back
	// signed is the time that its author has signed, and hasty says that it is too soon after an earlier line; see slow.go.
	signed time.Time
	hasty  bool
	// stands is where it stands in place of its Lamport, which is too far ahead; 0: it is not.
	stands uint64
}

// Said is when l was said, by clock.even.
func (l *Line) Said() time.Time { return l.Got.Add(-l.Age) }

// weight is what l takes, in bytes: as it was sent, as it was opened, and what is kept to find it.
func (l *Line) weight() int { return len(l.Msg.Raw()) + len(l.Content.Text) + lineCost }

// ID is the id of a line as faces see it.
func (l *Line) ID() string { return l.Msg.ID.Short() }

// Shown reports whether people see l as a line: kinds that a later version may add are kept and passed on, not shown, and so are
// lines that were said too soon.
func (l *Line) Shown() bool {
	return !l.hasty && (l.Content.Kind == protocol.Say || l.Content.Kind == protocol.Action)
}
