package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/time/rate"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// loopback is where the nodes of these tests listen: real sockets and real time.
var loopback = []string{"/ip4/127.0.0.1/tcp/0"}

// An assault is alice's node with an open room, and other hosts that speak its protocols by hand.
type assault struct {
	t     *testing.T
	ctx   context.Context
	alice *Node
	room  protocol.RoomID
}

func assail(t *testing.T) *assault {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	alice := must(New(Config{Nick: "alice", Listen: loopback}))
	t.Cleanup(func() {
		if err := alice.Close(); err != nil {
			t.Error(err)
		}
	})
	info := must(alice.Create(ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()}))
	return &assault{t, ctx, alice, info.ID}
}

// host is a plain libp2p host, connected to alice's, that runs no code of ours.
func (s *assault) host(name string) host.Host {
	s.t.Helper()
	h := must(lan.NewHost(persona(name).PrivKey, loopback, libp2p.ResourceManager(must(newResourceManager()))))
	s.t.Cleanup(func() { h.Close() })
	if err := h.Connect(s.ctx, s.alice.addrInfo()); err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (s *assault) open(h host.Host, id libprotocol.ID) network.Stream {
	s.t.Helper()
	st, err := h.NewStream(s.ctx, s.alice.self, id)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := st.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return st
}

// raw is every byte of the answer to req.
func (s *assault) raw(h host.Host, id libprotocol.ID, req protocol.Frame) []byte {
	s.t.Helper()
	st := s.open(h, id)
	defer st.Reset()
	if err := protocol.WriteFrame(st, req); err != nil {
		s.t.Fatal(err)
	}
	if id != protocol.JoinID && id != protocol.PollID { // the caller of these ends the stream when it has its answer
		if err := st.CloseWrite(); err != nil {
			s.t.Fatal(err)
		}
	}
	n := must(binary.ReadUvarint(byteReader{st}))
	b := binary.AppendUvarint(nil, n)
	b = append(b, make([]byte, n)...)
	must(io.ReadFull(st, b[len(b)-int(n):]))
	return b
}

type byteReader struct{ io.Reader }

func (r byteReader) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r.Reader, b[:])
	return b[0], err
}

func (s *assault) ask(h host.Host, id libprotocol.ID, req, reply protocol.Frame) {
	s.t.Helper()
	if err := protocol.ReadFrame(bytes.NewReader(s.raw(h, id, req)), reply); err != nil {
		s.t.Fatal(err)
	}
}

// join makes h a member.
func (s *assault) join(h host.Host, nick string) protocol.JoinReply {
	s.t.Helper()
	var reply protocol.JoinReply
	s.ask(h, protocol.JoinID, &protocol.JoinRequest{Room: s.room, Nick: nick}, &reply)
	if reply.Code != protocol.JoinAdmitted {
		s.t.Fatalf("%s is answered %d", nick, reply.Code)
	}
	return reply
}

// An inLoop reads or changes parts of a node that only its loop may touch.
type inLoop func(l *loop)

func (f inLoop) run(l *loop) (none, error) {
	f(l)
	return none{}, nil
}

func (s *assault) inLoop(n *Node, f func(l *loop)) {
	s.t.Helper()
	if _, err := ask(s.ctx, n, inLoop(f)); err != nil {
		s.t.Fatal(err)
	}
}

// stillServes checks that an honest stranger is answered.
func (s *assault) stillServes(h host.Host) {
	s.t.Helper()
	var reply protocol.RoomsReply
	s.ask(h, protocol.RoomsID, &protocol.RoomsRequest{}, &reply)
	if len(reply.Rooms) != 1 || reply.Rooms[0].Members == 0 {
		s.t.Fatalf("the rooms are %+v", reply.Rooms)
	}
}

var ourProtocols = []libprotocol.ID{protocol.PollID, protocol.JoinID, protocol.AskID, protocol.OrderID, protocol.SyncID, protocol.PassID, protocol.TellID, protocol.RoomsID}

// TestBadFramesLoseTheStream: a peer that sends a frame that breaks the rules loses that stream and hears nothing. Nobody else loses
// anything.
func TestBadFramesLoseTheStream(t *testing.T) {
	s := assail(t)
	mallory, bob := s.host("mallory"), s.host("bob")
	big := binary.AppendUvarint(nil, protocol.MaxBatch+1)
	for _, id := range ourProtocols {
		for what, frame := range map[string][]byte{
			"noise":             bytes.Repeat([]byte{0xff}, 64),
			"a length too long": binary.AppendUvarint(nil, 1<<63),
			"too large":         append(big, make([]byte, 64)...),
			"a padded length":   {0x81, 0x00, 0x0a},
			"an unknown field":  {0x03, 0xfa, 0x01, 0x00},
			"truncated":         {0x20, 0x0a, 0x20, 1, 2, 3},
			"half a length":     {0x80},
		} {
			st := s.open(mallory, id)
			_, _ = st.Write(frame) // a reset may be faster
			_ = st.CloseWrite()
			got, err := io.ReadAll(st)
			if !errors.Is(err, network.ErrReset) || len(got) > 0 {
				t.Errorf("%s, %s: %x, %v", id, what, got, err)
			}
		}
	}
	s.stillServes(bob)
	s.stillServes(mallory)
}

// TestSlowFrames: a slow sender holds up nobody.
func TestSlowFrames(t *testing.T) {
	s := assail(t)
	mallory, bob := s.host("mallory"), s.host("bob")
	for range 20 {
		for _, id := range ourProtocols {
			st := s.open(mallory, id)
			if id != protocol.RoomsID {
				_, _ = st.Write([]byte{0x20}) // streams beyond a stranger's share are refused
			}
		}
	}
	start := time.Now()
	s.stillServes(bob)
	s.join(bob, "bob")
	if d := time.Since(start); d > streamTimeout/2 {
		t.Errorf("another was answered after %v", d)
	}
}

// TestStrangersLearnNothing: a stranger learns nothing: not which peers were ever members, nor which rooms there are besides the
// listed ones.
func TestStrangersLearnNothing(t *testing.T) {
	s := assail(t)
	mallory, bob := s.host("mallory"), s.host("bob")
	refused := []byte{2, 0x0a, 0}
	nonce := protocol.Nonce{1}
	poll := func(room protocol.RoomID, admission uint64, n protocol.Nonce) *protocol.PollAsk {
		return &protocol.PollAsk{Request: &protocol.PollRequest{Room: room, Admission: admission, Nonce: n}}
	}
	isRefused := func(what string, got []byte) {
		t.Helper()
		if !bytes.Equal(got, refused) {
			t.Errorf("%s: %x", what, got)
		}
	}
	isRefused("never a member", s.raw(mallory, protocol.PollID, poll(s.room, 1, nonce)))
	isRefused("no such room", s.raw(mallory, protocol.PollID, poll(protocol.RoomID{9}, 1, nonce)))

	admission := s.join(bob, "bob").Admission
	must(s.alice.Kick(s.ctx, "lab", "bob", "too loud"))
	isRefused("another peer's reason", s.raw(mallory, protocol.PollID, poll(s.room, admission, nonce)))
	isRefused("its own reason, of another admission", s.raw(bob, protocol.PollID, poll(s.room, admission+5, nonce)))
	first := s.raw(bob, protocol.PollID, poll(s.room, admission, nonce))
	var reply protocol.PollReply
	if err := protocol.ReadFrame(bytes.NewReader(first), &reply); err != nil || reply.Reason == nil {
		t.Fatalf("bob is answered %x, %v", first, err)
	}
	if again := s.raw(bob, protocol.PollID, poll(s.room, admission, nonce)); !bytes.Equal(first, again) {
		t.Error("the lost reply comes back changed")
	}
	isRefused("the nonce of another", s.raw(bob, protocol.PollID, poll(s.room, admission, protocol.Nonce{2})))
	isRefused("the reason and nonce of another peer", s.raw(mallory, protocol.PollID, poll(s.room, admission, nonce)))

	for _, h := range []host.Host{mallory, bob} {
		for _, room := range []protocol.RoomID{s.room, {9}} {
			for id, req := range map[libprotocol.ID]protocol.Frame{
				protocol.SyncID: &protocol.SyncRequest{Room: room, Keys: []uint64{1, 2, 3}},
				protocol.TellID: &protocol.TellRequest{Room: room, ID: [16]byte{1}, Text: "psst", At: lawStart},
				protocol.PassID: &protocol.PassRequest{Room: room, Line: []byte("hello"), To: []peer.ID{s.alice.self}},
				protocol.AskID:  &protocol.AskRequest{Room: room, Invite: &protocol.AskInvite{Expires: time.Hour}},

				protocol.OrderID: &protocol.OrderRequest{Room: room, Kind: protocol.OrderKick, Peer: s.alice.self},
			} {
				known, unknown := s.raw(h, id, req), s.raw(mallory, id, req)
				if len(known) > 8 || !bytes.Equal(known, unknown) {
					t.Errorf("%s of %s: %x", id, room, known)
				}
			}
			var left protocol.AskReply
			if s.ask(h, protocol.AskID, &protocol.AskRequest{Room: room, Leave: true}, &left); left.OK {
				t.Error("a peer that is no member has left")
			}
		}
	}
}

// TestManyPollsLeaveNothing: polls of strangers leave no state behind.
func TestManyPollsLeaveNothing(t *testing.T) {
	s := assail(t)
	mallory := s.host("mallory")
	for _, v := range s.alice.admission.services { // before the first stream
		v.stranger, v.address = keyed[peer.ID](budget{rate.Inf, 1}), keyed[netip.Addr](budget{rate.Inf, 1})
	}
	rm := resourcesOf(s.alice.host)
	rm.mu.Lock()
	rm.stranger, rm.address = keyed[peer.ID](budget{rate.Inf, 1}), keyed[netip.Addr](budget{rate.Inf, 1})
	rm.mu.Unlock()
	size := func() (n int) {
		s.inLoop(s.alice, func(l *loop) {
			r := l.rooms[s.room]
			o := &r.desk
			n = len(l.rooms) + len(o.polls.held) + len(o.presence.heard) + len(o.door.knocks) + len(o.attempts) + len(o.tracker.followed) +
				len(r.desk.ledger.Failures()) + len(r.desk.ledger.Knocks()) + r.talk.Early() + len(r.pending) + len(r.records)
		})
		return n
	}
	before := size()
	for i := range 1000 {
		nonce := protocol.Nonce{1, byte(i), byte(i >> 8)}
		req := &protocol.PollAsk{Request: &protocol.PollRequest{Room: s.room, Admission: uint64(i + 1), Nonce: nonce}}
		if i%2 == 0 {
			req.Request.Room = protocol.RoomID{1, byte(i), byte(i >> 8)}
		}
		if got := s.raw(mallory, protocol.PollID, req); len(got) != 3 {
			t.Fatalf("poll %d is answered %x", i, got)
		}
	}
	if after := size(); after != before {
		t.Errorf("the loop held %d entries, now %d", before, after)
	}
	s.stillServes(mallory)
}

// outlaw is a gossip instance of a member that follows none of our rules.
func (s *assault) outlaw(h host.Host) (lines, records *pubsub.Topic) {
	s.t.Helper()
	proto := protocol.GossipID(s.room)
	ps := must(pubsub.NewGossipSub(s.ctx, h,
		pubsub.WithGossipSubProtocols([]libprotocol.ID{proto}, func(f pubsub.GossipSubFeature, p libprotocol.ID) bool { return p == proto }),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(), pubsub.WithFloodPublish(true),
		pubsub.WithMessageIdFn(func(m *pb.Message) string { id := protocol.DataID(m.GetData()); return string(id[:]) }),
	))
	lines, records = must(ps.Join(protocol.LinesTopic)), must(ps.Join(protocol.RecordsTopic))
	for _, topic := range []*pubsub.Topic{lines, records} {
		sub := must(topic.Subscribe())
		s.t.Cleanup(sub.Cancel)
		for len(topic.ListPeers()) == 0 {
			select {
			case <-s.ctx.Done():
				s.t.Fatal("alice is never seen on the topic")
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	return lines, records
}

// TestRecordsSignedByMember: a member that signs records itself changes nothing, and the owner hears of it once.
func TestRecordsSignedByMember(t *testing.T) {
	s := assail(t)
	bob, carol := s.host("bob"), s.host("carol")
	s.join(carol, "carol")
	in := s.join(bob, "bob")
	lines, records := s.outlaw(bob)
	w := watch(t, "alice", s.alice)
	defer w.sub.Close()
	last := must(protocol.OpenRecord(in.Records[len(in.Records)-1]))
	for i, body := range []protocol.Body{
		protocol.Remove{Peer: personaID("carol"), Kind: protocol.Kicked},
		protocol.Remove{Peer: s.alice.self, Kind: protocol.Kicked},
		protocol.Close{Kind: protocol.Closed},
		protocol.Admit{Peer: personaID("mallory"), Nick: "mallory"},
		protocol.SetPolicy{Policy: protocol.DefaultPolicy()},
		protocol.Rekey{},
	} {
		r := protocol.Record{
			Room: s.room, Seq: last.Seq + 1, Prev: last.Hash(), Term: 1, Epoch: last.Epoch, At: lawStart.Add(time.Duration(i) * time.Hour),
			Author: personaID("bob"), Body: body,
		}
		if protocol.StartsEpoch(body) {
			r.KeyHash = protocol.CommitKey(r.Room, r.Epoch, protocol.Key{1})
		}
		if err := records.Publish(s.ctx, must(protocol.SignRecord(r, persona("bob"))).Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	// Lines that follow on the same stream are heard after them.
	key := in.Keys[len(in.Keys)-1]
	done := sealed("bob", protocol.Header{Room: s.room, Epoch: key.Epoch, Ctr: 1, Lamport: 1}, "done", key.Key)
	if err := lines.Publish(s.ctx, done.Raw()); err != nil {
		t.Fatal(err)
	}
	until(w, func(m Message) bool { return m.Text == "done" })
	attempts := 0
	for _, ev := range w.seen {
		switch b := ev.Body.(type) {
		case Warning:
			if b.Code != "attempt" || b.Peer != personaID("bob") {
				t.Errorf("warned: %+v", b)
			}
			attempts++
		case MemberRemoved, MemberJoined, MemberLeft, RoomClosed, PolicyChanged, Epoch:
			t.Errorf("something has changed: %+v", b)
		}
	}
	if attempts != 1 {
		t.Errorf("%d warnings", attempts)
	}
	if ms := must(s.alice.Members(s.ctx, "lab")); len(ms.Members) != 3 || ms.Epoch != key.Epoch {
		t.Errorf("the members are %+v", ms)
	}
}

// TestUncommittedKeyIsNotBelieved: no peer's word for a key is enough: a key counts if the record that starts its epoch is in the log
// and commits to it.
func TestUncommittedKeyIsNotBelieved(t *testing.T) {
	s := assail(t)
	addr := s.alice.Info().Addrs[0]
	bob := must(New(Config{Nick: "bob", Listen: loopback, Peers: []string{addr}}))
	t.Cleanup(func() {
		if err := bob.Close(); err != nil {
			t.Error(err)
		}
	})
	must(bob.Join(s.ctx, JoinOptions{Room: s.room.String()}))
	s.inLoop(bob, func(l *loop) {
		r := l.rooms[s.room]
		st := r.state()
		inForce, _ := r.keys.Get(st.Epoch())
		for _, from := range []peer.ID{personaID("carol"), r.authority()} {
			for _, epoch := range []uint64{1, st.Epoch(), st.Epoch() + 1, st.Epoch() + 1_000_000, protocol.MaxCounter} {
				before := r.keys.Epochs()
				// A line that opens under the key is no proof: its author may have invented the key.
				h := protocol.Header{Room: s.room, Epoch: epoch, Ctr: 1, Lamport: 1}
				keepEarly(r, sealed("carol", h, "mine", protocol.Key{2}))
				r.keys.take(from, []protocol.EpochKey{{Epoch: epoch, Key: protocol.Key{2}}})
				if !slices.Equal(r.keys.Epochs(), before) {
					t.Errorf("a key of epoch %d is believed: %v", epoch, r.keys.Epochs())
				}
			}
		}
		r.keys.Keyring = r.keys.Drop(time.Now().Add(365 * 24 * time.Hour))
		if k, ok := r.keys.Get(st.Epoch()); !ok || k != inForce {
			t.Error("the key in force is gone")
		}
		if len(r.keys.early) > maxEarlyKeys {
			t.Errorf("%d keys wait", len(r.keys.early))
		}
		many := make([]protocol.EpochKey, protocol.MaxBatchItems)
		for i := range many {
			many[i] = protocol.EpochKey{Epoch: st.Epoch() + 1 + uint64(i), Key: protocol.Key{3}}
		}
		r.keys.take(r.authority(), many)
		if len(r.keys.early) != maxEarlyKeys {
			t.Errorf("%d keys wait for their records, not %d", len(r.keys.early), maxEarlyKeys)
		}
	})
}

// keepEarly has r keep a line whose epoch has not come.
func keepEarly(r *room, m protocol.Message) {
	_, effects := r.talk.Keep(r.talk.world(), m)
	r.talk.carry(effects)
}
