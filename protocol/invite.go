package protocol

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-varint"
)

// InvitePrefix begins an invite text. The text is in capitals, for which a QR code has a denser mode.
const InvitePrefix = "LOCALCHAT:"

const inviteVersion = 1

// inviteFixed is the length of the first part of an invite, in bytes: version, owner's key, room and token. The expiry, the
// addresses and the checksum follow.
const inviteFixed = 1 + keySize + len(RoomID{}) + len(Token{})

// The faults of an invite text, in words for the person who pasted it.
var (
	ErrInviteDamaged = errors.New("this invite is damaged: some of it is missing or changed; copy the whole text again")
	ErrInviteVersion = errors.New("this invite was made by a newer localchat; update this one to use it")
)

var inviteEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// An InviteText is all that a stranger needs to enter a room without finding it by mDNS: the owner, its addresses, the room and the
// secret token. Anybody who reads the text can use it.
type InviteText struct {
	Owner   peer.ID // Ed25519
	Room    RoomID
	Token   Token
	Expires time.Time // in whole seconds
	// Addrs are the addresses of Owner, without /p2p, the best first.
	Addrs []multiaddr.Multiaddr
}

// String returns the text to hand to a person. It has the first MaxInviteAddrs addresses, or fewer if the text would be longer than
// MaxInvite characters. It is "" if Owner is not an Ed25519 peer.
func (t InviteText) String() string {
	if !isPeer(t.Owner) {
		return ""
	}
	b := make([]byte, 0, MaxInvite)
	b = append(b, inviteVersion)
	b = append(b, t.Owner[len(idPrefix):]...)
	b = append(b, t.Room[:]...)
	b = append(b, t.Token[:]...)
	b = append(b, varint.ToUvarint(uint64(max(t.Expires.Unix(), 0)))...)
	count := len(b)
	b = append(b, 0)
	for _, a := range t.Addrs {
		ab := a.Bytes()
		if len(ab) == 0 || len(ab) > MaxAddr || b[count] == MaxInviteAddrs {
			continue
		}
		size := len(b) + 1 + len(ab) + 2
		if len(InvitePrefix)+inviteEncoding.EncodedLen(size) > MaxInvite {
			break
		}
		b = append(append(b, byte(len(ab))), ab...)
		b[count]++
	}
	b = binary.BigEndian.AppendUint16(b, crc16(b))
	return InvitePrefix + inviteEncoding.EncodeToString(b)
}

// ParseInvite undoes String. Since people copy the text, it ignores case, blanks, line breaks and hyphens anywhere, quotes around the
// text, and a missing prefix. It fails with [ErrInviteDamaged] or [ErrInviteVersion]. It does not look whether the invite has
// expired.
func ParseInvite(s string) (InviteText, error) {
	if len(s) > 8*MaxInvite {
		return InviteText{}, ErrInviteDamaged
	}
	s, err := squeezeInvite(s)
	if err != nil {
		return InviteText{}, err
	}
	b, err := inviteEncoding.DecodeString(s)
	// The last character has unused bits, which String writes as zeros.
	if err != nil || inviteEncoding.EncodeToString(b) != s || len(b) < 1+2 {
		return InviteText{}, ErrInviteDamaged
	}
	// Look at the checksum first, which ends the text in every version: the version byte may be damaged too.
	b, sum := b[:len(b)-2], b[len(b)-2:]
	if binary.BigEndian.Uint16(sum) != crc16(b) || b[0] == 0 {
		return InviteText{}, ErrInviteDamaged
	}
	if b[0] > inviteVersion {
		return InviteText{}, ErrInviteVersion
	}
	t, err := decodeInvite(b)
	if err != nil {
		return InviteText{}, fmt.Errorf("%w (%w)", ErrInviteDamaged, err)
	}
	return t, nil
}

// squeezeInvite returns the base32 part of s, in capitals.
func squeezeInvite(s string) (string, error) {
	s = strings.Trim(s, " \t\r\n\"'`<>“”‘’")
	s = strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	// Not with strings.ToUpper: Unicode has other letters whose capital is an ASCII letter, such as the long s.
	letters := []byte(s)
	for i, c := range letters {
		if 'a' <= c && c <= 'z' {
			letters[i] = c - 'a' + 'A'
		}
	}
	s = strings.TrimPrefix(string(letters), InvitePrefix)
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return "", fmt.Errorf("%w (character %d after the prefix is not one that an invite has)", ErrInviteDamaged, i+1)
		}
	}
	if len(s) > MaxInvite {
		return "", ErrInviteDamaged
	}
	return s, nil
}

// decodeInvite decodes the bytes before the checksum.
func decodeInvite(b []byte) (InviteText, error) {
	if len(b) < inviteFixed {
		return InviteText{}, malformed("invite", "too short")
	}
	var (
		r fieldReader
		t InviteText
	)
	b = b[1:]
	t.Owner, b = peerOfKey(b[:keySize]), b[keySize:]
	r.fixed("room", t.Room[:], b[:len(t.Room)])
	b = b[len(t.Room):]
	r.fixed("token", t.Token[:], b[:len(t.Token)])
	b = b[len(t.Token):]
	seconds, n, err := varint.FromUvarint(b)
	if err != nil || seconds > maxTimeMillis/1000 {
		return InviteText{}, malformed("expiry", "not a time before year 10000")
	}
	t.Expires, b = r.time("expiry", seconds*1000), b[n:]
	if len(b) == 0 || b[0] > MaxInviteAddrs {
		return InviteText{}, malformed("addresses", "not 0 to %d of them", MaxInviteAddrs)
	}
	count := int(b[0])
	b = b[1:]
	for range count {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return InviteText{}, malformed("addresses", "cut short")
		}
		t.Addrs = append(t.Addrs, r.addr("addresses", b[1:1+int(b[0])]))
		b = b[1+int(b[0]):]
	}
	if len(b) > 0 {
		r.fail("invite", "%d bytes too many", len(b))
	}
	if r.err != nil {
		return InviteText{}, r.err
	}
	return t, nil
}

// crc16 returns the CRC-16/IBM-3740 of b (polynomial 0x1021, start 0xffff). A cyclic code detects every change within 16 consecutive
// bits, and so every wrong character of 5 bits and every two neighbours in the wrong order. 16 bits of a hash would miss one of
// 65536 such changes.
func crc16(b []byte) uint16 {
	sum := uint16(0xffff)
	for _, x := range b {
		sum ^= uint16(x) << 8
		for range 8 {
			carry := sum&0x8000 != 0
			sum <<= 1
			if carry {
				sum ^= 0x1021
			}
		}
	}
	return sum
}
