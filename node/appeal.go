package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/node/internal/store"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// After a kick or a ban, this node remembers its place for a day, so that its user can appeal. It asks the authority nothing before that.
// An appeal is kept on disk, sent when the authority can be reached, and sent again to ask for the answer: once in appealHold over one
// stream, and seldom while the authority is away.

// A pastPlace is the place that this node has lost in a room. Only the loop uses it.
type pastPlace struct {
	store.PastPlace
	addrs   []multiaddr.Multiaddr // of the authority
	asking  bool                  // a goroutine asks for the answer
	waiting []chan error          // callers that wait for what the authority says first; the loop closes them
}

// AppealSent says what has become of an appeal. Sent is false if the owner could not be reached yet: then it is sent later.
type AppealSent struct {
	Room RoomID `json:"room"`
	Name string `json:"name"`
	Sent bool   `json:"sent"`
}

// Appeal writes to the owner of a room that has removed this node within a day; room may be "" if there is one such room. There is one
// appeal for each removal, which the owner answers with a pardon, or not at all. It fails with not_found (no such removal), exists
// (there is another appeal), invalid, refused (the owner does not take it), or unavailable (there are too many).
func (n *Node) Appeal(ctx context.Context, room, text string) (AppealSent, error) {
	s, err := ask(ctx, n, appeal{room, text})
	if err != nil {
		return AppealSent{}, err
	}
	select {
	case err := <-s.heard:
		s.Sent = err == nil
		return s.AppealSent, err
	case <-time.After(appealWait):
	case <-ctx.Done():
		return AppealSent{}, ctx.Err()
	case <-n.ctx.Done():
		return AppealSent{}, errClosed
	}
	return s.AppealSent, nil
}

type (
	appeal     struct{ room, text string }
	appealMade struct {
		AppealSent
		heard chan error // has space for one
	}
)

func (q appeal) run(l *loop) (appealMade, error) {
	text, err := protocol.NormalizeAppeal(q.text)
	if err != nil {
		return appealMade{}, &Error{Code: CodeInvalid, Text: fault.Text(err), Reason: fault.BadAppeal, Limit: protocol.MaxAppealRunes}
	}
	p, err := l.placeLost(q.room)
	if err != nil {
		return appealMade{}, err
	}
	heard := make(chan error, 1)
	if p.Sent && p.Text == text && !p.Over {
		heard <- nil
	} else {
		p.waiting = append(p.waiting, heard)
	}
	if err := l.stepPlace(p, authority.Written{Text: text}); err != nil {
		return appealMade{}, appealError(p.Name, err)
	}
	return appealMade{AppealSent{Room: p.Appellant.Room, Name: p.Name}, heard}, nil
}

func appealError(room string, err error) *Error {
	if err == authority.ErrAppealed {
		return &Error{Code: CodeExists, Text: "you have written to the owner of " + room + " already, and there is one appeal for each removal", Reason: fault.AppealedAlready}
	}
	return &Error{Code: CodeRefused, Text: "your appeal about " + room + " is over", Reason: fault.AppealOver}
}

// placeLost finds the place of that room's name or ID. An empty text is the latest one.
func (l *loop) placeLost(room string) (*pastPlace, error) {
	var found []*pastPlace
	for id, p := range l.places {
		if room == "" || namesRoom(room, id, p.Name) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b *pastPlace) int { return b.Until.Compare(a.Until) })
	switch {
	case len(found) == 0 && room == "":
		return nil, &Error{Code: CodeNotFound, Text: "no room has removed you within a day", Reason: fault.NotRemoved}
	case len(found) == 0:
		return nil, &Error{Code: CodeNotFound, Text: fmt.Sprintf("no room called %q has removed you within a day", room), Reason: fault.NotRemoved}
	case len(found) > 1 && room != "":
		var rooms []fault.Choice
		for _, p := range found {
			rooms = append(rooms, fault.Choice{Room: p.Appellant.Room, Name: p.Name})
		}
		return nil, &Error{Code: CodeAmbiguous, Text: fmt.Sprintf("several rooms called %q have removed you", room), Reason: fault.InSeveralRooms, Rooms: rooms}
	}
	return found[0], nil
}

// losePlace remembers the place that a reason has ended.
func (l *loop) losePlace(s store.Seat, reason protocol.SignedReason) {
	a, ok := authority.NewAppellant(s.Seat, reason)
	id := s.Seat.Room
	if old := l.places[id]; !ok || old != nil && old.Removal == reason.Removal {
		return
	}
	l.places[id] = &pastPlace{
		PastPlace: store.PastPlace{Appellant: a, Name: s.Name, Nick: s.Nick, Addrs: s.Addrs, Lasting: s.Lasting, Until: l.clock.Wall().Add(authority.FailureLife)},
		addrs:     parseAddrs(s.Addrs),
	}
	if len(l.places) > maxPastPlaces {
		l.forgetPlace(slices.MinFunc(l.listPlaces(), func(a, b *pastPlace) int { return a.Until.Compare(b.Until) }).Appellant.Room)
	}
}

func (l *loop) listPlaces() (all []*pastPlace) {
	for _, p := range l.places {
		all = append(all, p)
	}
	return all
}

// loadPlaces takes the places from the disk. With resume it goes on with the appeals.
func (l *loop) loadPlaces(resume bool) error {
	kept, err := l.store.PastPlaces()
	if err != nil {
		return err
	}
	for id, s := range kept {
		p := &pastPlace{PastPlace: s, addrs: parseAddrs(s.Addrs)}
		l.places[id] = p
		l.n.gate.TypeIn(parseAddrs(s.Lasting)...)
		if resume {
			_ = l.stepPlace(p, authority.AskDue{})
		}
	}
	for _, s := range l.dormant.seats { // whose reason is kept and not acknowledged
		if r, err := protocol.OpenReason(s.Seat.Kept); err == nil {
			l.losePlace(s, r)
		}
	}
	return nil
}

// forgetPlace forgets a place: this node is in the room again, or its day is over.
func (l *loop) forgetPlace(id protocol.RoomID) {
	p := l.places[id]
	if p == nil {
		return
	}
	delete(l.places, id)
	p.tell(&Error{Code: CodeRefused, Text: "your appeal about " + p.Name + " is over", Reason: fault.AppealOver})
	if err := l.store.DropPastPlace(id); err != nil {
		l.n.log.Error("forget a place", "err", err)
	}
}

// tickPlaces forgets the places whose day is over.
func (l *loop) tickPlaces() {
	for id, p := range l.places {
		if !l.clock.Wall().Before(p.Until) {
			l.forgetPlace(id)
		}
	}
}

// tell ends the wait of the callers.
func (p *pastPlace) tell(err error) {
	for _, w := range p.waiting {
		w <- err
	}
	p.waiting = nil
}

// stepPlace steps the appellant of a place, and carries out the effects.
func (l *loop) stepPlace(p *pastPlace, ev authority.AppellantEvent) error {
	next, effects, err := p.Step(ev)
	if err != nil {
		p.waiting = nil
		return err
	}
	sent := next.Sent && !p.Sent
	if _, wrote := ev.(authority.Written); wrote && p.Text == "" {
		p.Until = l.clock.Wall().Add(authority.FailureLife) // the owner keeps it for a day
	}
	p.Appellant = next
	for _, e := range effects {
		switch e := e.(type) {
		case authority.KeepAppeal:
			l.savePlace(p)
		case authority.AskAppeal:
			if !p.asking {
				p.asking = true
				id := p.Appellant.Room
				l.n.spawn(func(ctx context.Context) { l.n.askForAnswer(ctx, id) })
			}
		case authority.ShowPardon:
			p.tell(nil)
			l.notifyPardon(p, e.Pardon)
		case authority.ShowAppealEnd:
			l.endAppeal(p, e.Code)
		}
	}
	if sent {
		p.tell(nil)
	}
	return nil
}

// endAppeal tells the user why the authority does not take an appeal. That of an appeal that it had taken is over without an answer.
func (l *loop) endAppeal(p *pastPlace, code protocol.AppealCode) {
	e := &Error{Code: CodeRefused, Text: "the owner of " + p.Name + " takes no appeal from you", Reason: fault.AppealOver}
	switch code {
	case protocol.AppealTwice:
		e = appealError(p.Name, authority.ErrAppealed)
	case protocol.AppealFull:
		e = &Error{Code: CodeUnavailable, Text: "the owner of " + p.Name + " has too many appeals now", Reason: fault.AppealsFull}
	}
	if len(p.waiting) == 0 && !p.Sent {
		l.tell(p.Appellant.Room, p.Name, Warning{Code: "appeal", Text: e.Text})
	}
	p.tell(e)
}

func (l *loop) savePlace(p *pastPlace) {
	if err := l.store.SavePastPlace(p.Appellant.Room, p.PastPlace); err != nil {
		l.n.log.Error("keep an appeal", "err", err)
	}
}

// notifyPardon tells every subscriber that this node may come back, and keeps that until a face has shown it.
func (l *loop) notifyPardon(p *pastPlace, r protocol.SignedReason) {
	now := l.now()
	at := transcript.Within(r.At, now.Add(-authority.PardonLife), now)
	l.addNotice(p.Appellant.Room, p.Name, &pendingNotice{pardon: true}, Pardoned{
		By: r.By, ByNick: r.ByNick, For: r.For, ForNick: r.ForNick, At: at, Until: at.Add(r.Until.Sub(r.At)), Seq: r.Removal,
	}, r.Removal)
}

// pardonShown records that a face has shown it.
func (l *loop) pardonShown(id protocol.RoomID) {
	if p := l.places[id]; p != nil {
		_ = l.stepPlace(p, authority.PardonShown{})
		l.savePlace(p)
	}
}

// askForAnswer asks for the answer to an appeal until there is one.
func (n *Node) askForAnswer(ctx context.Context, room protocol.RoomID) {
	pause, pace := appealBackoffMin, rate.NewLimiter(rate.Every(appealHold/4), 8)
	for {
		over, last, err := n.appealStream(ctx, room, pace, func() { pause = appealBackoffMin })
		if over || ctx.Err() != nil {
			return
		}
		n.log.Debug("appeal", "room", room, "err", err)
		pause = n.pauseOrMeet(ctx, last, pause, appealBackoffMax)
	}
}

// appealStream opens a stream and asks over it until it breaks. over is set if there is nothing left to ask. It asks at a bounded rate,
// whatever the authority answers.
func (n *Node) appealStream(ctx context.Context, room protocol.RoomID, pace *rate.Limiter, answered func()) (over bool, last peer.ID, err error) {
	q, err := ask(ctx, n, nextAppeal{room})
	if err != nil || q.over {
		return q.over, q.authority, err
	}
	asked := q.authority
	if err := n.connect(ctx, asked, q.addrs); err != nil {
		return false, asked, err
	}
	s, err := n.open(ctx, asked, protocol.PollID)
	if err != nil {
		return false, asked, err
	}
	defer s.Close()
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	for !q.over && q.authority == asked {
		if err := pace.Wait(ctx); err != nil {
			return false, asked, err
		}
		if err := s.SetDeadline(time.Now().Add(appealPatience)); err != nil {
			return false, asked, err
		}
		if err := protocol.WriteFrame(s, &protocol.PollAsk{Appeal: &q.ask}); err != nil {
			return false, asked, err
		}
		var reply protocol.PollReply
		if err := protocol.ReadFrame(s, &reply); err != nil {
			_ = s.Reset()
			return false, asked, err
		}
		answered()
		if q, err = ask(ctx, n, appealAnswered{room, q.ask, reply}); err != nil {
			return false, asked, err
		}
	}
	return q.over, asked, nil
}

type (
	// nextAppeal: what is to be asked?
	nextAppeal struct{ room protocol.RoomID }
	// appealAnswered: the answer to a question, and what comes next.
	appealAnswered struct {
		room  protocol.RoomID
		asked protocol.PollAppeal
		reply protocol.PollReply
	}
	appealStep struct {
		authority peer.ID
		addrs     []multiaddr.Multiaddr
		ask       protocol.PollAppeal
		over      bool
	}
)

func (q nextAppeal) run(l *loop) (appealStep, error) {
	p := l.places[q.room]
	if p == nil || !p.Asks() {
		if p != nil {
			p.asking = false
		}
		return appealStep{over: true}, nil
	}
	return appealStep{authority: p.Authority, addrs: append(l.addrsOf(p.Authority), p.addrs...), ask: p.Ask()}, nil
}

func (q appealAnswered) run(l *loop) (appealStep, error) {
	if p := l.places[q.room]; p != nil {
		if err := l.stepPlace(p, authority.AppealAnswered{Ask: q.asked, Reply: q.reply}); err != nil {
			return appealStep{}, err
		}
	}
	return nextAppeal{q.room}.run(l)
}
