package node

import (
	"context"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// serveSync gives a fellow member what it lacks. Who is no member gets an empty answer.
func (n *Node) serveSync(s network.Stream) {
	var req protocol.SyncRequest
	serve(n, s, &req, func(caller peer.ID) (*protocol.SyncReply, error) {
		if !n.admission.mayAnswer(caller) {
			n.admission.refuse(n.admission.visitor(s.Conn()), aComparison)
			return nil, errTooMuch
		}
		reply, err := ask(n.ctx, n, syncAsked{caller, req, openProof(req.Proof)})
		if err == nil {
			n.admission.answered(caller, reply)
			if !reply.More { // what fills whole pages has a budget of its own
				n.admission.count(n.admission.visitor(s.Conn()), aComparison, 1)
			}
		}
		return reply, err
	})
}

// syncSoon compares heads with a fellow member after d, unless that is about to happen anyway.
func (r *room) syncSoon(d time.Duration) {
	now := r.l.now()
	// One at a time, and not more often than syncSpacing, however much is said.
	at := now.Add(d)
	if next := r.synced.Add(syncSpacing); at.Before(next) {
		at = next
	}
	if !r.joined || !r.syncAt.IsZero() && !r.syncAt.Before(now) && !at.Before(r.syncAt) {
		return
	}
	r.syncAt = at
	id := r.id
	time.AfterFunc(at.Sub(now), func() { r.l.n.post(syncDue{id}) })
}

// syncSpacing is the least time between two comparisons that one node begins in one room.
const syncSpacing = 400 * time.Millisecond

// settleSyncs follow the one after joining: what was said while the gossip formed is fetched within seconds.
const settleSyncs = 2

// seek looks for records or keys that something here is waiting for.
func (r *room) seek() { r.syncSoon(0) }

type (
	// syncDue: it is time to compare heads.
	syncDue struct{ room protocol.RoomID }
	// syncAsked: a fellow member compares its heads with ours.
	syncAsked struct {
		peer  peer.ID
		req   protocol.SyncRequest
		proof []protocol.SignedRecord // of req, verified
	}
	// synced: the answer of a fellow member, decoded and verified; err says that there is none.
	synced struct {
		room    protocol.RoomID
		peer    peer.ID
		records []protocol.SignedRecord
		proof   []protocol.SignedRecord
		keys    []protocol.EpochKey
		lines   []protocol.Message
		ages    map[protocol.Hash]time.Duration // of lines
		reply   protocol.SyncReply
		doubted map[peer.ID]uint64 // whose lines the authority was asked for, and from where on
		// What became of it, a piece at a time: there was something new, and each line could be judged.
		fresh, whole bool
		err          error
	}
)

func (e syncDue) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil || !r.joined || r.busy || r.syncAt.IsZero() || l.now().Before(r.syncAt) {
		return
	}
	r.syncAt = time.Time{}
	p, news := r.syncPartner()
	if p == "" {
		return
	}
	r.busy, r.synced = true, l.now()
	r.partners.compared[p] = r.synced
	req := r.headRequest()
	req.Keys, req.Heads, req.News = r.missingKeys(), r.pages.heads(p, req.Heads), news
	doubted, before := r.askDoubts(p, &req), r.current()
	l.n.spawn(func(ctx context.Context) {
		s := synced{room: e.room, peer: p, doubted: doubted}
		inTime, cancel := context.WithTimeout(network.WithNoDial(r.ctx, "sync"), syncTimeout)
		defer cancel()
		s.err = l.n.request(inTime, p, protocol.SyncID, &req, &s.reply)
		s.verify()
		if s.err == nil {
			s.takeAhead(ctx, l.n, r, before)
		}
		l.n.post(s)
	})
}

// verify opens what came; what does not verify is dropped, and all that follows it.
func (s *synced) verify() {
	s.proof = openProof(s.reply.Proof)
	var rest [][]byte
	if s.records, rest = openRecords(s.reply.Records); len(rest) > 0 {
		return
	}
	s.keys, s.ages = s.reply.Keys, make(map[protocol.Hash]time.Duration, len(s.reply.Ages))
	for i, raw := range s.reply.Lines {
		m, err := protocol.OpenMessage(s.room, raw)
		if err != nil {
			return
		}
		s.lines = append(s.lines, m)
		if i < len(s.reply.Ages) {
			s.ages[m.ID] = s.reply.Ages[i]
		}
	}
}

// missingKeys are the epochs of lines that wait here for their key.
func (r *room) missingKeys() []uint64 {
	var epochs []uint64
	for _, m := range r.early {
		if _, ok := r.keys.Get(m.Epoch); ok || len(epochs) == protocol.MaxMembers {
			continue
		}
		known := false
		for _, e := range epochs {
			known = known || e == m.Epoch
		}
		if !known {
			epochs = append(epochs, m.Epoch)
		}
	}
	return epochs
}

func (q syncAsked) run(l *loop) (*protocol.SyncReply, error) {
	reply := &protocol.SyncReply{}
	here := l.rooms[q.req.Room]
	if here != nil {
		here.takeProof(q.proof) // from anybody: it is the authority that has signed it
	}
	r, _ := l.roomWith(q.req.Room, q.peer)
	if r == nil {
		if here != nil {
			reply.Proof = here.twinForFormer(q.peer, q.req.HaveSeq, q.req.Head)
		}
		return reply, nil
	}
	var moreRecords, moreLines bool
	reply.Records, moreRecords = recordsAfter(r.records, q.req.HaveSeq)
	wanted := make(map[uint64]bool, len(q.req.Keys))
	for _, e := range q.req.Keys {
		wanted[e] = true
	}
	reply.Keys = r.keysFor(q.peer, 0, wanted)
	var lines []*transcript.Line
	lines, moreLines = r.log.Missing(q.req.Heads, func(ln *transcript.Line) bool { return r.gives(q.peer, ln) })
	for _, ln := range lines {
		reply.Lines = append(reply.Lines, ln.Msg.Raw())
	}
	reply.Ages = r.agesOf(lines)
	r.takeProof(q.proof)
	r.noteAsked(q.peer, q.req)
	st := r.current()
	reply.HaveSeq, reply.Head, reply.Heads = st.Seq(), st.Head(), r.log.News(q.req.Heads, q.peer)
	reply.Last, reply.Proof = r.log.Cut(q.peer), r.twinRecord(q.req.HaveSeq, q.req.Head)
	reply.More = moreRecords || moreLines
	return reply, nil
}

// gives reports whether the policy lets p have ln when it asks: what was said before its admission only where that gives
// all, and nothing whose time is up.
func (r *room) gives(p peer.ID, ln *transcript.Line) bool {
	st := r.current()
	if r.tooOld(r.age(ln)) {
		return false
	}
	switch st.Policy().History {
	case protocol.HistoryAll:
		return true
	case protocol.HistoryNone:
		if r.age(ln) > repairFor {
			return false
		}
	}
	return st.MemberAt(p, ln.Msg.Epoch)
}

// elder reports whether p may have all that me may have.
func (r *room) elder(p peer.ID, me authority.Member) bool {
	m, in := r.current().Member(p)
	return in && (m.Admission <= me.Admission || r.current().Policy().History == protocol.HistoryAll)
}

func (e synced) handle(l *loop) {
	r := l.rooms[e.room]
	if r == nil {
		return
	}
	r.busy = false
	if e.err != nil {
		if r.pages.from == e.peer {
			r.pages = pages{}
		}
		l.n.log.Debug("sync", "room", r.id, "peer", e.peer, "err", e.err)
		r.compared(false, false)
		r.syncSoon(syncSoon) // with another
		return
	}
	whole := e.whole && !e.reply.More && e.reply.HaveSeq > 0 && len(e.lines) == len(e.reply.Lines)
	for author := range r.held {
		r.letGo(author)
	}
	words := r.pages.turn(e, e.fresh, func(m protocol.Message) bool { return r.log.Get(m.ID) != nil })
	r.settleDoubts(e.doubted, e.lines, e.reply.More)
	if whole {
		r.partners.gave[e.peer] = l.clock.even()
		if me, in := r.me(); !in || !r.elder(e.peer, me) {
			words = nil
		}
		r.log.Settle(words, l.clock.even().Add(-lostAfter))
		for p := range r.log.Authors() {
			r.owesReceipt(p) // what came out of turn may be whole now
		}
	}
	if e.peer == r.authority() && !e.reply.More {
		r.ended = false
	}
	r.noteDelivered(e)
	goesOn := r.pages.from != "" && l.now().Sub(r.flooded) >= floodPause
	r.compared(whole, goesOn)
	if goesOn || r.resync > 0 || len(r.partners.due) > 0 {
		r.resync = max(0, r.resync-1)
		if goesOn && r.pages.full {
			r.synced = l.now().Add(-syncSpacing) // it is still the same comparison
		}
		r.syncSoon(0)
	}
}

// takeGiven judges a line that a fellow member hands over as one that came by gossip would be. It reports false where the
// line cannot be judged yet.
func (r *room) takeGiven(m protocol.Message, g transcript.Given, vouched, late bool) bool {
	v := r.current().Check(m.Author, m.Header)
	if line, ok := r.snap.Load().open(m, v); ok {
		line.Vouched, line.Given = vouched, g
		switch {
		case late:
			line.Fetched = true
			r.takeLine(line, true)
		case r.log.Get(m.ID) != nil || r.inBudget(m.Author, line.Content.Text):
			r.takeLive(line, line.Late)
		}
		return true
	}
	if _, ok := r.keys.Get(m.Epoch); !ok && counts(v) || !late && v == authority.VerdictUnknown {
		if r.keepEarly(m) && g.Age > 0 {
			r.earlyAges[m.ID] = earlyAge{g, r.l.clock.even()}
		}
		return false
	}
	return true
}

// mayConfirm reports whether p's word for which of our lines it has counts. The authority's is the best; while it is away, or
// is ourselves, any member's will do.
func (r *room) mayConfirm(p peer.ID) bool {
	return p == r.authority() || r.owner() || !r.away.since.IsZero()
}

// noteDelivered: what a node gives us back of our own lines it has, whatever its head says: after a start of ours it does not
// know whether something lies before.
func (r *room) noteDelivered(e synced) {
	if !r.mayConfirm(e.peer) {
		return
	}
	has := make(map[protocol.Hash]bool)
	for _, m := range e.lines {
		if m.Author == r.l.n.self {
			has[m.ID] = true
		}
	}
	head := uint64(0)
	for _, h := range e.reply.Heads {
		if h.Author == r.l.n.self {
			head = h.Ctr
		}
	}
	// A head is above what was never said to its owner, too.
	r.delivered(func(ln *transcript.Line) bool { return has[ln.Msg.ID] || ln.Msg.Ctr <= head && r.gives(e.peer, ln) })
	if r.fresh && r.owner() {
		r.syncSoon(syncSoon)
	}
}

// delivered: another node has those of our lines that has says.
func (r *room) delivered(has func(*transcript.Line) bool) {
	for _, ln := range r.log.Of(r.l.n.self) {
		if ln.Delivered || ln.Taken || !has(ln) {
			continue
		}
		ln.Delivered = true
		if ln.Content.Kind != protocol.ReasonNote {
			r.l.emit(r, Delivered{ID: ln.ID()})
		}
	}
	r.fresh = r.undelivered()
	r.release()
}

func (r *room) undelivered() bool {
	for _, ln := range slices.Backward(r.log.Of(r.l.n.self)) {
		if !ln.Taken {
			return !ln.Delivered
		}
	}
	return false
}

// checkDelivery asks who has our lines when nobody has said so for a while. It says that a line has reached nobody, once,
// when there is somebody whom it should have reached.
func (r *room) checkDelivery() {
	if r.current().Len() < 2 || !r.undelivered() {
		return
	}
	wait, even := false, r.l.clock.even()
	for _, ln := range r.log.Of(r.l.n.self) {
		if ln.Delivered || ln.Taken {
			continue
		}
		wait = wait || even.Sub(ln.Got) >= receiptBy
		if !ln.Warned && even.Sub(ln.Got) >= deliverBy {
			ln.Warned = true
			r.l.emit(r, Warning{Code: "not_delivered", Text: "not delivered yet: " + firstWords(ln.Content.Text)})
		}
	}
	r.release()
	if wait && !r.busy {
		r.syncSoon(syncSoon)
	}
}

// recordsAfter are the records after seq as they came, up to a frame's worth, and whether there are more.
func recordsAfter(records []protocol.SignedRecord, seq uint64) (raw [][]byte, more bool) {
	size := 0
	for i := seq; i < uint64(len(records)); i++ {
		b := records[i].Bytes()
		size += len(b) + 8
		if size > protocol.MaxBatch/2 || len(raw) == protocol.MaxBatchItems {
			return raw, true
		}
		raw = append(raw, b)
	}
	return raw, false
}

// keysFor are the keys that p may have of the epochs after that one, or of those among them that are wanted: of the epochs in
// which it was a member, or of all where the policy shows a newcomer what was said before. The ring has no key of an epoch whose
// record is not in the log, so that whom that record removes is known.
func (r *room) keysFor(p peer.ID, after uint64, wanted map[uint64]bool) []protocol.EpochKey {
	st := r.current()
	all := st.Policy().History == protocol.HistoryAll
	if _, member := st.Member(p); !member {
		return nil
	}
	var keys []protocol.EpochKey
	for k := range r.keys.After(after) {
		if wanted != nil && !wanted[k.Epoch] || !all && !st.MemberAt(p, k.Epoch) {
			continue
		}
		keys = append(keys, k)
	}
	if over := len(keys) - protocol.MaxBatchItems; over > 0 {
		keys = keys[over:]
	}
	return keys
}
