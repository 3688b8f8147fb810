package protocol

import (
	"crypto/sha256"
	"testing"
)

func TestShortIsAPrefix(t *testing.T) {
	for i := range byte(100) {
		h := Hash(sha256.Sum256([]byte{i}))
		if want := RoomID(h).String()[:26]; h.Short() != want {
			t.Errorf("%s is not %s", h.Short(), want)
		}
	}
}
