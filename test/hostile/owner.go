package hostile

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// A Log has the records that an owner has signed, and the keys of its epochs.
type Log struct {
	ledger  authority.Ledger
	Records []protocol.SignedRecord
	Keys    []protocol.EpochKey
}

// Fork returns a separate log that begins with everything in l.
func (l *Log) Fork() *Log {
	return &Log{ledger: l.ledger, Records: slices.Clip(l.Records), Keys: slices.Clip(l.Keys)}
}

// State returns the state of the room according to l.
func (l *Log) State() authority.State { return l.ledger.State() }

// An Owner runs an open room without a node. It signs anything, and can give each member a different log.
type Owner struct {
	Host host.Host
	key  protocol.KeySigner
	ctx  context.Context

	// mu is shared by the streams of all members and the test.
	mu      sync.Mutex
	lies    func(p peer.ID, reply *protocol.PollMember)
	hurries func(reply *protocol.PollMember)
	main    *Log
	logs    map[peer.ID]*Log // the logs of peers that get another one
	changed chan struct{}    // closed, and made anew, when a log has grown
}

// NewOwner makes an Owner of a host that no node uses, and a room with that name.
func NewOwner(ctx context.Context, h host.Host, name string) *Owner {
	o := &Owner{
		Host: h, key: protocol.KeySigner{PrivKey: h.Peerstore().PrivKey(h.ID())}, ctx: ctx,
		main: &Log{}, logs: make(map[peer.ID]*Log), changed: make(chan struct{}),
	}
	policy := protocol.DefaultPolicy()
	policy.Access = protocol.Open
	o.Signs(o.main, authority.CreateRoom{Name: name, Nick: "olga", Policy: policy})
	h.SetStreamHandler(protocol.RoomsID, o.shows)
	h.SetStreamHandler(protocol.JoinID, o.admits)
	h.SetStreamHandler(protocol.PollID, o.answers)
	h.SetStreamHandler(protocol.SyncID, o.compares)
	return o
}

// Lies makes change edit each answer to a poll from now on, one at a time; nil ends that.
func (o *Owner) Lies(change func(p peer.ID, reply *protocol.PollMember)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lies = change
}

// Room returns the id of its room.
func (o *Owner) Room() protocol.RoomID {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.main.State().Room()
}

// Log returns the log that p gets.
func (o *Owner) Log(p peer.ID) *Log {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.log(p)
}

func (o *Owner) log(p peer.ID) *Log {
	if l := o.logs[p]; l != nil {
		return l
	}
	return o.main
}

// Gives makes p get l from now on.
func (o *Owner) Gives(p peer.ID, l *Log) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.logs[p] = l
	o.wake()
}

// Signs applies ev to l, by the law of a room, and to no other log.
func (o *Owner) Signs(l *Log, ev authority.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.signs(l, ev)
}

func (o *Owner) signs(l *Log, ev authority.Event) {
	env := authority.Env{Now: time.Now(), Rand: rand.Reader, Signer: o.key, Self: o.key.Peer()}
	next, effects, err := l.ledger.Step(env, ev)
	if err != nil {
		panic(err)
	}
	l.ledger = next
	for _, e := range effects {
		c, ok := e.(authority.Commit)
		if !ok {
			continue
		}
		l.Records = append(l.Records, c.Record)
		if c.Change.NewKey != authority.KeySame {
			l.Keys = append(l.Keys, protocol.EpochKey{Epoch: c.Change.Epoch, Key: c.Key})
		}
	}
	o.wake()
}

// wake makes the waiting streams check for news.
func (o *Owner) wake() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *Owner) shows(s network.Stream) {
	defer s.Close()
	var q protocol.RoomsRequest
	if protocol.ReadFrame(s, &q) != nil {
		return
	}
	o.mu.Lock()
	ad := protocol.RoomAd{Create: o.main.Records[0].Bytes(), Access: protocol.Open}
	o.mu.Unlock()
	_ = protocol.WriteFrame(s, &protocol.RoomsReply{Rooms: []protocol.RoomAd{ad}})
}

func (o *Owner) admits(s network.Stream) {
	defer s.Close()
	var q protocol.JoinRequest
	if protocol.ReadFrame(s, &q) != nil {
		return
	}
	p := s.Conn().RemotePeer()
	o.mu.Lock()
	l := o.log(p)
	o.signs(l, authority.Knock{Peer: p, Request: q})
	m, in := l.State().Member(p)
	if !in {
		panic("the law lets nobody in")
	}
	reply := protocol.JoinReply{Code: protocol.JoinAdmitted, Admission: m.Admission}
	reply.Records, reply.Keys = l.after(0, l.State().Epoch()-1)
	reply.Seq, reply.Head = l.State().Seq(), l.State().Head()
	o.mu.Unlock()
	_ = protocol.WriteFrame(s, &reply)
}

// after returns the records after seq and the keys of the epochs after epoch.
func (l *Log) after(seq, epoch uint64) (records [][]byte, keys []protocol.EpochKey) {
	for _, r := range l.Records {
		if r.Seq > seq {
			records = append(records, r.Bytes())
		}
	}
	for _, k := range l.Keys {
		if k.Epoch > epoch {
			keys = append(keys, k)
		}
	}
	return records, keys
}

// ownerHolds is how long an Owner holds a poll without news.
const ownerHolds = 10 * time.Second

func (o *Owner) answers(s network.Stream) {
	defer s.Reset()
	in := bufio.NewReader(s)
	for o.ctx.Err() == nil {
		var ask protocol.PollAsk
		if protocol.ReadFrame(in, &ask) != nil {
			return
		}
		if ask.Request == nil {
			continue
		}
		reply, err := o.answer(s.Conn().RemotePeer(), *ask.Request)
		if err != nil {
			return
		}
		if protocol.WriteFrame(s, &protocol.PollReply{Member: reply}) != nil {
			return
		}
	}
}

func (o *Owner) answer(p peer.ID, q protocol.PollRequest) (*protocol.PollMember, error) {
	hold := time.After(ownerHolds)
	for {
		o.mu.Lock()
		l, changed := o.log(p), o.changed
		reply := &protocol.PollMember{Presence: 1}
		reply.Records, reply.Keys = l.after(q.HaveSeq, q.HaveKey)
		for _, m := range l.State().Members() {
			reply.Present = append(reply.Present, protocol.Presence{Peer: m.Peer})
		}
		asked := len(reply.Records) + len(reply.Keys)
		if q.HavePresence == reply.Presence {
			reply.Present = nil
		}
		if o.lies != nil {
			o.lies(p, reply)
		}
		hurries := o.hurries
		o.mu.Unlock()
		if hurries != nil {
			hurries(reply)
			return reply, nil
		}
		if len(reply.Records)+len(reply.Keys) > 0 || asked > 0 {
			return reply, nil
		}
		select {
		case <-changed:
		case <-hold:
			return reply, nil
		case <-o.ctx.Done():
			return nil, errors.New("the end")
		}
	}
}

// compares answers a comparison as if the caller had everything.
func (o *Owner) compares(s network.Stream) {
	defer s.Close()
	var q protocol.SyncRequest
	if protocol.ReadFrame(s, &q) != nil {
		return
	}
	_ = protocol.WriteFrame(s, &protocol.SyncReply{HaveSeq: q.HaveSeq, Head: q.Head})
}
