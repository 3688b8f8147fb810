package node

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// TestInviteOnlyRoomsTellStrangersNothing: the subject of an invite-only room and its number of members are told to nobody outside it:
// not in the owner's list, not in a member's list, not in the record that proves the room's name; not if the subject was set at
// creation, later, or before the room became invite-only; not to a removed peer, nor to one that is refused at the door.
func TestInviteOnlyRoomsTellStrangersNothing(t *testing.T) {
	const secret = "we buy ACME on Friday"
	invite, knock, subject := AccessInvite, AccessKnock, secret
	for name, make := range map[string]func(l *simLAN, n *Node){
		"set at creation": func(l *simLAN, n *Node) {
			must(n.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &invite, Subject: &subject}}))
		},
		"set later": func(l *simLAN, n *Node) {
			must(n.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &invite}}))
			must(n.Policy(l.ctx(), "lab", PolicyChange{Subject: &subject}))
		},
		"formerly a room to knock at": func(l *simLAN, n *Node) {
			must(n.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: PolicyChange{Access: &knock, Subject: &subject}}))
			must(n.Policy(l.ctx(), "lab", PolicyChange{Access: &invite}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, 4, func(l *simLAN) {
				alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
				make(l, alice)
				id := must(alice.Rooms(l.ctx()))[0].ID
				for _, n := range []*Node{bob, carol} {
					must(n.Join(l.ctx(), JoinOptions{Invite: must(alice.Invite(l.ctx(), "lab", "", 0)).Text}))
				}
				if in := must(bob.Policy(l.ctx(), "lab", PolicyChange{})); in.Subject != secret {
					t.Errorf("a member is told %+v", in)
				}
				must(alice.Kick(l.ctx(), "lab", "carol", ""))
				until[Removed](l.subs["carol"], nil)
				until(l.subs["bob"], func(m MemberRemoved) bool { return m.Nick == "carol" })
				eve := l.start("eve")
				check := func(who *Node, what string) {
					t.Helper()
					for _, at := range []*Node{alice, bob} {
						var reply protocol.RoomsReply
						if err := who.host.Connect(l.ctx(), peer.AddrInfo{ID: at.self, Addrs: at.host.Addrs()}); err != nil {
							t.Fatal(err)
						}
						if err := who.request(l.ctx(), at.self, protocol.RoomsID, &protocol.RoomsRequest{}, &reply); err != nil {
							t.Fatal(err)
						}
						if len(reply.Rooms) != 1 {
							t.Fatalf("%s is shown %d rooms", what, len(reply.Rooms))
						}
						if ad := reply.Rooms[0]; ad.Subject != "" || ad.Members != 0 || bytes.Contains(fmt.Appendf(nil, "%s", ad.Create), []byte("ACME")) {
							t.Errorf("%s is told by %s: %q, %d, %q", what, at.cfg.Nick, ad.Subject, ad.Members, ad.Create)
						}
					}
				}
				check(eve, "a stranger")
				check(carol, "a removed peer")
				if _, err := eve.Join(l.ctx(), JoinOptions{Room: id.String()}); err == nil || bytes.Contains(fmt.Appendf(nil, "%+v", *AsError(err)), []byte("ACME")) {
					t.Errorf("at the door: %v", err)
				}
				for _, r := range must(eve.Rooms(l.ctx())) {
					if r.Subject != "" || r.Members != 0 {
						t.Errorf("eve sees %+v", r)
					}
				}
				var reply protocol.RoomsReply
				if err := bob.request(l.ctx(), alice.self, protocol.RoomsID, &protocol.RoomsRequest{}, &reply); err != nil || reply.Rooms[0].Subject != secret || reply.Rooms[0].Members != 2 {
					t.Errorf("a member is told %+v, %v", reply, err)
				}
			})
		})
	}
}
