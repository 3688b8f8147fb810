package protocol

import (
	"crypto/sha512"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/tyler-smith/go-bip39/wordlists"
)

const (
	wordsDomain = "localchat/words/v1"
	// wordCount words of 11 bits each, 88 bits: as many as a person reads out, and too many to search for.
	wordCount = 8
	wordBits  = 11
	// wordRounds of SHA-512 make each try of such a search about 2^12 times dearer; about 2 ms here. Signal's safety
	// numbers use as many.
	wordRounds = 5200
)

// Words is how people compare p by voice: eight words of the BIP-39 English list with a blank between them. An impostor of p
// has to find a key with the same 88 bits.
//
// It takes milliseconds, on purpose; the caller keeps the result if it needs it often.
func Words(p peer.ID) string {
	sum := sha512.Sum512(append([]byte(wordsDomain), p...))
	round := make([]byte, 0, len(sum)+len(p))
	for range wordRounds - 1 {
		round = append(append(round[:0], sum[:]...), p...)
		sum = sha512.Sum512(round)
	}
	words := make([]string, wordCount)
	for i := range words {
		words[i] = wordlists.English[bitsAt(sum[:], i*wordBits, wordBits)]
	}
	return strings.Join(words, " ")
}

// bitsAt is the number in n bits of b, from bit at on, highest first.
func bitsAt(b []byte, at, n int) (v int) {
	for i := at; i < at+n; i++ {
		v = v<<1 | int(b[i/8]>>(7-i%8))&1
	}
	return v
}

// ShortID is the end of p that tells it from others in a list: the last 8 characters. The first 8 are the same for
// everybody.
func ShortID(p peer.ID) string {
	s := p.String()
	return s[max(0, len(s)-8):]
}
