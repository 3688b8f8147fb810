package node

import (
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/ratelimit"
	"localchat/protocol"
)

// A presence says which members the authority hears from, and which list of them the members were told. Only the loop uses it.
type presence struct {
	r     *room
	heard map[peer.ID]heard     // what each member last said that it has
	gone  map[peer.ID]time.Time // when ephemeral members were last heard of
	aways map[peer.ID]protocol.Away
	// awayPace limits how often each member may say whether its person is away.
	awayPace *ratelimit.Keyed[peer.ID]
	// leaving is set if this node ends and the room continues without it; see sayLeaving.
	leaving bool
	number  uint64 // grows when the members are told the list of present ones
	// list has the present members with their addresses, made once for all that are told; nil if they have changed since.
	list []protocol.Presence
	// changed is set if the list of present members has changed since toldAt, when the members were last told.
	changed bool
	toldAt  time.Time
}

// heard is a member's acknowledgement: the records and the key it had when it last asked.
type heard struct {
	seq, key uint64
	at       time.Time
}

func newPresence(r *room) presence {
	return presence{r: r, heard: make(map[peer.ID]heard), gone: make(map[peer.ID]time.Time), aways: make(map[peer.ID]protocol.Away), awayPace: keyed[peer.ID](budget{awayRate, awayBurst}), number: firstNumber()}
}

// firstNumber is the first number of a list that members are told with its number. It is not 1: a member that has a number from before our
// restart has another list.
func firstNumber() uint64 { return rand.Uint64N(protocol.MaxCounter/2) + 1 }

// noteHeard saves which records and key a member has, and reports the progress of removals and of the epoch.
func (pr *presence) noteHeard(p peer.ID, req protocol.PollRequest) {
	m, ok := pr.r.state().Member(p)
	if !ok || m.Admission != req.Admission {
		return
	}
	before, known := pr.heard[p]
	delete(pr.gone, p)
	now := heard{seq: min(req.HaveSeq, pr.r.state().Seq()), key: req.HaveKey, at: pr.r.l.now()}
	pr.heard[p] = now
	if !known {
		pr.noteChange()
	}
	if !known || now.seq != before.seq || now.key != before.key {
		pr.r.desk.tracker.tell()
	}
}

// noteGone notes that a member's last connection has ended.
func (pr *presence) noteGone(p peer.ID) {
	h, ok := pr.r.desk.polls.held[p]
	if ok {
		pr.r.desk.polls.held.drop(p, h)
	}
	if _, ok := pr.heard[p]; ok {
		delete(pr.heard, p)
		delete(pr.aways, p) // after a start its person is not away
		if pr.r.l.n.isEphemeral(p) {
			pr.gone[p] = pr.r.l.now()
		}
		pr.noteChange()
	}
}

// ephemeralAgent is the agent string of a node whose identity ends with it: the identity never comes back.
const ephemeralAgent = agent + " guest"

// isEphemeral reports whether p has said that its identity ends with its node. A member that says so loses its nick to the next
// peer that asks for it, once it has not been heard of for ephemeralGone. It loses nothing else.
func (n *Node) isEphemeral(p peer.ID) bool {
	agent, err := n.host.Peerstore().Get(p, "AgentVersion")
	return err == nil && agent == ephemeralAgent
}

// noteEphemeral tells the ledger which ephemeral members have not been heard of for ephemeralGone.
func (pr *presence) noteEphemeral() {
	cuts := make(map[peer.ID]protocol.Cut)
	for p, since := range pr.gone {
		if _, member := pr.r.state().Member(p); !member {
			delete(pr.gone, p)
		} else if pr.r.l.now().Sub(since) >= ephemeralGone {
			cuts[p] = pr.r.talk.Cut(p)
		}
	}
	if err := pr.r.desk.step(authority.Gone{Cuts: cuts}); err != nil {
		pr.r.l.n.log.Warn("ephemeral members", "room", pr.r.id, "err", err)
	}
}

// noteChange tells the members which of them are present, at most once in presenceEach for each present member.
func (pr *presence) noteChange() {
	pr.list = nil
	if pr.changed {
		return
	}
	pr.changed = true
	wait := time.Duration(pr.r.state().Len())*presenceEach - pr.r.l.now().Sub(pr.toldAt)
	if wait <= 0 {
		pr.tell()
		return
	}
	id := pr.r.id
	time.AfterFunc(wait, func() { pr.r.l.n.post(presenceDue{id}) })
}

// presenceDue is the event that a change of the present members may be told.
type presenceDue struct{ room protocol.RoomID }

func (e presenceDue) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil && r.owner() && r.desk.presence.changed {
		r.desk.presence.tell()
	}
}

func (pr *presence) tell() {
	pr.changed, pr.toldAt, pr.list = false, pr.r.l.now(), nil
	pr.number++
	pr.r.desk.wakePolls()
}

// present returns the members that were heard from, with this node.
func (pr *presence) present() map[peer.ID]bool {
	ps := map[peer.ID]bool{pr.r.l.n.self: true}
	for p := range pr.heard {
		ps[p] = true
	}
	return ps
}

// withAddrs returns the present members with their addresses. It takes some microseconds for each.
func (pr *presence) withAddrs() []protocol.Presence {
	var ps []protocol.Presence
	present := pr.present()
	size := 0
	for _, m := range pr.r.state().Members() {
		if !present[m.Peer] || pr.leaving && m.Peer == pr.r.l.n.self {
			continue
		}
		p := protocol.Presence{Peer: m.Peer, Away: pr.aways[m.Peer]}
		if size < maxPresence {
			p.Addrs = pr.r.l.toldAddrsOf(m.Peer)
		}
		for _, a := range p.Addrs {
			size += len(a.Bytes())
		}
		ps = append(ps, p)
	}
	return ps
}

// agent is the agent string that every peer gets. It has no version and no name, since strangers can read it.
const agent = "localchat"

// knowsOfLeaving reports whether p has polled again since it was told that this node ends.
func (pr *presence) knowsOfLeaving(p peer.ID) bool {
	h, held := pr.r.desk.polls.held[p]
	return !pr.leaving || held && h.req.HavePresence == pr.number
}
