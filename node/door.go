package node

import (
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// A door has the peers that ask the authority of a room to come in. Only the loop uses it.
type door struct {
	r      *room
	knocks map[peer.ID]knocking
	bell   doorbell // what the user is told of them
	// seen is, in a room whose deputy this node is, what the authority has told of them.
	seen     []authority.Knocking
	appeals  []protocol.Appeal // that it has told of
	open     openDoor
	longTold bool // the owner was warned that the log is too long for newcomers
}

// A knocking is a join request that has no final answer yet.
type knocking struct {
	replies chan protocol.JoinReply // has space for two; the loop closes it
	nick    string
}

func newDoor(r *room) door {
	return door{r: r, knocks: make(map[peer.ID]knocking), bell: newDoorbell(), open: newOpenDoor()}
}

// waiting are the peers at the door, in the order in which they came, as far as this node knows.
func (d *door) waiting() []authority.Knocking {
	if d.r.owner() {
		return d.r.desk.ledger.Knocks()
	}
	return d.seen
}

// knock takes the place of an older request of p.
func (d *door) knock(p peer.ID, k knocking) {
	if old, ok := d.knocks[p]; ok {
		close(old.replies)
	}
	d.knocks[p] = k
}

// stop ends every knock that waits.
func (d *door) stop() {
	for p, k := range d.knocks {
		close(k.replies)
		delete(d.knocks, p)
	}
}

// turnsAway refuses a newcomer if there is no place for it. The last records of a log are kept for removals.
func (d *door) turnsAway(e joinAsked) (reply protocol.JoinReply, away bool) {
	st := d.r.state()
	if _, member := st.Member(e.peer); member || st.Closed() {
		return protocol.JoinReply{}, false
	}
	if d.r.logFull(2*protocol.MaxMembers, maxLogBytes/8) {
		reply, away = protocol.JoinReply{Code: protocol.JoinFull}, true
	} else if st.Policy().Access == protocol.Open && e.req.Token.IsZero() && !d.r.desk.ledger.MayReturn(e.peer, d.r.l.judgedAt()) {
		reply, away = d.open.refuses(e.visitor, st.Members(), st.Seq(), d.r.l.now())
	}
	if away && reply.Code == protocol.JoinFull && !d.longTold && st.Seq() >= maxOpenRecords {
		d.longTold = true
		d.r.l.emit(d.r, Warning{Code: "log_full", Peer: d.r.l.n.self, Text: fmt.Sprintf("newcomers are refused, because the log of %s has %d records: close the room and create it again", d.r.label(), st.Seq())})
	}
	return reply, away
}

// answer sends the ledger's answer to the peer. If the peer is admitted, the log and the keys come with it.
func (d *door) answer(a authority.AnswerJoin) {
	if a.Reply.Code != protocol.JoinWaiting {
		delete(d.bell.told, a.Peer)
	}
	k, ok := d.knocks[a.Peer]
	if !ok {
		return
	}
	reply := a.Reply
	if reply.Code == protocol.JoinNickTaken {
		reply.Text = d.r.desk.ledger.FreeNick(a.Peer, k.nick)
	}
	if reply.Code == protocol.JoinAdmitted {
		var more bool
		// Records that do not fit come with the first poll, and the keys then too.
		reply.Records, more = recordsAfter(d.r.records, 0)
		if !more {
			reply.Keys = d.r.keys.keysFor(a.Peer, 0, nil)
		}
		reply.Seq, reply.Head = d.r.state().Seq(), d.r.state().Head()
	}
	k.replies <- reply
	if reply.Code != protocol.JoinWaiting {
		delete(d.knocks, a.Peer)
		d.r.l.farewell.unansweredJoins[k.replies] = true
	}
}

// knockEvent returns the event that a peer is at the door.
func (d *door) knockEvent(p peer.ID, nick string) Knock {
	return Knock{Peer: p, Nick: nick, Words: d.r.l.n.words.of(p), Alike: d.alike(p), Trust: d.r.l.trusts.of(p, nick)}
}

// alike reports whether another at the door has the nick of p, or one that looks like it.
func (d *door) alike(p peer.ID) bool {
	knocks := d.waiting()
	i := slices.IndexFunc(knocks, func(k authority.Knocking) bool { return k.Peer == p })
	return i >= 0 && doublesOf(knocks)[i]
}

// tick tells the number of knocks that were not announced, if that is due.
func (d *door) tick(now time.Time) {
	if text := d.bell.summary(now); text != "" {
		d.r.l.emit(d.r, Warning{Code: "knocks", Text: text})
	}
}
