package node

import (
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/protocol"
)

// Every record that starts an epoch commits to the key of that epoch. So the giver of a key needs no trust: a key from the owner, from
// another member or from our own derivation counts if it fits the record in our own log.

// stepKeys takes the key of the epoch that c has started. The authority has made the key together with the record. A member derives the
// key after an admission, and gets any other key from another node. Keys that came before their record are checked now.
func (r *room) stepKeys(c authority.Change, made protocol.Key) {
	if c.NewKey == authority.KeySame {
		return
	}
	keys := []protocol.EpochKey{{Epoch: c.Epoch, Key: made}}
	if old, ok := r.keys.Get(c.Epoch - 1); ok && c.NewKey == authority.KeyDerived {
		keys = append(keys, protocol.EpochKey{Epoch: c.Epoch, Key: authority.Derive(old, c.Record.Record)})
	}
	for _, k := range r.earlyKeys {
		if k.Epoch == c.Epoch {
			keys = append(keys, k)
		}
	}
	r.keys = r.keys.With(r.state(), keys, r.l.now())
	r.dropEarlyKeys()
}

// takeKeys takes the keys that another node hands over, if they fit our log. If the log comes in several parts, a key from the authority
// may come before its record; such a key waits. If a key from the authority does not fit its own record, the user is warned: other
// members may have been given another key.
func (r *room) takeKeys(from peer.ID, keys []protocol.EpochKey) {
	if len(keys) == 0 {
		return
	}
	st := r.state()
	for _, k := range keys {
		switch {
		case from != r.authority() || r.owner():
		case k.Epoch > st.Epoch():
			r.earlyKeys = append(r.earlyKeys, k)
		case !st.Fits(k.Epoch, k.Key):
			r.warnBadKey(k.Epoch)
		}
	}
	r.dropEarlyKeys()
	r.keys = r.keys.With(st, keys, r.l.now())
	r.publishSnapshot()
	r.retryEarly()
	r.flushWaiting()
}

// dropEarlyKeys drops the keys whose record has come and, of the others, all after the first maxEarlyKeys. The first ones stay, since
// their records come next.
func (r *room) dropEarlyKeys() {
	epoch, kept := r.state().Epoch(), r.earlyKeys[:0]
	for _, k := range r.earlyKeys {
		if k.Epoch > epoch && len(kept) < maxEarlyKeys {
			kept = append(kept, k)
		}
	}
	r.earlyKeys = kept
}

// warnBadKey warns, at most once in attemptEvery, that the owner has handed out a key that does not fit its own log.
func (r *room) warnBadKey(epoch uint64) {
	if now := r.l.now(); now.Sub(r.badKeyTold) >= attemptEvery {
		r.badKeyTold = now
		r.l.n.log.Warn("a key that its record does not name", "room", r.id, "epoch", epoch)
		r.l.emit(r, Warning{Code: "bad_key", Peer: r.authority(), Text: "the owner of " + r.label() + " handed out a key that its own log does not name; it is not used"})
	}
}
