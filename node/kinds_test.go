package node

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"

	"localchat/node/internal/lan"
	"localchat/protocol"
)

// A way is one way to lose a place in a room, a place at its door, or a valid invite.
type way struct {
	name string
	// lose gives bob the place or invite, takes it away, and returns the error of his join, nil if he was in.
	lose func(l *simLAN) error
	want Removed // without owner and time
	end  time.Duration
	says string // the error of the join
}

const idleOfWays = 5 * time.Minute

// The console's words for each are in cli's test of the same name.
var ways = []way{
	{
		name: "kicked", want: Removed{Kind: "kicked", Text: "too loud"},
		lose: func(l *simLAN) error {
			l.letBobIn()
			must(l.nodes["alice"].Kick(l.ctx(), "lab", "bob", "too loud"))
			return nil
		},
	},
	{
		name: "banned", want: Removed{Kind: "banned", Text: "spam"}, end: 2 * time.Hour,
		lose: func(l *simLAN) error {
			l.letBobIn()
			must(l.nodes["alice"].Ban(l.ctx(), "lab", "bob", "spam", 2*time.Hour))
			return nil
		},
	},
	{
		name: "closed", want: Removed{Kind: "closed", Text: "good night"},
		lose: func(l *simLAN) error {
			l.letBobIn()
			l.ok(l.nodes["alice"].CloseRoom(l.ctx(), "lab", "good night"))
			return nil
		},
	},
	{
		name: "idle", want: Removed{Kind: "idle"},
		lose: func(l *simLAN) error {
			l.letBobIn()
			time.Sleep(idleOfWays) // simulated
			return nil
		},
	},
	{
		name: "invite revoked", want: Removed{Kind: "invite-revoked", AtDoor: true},
		says: "your invite to lab was revoked by alice",
		lose: func(l *simLAN) error {
			made := must(l.nodes["alice"].Invite(l.ctx(), "lab", "", time.Hour))
			l.ok(l.nodes["alice"].Uninvite(l.ctx(), "lab", made.ID))
			_, err := l.nodes["bob"].Join(l.ctx(), JoinOptions{Invite: made.Text})
			return err
		},
	},
	{
		name: "banned at the door", want: Removed{Kind: "banned", Text: "spam", AtDoor: true}, end: 2 * time.Hour,
		says: "you were banned from lab by alice for 2h0m0s: spam",
		lose: func(l *simLAN) error {
			return l.whileBobKnocks(func() { must(l.nodes["alice"].Ban(l.ctx(), "lab", "bob", "spam", 2*time.Hour)) })
		},
	},
	{
		name: "closed at the door", want: Removed{Kind: "closed", Text: "good night", AtDoor: true},
		says: "lab was closed by alice: good night",
		lose: func(l *simLAN) error {
			return l.whileBobKnocks(func() { l.ok(l.nodes["alice"].CloseRoom(l.ctx(), "lab", "good night")) })
		},
	},
	{
		name: "idle at the door", want: Removed{Kind: "idle", AtDoor: true},
		says: "lab was closed: nobody said anything for too long",
		lose: func(l *simLAN) error {
			time.Sleep(idleOfWays - patience/2) // simulated
			return l.whileBobKnocks(func() {})
		},
	},
}

func (l *simLAN) ok(err error) {
	if err != nil {
		panic(err)
	}
}

// whileBobKnocks has bob knock, calls f meanwhile, and returns the error of his join.
func (l *simLAN) whileBobKnocks(do func()) error {
	joined := make(chan error, 1)
	ctx := l.ctx()
	go func() {
		_, err := l.nodes["bob"].Join(ctx, JoinOptions{Room: "lab"})
		joined <- err
	}()
	until(l.subs["alice"], func(k Knock) bool { return k.Nick == "bob" })
	do()
	return <-joined
}

func (l *simLAN) letBobIn() {
	l.ok(l.whileBobKnocks(func() { l.ok(l.nodes["alice"].Accept(l.ctx(), "lab", "bob")) }))
}

// duringWays has alice own a room that bob knows of.
func duringWays(t *testing.T, f func(l *simLAN, room RoomID)) {
	simulate(t, 2, func(l *simLAN) {
		alice := l.start("alice")
		l.start("bob")
		idle := int64(idleOfWays / time.Second)
		room := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{IdleS: &idle}}))
		until(l.subs["bob"], func(f RoomFound) bool { return f.Name == "lab" })
		f(l, room.ID)
	})
}

// TestEveryWayToLoseAPlace: every way to lose a place is one event, with its kind, its text, its owner, when, and until when. The same
// follows as after a /leave.
func TestEveryWayToLoseAPlace(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			duringWays(t, func(l *simLAN, room RoomID) {
				alice, bob := l.nodes["alice"], l.nodes["bob"]
				err := w.lose(l)
				got := until[Removed](l.subs["bob"], nil)
				if w.says != "" && (err == nil || err.Error() != w.says || codeOf(err) != CodeRefused || AsError(err).Reason == "") {
					t.Errorf("the join: %v (%s)", err, codeOf(err))
				}
				w.want.By, w.want.ByNick, w.want.At, w.want.Removal = alice.self, "alice", got.At, got.Removal
				if w.end > 0 {
					w.want.Until = got.At.Add(w.end)
				}
				if got != w.want || time.Since(got.At) > patience {
					t.Errorf("told %+v, want %+v", got, w.want)
				}
				if ev := l.subs["bob"].seen[len(l.subs["bob"].seen)-1]; ev.Room != room || ev.RoomName != "lab" {
					t.Errorf("the event is of %s %q", ev.Room, ev.RoomName)
				}
				time.Sleep(2 * time.Minute) // simulated: a node that went on asking would be refused
				for _, ev := range l.subs["bob"].drain() {
					switch ev.Body.(type) {
					case Refused, OwnerUnreachable, OwnerBack, Left, Warning:
						t.Errorf("bob was told %s", ev.Body.Type())
					}
				}
				if n := count[Removed](l.subs["bob"]); n != 1 {
					t.Errorf("told %d times", n)
				}
				said := CodeNotMember
				switch ended := got.Kind == "closed" || got.Kind == "idle"; {
				case ended && got.AtDoor:
					said = CodeNotFound // never was in it
				case ended:
					said = CodeClosed
				}
				l.hasLeft(bob, alice, room, said)
			})
		})
	}
}

// hasLeft checks that nothing of the room is left on n, and that its authority waits for nothing of n. A line said
// there is answered with the given code.
func (l *simLAN) hasLeft(n, owner *Node, room RoomID, said ErrorCode) {
	l.t.Helper()
	for _, r := range must(n.Rooms(l.ctx())) {
		if r.ID == room && r.In {
			l.t.Error("the room is still listed as one that we are in")
		}
	}
	if _, err := n.Say(l.ctx(), room.String(), "still here?", false); codeOf(err) != said {
		l.t.Errorf("a line that is said is answered %v, want %s", err, said)
	}
	must(ask(l.ctx(), n, inLoop(func(lp *loop) {
		if lp.rooms[room] != nil || slices.Contains(lp.order, room) || len(lp.farewell.unackedReasons) > 0 {
			l.t.Error("the node still has the room")
		}
	})))
	must(ask(l.ctx(), owner, inLoop(func(lp *loop) {
		r := lp.rooms[room]
		if r == nil {
			return // ended, and no reason is owed
		}
		if _, held := r.desk.polls.held[n.self]; held || len(r.desk.door.knocks) > 0 {
			l.t.Error("the authority still waits for us")
		}
	})))
}

// TestLosingPlaceDropsKeys: keys, roster and lines go with the place, also from the parts that libp2p still holds of the room.
func TestLosingPlaceDropsKeys(t *testing.T) {
	duringWays(t, func(l *simLAN, id RoomID) {
		l.letBobIn()
		bob := l.nodes["bob"]
		must(l.nodes["alice"].Say(l.ctx(), "lab", "hello", false))
		until(l.subs["bob"], func(m Message) bool { return m.Text == "hello" })
		var lost *room
		held := func(when string, want bool) {
			must(ask(l.ctx(), bob, inLoop(func(lp *loop) {
				if !want && lp.rooms[id] != nil {
					t.Error("bob is still in")
				}
				if want {
					lost = lp.rooms[id]
				}
				s := lost.gossip.Snapshot()
				for what, n := range map[string]int{
					"keys": len(lost.keys.Epochs()), "keys for pubsub": len(s.Keys.Epochs()), "members": lost.state().Len(),
					"members for pubsub": s.State.Len(), "lines": lost.talk.Len(), "records": len(lost.records) + len(s.Records),
				} {
					if (n > 0) != want {
						t.Errorf("%s: %d %s", when, n, what)
					}
				}
			})))
		}
		held("in", true)
		must(l.nodes["alice"].Kick(l.ctx(), "lab", "bob", ""))
		until[Removed](l.subs["bob"], nil)
		held("out", false)
	})
}

// TestLostNetworkIsNoRemoval: a failed network takes nothing away, and its messages are not those of a removal.
func TestLostNetworkIsNoRemoval(t *testing.T) {
	duringWays(t, func(l *simLAN, id RoomID) {
		l.letBobIn()
		bob := l.nodes["bob"]
		l.cut("alice", "bob")
		until[OwnerUnreachable](l.subs["bob"], nil)
		time.Sleep(2 * time.Minute) // simulated
		must(ask(l.ctx(), bob, inLoop(func(lp *loop) {
			if r := lp.rooms[id]; r == nil || r.membership.seat.Done() || len(r.keys.Epochs()) == 0 || r.state().Len() != 2 {
				t.Error("the place, its keys or its roster are gone")
			}
		})))
		l.heal()
		until[OwnerBack](l.subs["bob"], nil)
		must(bob.Say(l.ctx(), "lab", "still here", false))
		until(l.subs["alice"], func(m Message) bool { return m.Text == "still here" })
		if n := count[Removed](l.subs["bob"]) + count[Refused](l.subs["bob"]) + count[Left](l.subs["bob"]); n > 0 {
			t.Errorf("%d events of a removal: %s", n, l.subs["bob"].story())
		}
	})
}

// knockWith knocks by hand and returns every byte of the first answer.
func (s *assault) knockWith(h host.Host, q protocol.JoinRequest) []byte {
	s.t.Helper()
	q.Room = s.room
	return s.raw(h, protocol.JoinID, &q)
}

// TestRevocationOutlivesRestart: the reason for a revoked invite outlives a restart of the owner, before it was given and after. Every
// peer but the first that was given it gets the answer to an invented token.
func TestRevocationOutlivesRestart(t *testing.T) {
	s := assail(t)
	dir := t.TempDir()
	restart := func() {
		if err := s.alice.Close(); err != nil {
			t.Fatal(err)
		}
		s.alice = must(New(Config{Nick: "alice", Listen: loopback, DataDir: dir}))
	}
	restart()
	defer func() { s.alice.Close() }()
	s.room = must(s.alice.Create(s.ctx, CreateOptions{Name: "lab"})).ID
	made := must(s.alice.Invite(s.ctx, "lab", "", time.Hour))
	token := must(protocol.ParseInvite(made.Text)).Token
	if err := s.alice.Uninvite(s.ctx, "lab", made.ID); err != nil {
		t.Fatal(err)
	}
	restart()
	if open := must(s.alice.Invites(s.ctx, "lab")); len(open) != 0 {
		t.Errorf("open: %v", open)
	}
	bob, mallory := s.host("bob"), s.host("mallory")
	mine := protocol.JoinRequest{Nick: "bob", Token: token, Nonce: protocol.Nonce{1}}
	first := s.knockWith(bob, mine)
	restart()
	for _, h := range []host.Host{bob, mallory} {
		_ = h.Network().ClosePeer(s.alice.self) // it may not have seen yet that this connection is dead, and would keep it
		if err := h.Connect(s.ctx, s.alice.addrInfo()); err != nil {
			t.Fatal(err)
		}
	}
	if again := s.knockWith(bob, mine); !bytes.Equal(again, first) {
		t.Errorf("the same question is answered %x, then %x", first, again)
	}
	var reply protocol.JoinReply
	if err := protocol.ReadFrame(bytes.NewReader(first), &reply); err != nil {
		t.Fatal(err)
	}
	if r, err := protocol.OpenReason(reply.Reason); err != nil || r.Kind != protocol.InviteRevoked || r.Peer != bob.ID() || r.By != s.alice.self {
		t.Errorf("told %+v, %v", r, err)
	}
	guess := protocol.JoinRequest{Nick: "bob", Token: protocol.Token{9}, Nonce: protocol.Nonce{1}}
	bad := s.knockWith(mallory, guess)
	mine.Nonce[0]++
	for what, got := range map[string][]byte{
		"another nonce": s.knockWith(bob, mine), "another peer": s.knockWith(mallory, mine), "no nonce": s.knockWith(bob, protocol.JoinRequest{Nick: "bob", Token: token}),
	} {
		if !bytes.Equal(got, bad) {
			t.Errorf("%s: %x, and a made-up token %x", what, got, bad)
		}
	}
}

// TestOnlyAuthoritysReasonForMyRequest: a lost answer is asked for again with the same nonce. A reason that is not the authority's own
// answer to that request counts for nothing, and the refusal stands without it.
func TestOnlyAuthoritysReasonForMyRequest(t *testing.T) {
	h := must(lan.NewHost(persona("alice").PrivKey, loopback, libp2p.ResourceManager(must(newResourceManager()))))
	defer h.Close()
	bob := must(New(Config{Nick: "bob", Listen: loopback}))
	defer bob.Close()
	events := bob.Subscribe(SubscribeOptions{}).Events()
	told := func() (n int) {
		for {
			select {
			case ev := <-events:
				if _, ok := ev.Body.(Removed); ok {
					n++
				}
			default:
				return n
			}
		}
	}
	room := protocol.RoomID{7}
	good := func(q protocol.JoinRequest) protocol.Reason {
		return protocol.Reason{Room: room, Peer: bob.self, Kind: protocol.Banned, Text: "spam", By: personaID("alice"), ByNick: "alice", At: lawStart, Removal: 1, Nonce: q.Nonce}
	}
	for what, c := range map[string]struct {
		forge func(r *protocol.Reason) (signer string)
		told  bool
	}{
		"the true one":   {func(*protocol.Reason) string { return "alice" }, true},
		"another signer": {func(r *protocol.Reason) string { r.By = personaID("mallory"); return "mallory" }, false},
		"another room":   {func(r *protocol.Reason) string { r.Room[0]++; return "alice" }, false},
		"another peer":   {func(r *protocol.Reason) string { r.Peer = personaID("carol"); return "alice" }, false},
		"another nonce":  {func(r *protocol.Reason) string { r.Nonce[0]++; return "alice" }, false},
	} {
		t.Run(what, func(t *testing.T) {
			nonces := make(chan protocol.Nonce, 2*joinTries)
			h.SetStreamHandler(protocol.JoinID, func(s network.Stream) {
				defer s.Close()
				var q protocol.JoinRequest
				if err := protocol.ReadFrame(s, &q); err != nil {
					t.Error(err)
				}
				nonces <- q.Nonce
				if len(nonces) < joinTries {
					_ = s.Reset() // the answer is lost
					return
				}
				r := good(q)
				signer := c.forge(&r)
				reason := must(protocol.SignReason(r, persona(signer)))
				if err := protocol.WriteFrame(s, &protocol.JoinReply{Code: protocol.JoinBanned, Reason: reason.Bytes()}); err != nil {
					t.Error(err)
				}
			})
			invite := protocol.InviteText{Owner: h.ID(), Room: room, Token: protocol.Token{1}, Expires: time.Now().Add(time.Hour), Addrs: h.Addrs()}
			_, err := bob.Join(t.Context(), JoinOptions{Invite: invite.String()})
			if codeOf(err) != CodeRefused || strings.Contains(err.Error(), "spam") != c.told {
				t.Errorf("the join: %v", err)
			}
			if n := told(); (n == 1) != c.told {
				t.Errorf("%d events", n)
			}
			first := <-nonces
			if first == (protocol.Nonce{}) || len(nonces) != joinTries-1 {
				t.Errorf("asked %d times more, with %x", len(nonces), first)
			}
			for range len(nonces) {
				if n := <-nonces; n != first {
					t.Errorf("asked again with %x, not %x", n, first)
				}
			}
		})
	}
}

// TestOwnerAnswersDoorBeforeClosing: when a room is closed, and its owner's node with it, a peer at the door still hears why.
func TestOwnerAnswersDoorBeforeClosing(t *testing.T) {
	duringWays(t, func(l *simLAN, _ RoomID) {
		err := l.whileBobKnocks(func() {
			l.ok(l.nodes["alice"].CloseRoom(l.ctx(), "lab", "good night"))
			l.ok(l.nodes["alice"].Close())
		})
		if want := "lab was closed by alice: good night"; err == nil || err.Error() != want {
			t.Errorf("bob is told %v, want %s", err, want)
		}
	})
}
