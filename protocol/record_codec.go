package protocol

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol/internal/pb"
)

func (r Record) encode() ([]byte, error) {
	m := &pb.Record{
		Room: orNone(r.Room[:]), Seq: r.Seq, Prev: orNone(r.Prev[:]), Term: r.Term, Epoch: r.Epoch,
		At: millis(r.At), Author: []byte(r.Author), Key: orNone(r.KeyHash[:]), By: []byte(r.By),
	}
	switch b := r.Body.(type) {
	case Create:
		m.Body = &pb.Record_Create{Create: &pb.Create{
			Name: b.Name, Nick: b.Nick, Policy: b.Policy.toPB(), Salt: b.Salt[:],
		}}
	case Admit:
		m.Body = &pb.Record_Admit{Admit: &pb.Admit{Peer: []byte(b.Peer), Nick: b.Nick, Invite: orNone(b.Invite[:])}}
	case Leave:
		m.Body = &pb.Record_Leave{Leave: &pb.Leave{Peer: []byte(b.Peer), Cut: b.Cut.toPB()}}
	case Remove:
		m.Body = &pb.Record_Remove{Remove: &pb.Remove{
			Peer: []byte(b.Peer), Kind: pb.ReasonKind(b.Kind), Until: millis(b.Until), Cut: b.Cut.toPB(),
		}}
	case Unban:
		m.Body = &pb.Record_Unban{Unban: &pb.Unban{Peer: []byte(b.Peer)}}
	case SetPolicy:
		m.Body = &pb.Record_SetPolicy{SetPolicy: &pb.SetPolicy{Policy: b.Policy.toPB(), NewEpoch: b.NewEpoch, Cuts: cutsToPB(b.Cuts)}}
	case Rekey:
		m.Body = &pb.Record_Rekey{Rekey: &pb.Rekey{}}
	case Close:
		m.Body = &pb.Record_Close{Close: &pb.Close{Kind: pb.ReasonKind(b.Kind)}}
	case Mute:
		m.Body = &pb.Record_Mute{Mute: &pb.Mute{Peer: []byte(b.Peer), Until: millis(b.Until), Cut: b.Cut.toPB()}}
	case Voice:
		m.Body = &pb.Record_Voice{Voice: &pb.Voice{Peer: []byte(b.Peer), Until: millis(b.Until)}}
	case Unvoice:
		m.Body = &pb.Record_Unvoice{Unvoice: &pb.Unvoice{Peer: []byte(b.Peer), Cut: b.Cut.toPB()}}
	case Unmute:
		m.Body = &pb.Record_Unmute{Unmute: &pb.Unmute{Peer: []byte(b.Peer)}}
	case SetDeputies:
		set := &pb.SetDeputies{Cuts: cutsToPB(b.Cuts)}
		for _, p := range b.Peers {
			set.Deputies = append(set.Deputies, &pb.Deputy{Peer: []byte(p)})
		}
		m.Body = &pb.Record_SetDeputies{SetDeputies: set}
	case Pardon:
		m.Body = &pb.Record_Pardon{Pardon: &pb.Pardon{Peer: []byte(b.Peer)}}
	case Warn:
		m.Body = &pb.Record_Warn{Warn: &pb.Warn{Peer: []byte(b.Peer)}}
	case Transfer:
		m.Body = &pb.Record_Transfer{Transfer: b.toPB()}
	case SetNick:
		m.Body = &pb.Record_SetNick{SetNick: &pb.SetNick{Peer: []byte(b.Peer), Nick: b.Nick}}
	}
	return encodePayload("record", m)
}

func decodeRecord(b []byte) (Record, error) {
	var m pb.Record
	if err := unmarshal("record", b, &m); err != nil {
		return Record{}, err
	}
	var r fieldReader
	rec := Record{
		Seq: r.count("seq", m.Seq, 1), Term: r.count("term", m.Term, 1), Epoch: r.count("epoch", m.Epoch, 1),
		At: r.time("at", m.At), Author: r.peer("author", m.Author),
	}
	r.optional("room", rec.Room[:], m.Room)
	r.optional("prev", rec.Prev[:], m.Prev)
	rec.Body = r.body(&m, rec.At)
	r.optional("key", rec.KeyHash[:], m.Key)
	if StartsEpoch(rec.Body) == rec.KeyHash.IsZero() {
		r.fail("key", "there is one if, and only if, the record starts an epoch")
	}
	// A first record is a Create, has seq 1, no room and no prev: all four or none.
	_, create := rec.Body.(Create)
	if create != (rec.Seq == 1) || create != (rec.Room == RoomID{}) || create != rec.Prev.IsZero() {
		r.fail("body", "Create, and it alone, is seq 1 with neither room nor prev")
	}
	if len(m.By) > 0 {
		rec.By = r.peer("by", m.By)
		if !MayBeOrdered(rec.Body) || rec.By == rec.Author {
			r.fail("by", "a deputy orders no such record, or is its author")
		}
	}
	if r.err != nil {
		return Record{}, r.err
	}
	return rec, nil
}

func (r *fieldReader) body(m *pb.Record, at time.Time) Body {
	switch b := m.Body.(type) {
	case *pb.Record_Create:
		c := Create{
			Name: r.roomName("create.name", b.Create.Name), Nick: r.nick("create.nick", b.Create.Nick),
			Policy: r.policy("create.policy", b.Create.Policy),
		}
		r.fixed("create.salt", c.Salt[:], b.Create.Salt)
		return c
	case *pb.Record_Admit:
		a := Admit{Peer: r.peer("admit.peer", b.Admit.Peer), Nick: r.nick("admit.nick", b.Admit.Nick)}
		r.optional("admit.invite", a.Invite[:], b.Admit.Invite)
		return a
	case *pb.Record_Leave:
		return Leave{Peer: r.peer("leave.peer", b.Leave.Peer), Cut: r.cut("leave.cut", b.Leave.Cut)}
	case *pb.Record_Remove:
		return r.remove(b.Remove, at)
	case *pb.Record_Unban:
		return Unban{Peer: r.peer("unban.peer", b.Unban.Peer)}
	case *pb.Record_SetPolicy:
		return r.setPolicy(b.SetPolicy)
	case *pb.Record_Rekey:
		return Rekey{}
	case *pb.Record_Close:
		k := readKind(b.Close.Kind)
		if k != Closed && k != Idle {
			r.fail("close.kind", "neither closed nor idle")
		}
		return Close{Kind: k}
	case *pb.Record_Mute:
		mute := Mute{Peer: r.peer("mute.peer", b.Mute.Peer), Until: r.timeOrNone("mute.until", b.Mute.Until), Cut: r.cut("mute.cut", b.Mute.Cut)}
		if !mute.Until.IsZero() && !mute.Until.After(at) {
			r.fail("mute.until", "a mute that ends before it begins")
		}
		return mute
	case *pb.Record_Voice:
		v := Voice{Peer: r.peer("voice.peer", b.Voice.Peer), Until: r.timeOrNone("voice.until", b.Voice.Until)}
		if !v.Until.IsZero() && !v.Until.After(at) {
			r.fail("voice.until", "a voice that ends before it begins")
		}
		return v
	case *pb.Record_Unvoice:
		return Unvoice{Peer: r.peer("unvoice.peer", b.Unvoice.Peer), Cut: r.cut("unvoice.cut", b.Unvoice.Cut)}
	case *pb.Record_Unmute:
		return Unmute{Peer: r.peer("unmute.peer", b.Unmute.Peer)}
	case *pb.Record_SetDeputies:
		return r.setDeputies(b.SetDeputies)
	case *pb.Record_Pardon:
		return Pardon{Peer: r.peer("pardon.peer", b.Pardon.Peer)}
	case *pb.Record_Warn:
		return Warn{Peer: r.peer("warn.peer", b.Warn.Peer)}
	case *pb.Record_Transfer:
		return r.transfer(b.Transfer)
	case *pb.Record_SetNick:
		return SetNick{Peer: r.peer("set_nick.peer", b.SetNick.Peer), Nick: r.nick("set_nick.nick", b.SetNick.Nick)}
	}
	r.fail("body", "absent, or of a kind unknown here")
	return nil
}

func (r *fieldReader) remove(m *pb.Remove, at time.Time) Remove {
	rm := Remove{
		Peer: r.peer("remove.peer", m.Peer), Kind: readKind(m.Kind),
		Until: r.timeOrNone("remove.until", m.Until), Cut: r.cut("remove.cut", m.Cut),
	}
	switch {
	case rm.Kind != Kicked && rm.Kind != Banned:
		r.fail("remove.kind", "neither kicked nor banned")
	case rm.Until.IsZero():
	case rm.Kind == Kicked:
		r.fail("remove.until", "a kick has no end")
	case !rm.Until.After(at):
		r.fail("remove.until", "a ban that ends before it begins")
	}
	return rm
}

func (r *fieldReader) setDeputies(m *pb.SetDeputies) (set SetDeputies) {
	if !r.items("set_deputies.deputies", len(m.Deputies), MaxDeputies) {
		return set
	}
	for _, d := range m.Deputies {
		p := r.peer("set_deputies.deputies.peer", d.Peer)
		if slices.Contains(set.Peers, p) {
			r.fail("set_deputies.deputies.peer", "twice")
		}
		set.Peers = append(set.Peers, p)
	}
	set.Cuts = r.cuts("set_deputies.cuts", m.Cuts, MaxDeputies)
	return set
}

func (r *fieldReader) setPolicy(m *pb.SetPolicy) SetPolicy {
	p := SetPolicy{Policy: r.policy("set_policy.policy", m.Policy), NewEpoch: m.NewEpoch, Cuts: r.cuts("set_policy.cuts", m.Cuts, MaxMembers)}
	if len(p.Cuts) > 0 && !(p.NewEpoch && p.Policy.VoicedOnly) {
		r.fail("set_policy.cuts", "under a policy that takes no voice")
	}
	return p
}

// cuts are the cuts of at most limit members, in the order of the peers.
func (r *fieldReader) cuts(field string, ms []*pb.MemberCut, limit int) (cuts []MemberCut) {
	if !r.items(field, len(ms), limit) {
		return nil
	}
	var last peer.ID
	for _, c := range ms {
		cut := MemberCut{r.peer(field+".peer", c.Peer), r.cut(field+".cut", c.Cut)}
		if c.Cut == nil {
			r.fail(field+".cut", "absent")
		}
		if cut.Peer <= last {
			r.fail(field, "not in the order of the peers")
		}
		last = cut.Peer
		cuts = append(cuts, cut)
	}
	return cuts
}

func cutsToPB(cuts []MemberCut) []*pb.MemberCut {
	var all []*pb.MemberCut
	for _, c := range cuts {
		all = append(all, &pb.MemberCut{Peer: []byte(c.Peer), Cut: c.Cut.toPB()})
	}
	return all
}

func (c Cut) toPB() *pb.Cut {
	if c == (Cut{}) {
		return nil
	}
	return &pb.Cut{Ctr: c.Ctr, Hash: c.Hash[:]}
}

func (r *fieldReader) cut(field string, m *pb.Cut) (c Cut) {
	if m == nil {
		return c
	}
	c.Ctr = r.count(field+".ctr", m.Ctr, 1)
	r.fixed(field+".hash", c.Hash[:], m.Hash)
	return c
}

func (p Policy) toPB() *pb.Policy {
	return &pb.Policy{
		Access: pb.Access(p.Access), Subject: p.Subject,
		IdleSeconds: units(p.Idle, time.Second), RetainSeconds: units(p.Retain, time.Second),
		History: pb.History(p.History), MembersInvite: p.MembersInvite, HideReasons: p.HideReasons,
		VoicedOnly: p.VoicedOnly, SlowSeconds: units(p.Slow, time.Second),
	}
}

func (r *fieldReader) policy(field string, m *pb.Policy) Policy {
	if m == nil {
		r.fail(field, "absent")
		return Policy{}
	}
	p := Policy{
		Access:        Access(r.closedEnum(field+".access", int32(m.Access), uint8(Invite))),
		Subject:       r.subject(field+".subject", m.Subject),
		Idle:          r.span(field+".idle_seconds", m.IdleSeconds, time.Second, MaxPolicyTime),
		Retain:        r.span(field+".retain_seconds", m.RetainSeconds, time.Second, MaxPolicyTime),
		History:       History(r.closedEnum(field+".history", int32(m.History), uint8(HistoryAll))),
		MembersInvite: m.MembersInvite, HideReasons: m.HideReasons,
		VoicedOnly: m.VoicedOnly, Slow: r.span(field+".slow_seconds", m.SlowSeconds, time.Second, MaxSlow),
	}
	if m.RetainSeconds == 0 {
		r.fail(field+".retain_seconds", "zero")
	}
	return p
}

// readKind returns a kind, or Other for an unknown one.
func readKind(k pb.ReasonKind) ReasonKind {
	if k < 0 || k > pb.ReasonKind(Pardoned) {
		return Other
	}
	return ReasonKind(k)
}

func (r Reason) encode() ([]byte, error) {
	return encodePayload("reason", &pb.Reason{
		Room: r.Room[:], Peer: []byte(r.Peer), Kind: pb.ReasonKind(r.Kind), Text: r.Text, By: []byte(r.By),
		ByNick: r.ByNick, At: millis(r.At), Until: millis(r.Until), Removal: r.Removal, Nonce: r.Nonce[:],
		For: []byte(r.For), ForNick: r.ForNick,
	})
}

func decodeReason(b []byte) (Reason, error) {
	var m pb.Reason
	if err := unmarshal("reason", b, &m); err != nil {
		return Reason{}, err
	}
	var r fieldReader
	rs := Reason{
		Room: r.room("room", m.Room), Peer: r.peer("peer", m.Peer), Kind: readKind(m.Kind),
		Text: r.reason("text", m.Text), By: r.peer("by", m.By), ByNick: r.nick("by_nick", m.ByNick),
		At: r.time("at", m.At), Until: r.timeOrNone("until", m.Until),
		Removal: r.count("removal", m.Removal, 1), Nonce: r.nonce("nonce", m.Nonce),
	}
	r.reasonParties("", &rs, m.For, m.ForNick)
	if r.err != nil {
		return Reason{}, r.err
	}
	return rs, nil
}

// reasonParties reads the peer for which a deputy has decided, and looks whether a reason of its kind has an end.
func (r *fieldReader) reasonParties(prefix string, rs *Reason, of []byte, nick string) {
	if len(of) > 0 || nick != "" {
		rs.For, rs.ForNick = r.peer(prefix+"for", of), r.nick(prefix+"for_nick", nick)
		if rs.For == rs.By {
			r.fail(prefix+"for", "nobody acts for itself")
		}
	}
	if !rs.Until.IsZero() && rs.Kind != Banned && rs.Kind != Muted && rs.Kind != Pardoned && rs.Kind != Other {
		r.fail(prefix+"until", "only a ban, a mute or a pardon has an end")
	}
}

func (r *fieldReader) nick(field, s string) string  { r.failWith(field, validNick(s)); return s }
func (r *fieldReader) asked(field, s string) string { r.failWith(field, validAsked(s)); return s }

func (r *fieldReader) roomName(field, s string) string { r.failWith(field, validRoomName(s)); return s }

func (r *fieldReader) subject(field, s string) string { r.failWith(field, validSubject(s)); return s }

func (r *fieldReader) reason(field, s string) string { r.failWith(field, validReason(s)); return s }
func (r *fieldReader) appeal(field, s string) string { r.failWith(field, validAppeal(s)); return s }
func (r *fieldReader) text(field, s string) string   { r.failWith(field, ValidText(s)); return s }
