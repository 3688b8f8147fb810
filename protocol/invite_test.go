package protocol

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/multiformats/go-multiaddr"
)

func TestInviteReadsBackAsPeoplePassItOn(t *testing.T) {
	want := sampleInvite(t)
	s := want.String()
	wrapped := s[:40] + "\r\n  " + s[40:80] + "\n> "[:1] + s[80:]
	for what, text := range map[string]string{
		"as written":        s,
		"lower case":        strings.ToLower(s),
		"without prefix":    strings.TrimPrefix(s, InvitePrefix),
		"in quotes":         `"` + s + `"`,
		"in curly quotes":   "“" + s + "”",
		"in backquotes":     " `" + s + "`\n",
		"in angle brackets": "<" + s + ">",
		"wrapped":           wrapped,
		"in groups":         s[:20] + "-" + s[20:24] + " - " + s[24:],
		"no-break spaces":   s[:20] + "\u00a0" + s[20:],
	} {
		got, err := ParseInvite(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}

func TestInviteWithoutAddresses(t *testing.T) {
	want := sampleInvite(t)
	want.Addrs = nil
	if got, err := ParseInvite(want.String()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestInviteDamagedAtEachPosition: an invite in which any character is replaced by any other, left out, or swapped with its neighbour
// is refused as damaged. So no node dials a wrong address, and nobody is told that a valid invite was used.
func TestInviteDamagedAtEachPosition(t *testing.T) {
	good := sampleInvite(t)
	s := good.String()
	mustFail := func(text, what string, i int) {
		t.Helper()
		if got, err := ParseInvite(text); !errors.Is(err, ErrInviteDamaged) {
			t.Fatalf("%s at %d: %+v, %v", what, i, got, err)
		}
	}
	for i := len(InvitePrefix); i < len(s); i++ {
		for c := rune(0); c < 0x180; c++ {
			if strings.EqualFold(string(c), s[i:i+1]) && c < 0x80 {
				continue
			}
			mustFail(s[:i]+string(c)+s[i+1:], "replaced by "+string(c), i)
		}
		mustFail(s[:i]+s[i+1:], "left out", i)
		mustFail(s[:i]+"Q"+s[i:], "one more", i)
		mustFail(s[:i], "cut", i)
		if i+1 < len(s) && s[i] != s[i+1] {
			mustFail(s[:i]+s[i+1:i+2]+s[i:i+1]+s[i+2:], "swapped", i)
		}
	}
	for i := range len(InvitePrefix) {
		mustFail(s[:i]+"~"+s[i+1:], "the prefix changed", i)
	}
}

func TestNotAnInvite(t *testing.T) {
	s := sampleInvite(t).String()
	for _, text := range []string{
		"", " ", "lab", "LOCALCHAT:", "localchat", "AA", "AAAAAAAA", s + s, s + strings.TrimPrefix(s, InvitePrefix),
		"http://example.com/" + s, s + "!", s[:30] + "\u200f" + s[30:], "\xff" + s, strings.Repeat("A", 1<<20),
		strings.Repeat(" ", 1<<20), strings.Replace(s, "S", "ſ", 1) + "ſ",
	} {
		if got, err := ParseInvite(text); !errors.Is(err, ErrInviteDamaged) {
			t.Errorf("%.40q: %+v, %v", text, got, err)
		}
	}
}

// inviteOf returns the invite text of b, with a correct checksum.
func inviteOf(b []byte) string {
	return InvitePrefix + inviteEncoding.EncodeToString(binary.BigEndian.AppendUint16(b, crc16(b)))
}

func inviteBytes(t *testing.T) []byte {
	t.Helper()
	in := sampleInvite(t)
	in.Addrs = in.Addrs[:1]
	b, err := inviteEncoding.DecodeString(strings.TrimPrefix(in.String(), InvitePrefix))
	if err != nil {
		t.Fatal(err)
	}
	return b[:len(b)-2]
}

func TestInviteOfAnotherVersion(t *testing.T) {
	b := inviteBytes(t)
	b[0] = 2
	if _, err := ParseInvite(inviteOf(b)); !errors.Is(err, ErrInviteVersion) {
		t.Errorf("version 2: %v", err)
	}
	if _, err := ParseInvite(inviteOf([]byte{9})); !errors.Is(err, ErrInviteVersion) {
		t.Errorf("version 9, and short: %v", err)
	}
	b[0] = 0
	if _, err := ParseInvite(inviteOf(b)); !errors.Is(err, ErrInviteDamaged) {
		t.Errorf("version 0: %v", err)
	}
}

// TestInviteWithRightChecksumAndWrongContent: a correct checksum is no proof of valid content, since anybody can compute it.
func TestInviteWithRightChecksumAndWrongContent(t *testing.T) {
	good := inviteBytes(t)
	if _, err := ParseInvite(inviteOf(good)); err != nil {
		t.Fatal(err)
	}
	countAt := inviteFixed + 5
	for what, b := range map[string][]byte{
		"version alone":         {1},
		"cut in the token":      good[:inviteFixed-1],
		"no expiry":             good[:inviteFixed],
		"expiry spelt long":     append(append([]byte{}, good[:inviteFixed]...), 0x81, 0, 0),
		"expiry zero":           append(append([]byte{}, good[:inviteFixed]...), 0, 0),
		"expiry in year 10000":  append(append([]byte{}, good[:inviteFixed]...), 0x80, 0xdd, 0xdb, 0xd3, 0xd8, 0x0e, 0),
		"no number of addrs":    good[:countAt],
		"five addresses":        append(append([]byte{}, good[:countAt]...), 5),
		"address cut short":     good[:len(good)-1],
		"address of no bytes":   append(append([]byte{}, good[:countAt]...), 1, 0),
		"not an address":        append(append([]byte{}, good[:countAt]...), 1, 2, 0xff, 0xff),
		"bytes after the end":   append(append([]byte{}, good...), 0),
		"no room":               append(append(append([]byte{}, good[:33]...), make([]byte, 32)...), good[65:]...),
		"no token":              append(append(append([]byte{}, good[:65]...), make([]byte, 16)...), good[81:]...),
		"address with a peer":   append(append(append([]byte{}, good[:countAt]...), 1, 41), append([]byte{0xa5, 3, 38}, signer(t, 1).Peer()...)...),
		"address count too low": append(append(append([]byte{}, good[:countAt]...), 0), good[countAt+1:]...),
	} {
		if got, err := ParseInvite(inviteOf(b)); !errors.Is(err, ErrInviteDamaged) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
}

// TestInviteIsBounded: the text is not longer than MaxInvite, however many and long the addresses are. The first addresses are kept.
func TestInviteIsBounded(t *testing.T) {
	long := multiaddr.StringCast("/dns/" + strings.Repeat("x", 100) + "/tcp/1")
	in := sampleInvite(t)
	in.Addrs = []multiaddr.Multiaddr{long, quic, long, tcp, tcp, tcp}
	s := in.String()
	got, err := ParseInvite(s)
	if err != nil || len(s) > MaxInvite || len(got.Addrs) < 2 || !got.Addrs[1].Equal(quic) {
		t.Errorf("%d characters, %d addresses, %v", len(s), len(got.Addrs), err)
	}
	in.Addrs = []multiaddr.Multiaddr{tcp, tcp, tcp, tcp, quic}
	if got, err := ParseInvite(in.String()); err != nil || len(got.Addrs) != MaxInviteAddrs {
		t.Errorf("%d addresses, %v; want %d", len(got.Addrs), err, MaxInviteAddrs)
	}
	if s := (InviteText{}).String(); s != "" {
		t.Errorf("an invite of nobody: %q", s)
	}
}

func TestCRC16(t *testing.T) {
	// The check value of CRC-16/IBM-3740 in the catalogue of parametrised CRC algorithms.
	if got := crc16([]byte("123456789")); got != 0x29b1 {
		t.Errorf("%#x", got)
	}
}
