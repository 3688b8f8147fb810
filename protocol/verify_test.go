package protocol

import (
	"crypto/ed25519"
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// smallOrder are the encodings of the points of small order, those that are not canonical among them (Chalkias, Garillot,
// Nikolaenko: Taming the many EdDSAs, table 6).
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

// Where implementations of Ed25519 differ is in points of small order, in encodings that are not canonical, and in an S
// that is not reduced.
func TestVerifiesLikeTheStandardLibrary(t *testing.T) {
	seeded := rand.NewChaCha8([32]byte{1})
	random := func(n int) []byte {
		b := make([]byte, n)
		_, _ = seeded.Read(b)
		return b
	}
	var taken, refused int
	compare := func(what string, key, text, sig []byte) {
		t.Helper()
		want := ed25519.Verify(key, text, sig)
		if got := verifies(key, text, sig); got != want {
			t.Errorf("%s: %v, by the standard library %v: key %x, text %x, signature %x", what, got, want, key, text, sig)
		}
		if want {
			taken++
		} else {
			refused++
		}
	}
	points := make([][]byte, len(smallOrder))
	for i, s := range smallOrder {
		points[i] = must(hex.DecodeString(s))
	}
	for _, key := range points {
		for _, r := range points {
			for range 8 {
				compare("small order", key, random(20), append(append([]byte{}, r...), make([]byte, 32)...))
			}
		}
	}
	// The order of the base point.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	for range 50 {
		pair := ed25519.NewKeyFromSeed(random(32))
		key, text := pair.Public().(ed25519.PublicKey), random(100)
		sig := ed25519.Sign(pair, text)
		compare("good", key, text, sig)
		for range 8 {
			bad := append([]byte{}, sig...)
			bad[seeded.Uint64()%64] ^= 1 << (seeded.Uint64() % 8)
			compare("a bit of the signature", key, text, bad)
		}
		compare("a random key", random(32), text, sig)
		for _, r := range points {
			compare("another R", key, text, append(append([]byte{}, r...), sig[32:]...))
		}
		// S + order is S to who does not ask that it be reduced.
		s := append([]byte{}, sig...)
		little := append([]byte{}, sig[32:]...)
		slices.Reverse(little)
		sum := new(big.Int).Add(new(big.Int).SetBytes(little), order).FillBytes(make([]byte, 32))
		slices.Reverse(sum)
		copy(s[32:], sum)
		compare("S not reduced", key, text, s)
	}
	if taken < 50 || refused < 50 {
		t.Errorf("%d taken, %d refused: that compares nothing", taken, refused)
	}
}
