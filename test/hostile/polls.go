package hostile

import (
	"bytes"
	"sync"
	"sync/atomic"

	"localchat/protocol"
)

// Hungers are ways to ask an authority for much, again and again. Each sets what a poll claims to have.
var Hungers = map[string]func(q *protocol.PollRequest){
	"the whole log":                func(q *protocol.PollRequest) { q.HaveSeq, q.Head = 0, protocol.Hash{} },
	"half of the log":              func(q *protocol.PollRequest) { q.HaveSeq, q.Head = q.HaveSeq/2, protocol.Hash{3} },
	"all but one record":           func(q *protocol.PollRequest) { q.HaveSeq, q.Head = 1, protocol.Hash(q.Room) },
	"the log and who is there":     func(q *protocol.PollRequest) { q.HaveSeq, q.Head, q.HavePresence, q.HaveKey = 0, protocol.Hash{}, 0, 0 },
	"a log that nobody has signed": func(q *protocol.PollRequest) { q.HaveSeq, q.Head = 2, protocol.Hash{9} },
}

// Devours polls its authority in the named way, on atOnce streams at the same time, until it has got enough bytes or the context of
// m ends. It returns the number of bytes.
func (m *Peer) Devours(way string, atOnce, enough int) int {
	var got atomic.Int64
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for m.Ctx.Err() == nil && got.Load() < int64(enough) {
				q := m.pollRequest(m.Nonce)
				Hungers[way](&q)
				reply, err := m.question(m.Owner, q)
				if err != nil {
					m.Pause(breath)
					continue
				}
				got.Add(int64(len(frame(&reply))))
			}
		})
	}
	all.Wait()
	return int(got.Load())
}

// pollsUnread asks for the whole log and reads no answer.
func (m *Peer) pollsUnread(t *Tally) {
	m.unread(t, protocol.PollID, manyStreams, func() protocol.Frame {
		q := m.pollRequest(m.Nonce)
		Hungers["the log and who is there"](&q)
		return &protocol.PollAsk{Request: &q}
	})
}

// Haste are ways to answer a poll at once although there is no news.
var Haste = map[string]func(turn uint64, reply *protocol.PollMember){
	"nothing":       func(uint64, *protocol.PollMember) {},
	"there is more": func(_ uint64, reply *protocol.PollMember) { reply.More = true },
	"another list of who is there": func(turn uint64, reply *protocol.PollMember) {
		reply.Presence = turn + 1
	},
	"keys of no epoch": func(turn uint64, reply *protocol.PollMember) {
		reply.Keys = append(reply.Keys, protocol.EpochKey{Epoch: 1<<20 + turn, Key: protocol.Key{1}})
	},
	"a receipt": func(turn uint64, reply *protocol.PollMember) { reply.Receipt = protocol.Runs{turn} },
	"garbage": func(turn uint64, reply *protocol.PollMember) {
		reply.Records = [][]byte{bytes.Repeat([]byte{byte(turn)}, 100)}
	},
}

// Hurries makes o answer each poll at once in the named way. It returns a counter of the answers.
func (o *Owner) Hurries(way string) *atomic.Uint64 {
	var turn atomic.Uint64
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hurries = func(reply *protocol.PollMember) { Haste[way](turn.Add(1), reply) }
	o.wake()
	return &turn
}
