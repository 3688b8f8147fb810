package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Renewed is a room that replaces one whose log had split. Sent has the nicks of the members that got their invite as a direct
// message. Invites has the invites of the others, which the owner must hand over.
type Renewed struct {
	ID      RoomID       `json:"id"`
	Name    string       `json:"name"`
	Sent    []string     `json:"sent"`
	Invites []InviteInfo `json:"invites"`
}

// Renew replaces a frozen room of this node by a new one with the same name and policy, with the bans of all logs of the old
// room, and with an invite for each peer that is a member by all of them. The old room is deleted from the disk, and stays frozen
// until this node leaves it. It fails with not_owner, or with invalid if the room is not frozen.
func (n *Node) Renew(ctx context.Context, room string) (Renewed, error) {
	old, err := ask(ctx, n, oldRoom{room})
	if err != nil {
		return Renewed{}, err
	}
	states := []authority.State{old.state}
	for _, p := range old.near {
		if st, err := n.otherLog(ctx, old.state.Room(), p); err == nil {
			states = append(states, st)
		} else {
			n.log.Debug("read the log of a member", "room", old.state.Room(), "peer", p, "err", err)
		}
	}
	made, err := ask(ctx, n, renewRoom{old.state.Room(), states})
	if err != nil {
		return Renewed{}, err
	}
	renewed := Renewed{ID: made.room.ID, Name: made.room.Name, Sent: []string{}, Invites: []InviteInfo{}}
	for p, inv := range made.invites {
		req := protocol.TellRequest{
			Room: old.state.Room(), At: time.Now().UTC().Truncate(time.Millisecond),
			Text: made.room.Name + " was replaced, because an old copy of its records was put back. Leave this room, and join the new one with the invite " + inv.Text,
		}
		if _, err := random.Read(req.ID[:]); err != nil {
			return renewed, err
		}
		var reply protocol.TellReply
		if err := n.request(ctx, p, protocol.TellID, &req, &reply); err == nil && reply.OK {
			renewed.Sent = append(renewed.Sent, inv.Nick)
		} else {
			renewed.Invites = append(renewed.Invites, inv)
		}
	}
	slices.Sort(renewed.Sent)
	return renewed, nil
}

// otherLog returns the state of a frozen room by the log of p, a member.
func (n *Node) otherLog(ctx context.Context, room protocol.RoomID, p peer.ID) (authority.State, error) {
	var st authority.State
	for {
		req := protocol.SyncRequest{Room: room, HaveSeq: st.Seq(), Head: st.Head()}
		var reply protocol.SyncReply
		if err := n.request(ctx, p, protocol.SyncID, &req, &reply); err != nil {
			return st, err
		}
		for _, raw := range reply.Records {
			rec, err := protocol.OpenRecord(raw)
			if err != nil {
				return st, err
			}
			if st, _, err = st.Apply(rec); err != nil {
				return st, err
			}
		}
		switch {
		case st.Seq() == 0, st.Room() != room:
			return st, errors.New("it has no log of that room")
		case st.Seq() >= reply.HaveSeq:
			return st, nil
		case len(reply.Records) == 0:
			return st, errors.New("it does not give all of its log")
		}
	}
}

type (
	// oldRoom finds a frozen room of this node's own, and its members in reach.
	oldRoom struct{ room string }
	oldLog  struct {
		state authority.State
		near  []peer.ID
	}
	// renewRoom makes room anew; states are what its logs say.
	renewRoom struct {
		room   protocol.RoomID
		states []authority.State
	}
	renewedRoom struct {
		room    RoomInfo
		invites map[peer.ID]InviteInfo
	}
)

func (q oldRoom) run(l *loop) (oldLog, error) {
	r, err := l.ownRoom(q.room)
	if err != nil {
		return oldLog{}, err
	}
	if !r.frozen() {
		return oldLog{}, &Error{Code: CodeInvalid, Text: r.label() + " has one log, so there is nothing to renew", Reason: fault.OneLog}
	}
	return oldLog{r.state(), r.near()}, nil
}

func (q renewRoom) run(l *loop) (renewedRoom, error) {
	old := l.rooms[q.room]
	if old == nil {
		return renewedRoom{}, notMember("the room")
	}
	if err := l.store.DropRoom(old.id); err != nil {
		return renewedRoom{}, diskError{err}.forPerson()
	}
	p := policyInfo(old.state().Policy())
	me, _ := old.me()
	info, err := createRoom{CreateOptions{Name: old.label(), Nick: me.Nick, PolicyChange: PolicyChange{
		Access: &p.Access, Subject: &p.Subject, IdleS: &p.IdleS, RetainS: &p.RetainS, History: &p.History,
		MembersInvite: &p.MembersInvite, HideReasons: &p.HideReasons, SlowS: &p.SlowS, Speak: &p.Speak,
	}}}.run(l)
	if err != nil {
		return renewedRoom{}, err
	}
	r := l.rooms[info.ID]
	reasons := old.desk.banReasons()
	for _, b := range bansOfAll(q.states, l.now()) {
		ban := authority.Ban{Peer: b.Peer, Reason: reasons[b.Removal]}
		if !b.Until.IsZero() {
			ban.For = b.Until.Sub(l.now())
		}
		if err := r.desk.step(ban); err != nil {
			return renewedRoom{}, err
		}
	}
	made := renewedRoom{room: info, invites: make(map[peer.ID]InviteInfo)}
	for _, m := range membersOfAll(q.states) {
		if m.Peer == l.n.self {
			continue
		}
		inv, err := r.desk.invite(l.n.self, m.Nick, 0)
		if err != nil {
			return renewedRoom{}, err
		}
		made.invites[m.Peer] = inv
	}
	return made, nil
}

// bansOfAll returns the bans in force at now by any of the states: of each peer the one that ends last.
func bansOfAll(states []authority.State, now time.Time) []authority.Banishment {
	var all []authority.Banishment
	for _, st := range states {
		for _, b := range st.Bans(now) {
			i := slices.IndexFunc(all, func(o authority.Banishment) bool { return o.Peer == b.Peer })
			switch {
			case i < 0:
				all = append(all, b)
			case b.Until.IsZero() || !all[i].Until.IsZero() && b.Until.After(all[i].Until):
				all[i] = b
			}
		}
	}
	return all
}

// membersOfAll returns the peers that are members by all of the states.
func membersOfAll(states []authority.State) []authority.Member {
	return slices.DeleteFunc(slices.Clone(states[0].Members()), func(m authority.Member) bool {
		return slices.ContainsFunc(states, func(st authority.State) bool {
			_, in := st.Member(m.Peer)
			return !in
		})
	})
}
