package node

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/store"
	"localchat/protocol"
)

// Identity identifies the node of dataDir without starting it. The first call makes the key.
func Identity(dataDir string) (Info, error) {
	key, err := store.Identity(dataDir)
	if err != nil {
		return Info{}, err
	}
	p, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return Info{}, err
	}
	return Info{Peer: p, Words: protocol.Words(p)}, nil
}

// InUse reports whether a node of any process uses a data directory.
func InUse(dataDir string) bool { return store.InUse(dataDir) }

// Info identifies this node and says where it listens.
func (n *Node) Info() Info {
	info := Info{Peer: n.self, Nick: n.cfg.Nick, Words: n.words.of(n.self), Version: n.cfg.Version, Addrs: []string{}}
	for _, a := range n.ownAddrs() {
		info.Addrs = append(info.Addrs, a.String()+"/p2p/"+n.self.String())
	}
	return info
}

// Peers lists the other nodes that we know of.
func (n *Node) Peers(ctx context.Context) ([]PeerInfo, error) { return ask(ctx, n, peerInfos{}) }

type peerInfos struct{}

func (peerInfos) run(l *loop) ([]PeerInfo, error) {
	infos := []PeerInfo{}
	for _, e := range l.book.entries {
		infos = append(infos, PeerInfo{
			Peer: e.peer, Addrs: formatAddrs(l.addrsOf(e.peer)), Connected: l.n.connected(e.peer),
			RTTms: float64(e.rtt.Microseconds()) / 1000, Awaited: e.wanted || e.fixed,
		})
	}
	// The book may be full of peers of our rooms.
	for _, p := range l.n.host.Network().Peers() {
		if l.book.entry(p) == nil {
			infos = append(infos, PeerInfo{Peer: p, Addrs: formatAddrs(l.addrsOf(p)), Connected: true})
		}
	}
	slices.SortFunc(infos, func(a, b PeerInfo) int { return strings.Compare(string(a.Peer), string(b.Peer)) })
	return infos, nil
}

// Members returns the members of a room.
func (n *Node) Members(ctx context.Context, room string) (MembersInfo, error) {
	info, err := ask(ctx, n, membersOf{room})
	n.addWords(info.Members)
	return info, err
}

// addWords is called by the goroutine that asks: in a large room that was just entered it takes longer than the loop may take.
func (n *Node) addWords(infos []MemberInfo) {
	for i := range infos {
		infos[i].Words = n.words.of(infos[i].Peer)
	}
}

type membersOf struct{ room string }

func (q membersOf) run(l *loop) (MembersInfo, error) {
	r, err := l.room(q.room)
	if err != nil {
		return MembersInfo{}, err
	}
	return MembersInfo{Epoch: r.state().Epoch(), Members: r.memberInfos()}, nil
}

// memberInfos returns the members without their words; see [Node.addWords].
func (r *room) memberInfos() []MemberInfo {
	present := r.membership.absence.present
	if r.owner() {
		present = r.desk.presence.present()
	}
	infos := []MemberInfo{}
	for _, m := range r.state().Members() {
		role := RoleMember
		switch {
		case m.Owner:
			role = RoleOwner
		case r.state().IsDeputy(m.Peer):
			role = RoleDeputy
		}
		self := m.Peer == r.l.n.self
		info := MemberInfo{
			Peer: m.Peer, Nick: m.Nick, Role: role, Present: present[m.Peer] || self, Self: self,
			Since: earlier(m.Since, r.l.now()), LastLine: r.talk.lastLineOf(m.Peer),
		}
		if r.seesWarnings() {
			info.Warnings = r.state().Warnings(m.Peer)
		}
		if a := r.awayOf(m.Peer); a.Away {
			info.Away, info.AwayText = true, a.Text
		}
		if mute, muted := r.muted(m.Peer); muted {
			info.Muted, info.MutedUntil = true, mute.Until
		}
		if m.Voice.Seq != 0 {
			info.Voiced, info.VoicedUntil = true, r.voiceEnd(m)
		}
		info.Hand = r.desk.hands.has(m.Peer)
		if !self {
			info.Trust = r.l.trusts.of(m.Peer, m.Nick)
		}
		infos = append(infos, info)
	}
	return infos
}

// lastLineOf returns the time of the last line of p that is here; zero if there is none.
func (c *conversation) lastLineOf(p peer.ID) time.Time {
	for _, l := range slices.Backward(c.Of(p)) {
		if l.Shown() {
			return l.Content.At
		}
	}
	return time.Time{}
}

// earlier returns the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
