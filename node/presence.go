package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// noteHeard saves which records and key a member has, and reports the progress of removals and of the epoch.
func (r *room) noteHeard(p peer.ID, req protocol.PollRequest) {
	m, ok := r.state().Member(p)
	if !ok || m.Admission != req.Admission {
		return
	}
	before, known := r.desk.heard[p]
	delete(r.desk.gone, p)
	now := heard{seq: min(req.HaveSeq, r.state().Seq()), key: req.HaveKey, at: r.l.now()}
	r.desk.heard[p] = now
	if !known {
		r.presenceChanged()
	}
	if !known || now.seq != before.seq || now.key != before.key {
		r.tellProgress()
	}
}

// noteGone notes that a member's last connection has ended.
func (r *room) noteGone(p peer.ID) {
	h, ok := r.desk.polls[p]
	if ok {
		r.dropPoll(p, h)
	}
	if _, ok := r.desk.heard[p]; ok {
		delete(r.desk.heard, p)
		if r.l.n.isEphemeral(p) {
			r.desk.gone[p] = r.l.now()
		}
		r.presenceChanged()
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
func (r *room) noteEphemeral() {
	cuts := make(map[peer.ID]protocol.Cut)
	for p, since := range r.desk.gone {
		if _, member := r.state().Member(p); !member {
			delete(r.desk.gone, p)
		} else if r.l.now().Sub(since) >= ephemeralGone {
			cuts[p] = r.talk.Cut(p)
		}
	}
	if err := r.step(authority.Gone{Cuts: cuts}); err != nil {
		r.l.n.log.Warn("ephemeral members", "room", r.id, "err", err)
	}
}

// presenceChanged tells the members which of them are present, at most once in presenceEach for each present member.
func (r *room) presenceChanged() {
	r.desk.present = nil
	if r.desk.changed {
		return
	}
	r.desk.changed = true
	wait := time.Duration(r.state().Len())*presenceEach - r.l.now().Sub(r.desk.presenceAt)
	if wait <= 0 {
		r.tellPresence()
		return
	}
	id := r.id
	time.AfterFunc(wait, func() { r.l.n.post(presenceDue{id}) })
}

// presenceDue is the event that a change of the present members may be told.
type presenceDue struct{ room protocol.RoomID }

func (e presenceDue) handle(l *loop) {
	if r := l.rooms[e.room]; r != nil && r.owner() && r.desk.changed {
		r.tellPresence()
	}
}

func (r *room) tellPresence() {
	r.desk.changed, r.desk.presenceAt, r.desk.present = false, r.l.now(), nil
	r.desk.presence++
	r.wakePolls()
}

// present returns the members that were heard from, with this node.
func (r *room) present() map[peer.ID]bool {
	ps := map[peer.ID]bool{r.l.n.self: true}
	for p := range r.desk.heard {
		ps[p] = true
	}
	return ps
}

// presentAddrs returns the present members with their addresses. It takes some microseconds for each.
func (r *room) presentAddrs() []protocol.Presence {
	var ps []protocol.Presence
	present := r.present()
	size := 0
	for _, m := range r.state().Members() {
		if !present[m.Peer] || r.desk.leaving && m.Peer == r.l.n.self {
			continue
		}
		p := protocol.Presence{Peer: m.Peer}
		if size < maxPresence {
			p.Addrs = r.l.toldAddrsOf(m.Peer)
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
