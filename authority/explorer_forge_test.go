package authority

import "localchat/protocol"

// forgeAck acknowledges a reason that the client was never given.
func (e *explorer) forgeAck(i, j int, how uint8) {
	m := e.model[e.folk[i].peer]
	if m == nil {
		return
	}
	ack := protocol.PollAck{Room: e.ledger.state.Room(), Removal: m.removal}
	switch how % 3 {
	case 0:
		ack.Nonce = e.folk[i].clients[j].seat.Nonce
	case 1:
		ack.Removal, ack.Nonce = m.removal-1, m.nonce
	}
	if ack.Removal == m.removal && ack.Nonce == m.nonce {
		return // a client that knows both has the reason, and harms itself alone
	}
	p := parcel{folk: i, client: j, ask: protocol.PollAsk{Ack: &ack}, op: e.history.call(i, j, registerInput{
		op: opAck, removal: ack.Removal, nonce: ack.Nonce,
	})}
	e.note("forged: %v", p)
	e.deliverAck(p, 99)
}

// forgePoll polls with the nonce of another client, for another room, or for an admission that never was. It is answered as any other
// poll, and the answer is dropped. Its claim counts, since the peer is entitled to it.
func (e *explorer) forgePoll(i int, how uint8) {
	of := e.folk[int(how>>4)%len(e.folk)].clients[how>>3%2].seat
	if of.Nonce == (protocol.Nonce{}) {
		return // no such request can be read
	}
	q := protocol.PollRequest{Room: e.ledger.state.Room(), Nonce: of.Nonce, Admission: of.Admission}
	switch how % 4 {
	case 0:
		q.Room[0]++
	case 1:
		q.Admission += uint64(how) >> 4
	}
	if how>>2%2 == 0 {
		e.forgeHead(&q, how)
	}
	f := e.folk[i]
	e.note("forged by %s: poll with %x of admission %d, room %x, which has %d, %x", f.name, q.Nonce[:1], q.Admission, q.Room[:1], q.HaveSeq, q.Head[:1])
	asked := registerInput{op: opPoll, admission: q.Admission, nonce: q.Nonce}
	if q.Room != e.heard.Room() {
		asked.admission = 0 // none of this room's
	}
	op := e.history.call(i, 0, asked)
	if a, ok := e.answerPoll(f.peer, q, 99); ok {
		e.history.answers(op, replyOf(a))
	}
}

// forgeHead turns q into a poll of a client with another log, with a longer one, or (with the true hash) with the same.
func (e *explorer) forgeHead(q *protocol.PollRequest, how uint8) {
	records := e.disk.records
	last := uint64(len(records))
	q.HaveSeq, q.Head = last-uint64(how>>3)%last, protocol.Hash{how | 1}
	switch how >> 3 % 4 {
	case 0:
		q.HaveSeq = last + 1 + uint64(how>>5)
	case 1:
		q.Head = records[q.HaveSeq-1].Hash()
	}
}
