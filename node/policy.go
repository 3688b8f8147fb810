package node

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// Policy returns the policy in force. If change is not empty, it first applies it (owner; a deputy, if it is of access and subject).
func (n *Node) Policy(ctx context.Context, room string, change PolicyChange) (PolicyInfo, error) {
	p, err := ask(ctx, n, policyOf{room, change})
	if err == nil {
		_, err = n.sendOrders(ctx, p.orders)
	}
	return p.info, err
}

type policyOf struct {
	room   string
	change PolicyChange
}

type changedPolicy struct {
	info   PolicyInfo
	orders orders
}

func (q policyOf) run(l *loop) (changedPolicy, error) {
	if q.change == (PolicyChange{}) {
		r, err := l.room(q.room)
		if err != nil {
			return changedPolicy{}, err
		}
		return changedPolicy{info: policyInfo(r.state().Policy())}, nil
	}
	r, err := l.moderated(q.room)
	if err != nil {
		return changedPolicy{}, err
	}
	p, err := q.change.apply(r.state().Policy())
	if err != nil {
		return changedPolicy{}, err
	}
	if r.owner() {
		err = r.desk.setPolicy(p)
		return changedPolicy{info: policyInfo(r.state().Policy())}, err
	}
	if err := r.state().MayOrder(l.n.self, authority.SetPolicy{Policy: p}, l.now()); err != nil {
		return changedPolicy{}, mayNot(err)
	}
	var all []protocol.OrderRequest
	if q.change.Subject != nil {
		all = append(all, protocol.OrderRequest{Kind: protocol.OrderSubject, Text: p.Subject})
	}
	if q.change.Access != nil {
		all = append(all, protocol.OrderRequest{Kind: protocol.OrderAccess, Access: p.Access})
	}
	o, err := r.decide(all...)
	return changedPolicy{policyInfo(p), o}, err
}

// setPolicy changes the policy. One that lets only some members talk names the last lines of the others.
func (d *authorityDesk) setPolicy(p protocol.Policy) error {
	ev := authority.SetPolicy{Policy: p}
	if st := d.r.state(); p.VoicedOnly && !st.Policy().VoicedOnly {
		ev.Cuts = make(map[peer.ID]protocol.Cut)
		for _, m := range st.Members() {
			cut, err := d.cutOf(m.Peer)
			if err != nil {
				return err
			}
			ev.Cuts[m.Peer] = cut
		}
	}
	return d.step(ev)
}

// apply returns p with the changes.
func (c PolicyChange) apply(p protocol.Policy) (protocol.Policy, error) {
	var err error
	if c.Access != nil {
		if p.Access, err = c.Access.parse(); err != nil {
			return p, err
		}
	}
	if c.History != nil {
		if p.History, err = c.History.parse(); err != nil {
			return p, err
		}
	}
	if c.Subject != nil {
		if p.Subject, err = protocol.NormalizeSubject(*c.Subject); err != nil {
			return p, &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadSubject, Limit: protocol.MaxSubject}
		}
	}
	if c.IdleS != nil {
		if p.Idle, err = policyTime("a room cannot close by itself after", fault.BadIdle, *c.IdleS, 0); err != nil {
			return p, err
		}
	}
	if c.RetainS != nil {
		if p.Retain, err = policyTime("lines cannot be kept for", fault.BadRetain, *c.RetainS, 1); err != nil {
			return p, err
		}
	}
	if c.Speak != nil {
		if p.VoicedOnly, err = c.Speak.parse(); err != nil {
			return p, err
		}
	}
	if c.SlowS != nil {
		const longest = int64(protocol.MaxSlow / time.Second)
		if *c.SlowS < 0 || *c.SlowS > longest {
			return p, &Error{Code: CodeInvalid, Text: fmt.Sprintf("members cannot be limited to one line every %d seconds", *c.SlowS), Reason: fault.BadSlow, Limit: int(longest)}
		}
		p.Slow = time.Duration(*c.SlowS) * time.Second
	}
	if c.MembersInvite != nil {
		p.MembersInvite = *c.MembersInvite
	}
	if c.HideReasons != nil {
		p.HideReasons = *c.HideReasons
	}
	return p, nil
}

func policyTime(cannot string, why fault.Reason, s, least int64) (time.Duration, error) {
	const longest = int64(protocol.MaxPolicyTime / time.Second)
	if s < least || s > longest {
		return 0, &Error{Code: CodeInvalid, Text: fmt.Sprintf("%s %d seconds", cannot, s), Reason: why}
	}
	return time.Duration(s) * time.Second, nil
}

// policyChanges returns the names in JSON of the fields in which two policies differ.
func policyChanges(before, after protocol.Policy) (changed []string) {
	for _, c := range []struct {
		name string
		is   bool
	}{
		{"access", before.Access != after.Access},
		{"subject", before.Subject != after.Subject},
		{"idle_s", before.Idle != after.Idle},
		{"retain_s", before.Retain != after.Retain},
		{"history", before.History != after.History},
		{"members_invite", before.MembersInvite != after.MembersInvite},
		{"hide_reasons", before.HideReasons != after.HideReasons},
		{"speak", before.VoicedOnly != after.VoicedOnly},
		{"slow_s", before.Slow != after.Slow},
	} {
		if c.is {
			changed = append(changed, c.name)
		}
	}
	return changed
}

func policyInfo(p protocol.Policy) PolicyInfo {
	return PolicyInfo{
		Access: accessFrom(p.Access), Subject: p.Subject, IdleS: int64(p.Idle / time.Second), RetainS: int64(p.Retain / time.Second),
		History: historyFrom(p.History), MembersInvite: p.MembersInvite, HideReasons: p.HideReasons,
		Speak: speakFrom(p.VoicedOnly), SlowS: int64(p.Slow / time.Second),
	}
}
