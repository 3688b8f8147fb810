package authority

import (
	"cmp"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"slices"
	"sort"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// A Keyring has the epoch keys that one node has of one room. It is a value: no method changes it.
type Keyring struct {
	keys []heldKey // by epoch; not written to once the Keyring has been returned
}

type heldKey struct {
	epoch uint64
	key   protocol.Key
	since time.Time
}

// With returns k with those keys of more that are valid and not known yet, learnt at now. A key is valid only if the record of its
// epoch has been applied to s and commits to it (see [State.Fits]). The key of an epoch never changes.
func (k Keyring) With(s State, more []protocol.EpochKey, now time.Time) Keyring {
	keys := slices.Clip(k.keys)
	for _, m := range more {
		if _, known := k.find(m.Epoch); !known && s.Fits(m.Epoch, m.Key) {
			keys = append(keys, heldKey{m.Epoch, m.Key, now})
		}
	}
	if len(keys) == len(k.keys) {
		return k
	}
	byEpoch := func(a, b heldKey) int { return cmp.Compare(a.epoch, b.epoch) }
	slices.SortFunc(keys, byEpoch)
	return Keyring{slices.CompactFunc(keys, func(a, b heldKey) bool { return a.epoch == b.epoch })}
}

// Get returns the key of epoch, if k has it. It does not allocate.
func (k Keyring) Get(epoch uint64) (protocol.Key, bool) {
	i, known := k.find(epoch)
	if !known {
		return protocol.Key{}, false
	}
	return k.keys[i].key, true
}

// Latest returns the latest epoch whose key k has, if there is one. It is not later than the epoch in force.
func (k Keyring) Latest() (uint64, bool) {
	if len(k.keys) == 0 {
		return 0, false
	}
	return k.keys[len(k.keys)-1].epoch, true
}

// Epochs returns the epochs whose keys k has, in order.
func (k Keyring) Epochs() []uint64 {
	es := make([]uint64, len(k.keys))
	for i, h := range k.keys {
		es[i] = h.epoch
	}
	return es
}

// After returns the keys of later epochs than epoch, in order.
func (k Keyring) After(epoch uint64) iter.Seq[protocol.EpochKey] {
	return func(yield func(protocol.EpochKey) bool) {
		i := sort.Search(len(k.keys), func(i int) bool { return k.keys[i].epoch > epoch })
		for _, h := range k.keys[i:] {
			if !yield(protocol.EpochKey{Epoch: h.epoch, Key: h.key}) {
				return
			}
		}
	}
}

// Drop returns k without the keys that were superseded before that time. A key is superseded when the first key of a later epoch is
// learnt, so the latest is never dropped. Every key in k is of an epoch of the log, so no key that a peer hands over can make a node
// drop the key in force.
func (k Keyring) Drop(before time.Time) Keyring {
	var keep []heldKey
	var superseded time.Time
	for i := len(k.keys) - 1; i >= 0; i-- {
		h := k.keys[i]
		if i == len(k.keys)-1 || !superseded.Before(before) {
			keep = append(keep, h)
		}
		if superseded.IsZero() || h.since.Before(superseded) {
			superseded = h.since
		}
	}
	if len(keep) == len(k.keys) {
		return k
	}
	slices.Reverse(keep)
	return Keyring{keep}
}

func (k Keyring) find(epoch uint64) (int, bool) {
	return slices.BinarySearchFunc(k.keys, epoch, func(h heldKey, e uint64) int {
		switch {
		case h.epoch < e:
			return -1
		case h.epoch > e:
			return 1
		}
		return 0
	})
}

// derives reports whether the key of the epoch that a record with body b starts is derived from the key before, and names the
// peer concerned, or "" where the record concerns all.
func derives(b protocol.Body) (peer.ID, bool) {
	switch b := b.(type) {
	case protocol.Admit:
		return b.Peer, true
	case protocol.Mute:
		return b.Peer, true
	case protocol.Unmute:
		return b.Peer, true
	case protocol.Voice:
		return b.Peer, true
	case protocol.Unvoice:
		return b.Peer, true
	case protocol.Transfer:
		return b.To(), true
	case protocol.SetPolicy, protocol.SetDeputies:
		return "", true
	}
	return "", false
}

// Derive returns the key of the epoch that the record r (Admit, Mute, Unmute, Voice, Unvoice, SetDeputies, SetPolicy or Transfer) starts, given the key of the epoch before. Members
// compute it. An admitted peer is handed it, and cannot compute the earlier key from it. The salt is the hash of the record before
// and the peer concerned, which together no other such record of the room has. It cannot be the hash of r, since r commits to the
// key.
func Derive(old protocol.Key, r protocol.Record) protocol.Key {
	p, _ := derives(r.Body)
	salt := append(append([]byte(nil), r.Prev[:]...), p...)
	b, err := hkdf.Key(sha256.New, old[:], salt, "localchat/epoch/v2", len(protocol.Key{}))
	if err != nil {
		// It fails only for a result longer than 255 hashes, or in a FIPS build for a short secret. Both lengths are constants.
		panic(fmt.Sprintf("authority: derive key: %v", err))
	}
	return protocol.Key(b)
}

// Fresh returns a new random key.
func Fresh(rand io.Reader) (protocol.Key, error) {
	var k protocol.Key
	if _, err := io.ReadFull(rand, k[:]); err != nil {
		return protocol.Key{}, fmt.Errorf("authority: fresh key: %w", err)
	}
	return k, nil
}
