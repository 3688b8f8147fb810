package protocol

import (
	"crypto/sha512"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/tyler-smith/go-bip39/wordlists"
)

const (
	wordsDomain = "localchat/words/v1"
	// wordCount words of wordBits bits each are 88 bits: as many words as a person is ready to read out, and too many bits to
	// search for a key with the same words.
	wordCount = 8
	wordBits  = 11
	// wordRounds is how often SHA-512 is applied, which takes about 2 ms: it makes each attempt of such a search about 2^12 times as
	// expensive. Signal's safety numbers use as many.
	wordRounds = 5200
)

// Words returns the words of p's key, which people compare by voice: eight words of the BIP-39 English list, separated by blanks. To
// be taken for p, another peer would have to find a key with the same 88 bits.
//
// Words takes milliseconds, on purpose. A caller that needs the result often should keep it.
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

// bitsAt returns n bits of b, from bit at on, as a number. The first bit is the highest.
func bitsAt(b []byte, at, n int) (v int) {
	for i := at; i < at+n; i++ {
		v = v<<1 | int(b[i/8]>>(7-i%8))&1
	}
	return v
}

// ShortID returns the last 8 characters of p, which tell it from other peers in a list. The first characters are the same for all
// peers.
func ShortID(p peer.ID) string {
	s := p.String()
	return s[max(0, len(s)-8):]
}
