package node

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// Every record that starts an epoch commits to the key of that epoch. So the giver of a key needs no trust: a key from the owner, from
// another member or from our own derivation counts if it fits the record in our own log.

// A keyring has the keys of a room. Only the loop uses it.
type keyring struct {
	r *room
	authority.Keyring
	early  []protocol.EpochKey // from the authority, before their records; at most maxEarlyKeys
	warned time.Time           // when the user was last warned of a bad key
}

// step takes the key of the epoch that c has started. The authority has made the key together with the record. A member derives the
// key after an admission, and gets any other key from another node. Keys that came before their record are checked now.
func (kr *keyring) step(c authority.Change, made protocol.Key) {
	if c.NewKey == authority.KeySame {
		return
	}
	keys := []protocol.EpochKey{{Epoch: c.Epoch, Key: made}}
	if old, ok := kr.Get(c.Epoch - 1); ok && c.NewKey == authority.KeyDerived {
		keys = append(keys, protocol.EpochKey{Epoch: c.Epoch, Key: authority.Derive(old, c.Record.Record)})
	}
	for _, k := range kr.early {
		if k.Epoch == c.Epoch {
			keys = append(keys, k)
		}
	}
	kr.Keyring = kr.With(kr.r.state(), keys, kr.r.l.now())
	kr.dropEarly()
}

// take takes the keys that another node hands over, if they fit our log. If the log comes in several parts, a key from the authority
// may come before its record; such a key waits. If a key from the authority does not fit its own record, the user is warned: other
// members may have been given another key.
func (kr *keyring) take(from peer.ID, keys []protocol.EpochKey) {
	if len(keys) == 0 {
		return
	}
	st := kr.r.state()
	for _, k := range keys {
		switch {
		case from != kr.r.authority() || kr.r.owner():
		case k.Epoch > st.Epoch():
			kr.early = append(kr.early, k)
		case !st.Fits(k.Epoch, k.Key):
			kr.warn(k.Epoch)
		}
	}
	kr.dropEarly()
	kr.Keyring = kr.With(st, keys, kr.r.l.now())
	kr.r.publishSnapshot()
	kr.r.talk.retryEarly()
	kr.r.outbox.flush()
}

// dropEarly drops the keys whose record has come and, of the others, all after the first maxEarlyKeys. The first ones stay, since
// their records come next.
func (kr *keyring) dropEarly() {
	epoch, kept := kr.r.state().Epoch(), kr.early[:0]
	for _, k := range kr.early {
		if k.Epoch > epoch && len(kept) < maxEarlyKeys {
			kept = append(kept, k)
		}
	}
	kr.early = kept
}

// warn warns, at most once in attemptEvery, that the owner has handed out a key that does not fit its own log.
func (kr *keyring) warn(epoch uint64) {
	if now := kr.r.l.now(); now.Sub(kr.warned) >= attemptEvery {
		kr.warned = now
		kr.r.l.n.log.Warn("a key that its record does not name", "room", kr.r.id, "epoch", epoch)
		kr.r.l.emit(kr.r, Warning{Code: "bad_key", Peer: kr.r.authority(), Text: "the owner of " + kr.r.label() + " handed out a key that its own log does not name; it is not used"})
	}
}

// keysFor returns the keys of epochs after a number that p may have. If wanted is not nil, it returns only those in wanted. A member may
// have the keys of the epochs in which it was a member or, if the policy shows newcomers earlier lines, all keys. The ring has only keys
// of epochs whose record is in the log, so all removals before them are known.
func (kr *keyring) keysFor(p peer.ID, after uint64, wanted map[uint64]bool) []protocol.EpochKey {
	st := kr.r.state()
	all := st.Policy().History == protocol.HistoryAll
	if _, member := st.Member(p); !member {
		return nil
	}
	var keys []protocol.EpochKey
	for k := range kr.After(after) {
		if wanted != nil && !wanted[k.Epoch] || !all && !st.MemberAt(p, k.Epoch) {
			continue
		}
		keys = append(keys, k)
	}
	if over := len(keys) - protocol.MaxBatchItems; over > 0 {
		keys = keys[over:]
	}
	return keys
}
