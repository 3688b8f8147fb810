package authority

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"localchat/protocol"
)

// A memo caches the steps of the reducers, for schedules that begin alike: both reducers are functions of values, and a step costs a
// signature or two. One goroutine uses it.
type memo struct {
	ledgers map[[16]byte]ledgerStep
	seats   map[string]seatStep
}

type ledgerStep struct {
	next    Ledger
	effects []Effect
	err     error
}

type seatStep struct {
	seat    Seat
	effects []SeatEffect
}

func bitOf(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func newMemo() *memo {
	return &memo{ledgers: map[[16]byte]ledgerStep{}, seats: map[string]seatStep{}}
}

// ledgerStep is e.ledger.Step with the cache. It returns the version of the result too.
func (e *explorer) ledgerStep(ev Event) (ledgerStep, [16]byte) {
	k := binary.BigEndian.AppendUint64(e.version[:], uint64(e.now.UnixMilli()))
	for _, f := range e.folk {
		if f.held != nil {
			k = append(k, 'H', f.name[0], f.held.ask.Request.Nonce[0], byte(f.held.ask.Request.Admission))
		}
	}
	k = appendEvent(k, ev)
	h := sha256.Sum256(k)
	version := [16]byte(h[:])
	if r, ok := e.memo.ledgers[version]; ok {
		return r, version
	}
	env := e.self
	env.Now, env.Rand, env.Held = e.now, rand.NewChaCha8(h), e.holds
	var r ledgerStep
	r.next, r.effects, r.err = e.ledger.Step(env, e.variant.hears(e.ledger, ev))
	e.memo.ledgers[version] = r
	return r, version
}

// appendEvent appends a key that differs for different events. It does without fmt for the frequent ones, since that would write each
// peer in base 58.
func appendEvent(k []byte, ev Event) []byte {
	switch ev := ev.(type) {
	case Ordered:
		return appendEvent(append(append(k, 'O'), ev.By...), ev.Order)
	case Poll:
		k = append(append(k, 'P', ev.Request.Room[0], ev.Request.Nonce[0], byte(ev.Request.Admission)), ev.Peer...)
		k = binary.BigEndian.AppendUint64(append(k, ev.Request.Head[:8]...), ev.Request.HaveSeq)
		return binary.BigEndian.AppendUint64(k, ev.Request.HaveKey)
	case Kick:
		return append(append(append(k, 'K'), ev.Reason...), ev.Peer...)
	case Ban:
		return append(append(append(k, 'B', byte(ev.For/time.Hour)), ev.Reason...), ev.Peer...)
	case Mute:
		return append(append(append(k, 'M', byte(ev.For/time.Hour)), ev.Reason...), ev.Peer...)
	case Unmute:
		return append(append(k, 'U'), ev.Peer...)
	case Tick:
		return append(k, 'T', bitOf(ev.LastLine.IsZero()), bitOf(ev.Cuts == nil))
	case Leave:
		return append(append(k, 'L'), ev.Peer...)
	case Knock:
		return append(append(append(append(k, 'J', ev.Request.Nonce[0]), ev.Request.Token[:]...), ev.Request.Nick...), ev.Peer...)
	case Recovered:
		k = append(k, 'R')
		for _, r := range ev.Records {
			h := r.Hash()
			k = append(k, h[:]...)
		}
		return k
	case Ack:
		return append(append(k, 'A', ev.Ack.Nonce[0], byte(ev.Ack.Removal)), ev.Peer...)
	}
	return fmt.Appendf(k, "%T%v", ev, ev)
}

// seatStep is s.Step with the cache.
func (e *explorer) seatStep(s Seat, ev SeatEvent) (Seat, []SeatEffect) {
	k := append([]byte(s.Self), byte(s.Admission), s.Nonce[0], bitOf(s.Shown)|bitOf(s.keeping)<<1|bitOf(s.done)<<2|bitOf(s.told)<<3, byte(s.Told), byte(s.Moved), s.Authority[10])
	k = append(append(k, s.Kept...), s.Muted...)
	for _, w := range s.Warnings {
		k = append(k, w...)
	}
	switch ev := ev.(type) {
	case Asked:
		k = binary.BigEndian.AppendUint64(append(append(k, 'q'), ev.Head[:8]...), ev.HaveSeq)
		k = binary.BigEndian.AppendUint64(k, ev.HaveKey)
	case Kept:
		k = append(k, 'k', byte(ev.Removal))
	case MuteShown:
		k = append(k, 'm', byte(ev.Mute))
	case NoAnswer:
		k = append(k, 'n')
	case Answered:
		k = append(k, 'a', bitOf(ev.Reply.Member != nil), byte(ev.Admission), ev.Nonce[0])
		k = append(k, ev.Reply.Reason...)
		if ev.Reply.Moved != nil {
			for _, raw := range ev.Reply.Moved.Transfers {
				h := protocol.BooksHash(raw)
				k = append(k, h[:8]...)
			}
		}
	}
	r, ok := e.memo.seats[string(k)]
	if !ok {
		r.seat, r.effects = s.Step(ev)
		e.memo.seats[string(k)] = r
	}
	return r.seat, r.effects
}
