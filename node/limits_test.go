package node

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// whole is every byte of a stream with one request, up to its end in order.
func (s *assault) whole(h host.Host, id libprotocol.ID, req protocol.Frame) ([]byte, error) {
	s.t.Helper()
	st := s.open(h, id)
	defer st.Reset()
	if err := protocol.WriteFrame(st, req); err != nil {
		return nil, err
	}
	if err := st.CloseWrite(); err != nil {
		return nil, err
	}
	return io.ReadAll(st)
}

// expire makes all failures of the room expire.
func (s *assault) expire() {
	s.t.Helper()
	s.inLoop(s.alice, func(l *loop) {
		r := l.rooms[s.room]
		d := authority.Durable{Records: r.records, Failures: r.desk.ledger.Failures()}
		for i := range d.Failures {
			d.Failures[i].Expires = l.now().Add(-time.Second)
		}
		*r.desk.ledger = must(authority.Load(d))
	})
}

// stored is the content of alice's store: any change of it has at least another transaction number.
func (s *assault) stored() (raw []byte) {
	s.t.Helper()
	s.inLoop(s.alice, func(l *loop) { raw = must(os.ReadFile(filepath.Join(l.n.cfg.DataDir, store.File))) })
	return raw
}

// TestRefusalsAreAlike: whatever the cause of a refusal, its stream is the same from the first byte to its end, and nothing is written
// for it.
func TestRefusalsAreAlike(t *testing.T) {
	s := assail(t)
	if err := s.alice.Close(); err != nil {
		t.Fatal(err)
	}
	s.alice = must(New(Config{Nick: "alice", Listen: loopback, DataDir: t.TempDir()}))
	defer func() { s.alice.Close() }()
	s.room = must(s.alice.Create(s.ctx, CreateOptions{Name: "lab", PolicyChange: openRoom()})).ID
	hosts := make(map[string]host.Host)
	admission := make(map[string]uint64)
	for _, name := range []string{"bob", "carol", "dave", "mallory"} {
		hosts[name] = s.host(name)
	}
	for _, name := range []string{"bob", "carol", "dave"} {
		admission[name] = s.join(hosts[name], name).Admission
	}
	for _, name := range []string{"bob", "carol"} {
		must(s.alice.Kick(s.ctx, "lab", name, "too loud"))
	}
	poll := func(name string, room protocol.RoomID, n byte) []byte {
		b, err := s.whole(hosts[name], protocol.PollID, &protocol.PollAsk{Request: &protocol.PollRequest{Room: room, Admission: max(admission[name], 1), Nonce: protocol.Nonce{n}}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return b
	}
	if told := poll("bob", s.room, 1); len(told) < 100 {
		t.Fatalf("bob is told %x", told)
	}
	before := s.stored()
	refused := []byte{2, 0x0a, 0}
	is := func(what string, got []byte) {
		t.Helper()
		if !bytes.Equal(got, refused) {
			t.Errorf("%s: the whole stream is %x", what, got)
		}
	}
	is("a stranger", poll("mallory", s.room, 1))
	is("claimed by another nonce", poll("bob", s.room, 2))
	is("an unknown room", poll("mallory", protocol.RoomID{9}, 1))
	is("an unknown room, from a peer that is owed a reason elsewhere", poll("carol", protocol.RoomID{9}, 1))
	is("the admission of another", func() []byte { admission["mallory"] = admission["carol"]; return poll("mallory", s.room, 1) }())
	s.expire()
	is("expired, never asked for", poll("carol", s.room, 1))
	is("expired, claimed", poll("bob", s.room, 1))
	if !bytes.Equal(s.stored(), before) {
		t.Error("something was written for refusals")
	}

	s.inLoop(s.alice, func(l *loop) { must(struct{}{}, l.rooms[s.room].desk.step(authority.Resumed{})) }) // commands follow
	// A join gets one answer for a room that is not here, for a closed room, and for a room that only gives reasons.
	must(struct{}{}, s.alice.CloseRoom(s.ctx, "lab", ""))
	join := func(room protocol.RoomID) []byte {
		return must(s.whole(hosts["mallory"], protocol.JoinID, &protocol.JoinRequest{Room: room, Nick: "mallory", Nonce: protocol.Nonce{1}}))
	}
	if closed, unknown := join(s.room), join(protocol.RoomID{9}); !bytes.Equal(closed, unknown) || len(closed) > 8 {
		t.Errorf("a closed room is answered %x, an unknown one %x", closed, unknown)
	}
}

// useUp leaves nothing of the share that strangers have in common, for a protocol.
func (a *admission) useUp(id protocolID) {
	v := a.services[id]
	v.shared = rate.NewLimiter(rate.Every(time.Hour), 1)
	v.shared.Allow()
	v.address = keyed[netip.Addr](budget{rate.Every(time.Hour), 1})
	v.address.Limiter(netip.MustParseAddr("127.0.0.1")).Allow()
}

// TestStrangersTakeNothingFromGuests: when strangers have used up their common share, members and peers that are owed a reason are
// answered as ever.
func TestStrangersTakeNothingFromGuests(t *testing.T) {
	s := assail(t)
	bob, carol, mallory := s.host("bob"), s.host("carol"), s.host("mallory")
	in, out := s.join(bob, "bob").Admission, s.join(carol, "carol").Admission
	must(s.alice.Kick(s.ctx, "lab", "carol", "too loud"))
	s.inLoop(s.alice, func(l *loop) {
		for _, id := range ourProtocols {
			l.n.admission.useUp(id)
		}
	})
	ask := func(room protocol.RoomID, admission uint64) *protocol.PollAsk {
		return &protocol.PollAsk{Request: &protocol.PollRequest{Room: room, Admission: admission, Nonce: protocol.Nonce{1}}}
	}
	for _, room := range []protocol.RoomID{s.room, {9}} {
		for id, req := range map[libprotocol.ID]protocol.Frame{
			protocol.PollID: ask(room, 1), protocol.SyncID: &protocol.SyncRequest{Room: room}, protocol.RoomsID: &protocol.RoomsRequest{},
			protocol.AskID: &protocol.AskRequest{Room: room, Leave: true}, protocol.PassID: &protocol.PassRequest{Room: room, Line: []byte("hello")},
			protocol.TellID: &protocol.TellRequest{Room: room, ID: [16]byte{1}, Text: "psst", At: lawStart},

			protocol.OrderID: &protocol.OrderRequest{Room: room, Kind: protocol.OrderKick, Peer: bob.ID()},
		} {
			if got, err := s.whole(mallory, id, req); err == nil || len(got) > 0 {
				t.Errorf("a stranger's %s is answered %x, %v", id, got, err)
			}
		}
		var reply protocol.JoinReply
		if s.ask(mallory, protocol.JoinID, &protocol.JoinRequest{Room: room, Nick: "mallory"}, &reply); reply.Code != protocol.JoinTooSoon || reply.Wait < time.Minute {
			t.Errorf("a stranger's join is answered %+v", reply)
		}
	}
	var reply protocol.PollReply
	if s.ask(bob, protocol.PollID, ask(s.room, in), &reply); reply.Member == nil {
		t.Error("a member is refused")
	}
	if s.ask(carol, protocol.PollID, ask(s.room, out), &reply); reply.Reason == nil {
		t.Error("a peer that is owed a reason is refused")
	}
	var compared protocol.SyncReply
	if s.ask(bob, protocol.SyncID, &protocol.SyncRequest{Room: s.room}, &compared); len(compared.Records) == 0 {
		t.Error("a member is given no records")
	}
	s.stillServes(bob)
	// A valid invite opens the door all the same.
	invite := must(protocol.ParseInvite(must(s.alice.Invite(s.ctx, "lab", "dave", time.Hour)).Text))
	var joined protocol.JoinReply
	s.ask(s.host("dave"), protocol.JoinID, &protocol.JoinRequest{Room: s.room, Nick: "dave", Token: invite.Token}, &joined)
	if joined.Code != protocol.JoinAdmitted {
		t.Errorf("a peer with an invite is answered %+v", joined)
	}
}

// TestOnePeersPollsAreLimited: one peer has one budget, however many streams it opens. A member's is larger than a stranger's.
func TestOnePeersPollsAreLimited(t *testing.T) {
	for who, has := range map[string]budget{"member": pollQuota.guest, "stranger": pollQuota.stranger} {
		t.Run(who, func(t *testing.T) {
			simulate(t, 2, func(l *simLAN) {
				alice := l.start("alice")
				info := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
				m := l.infiltrate(1, info)
				room := info.ID
				if who == "member" {
					m.Join("mallory", protocol.Token{})
					room = protocol.RoomID{9} // otherwise its polls would be held
				}
				begin := time.Now()
				answers := 0
				for time.Since(begin) < 4*time.Second {
					answers += pollUntilReset(l, l.hosts[1], alice.self, room)
					time.Sleep(10 * time.Millisecond) // simulated
				}
				spent := time.Since(begin).Seconds()
				if most := has.burst + int(spent*float64(has.perSecond)) + 1; answers < has.burst || answers > most {
					t.Errorf("%d polls were answered in %.1f s, at most %d are due", answers, spent, most)
				}
				time.Sleep(time.Minute) // simulated
				v := alice.admission.services[protocol.PollID]
				if n := v.guest.Len() + v.stranger.Len(); n != 0 {
					t.Errorf("%d budgets of peers that ask no more are kept", n)
				}
			})
		})
	}
}

// pollUntilReset asks on one stream until it ends, or a quarter of a member's burst, and counts the answers.
func pollUntilReset(l *simLAN, h host.Host, owner peer.ID, room protocol.RoomID) (answers int) {
	st, err := h.NewStream(l.ctx(), owner, protocol.PollID)
	if err != nil {
		return 0
	}
	defer st.Reset()
	ask := &protocol.PollAsk{Request: &protocol.PollRequest{Room: room, Admission: 1, Nonce: protocol.Nonce{1}}}
	for answers < pollBurst/4 {
		var reply protocol.PollReply
		if protocol.WriteFrame(st, ask) != nil || protocol.ReadFrame(st, &reply) != nil {
			break
		}
		answers++
	}
	return answers
}

// TestOnePeersJoinsAreLimited: a peer that joins again and again is told to wait, and for how long.
func TestOnePeersJoinsAreLimited(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice, bob := l.start("alice"), l.start("bob")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		var err error
		for range 2 * joinBurst {
			if _, err = bob.Join(l.ctx(), JoinOptions{Room: "lab"}); err != nil {
				break
			}
			l.ok(bob.Leave(l.ctx(), "lab"))
		}
		if codeOf(err) != CodeRefused || AsError(err).Reason == "" {
			t.Fatalf("it can join and leave forever: %v", err)
		}
		time.Sleep(2 * joinEvery) // simulated
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
	})
}

// TestAdmissionsOfOpenRoomAreLimited: an open room admits no more peers than its owner's disk should bear. A peer that the owner or an
// invite lets in is not counted.
func TestAdmissionsOfOpenRoomAreLimited(t *testing.T) {
	s := assail(t)
	admitted, refused := 0, 0
	s.inLoop(s.alice, func(l *loop) {
		r := l.rooms[s.room]
		r.desk.door.open.all = rate.NewLimiter(rate.Every(time.Hour), 3)
		before := len(r.records)
		join := func(name string, token protocol.Token) protocol.JoinReply {
			replies := make(chan protocol.JoinReply, 2)
			joinAsked{visitor{peer: personaID(name)}, protocol.JoinRequest{Room: s.room, Nick: name, Token: token}, replies}.handle(l)
			return <-replies
		}
		for i := range 10 {
			name := fmt.Sprintf("p%d", i) // identities are free
			switch reply := join(name, protocol.Token{}); reply.Code {
			case protocol.JoinAdmitted:
				admitted++
				must(struct{}{}, r.desk.step(authority.Leave{Peer: personaID(name)}))
			case protocol.JoinTooSoon:
				if refused++; reply.Wait < time.Minute {
					t.Errorf("it is told to wait %v", reply.Wait)
				}
			default:
				t.Errorf("answered %d", reply.Code)
			}
		}
		if n := len(r.records) - before; admitted != 3 || refused != 7 || n != 6 {
			t.Errorf("%d admitted, %d refused, %d records written", admitted, refused, n)
		}
		info := must(r.desk.invite(s.alice.self, "", time.Hour))
		if got := join("carol", must(protocol.ParseInvite(info.Text)).Token).Code; got != protocol.JoinAdmitted {
			t.Errorf("a peer with an invite is answered %d", got)
		}
	})
}
