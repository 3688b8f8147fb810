package node

import (
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/time/rate"

	"localchat/authority"
	"localchat/protocol"
)

// knockAt has a newcomer at that address ask to come in.
// The nick has a hyphen, so that it cannot read as an end of a peer ID in the room, which is another in each run.
func (r *room) knockAt(name string, at netip.Addr) protocol.JoinCode {
	replies := make(chan protocol.JoinReply, 2)
	joinAsked{visitor{peer: personaID(name), from: originAt(at)}, protocol.JoinRequest{Room: r.id, Nick: "a-" + name}, replies}.handle(r.l)
	return (<-replies).Code
}

// TestSeatsOfOpenRoomAreShared: ever new identities, at one address or at ten, cannot take all seats of an open room: another address
// gets one.
func TestSeatsOfOpenRoomAreShared(t *testing.T) {
	long(t)
	for _, addresses := range []int{1, 10} {
		t.Run(fmt.Sprint(addresses), func(t *testing.T) {
			s := assail(t)
			s.inLoop(s.alice, func(l *loop) {
				r := l.rooms[s.room]
				r.desk.door.open.ofAddress = keyed[netip.Addr](budget{rate.Inf, 1}) // the budgets have a test of their own
				r.desk.door.open.all = rate.NewLimiter(rate.Inf, 1)
				in := make(map[netip.Addr]int)
				for i := range protocol.MaxMembers + 100 {
					from := netip.AddrFrom4([4]byte{10, 0, 1, byte(i % addresses)})
					if r.knockAt(fmt.Sprint("p", i), from) == protocol.JoinAdmitted {
						in[from]++
					}
				}
				for from, n := range in {
					if n > protocol.MaxMembers/shareOfFree {
						t.Errorf("%s has %d seats", from, n)
					}
				}
				if len(in) != addresses {
					t.Errorf("%d addresses have seats", len(in))
				}
				if got := r.knockAt("carol", netip.MustParseAddr("10.0.2.1")); got != protocol.JoinAdmitted {
					t.Errorf("another address is answered %d", got)
				}
				// A seat that is free again counts for no address.
				must(struct{}{}, r.desk.step(authority.Leave{Peer: personaID("p0")}))
				if got := r.knockAt("p0", netip.MustParseAddr("10.0.2.1")); got != protocol.JoinAdmitted {
					t.Errorf("after a leave the other address is answered %d", got)
				}
			})
		})
	}
}

// TestAdmissionsOfOneAddress: an address that has used up its admissions leaves those of other addresses alone.
func TestAdmissionsOfOneAddress(t *testing.T) {
	s := assail(t)
	s.inLoop(s.alice, func(l *loop) {
		r := l.rooms[s.room]
		flooding, codes := netip.MustParseAddr("10.0.1.1"), make(map[protocol.JoinCode]int)
		for i := range admitBurstFrom + 10 {
			name := fmt.Sprint("p", i)
			got := r.knockAt(name, flooding)
			if codes[got]++; got == protocol.JoinAdmitted {
				must(struct{}{}, r.desk.step(authority.Leave{Peer: personaID(name)}))
			}
		}
		if codes[protocol.JoinAdmitted] < admitBurstFrom || codes[protocol.JoinTooSoon] < 9 {
			t.Errorf("answered %v", codes)
		}
		if got := r.knockAt("carol", netip.MustParseAddr("10.0.1.2")); got != protocol.JoinAdmitted {
			t.Errorf("another address is answered %d", got)
		}
	})
}

// TestFullLogAdmitsNobodyByItself: peers that are admitted without the owner's doing cannot make the log grow without bound.
func TestFullLogAdmitsNobodyByItself(t *testing.T) {
	d, now := newOpenDoor(), lawStart
	if _, refused := d.refuses(visitor{peer: "p"}, nil, maxOpenRecords-1, now); refused {
		t.Error("refused before there are so many records")
	}
	if reply, refused := d.refuses(visitor{peer: "q"}, nil, maxOpenRecords, now); !refused || reply.Code != protocol.JoinFull {
		t.Errorf("answered %+v", reply)
	}
}
