package node

import (
	"context"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/clock"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// A loop owns every piece of a node's state: rooms, the dial book, what has been found, the subscriptions. One
// goroutine runs it; everything below without another owner named belongs to it.
type loop struct {
	n         *Node
	store     *store.Store
	rooms     map[protocol.RoomID]*room
	order     []protocol.RoomID // of entering
	directory directory
	warned    map[string]time.Time // by code, and the name or the member it is about
	trusts    trusts
	away      protocol.Away // what others are told of this node's person
	pins      pins
	book      *book
	subs      map[*Subscription]struct{}
	seq       uint64 // of the last event
	past      past
	numbers   map[protocol.RoomID]uint64 // the last message number used, kept when a room is left
	dormant   dormant
	moved     map[protocol.RoomID]store.Moved // rooms that this node has given away
	pastRooms map[protocol.RoomID]pastRoom    // rooms that this node was in, to answer peers that ask for them
	clock     *clock.Clock
	woke      bool // this node has stood still, and tick has not seen it yet
	farewell  farewell
	// guestsChanged is set if the list of guests may have changed since it was published.
	guestsChanged bool
	directs       shares
	directLog     directLog
	relayShares   shares
	// notices has the reasons that are kept, and that no face is known to have shown yet.
	notices  map[noticeKey]*pendingNotice
	places   map[protocol.RoomID]*pastPlace // that this node has lost
	memory   *peerMemory                    // nil: no peer is remembered
	diskSaid diskWarning
	// versionTold is the time when the user was last told of nodes of another version.
	versionTold time.Time
	twin        twin
	tempo       rhythm
	trouble     string // why others cannot find us by mDNS, "" for nothing
	// unheard has the latest warnings that came while nobody read events, at most maxUnheard.
	unheard []Event
	// aside has the rooms of identities that were moved away, of which the user has not been told yet.
	aside []store.Aside
}

func newLoop(n *Node, s *store.Store) (*loop, error) {
	l := &loop{
		n: n, store: s,
		rooms: make(map[protocol.RoomID]*room), warned: make(map[string]time.Time),
		directory: newDirectory(), farewell: newFarewell(), notices: make(map[noticeKey]*pendingNotice), places: make(map[protocol.RoomID]*pastPlace),
		subs: make(map[*Subscription]struct{}), numbers: make(map[protocol.RoomID]uint64), pastRooms: make(map[protocol.RoomID]pastRoom),
		clock:       clock.New(),
		directs:     newDirects(),
		relayShares: newRelayShares(),
	}
	l.startRhythm()
	l.seq = firstEvent(l.now())
	l.past.first, l.past.known = l.seq, l.seq
	if n.cfg.Discovery != nil {
		l.twin.looked = l.now().Add(twinLook)
	}
	if err := s.TakeIdentity(n.self); err != nil {
		return nil, err
	}
	var err error
	if l.aside, err = s.Untold(); err != nil {
		return nil, err
	}
	l.book, err = newBook(n.self, n.cfg.Peers, n.gate)
	if err != nil {
		return nil, err
	}
	if err := l.remember(); err != nil {
		return nil, err
	}
	verified, err := s.ReadNotes(store.Verified)
	if err != nil {
		return nil, err
	}
	ignored, err := s.ReadNotes(store.Ignored)
	if err != nil {
		return nil, err
	}
	l.trusts = newTrusts(verified, ignored)
	owners, err := s.Pins()
	if err != nil {
		return nil, err
	}
	l.pins = newPins(owners)
	l.takeKnown(n.cfg.Known)
	if l.dormant, err = loadDormant(s, n.self); err != nil {
		return nil, err
	}
	if l.moved, err = s.Moved(); err != nil {
		return nil, err
	}
	if err := l.loadPlaces(!n.cfg.NoResume); err != nil {
		return nil, err
	}
	if !n.cfg.NoResume {
		if err := l.wakeAll(); err != nil {
			return nil, err
		}
	}
	if err := s.NoteIdentity(n.self); err != nil {
		return nil, err
	}
	l.saveKnown()
	return l, nil
}

// enter makes r one of our rooms and starts its goroutines.
func (l *loop) enter(r *room) {
	delete(l.pastRooms, r.id)
	l.rooms[r.id] = r
	l.order = append(l.order, r.id)
	l.guestsChanged = true
	r.start()
}

// run is the loop. It returns when the node ends, after it has ended its rooms.
func (l *loop) run(ctx context.Context) {
	defer close(l.n.ended)
	defer l.stopRhythm()
	l.book.dialDue(l, l.now())
	for {
		select {
		case <-ctx.Done():
			l.stop()
			return
		case ev := <-l.n.inbox:
			if ev.handle(l); !isRoutine(ev) {
				l.stir()
			}
		case <-l.tempo.tick.C:
			l.tickNow()
		case <-l.tempo.beat.C:
			l.beat(l.now())
		}
		if l.guestsChanged {
			l.publishGuests()
		}
	}
}

func (l *loop) stop() {
	l.keepPeers()
	for _, r := range l.rooms {
		r.stop()
	}
	l.markTaken()
	for k := range l.notices {
		l.markShown(k)
	}
	for s := range l.subs {
		close(s.c)
	}
	l.subs = nil
	if err := l.store.Close(); err != nil {
		l.n.log.Error("close the store", "err", err)
	}
}

func (l *loop) now() time.Time { return time.Now() }

// tick does what is due: it is where time enters.
func (l *loop) tick() {
	now := l.now()
	if l.watchClock(); l.woke {
		l.woke = false
		l.networkChanged("woke up")
		l.pingNow()
	}
	l.tickTwin(now)
	for _, id := range append([]protocol.RoomID(nil), l.order...) {
		if r := l.rooms[id]; r != nil {
			r.tick(now)
		}
	}
	l.boundLines()
	l.tickNotices(now)
	l.tickPlaces()
	l.past.expire(now)
	l.book.dialDue(l, now)
	if l.memory != nil && now.Sub(l.memory.kept) >= rememberEvery {
		l.keepPeers()
	}
	l.n.admission.sweep(now)
	l.tellFloods(now)
	l.relayShares.sweep(now)
	l.directs.sweep(now)
	l.guestsChanged = true // a reason may have expired, or the book wants others
	l.tickLook(now)
	l.loseRooms(now)
	l.sayRooms()
}

// env returns the environment of a ledger's step.
func (l *loop) env() authority.Env {
	return authority.Env{Now: l.clock.Wall(), Rand: random, Signer: l.n.signer, Self: l.n.self}
}

// emit tells every subscriber of an event of a room, or of the node itself.
func (l *loop) emit(r *room, body EventBody) {
	if r == nil {
		l.tell(protocol.RoomID{}, "", body)
		return
	}
	l.tell(r.id, r.label(), body)
}

// forget ends a room on this node, whatever the reason.
func (l *loop) forget(r *room) {
	r.stop()
	l.guestsChanged = true
	delete(l.rooms, r.id)
	for i, id := range l.order {
		if id == r.id {
			l.order = append(l.order[:i], l.order[i+1:]...)
			break
		}
	}
	r.desk.endRecovery()
	l.numbers[r.id] = r.talk.Used()
	if len(l.pastRooms) < maxFound {
		l.pastRooms[r.id] = pastRoom{r.label(), r.state().Closed()}
	}
	l.keepPeers() // after this they are strangers
	for _, m := range r.state().Members() {
		if !l.sharesRoom(m.Peer) {
			l.book.release(m.Peer)
		}
	}
	r.drop()
	l.sayRooms()
}

// A pastRoom is a room that this node was in.
type pastRoom struct {
	name   string
	closed bool
}

// roomWith returns the room of that id and p's membership, if this node and p are members; otherwise nil.
func (l *loop) roomWith(id protocol.RoomID, p peer.ID) (*room, authority.Member) {
	r := l.rooms[id]
	if r == nil || !r.joined {
		return nil, authority.Member{}
	}
	if _, in := r.me(); !in {
		return nil, authority.Member{}
	}
	m, member := r.state().Member(p)
	if !member {
		return nil, authority.Member{}
	}
	return r, m
}

// sharesRoom reports whether p is a member of one of our rooms, or its authority.
func (l *loop) sharesRoom(p peer.ID) bool {
	for _, r := range l.rooms {
		if _, ok := r.state().Member(p); ok || r.authority() == p {
			return true
		}
	}
	return false
}
