package node

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// serveRooms lists our rooms to any peer that asks.
func (n *Node) serveRooms(s network.Stream) {
	var req protocol.RoomsRequest
	serve(n, s, &req, func(caller peer.ID) (*protocol.RoomsReply, error) { return ask(n.ctx, n, listRooms{caller, req.After}) })
}

// A directory has what this node knows of the rooms of others.
type directory struct {
	found map[protocol.RoomID]*foundRoom
	// wanted has the rooms that a user of this node asks for, by name or id in lower case, and when they were last asked for.
	wanted map[string]time.Time
	// endings has the rooms that are known to have ended.
	endings map[roomOf]ending
	// questions is the number of questions for rooms that this node has sent.
	questions int
	// roomsTurn is the time between two questions to a connected peer for its rooms.
	roomsTurn time.Duration
	// asked is the time when a user of this node last asked for the list of rooms, or for a room by its name. looking is set while
	// somebody looks, as of the last tick; see look.go.
	asked   time.Time
	looking bool
	// said is what this node has said last of its rooms; nil: nothing. See said.go.
	said *string
	// hurried is the time when [Discovery.Hurry] was last called for a user that looks at the rooms.
	hurried time.Time
	// roomDiscovered is closed when another room is found; nil as long as no join waits for that.
	roomDiscovered chan struct{}
}

func newDirectory() directory {
	return directory{
		found: make(map[protocol.RoomID]*foundRoom), wanted: make(map[string]time.Time), endings: make(map[roomOf]ending),
		roomsTurn: roomsEvery,
	}
}

// A foundRoom is a room that another node has listed. Its Create record proves the name, the owner and the id; the rest is hearsay.
type foundRoom struct {
	create protocol.SignedRecord
	looks
	owners  owners
	access  protocol.Access
	retain  time.Duration // zero: not said
	subject string
	members int
	nick    string  // the owner's, as it says itself; "": that of the Create record, or unknown
	words   string  // the owner's
	from    peer.ID // the peer that has shown it first, and where it was
	host    string
	addrs   []multiaddr.Multiaddr // the owner's
	byOwner bool                  // said by the owner itself, the last time
	first   time.Time             // seen
	seen    time.Time
}

type (
	// listRooms: a peer asks for the rooms after one.
	listRooms struct {
		caller peer.ID
		after  protocol.RoomID
	}
	// roomsAnswered: a page of a peer's rooms, with the Create records opened.
	roomsAnswered struct {
		peer peer.ID
		// after is the last room of the page before, and next that of this one where another page follows; zero: none.
		after, next protocol.RoomID
		host        string // where it is
		ads         []openedAd
		all         map[protocol.RoomID]bool // the rooms that it lists, ads or not
		ends        []protocol.SignedRecord  // Close records
		// whole: the page has all its rooms, so that one of its own that is not there has ended.
		whole bool
		more  int // rooms that follow the page
		err   error
		// other: it speaks another version of our protocols.
		other bool
		quiet bool
		said  string // by the peer of its rooms, before it was asked
	}
	openedAd struct {
		ad     protocol.RoomAd
		create protocol.SignedRecord
		owners owners
		words  string // of the owner
	}
)

func (q listRooms) run(l *loop) (*protocol.RoomsReply, error) {
	reply, proofs := &protocol.RoomsReply{Ended: l.endsToHandOn(), Asleep: len(l.dormant.own) > 0}, 0
	for _, id := range slices.SortedFunc(slices.Values(l.order), compareRooms) {
		r := l.rooms[id]
		st := r.state()
		if compareRooms(id, q.after) <= 0 || !l.lists(r) {
			continue
		}
		if len(reply.Rooms) == protocol.MaxRooms || proofs >= pageProofs {
			reply.More = min(reply.More+1, protocol.MaxUnlisted)
			continue
		}
		ad := protocol.RoomAd{Create: r.records[0].Bytes(), Access: st.Policy().Access, Addrs: l.toldAddrsOf(st.Owner()), Retain: st.Policy().Retain}
		for _, t := range st.Transfers()[:min(len(st.Transfers()), protocol.MaxMoved)] {
			ad.Moved = append(ad.Moved, t.Bytes())
			proofs += len(t.Bytes())
		}
		if len(ad.Moved) > 0 {
			ad.OwnerNick = r.nickOf(st.Owner())
		}
		// A stranger is not told the subject of an invite-only room, nor how many members it has.
		if _, member := st.Member(q.caller); member || ad.Access != protocol.Invite {
			ad.Subject, ad.Members = st.Policy().Subject, uint32(st.Len())
		}
		reply.Rooms = append(reply.Rooms, ad)
	}
	return reply, nil
}

// lists reports whether r is one of the rooms that this node shows to others.
func (l *loop) lists(r *room) bool {
	_, in := r.me()
	return in && r.joined && !r.state().Closed() && !r.state().Frozen()
}

func compareRooms(a, b protocol.RoomID) int { return bytes.Compare(a[:], b[:]) }

// askRooms asks, once a second, the peers that are due, each in a goroutine of its own.
func (l *loop) askRooms(now time.Time) {
	asked := 0 // again and again
	for _, e := range l.book.entries {
		if e.says != "" || !e.heralds && l.n.connected(e.peer) {
			asked++
		}
	}
	l.directory.roomsTurn = max(roomsEvery, time.Duration(asked)*time.Second/roomsASecond)
	for _, e := range longestAgo(l.unasked(roomsEvery, now), roomsASecond, func(e *bookEntry) time.Time { return e.asked }) {
		l.visit(e)
	}
}

// unasked returns the peers that are due, and the connected ones of those that say nothing of their rooms that have not been asked for
// that time.
func (l *loop) unasked(gap time.Duration, now time.Time) (es []*bookEntry) {
	for _, e := range l.book.entries {
		switch {
		case e.asking || e.dialing:
		case e.heralds && l.due(e, now) && now.Sub(e.seen) < hintLife,
			!e.heralds && now.Sub(e.asked) >= gap && l.n.connected(e.peer):
			es = append(es, e)
		}
	}
	return es
}

// askRoomsOf asks a peer for its rooms. quiet says that nobody looks, and that the answer is for namesake.go alone.
func (l *loop) askRoomsOf(e *bookEntry, now time.Time, quiet bool) {
	e.asking, e.asked, e.fresh = true, now, e.fresh && quiet
	l.directory.questions++
	q := roomsQuestion{peer: e.peer, quiet: quiet, said: e.says}
	if l.seeks() {
		q.after = e.nextPage
	}
	l.n.spawn(func(ctx context.Context) { l.n.post(l.n.roomsOf(ctx, q)) })
}

// A roomsQuestion is a question to a peer for a page of its rooms.
type roomsQuestion struct {
	peer  peer.ID
	after protocol.RoomID
	typed bool // a user typed its address
	quiet bool
	said  string
}

// roomsOf asks a peer for a page of its rooms.
func (n *Node) roomsOf(ctx context.Context, q roomsQuestion) roomsAnswered {
	var reply protocol.RoomsReply
	p, after := q.peer, q.after
	a := roomsAnswered{peer: p, after: after, all: make(map[protocol.RoomID]bool), quiet: q.quiet, said: q.said}
	a.err = n.request(ctx, p, protocol.RoomsID, &protocol.RoomsRequest{After: after}, &reply)
	a.other = a.err != nil && n.otherVersion(p)
	for _, ad := range reply.Rooms {
		rec, err := protocol.OpenRecord(ad.Create)
		if _, ok := rec.Body.(protocol.Create); err == nil && ok {
			a.next = rec.RoomID()
			a.all[a.next] = true
			a.ads = append(a.ads, openedAd{ad: ad, create: rec, owners: ownersOf(rec, authority.OpenTransfers(ad.Moved))})
		}
	}
	a.ends = openEnds(reply.Ended)
	a.more = reply.More
	if a.more == 0 || compareRooms(a.next, after) <= 0 {
		a.next = protocol.RoomID{}
	}
	a.whole = a.err == nil && !reply.Asleep && a.more == 0 && after == (protocol.RoomID{})
	a.host = n.hostOf(p)
	ads, err := ask(ctx, n, mayPlace{q, a.host, a.ads})
	if a.ads = ads; err != nil {
		a.err = err
	}
	for i, ad := range a.ads {
		if ad.words == "" {
			a.ads[i].words = n.words.of(ad.owners.last())
		}
	}
	return a
}

func (e roomsAnswered) handle(l *loop) {
	b := l.book.entry(e.peer)
	if b != nil {
		b.asking = false
		if e.err == nil && ownRooms(e.said) == ownRooms(b.says) {
			b.newOwn = 0
		}
	}
	if e.other {
		l.warnVersion(e.peer, e.host)
	}
	if e.quiet {
		l.compareNames(e)
		return
	}
	if b != nil {
		b.heard, b.nextPage = true, e.next
		b.fresh = b.fresh || b.heralds && e.err != nil
	}
	if e.err != nil {
		return
	}
	for _, rec := range e.ends {
		l.takeEnd(rec, e.host)
	}
	for _, a := range e.ads {
		l.noteRoom(e.peer, e.host, a)
	}
	if b != nil && e.after == (protocol.RoomID{}) {
		l.countUnplaced(b.shown, e)
		b.shown, b.whole, b.more = e.all, e.whole, e.more
	}
	for id, f := range l.directory.found {
		if f.owner() == e.peer && !e.all[id] && e.whole {
			l.roomEnded(id, f.owner(), ending{host: e.host})
		}
	}
}

// countUnplaced counts the rooms that have no place here because all places, or those of an address, are taken, and rooms that a peer
// had not listed before. A peer may be in more rooms than it has places; one that lists others each time has made them up.
func (l *loop) countUnplaced(before map[protocol.RoomID]bool, e roomsAnswered) {
	ofHost := 0
	for _, f := range l.directory.found {
		if f.host == e.host {
			ofHost++
		}
	}
	full := len(l.directory.found) >= maxFound || ofHost >= foundOfHost
	for id := range e.all {
		if (full || before != nil && !before[id]) && l.directory.found[id] == nil && l.rooms[id] == nil {
			l.n.admission.refuse(l.n.admission.visitorAt(e.peer), aShownRoom)
		}
	}
}

func (l *loop) noteRoom(from peer.ID, host string, a openedAd) {
	id, body := a.create.RoomID(), a.create.Body.(protocol.Create)
	if a.owners.last() == l.n.self || !l.lives(id, a.owners.last(), from) {
		return // the room is our own
	}
	f, known := l.directory.found[id]
	if !known {
		if !l.place(from, host, id, body.Name, from == a.owners.last()) {
			return
		}
		f = &foundRoom{create: a.create, looks: looks{body.Name, protocol.Skeletons(body.Name)}, owners: a.owners, words: a.words, from: from, host: host, first: l.now()}
		l.directory.found[id] = f
		if l.directory.roomDiscovered != nil {
			close(l.directory.roomDiscovered)
			l.directory.roomDiscovered = nil
		}
	}
	if !l.takeOwners(id, f, a) {
		return // an older list, or a claim that the records here contradict
	}
	mine := from == f.owner()
	if known && f.byOwner && !mine && l.now().Sub(f.seen) < roomLost*l.directory.roomsTurn/2 {
		return // the owner knows better
	}
	f.access, f.subject, f.members, f.seen, f.byOwner, f.retain = a.ad.Access, a.ad.Subject, int(a.ad.Members), l.now(), mine, a.ad.Retain
	if mine {
		f.addrs, f.nick = l.addrsOf(from), a.ad.OwnerNick
	} else if len(f.addrs) == 0 {
		f.addrs = l.named(from, f.owner(), a.ad.Addrs)
	}
	if !known {
		l.emitFound(id, RoomFound{Name: f.name, Owner: f.owner(), Words: f.words, Access: accessFrom(f.access)})
		l.warnNamesakes(id, f)
	}
}

// addrsOfOwner returns the addresses of a room's owner: those that it is announced at by now, and those with which the room was found.
func (l *loop) addrsOfOwner(f *foundRoom) []multiaddr.Multiaddr {
	return append(l.addrsOf(f.owner()), f.addrs...)
}

func (f *foundRoom) owner() peer.ID { return f.owners.last() }

// ownerNick returns the nick with which the owner created the room, or the one that an owner to which it was given says that it has; "" if
// that one was not asked yet.
func (f *foundRoom) ownerNick() string {
	if len(f.owners) > 1 {
		return f.nick
	}
	return f.create.Body.(protocol.Create).Nick
}

func (l *loop) emitFound(id protocol.RoomID, body EventBody) {
	name := ""
	if f := l.directory.found[id]; f != nil {
		name = f.name
	}
	l.tell(id, name, body)
}

func (l *loop) dropFound(id protocol.RoomID) {
	f := l.directory.found[id]
	l.emitFound(id, RoomLost{Name: f.name, Owner: f.owner(), Words: f.words, Access: accessFrom(f.access)})
	delete(l.directory.found, id)
}

// namesRoom reports whether text names a room: by its id, or by its name.
func namesRoom(text string, id protocol.RoomID, name string) bool {
	return protocol.FoldName(text) == id.String() || protocol.SameName(text, name)
}

// called returns the rooms with that name or id, and those with another name that looks like it.
func (l *loop) called(name string) (exact, alike []protocol.RoomID) {
	skeletons := protocol.Skeletons(name)
	for id, f := range l.directory.found {
		switch {
		case namesRoom(name, id, f.name):
			exact = append(exact, id)
		case shareOne(f.skeletons, skeletons):
			alike = append(alike, id)
		}
	}
	return exact, alike
}

// ofPinned returns the rooms of the owner that is pinned to their name: another owner with that name cannot keep the user
// out of them.
func (l *loop) ofPinned(ids []protocol.RoomID) (known []protocol.RoomID) {
	for _, id := range ids {
		f := l.directory.found[id]
		if f.owners.has(l.knownOwner(id, f.looks, f.owners)) {
			known = append(known, id)
		}
	}
	return known
}

func (l *loop) ambiguous(text string, ids []protocol.RoomID) error {
	slices.SortFunc(ids, func(a, b protocol.RoomID) int { return slices.Compare(a[:], b[:]) })
	var rooms []fault.Choice
	for _, id := range ids {
		f := l.directory.found[id]
		rooms = append(rooms, fault.Choice{Room: id, Name: f.name, Owner: f.ownerNick(), Words: f.words})
	}
	return &Error{Code: CodeAmbiguous, Text: text, Reason: fault.SeveralRooms, Rooms: rooms}
}

// lookHarder asks the peers that have not been asked for that time, since a user waits for a room or looks at the list.
func (l *loop) lookHarder(gap time.Duration) {
	now := l.now()
	for _, e := range l.unasked(gap, now) {
		l.visit(e)
	}
}

// Rooms returns the rooms that this node is in, and those that it has seen on the network. It does not wait; see [RoomFound]. If there
// are more than it has places for, [Node.Unlisted] returns their number.
func (n *Node) Rooms(ctx context.Context) ([]RoomInfo, error) {
	infos, err := ask(ctx, n, roomInfos{})
	for i := range infos {
		if infos[i].Words == "" {
			infos[i].Words = n.words.of(infos[i].Owner)
		}
	}
	return infos, err
}

type roomInfos struct{}

func (roomInfos) run(l *loop) ([]RoomInfo, error) {
	infos := []RoomInfo{}
	mine := make(map[protocol.RoomID]bool)
	for _, id := range l.order {
		r := l.rooms[id]
		if r.desk.recovering != nil && !l.twin.live() {
			return nil, waits{r, errRecovering} // it will be in the list in a moment
		}
		if r.state().Closed() || !r.joined && r.desk.recovering == nil {
			continue
		}
		infos = append(infos, r.info())
		mine[id] = true
	}
	n := len(infos)
	for id, f := range l.directory.found {
		if !mine[id] {
			nick := f.ownerNick()
			trust := l.trusts.of(f.owner(), nick)
			infos = append(infos, RoomInfo{
				ID: id, Name: f.name, Owner: f.owner(), Words: f.words, Access: accessFrom(f.access),
				Members: f.members, Subject: f.subject, RetainS: int64(f.retain / time.Second), OwnerNick: nick, Verified: trust.Verified, Other: trust.Other, Change: l.keyChange(id, f.looks, f.owners), GivenBy: l.givenBy(id, f),
			})
		}
	}
	slices.SortFunc(infos[n:], func(a, b RoomInfo) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	l.look()
	return infos, nil
}

func (r *room) info() RoomInfo {
	st := r.state()
	_, in := r.me()
	owner, _ := st.Member(st.Owner())
	trust := r.l.trusts.of(st.Owner(), owner.Nick)
	return RoomInfo{
		ID: r.id, Name: st.Name(), Owner: st.Owner(), Access: accessFrom(st.Policy().Access),
		Members: st.Len(), Subject: st.Policy().Subject, RetainS: int64(st.Policy().Retain / time.Second), Mine: st.Owner() == r.l.n.self, In: in && r.joined,
		IdleS:     int64(st.Policy().Idle / time.Second),
		OwnerNick: owner.Nick, Verified: trust.Verified, Other: trust.Other,
	}
}

// lookFor finds a room by id or name among those seen.
type lookFor struct{ room string }

// run finds the target of a join among the rooms seen, or says when to look again; see [Node.Join].
func (q lookFor) run(l *loop) (*joinTarget, error) {
	switch here, err := lookHere(q).run(l); {
	case err == nil && (here.in || here.resuming != nil):
		return here, nil
	case err != nil && (AsError(err).Code == CodeAmbiguous || AsError(err).Reason == fault.Recovering || AsError(err).Reason == fault.Twin):
		return nil, err
	}
	l.want(q.room)
	l.noteLook()
	matches, alike := l.called(q.room)
	known := l.ofPinned(matches)
	switch {
	case len(known) > 0:
		matches = known
	case len(matches) > 0 && matches[0].String() != protocol.FoldName(q.room):
		matches = append(matches, alike...)
	}
	switch len(matches) {
	case 0:
		l.lookHarder(lookAgain)
		if l.directory.roomDiscovered == nil {
			l.directory.roomDiscovered = make(chan struct{})
		}
		return &joinTarget{another: l.directory.roomDiscovered}, nil
	case 1:
	default:
		return nil, l.ambiguous("several rooms are called "+q.room+", or look like it", matches)
	}
	f := l.directory.found[matches[0]]
	if len(known) == 0 && protocol.SameName(f.name, q.room) {
		seen, unheard := l.now().Sub(f.first), l.book.hasUnqueried(l.now())
		if seen < nameSettles || unheard && seen < nameUnsettled {
			l.lookHarder(lookAgain)
			return nil, &Error{Code: CodeNotFound, Text: "too soon to tell whether there is another room of this name"}
		}
		if c := l.keyChange(matches[0], f.looks, f.owners); c != nil {
			return nil, otherOwner(c)
		}
		if unheard {
			return nil, l.ambiguous("too many nodes are announced here to tell whether there is another room called "+q.room, matches)
		}
	}
	return &joinTarget{room: matches[0], name: f.name, owners: f.owners, addrs: l.addrsOfOwner(f)}, nil
}
