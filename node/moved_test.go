package node

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/protocol"
	"localchat/test/hostile"
)

// handedOver returns the record seq of a room, by which one persona gives it to another, which has accepted.
func handedOver(room protocol.RoomID, seq uint64, from, to string) []byte {
	prev := protocol.Hash{byte(seq)}
	accepted := must(protocol.SignAcceptance(protocol.Acceptance{
		Room: room, From: personaID(from), To: personaID(to), Prev: prev, Books: protocol.Hash{1}, Until: time.Now().Add(time.Hour),
	}, persona(to)))
	return must(protocol.SignRecord(protocol.Record{
		Room: room, Seq: seq, Prev: prev, Term: 1, Epoch: seq, At: time.Now().UTC().Truncate(time.Millisecond), Author: personaID(from),
		Body: protocol.Transfer{Accepted: accepted}, KeyHash: protocol.Hash{2},
	}, persona(from))).Bytes()
}

// showsRoom makes a host show a room of alice's, called lab, with transfers. It returns the room's id.
func (l *simLAN) showsRoom(host int, create []byte, nick string, moved ...[]byte) {
	ad := protocol.RoomAd{Create: create, Access: protocol.Open, Moved: moved, OwnerNick: nick}
	l.hosts[host].SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
		defer s.Close()
		var q protocol.RoomsRequest
		if protocol.ReadFrame(s, &q) == nil {
			_ = protocol.WriteFrame(s, &protocol.RoomsReply{Rooms: []protocol.RoomAd{ad}})
		}
	})
}

// TestGivenRoomIsNoStranger: a room whose known owner has given it away by signed records is listed with the owner of now and the one of
// before, and is entered by its name. Without such records it is a room of the owner that created it.
func TestGivenRoomIsNoStranger(t *testing.T) {
	create := foundation("lab", "alice")
	room := must(protocol.OpenRecord(create)).RoomID()
	other := must(protocol.OpenRecord(foundation("den", "alice"))).RoomID()
	damaged := handedOver(room, 2, "alice", "bob")
	damaged[len(damaged)-1] ^= 1
	for name, c := range map[string]struct {
		known string // the owner that is known by the name
		moved [][]byte
		owner string
		given string // GivenBy, or "" for none
		warns bool
	}{
		"not given":                        {"alice", nil, "alice", "", false},
		"given to bob":                     {"alice", [][]byte{handedOver(room, 2, "alice", "bob")}, "bob", "alice", false},
		"given on":                         {"alice", [][]byte{handedOver(room, 2, "alice", "bob"), handedOver(room, 5, "bob", "carol")}, "carol", "alice", false},
		"given on by a known one":          {"bob", [][]byte{handedOver(room, 2, "alice", "bob"), handedOver(room, 5, "bob", "carol")}, "carol", "bob", false},
		"given back":                       {"alice", [][]byte{handedOver(room, 2, "alice", "bob"), handedOver(room, 5, "bob", "alice")}, "alice", "", false},
		"given by a stranger":              {"alice", [][]byte{handedOver(room, 2, "eve", "bob")}, "alice", "", false},
		"another room given":               {"alice", [][]byte{handedOver(other, 2, "alice", "eve")}, "alice", "", false},
		"a damaged record":                 {"alice", [][]byte{damaged}, "alice", "", false},
		"given, unknown to the known":      {"dave", [][]byte{handedOver(room, 2, "alice", "bob")}, "bob", "", true},
		"given before the known one":       {"alice", [][]byte{handedOver(room, 5, "alice", "bob"), handedOver(room, 3, "bob", "carol")}, "bob", "alice", false},
		"known, and none of the owners is": {"dave", nil, "alice", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				r := make(rumours, 8)
				zoe := must(New(Config{Nick: "zoe", Host: l.hosts[2], Discovery: r, Known: Known{
					Self: personaID("me"), Owners: map[string]peer.ID{"lab": personaID(c.known)}, Verified: []Named{{personaID("alice"), "alice"}},
				}}))
				l.index["zoe"], l.nodes["zoe"] = 2, zoe
				l.subs["zoe"] = watch(l.t, "zoe", zoe)
				nick := ""
				if c.moved != nil {
					nick = "robert"
				}
				l.showsRoom(1, create, nick, c.moved...)
				r <- l.infoOf(1)
				until(l.subs["zoe"], func(f RoomFound) bool { return f.Owner == personaID(c.owner) })
				f := must(zoe.Rooms(l.ctx()))[0]
				given := peer.ID("")
				if f.GivenBy != nil {
					given = f.GivenBy.Peer
				}
				want := peer.ID("")
				if c.given != "" {
					want = personaID(c.given)
				}
				if given != want || (f.Change != nil) != c.warns {
					t.Errorf("given by %v, want %v; change %+v", given, want, f.Change)
				}
				if f.OwnerNick != "alice" && f.OwnerNick != "" {
					t.Errorf("another peer says that the owner is called %q, and it is believed", f.OwnerNick)
				}
				// Its owner is not there, so nobody gets in; the question is whether the name leads to it.
				_, err := zoe.Join(l.ctx(), JoinOptions{Room: "lab"})
				if AsError(err).Identity != c.warns {
					t.Errorf("zoe enters by the name and is answered %v", err)
				}
				warned := slices.ContainsFunc(l.subs["zoe"].drain(), func(e Event) bool { w, is := e.Body.(Warning); return is && w.Code == "owner_key" })
				if warned != c.warns {
					t.Errorf("a warning of another owner: %v, want %v", warned, c.warns)
				}
			})
		})
	}
}

// TestOwnersOfFoundRoom: an older list changes nothing, a longer one leads on, and of two that contradict each other the one counts that
// leads on from the known owner.
func TestOwnersOfFoundRoom(t *testing.T) {
	create := must(protocol.OpenRecord(foundation("lab", "alice")))
	room := create.RoomID()
	toBob, toCarol, toEve := handedOver(room, 2, "alice", "bob"), handedOver(room, 5, "bob", "carol"), handedOver(room, 2, "alice", "eve")
	synctest.Test(t, func(t *testing.T) {
		l := must(newLoop(&Node{self: "us", words: newWordBook()}, nil))
		f := &foundRoom{create: create, looks: looks{"lab", protocol.Skeletons("lab")}, owners: owners{create.Author}, nick: "alice"}
		l.directory.found[room] = f
		show := func(i int, want string, takes bool, moved ...[]byte) {
			a := openedAd{create: create, owners: ownersOf(create, opened(moved)), words: "words"}
			if took := l.takeOwners(room, f, a); took != takes || f.owner() != personaID(want) {
				t.Errorf("step %d: taken %v, want %v; the room is %s's, want %s's", i, took, takes, f.owner(), want)
			}
		}
		show(1, "alice", true)
		show(2, "bob", true, toBob)
		if f.ownerNick() != "" {
			t.Errorf("bob is called %q before he was asked", f.ownerNick())
		}
		show(3, "bob", false)
		show(4, "carol", true, toBob, toCarol)
		show(5, "carol", false, toBob)
		show(6, "carol", false, toEve)
		l.pins.add("lab", personaID("eve"))
		show(7, "eve", true, toEve)
		show(8, "eve", false, toBob, toCarol)
	})
}

func opened(raw [][]byte) (rs []protocol.SignedRecord) {
	for _, b := range raw {
		rs = append(rs, must(protocol.OpenRecord(b)))
	}
	return rs
}

// TestJoinFollowsSignedTransfers: a join whose owner says that it gave the room away goes on to the peer to which that owner has signed a
// transfer, and shows the token of its invite to nobody else.
func TestJoinFollowsSignedTransfers(t *testing.T) {
	for _, forged := range []bool{false, true} {
		t.Run(map[bool]string{false: "signed", true: "forged"}[forged], func(t *testing.T) {
			simulate(t, 3, func(l *simLAN) {
				key := func(host int) protocol.KeySigner {
					h := l.hosts[host]
					return protocol.KeySigner{PrivKey: h.Peerstore().PrivKey(h.ID())}
				}
				was, next := key(0), key(1)
				room := must(protocol.OpenRecord(hostile.Foundation(was, random, "lab"))).RoomID()
				signer := was
				if forged {
					signer = next
				}
				accepted := must(protocol.SignAcceptance(protocol.Acceptance{
					Room: room, From: was.Peer(), To: next.Peer(), Prev: protocol.Hash{1}, Books: protocol.Hash{1}, Until: time.Now().Add(time.Hour),
				}, next))
				transfer := must(protocol.SignRecord(protocol.Record{
					Room: room, Seq: 2, Prev: protocol.Hash{1}, Term: 1, Epoch: 2, At: time.Now().UTC().Truncate(time.Millisecond), Author: signer.Peer(),
					Body: protocol.Transfer{Accepted: accepted}, KeyHash: protocol.Hash{2},
				}, signer)).Bytes()
				tokens := make(chan protocol.Token, 32)
				answers := func(host int, reply protocol.JoinReply) {
					l.hosts[host].SetStreamHandler(protocol.JoinID, func(s network.Stream) {
						defer s.Close()
						var q protocol.JoinRequest
						if protocol.ReadFrame(s, &q) == nil {
							if host == 1 {
								tokens <- q.Token
							}
							_ = protocol.WriteFrame(s, &reply)
						}
					})
				}
				answers(0, protocol.JoinReply{Code: protocol.JoinMoved, Moved: &protocol.Moved{Transfers: [][]byte{transfer}, Addrs: l.hosts[1].Addrs()}})
				answers(1, protocol.JoinReply{Code: protocol.JoinFull})
				zoe := l.startOn(2, "zoe", "", nil)
				invite := protocol.InviteText{Owner: was.Peer(), Room: room, Token: protocol.Token{7}, Expires: time.Now().Add(time.Hour), Addrs: l.hosts[0].Addrs()}
				_, err := zoe.Join(l.ctx(), JoinOptions{Invite: invite.String()})
				if forged {
					if !AsError(err).Identity || len(tokens) > 0 {
						t.Errorf("zoe follows what its owner has not signed, with %d tokens: %v", len(tokens), err)
					}
					return
				}
				if AsError(err).Reason != fault.RoomFull || len(tokens) != 1 || <-tokens != (protocol.Token{7}) {
					t.Errorf("zoe does not follow its owner: %v", err)
				}
			})
		})
	}
}
