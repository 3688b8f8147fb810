package protocol

import "encoding/hex"

// weakKeys has the encodings of the points of small order on edwards25519, including those that are not canonical (Chalkias,
// Garillot, Nikolaenko: Taming the many EdDSAs, table 6). Anybody can sign for such a key, so it identifies nobody.
// crypto/ed25519 accepts such signatures, as RFC 8032 does.
var weakKeys = func() map[[keySize]byte]bool {
	keys := make(map[[keySize]byte]bool)
	for _, s := range []string{
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
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			panic(err) // the table above is constant
		}
		keys[[keySize]byte(b)] = true
	}
	return keys
}()

// weak reports whether key, of 32 bytes, is a point of small order. It does not allocate.
func weak[T ~string | ~[]byte](key T) bool {
	var k [keySize]byte
	copy(k[:], key)
	return weakKeys[k]
}
