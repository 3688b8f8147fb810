package protocol

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

func BenchmarkSignRecord(b *testing.B) {
	alice := signer(b, 1)
	r := createRecord(alice.Peer())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := SignRecord(r, alice); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenRecord(b *testing.B) {
	raw := sampleRecord(b, bodies(b)["remove"]).Bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := OpenRecord(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeRecord is OpenRecord without the signature.
func BenchmarkDecodeRecord(b *testing.B) {
	body, err := sampleRecord(b, bodies(b)["remove"]).encode()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeRecord(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify validates and verifies an envelope, without decoding its payload.
func BenchmarkVerify(b *testing.B) {
	raw := sampleMessage(b).Raw()
	b.ReportAllocs()
	for b.Loop() {
		e, err := scanEnvelope(raw, messageEnvelope, sampleHeader.Room)
		if err == nil {
			err = e.verify()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignature verifies a signature, and nothing else.
func BenchmarkSignature(b *testing.B) {
	e := must(scanEnvelope(sampleMessage(b).Raw(), messageEnvelope, sampleHeader.Room))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.verify(); err != nil {
			b.Fatal(err)
		}
	}
}

// byLength runs f for a short line and for the longest one.
func byLength(b *testing.B, f func(*testing.B, Content)) {
	for name, n := range map[string]int{"100B": 100, "64KiB": MaxText} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			f(b, Content{Kind: Say, Text: strings.Repeat("x", n), At: noon})
		})
	}
}

func BenchmarkSealMessage(b *testing.B) {
	bob := signer(b, 2)
	byLength(b, func(b *testing.B, c Content) {
		for b.Loop() {
			if _, err := SealMessage(sampleHeader, c, sampleKey, bob.Peer(), bob, rand.Reader); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOpenMessage(b *testing.B) {
	bob := signer(b, 2)
	byLength(b, func(b *testing.B, c Content) {
		m, err := SealMessage(sampleHeader, c, sampleKey, bob.Peer(), bob, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := OpenMessage(sampleHeader.Room, m.Raw()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOpenContent decrypts a message, which a member does after the validator.
func BenchmarkOpenContent(b *testing.B) {
	bob := signer(b, 2)
	byLength(b, func(b *testing.B, c Content) {
		m, err := SealMessage(sampleHeader, c, sampleKey, bob.Peer(), bob, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := m.Open(sampleKey); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	for _, f := range frames(b) {
		if f.name != "poll-request" && f.name != "sync-reply" {
			continue
		}
		b.Run(f.name+"/write", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := WriteFrame(&countingWriter{}, f.frame); err != nil {
					b.Fatal(err)
				}
			}
		})
		raw := wire(b, f.frame)
		b.Run(f.name+"/read", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := ReadFrame(bytes.NewReader(raw), f.empty()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWords(b *testing.B) {
	id := signer(b, 1).Peer()
	for b.Loop() {
		Words(id)
	}
}
