package protocol

import (
	"crypto/ed25519"
	"errors"
	"testing"
)

// The identity with the key 01 00 … and the signature R = 01 00 …, S = 0 verifies for every text.
func TestAWeakKeyIdentifiesNobody(t *testing.T) {
	for key := range weakKeys {
		id := peerOfKey(key[:])
		if isPeer(id) {
			t.Errorf("%x is taken for a peer", key)
		}
		forged := append([]byte(envelopeKey), key[:]...)
		if _, err := scanEnvelope(append(forged, sampleMessage(t).Raw()[len(forged):]...), messagePurpose, sampleHeader.Room); !errors.Is(err, ErrMalformed) {
			t.Errorf("an envelope signed by %x: %v", key, err)
		}
	}
	// Not an idle rule: the standard library verifies such a signature under any text.
	neutral := make([]byte, 32)
	neutral[0] = 1
	if !ed25519.Verify(neutral, []byte("anything"), append(append([]byte{}, neutral...), make([]byte, 32)...)) {
		t.Error("crypto/ed25519 refuses the neutral point now: weakKeys may be superfluous")
	}
}
