package protocol

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// TestAWeakKeyIdentifiesNobody: no weak key is a peer, and an envelope of one is refused. With the key 01 00 …, the signature R = 01
// 00 …, S = 0 verifies for every text.
func TestAWeakKeyIdentifiesNobody(t *testing.T) {
	for key := range weakKeys {
		id := peerOfKey(key[:])
		if isPeer(id) {
			t.Errorf("%x is taken for a peer", key)
		}
		forged := append([]byte(envelopeKey), key[:]...)
		if _, err := scanEnvelope(append(forged, sampleMessage(t).Raw()[len(forged):]...), messageEnvelope, sampleHeader.Room); !errors.Is(err, ErrMalformed) {
			t.Errorf("an envelope signed by %x: %v", key, err)
		}
	}
	// The rule is needed: the standard library accepts such a signature for any text.
	neutral := make([]byte, 32)
	neutral[0] = 1
	if !ed25519.Verify(neutral, []byte("anything"), append(append([]byte{}, neutral...), make([]byte, 32)...)) {
		t.Error("crypto/ed25519 refuses the neutral point now: weakKeys may be superfluous")
	}
}

// TestAWeakKeyIsNamedNowhere: a peer with a weak key is refused everywhere: in typed text, in an invite, in a record, and in the frames
// of peers.
func TestAWeakKeyIsNamedNowhere(t *testing.T) {
	admit := func(p peer.ID) Body { return Admit{Peer: p, Nick: "mallory"} }
	remove := func(p peer.ID) Body { return Remove{Peer: p, Kind: Kicked} }
	for key := range weakKeys {
		p := peerOfKey(key[:])
		if _, ok := ParsePeer(p.String()); ok {
			t.Errorf("%x is typed", key)
		}
		invite := InviteText{Owner: p, Room: RoomID{1}, Token: Token{1}, Expires: time.Now().Add(time.Hour)}
		if _, err := ParseInvite(invite.String()); err == nil {
			t.Errorf("%x invites", key)
		}
		for what, body := range map[string]func(peer.ID) Body{"let in": admit, "removed": remove} {
			if _, err := SignRecord(laterRecord(signer(t, 1).Peer(), body(p)), signer(t, 1)); !errors.Is(err, ErrMalformed) {
				t.Errorf("%x is %s: %v", key, what, err)
			}
		}
		for what, f := range map[string][2]Frame{
			"is passed a line": {&PassRequest{Room: RoomID{1}, Line: []byte("hello"), To: []peer.ID{p}}, &PassRequest{}},
			"is present":       {&PollReply{Member: &PollMember{Presence: 1, Present: []Presence{{Peer: p}}}}, &PollReply{}},
			"has lines":        {&SyncRequest{Room: RoomID{1}, Heads: []Head{{Author: p, Runs: Runs{1}}}}, &SyncRequest{}},
		} {
			var b bytes.Buffer
			if WriteFrame(&b, f[0]) == nil && ReadFrame(&b, f[1]) == nil {
				t.Errorf("%x %s", key, what)
			}
		}
	}
}
