package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/node/internal/store"
	"localchat/protocol"
)

// pins has the known owners, by the names of their rooms. A name that looks like one of these is known too, since a person cannot
// tell apart two names that look the same. Only the loop uses it.
type pins struct {
	owners map[string]peer.ID  // by pinKey
	alike  map[string][]string // by skeleton: the keys of owners that have it
}

func newPins(owners map[string]peer.ID) pins {
	p := pins{owners: make(map[string]peer.ID), alike: make(map[string][]string)}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		p.add(name, owners[name])
	}
	return p
}

// pinKey returns the same text for all spellings that a user takes for the same name.
func pinKey(name string) string { return protocol.FoldName(name) }

func (p pins) add(name string, owner peer.ID) {
	key := pinKey(name)
	if _, known := p.owners[key]; !known {
		for _, s := range protocol.Skeletons(name) {
			p.alike[s] = append(p.alike[s], key)
		}
	}
	p.owners[key] = owner
}

// known returns the pinned owner of a room called name, or of one whose name looks like it; "" if there is none. It is one of now,
// if there is such a pin.
func (p pins) known(name looks, now owners) peer.ID {
	if known, ok := p.owners[pinKey(name.name)]; ok {
		return known
	}
	var other peer.ID
	for _, s := range name.skeletons {
		for _, key := range p.alike[s] {
			if known := p.owners[key]; now.has(known) {
				return known
			} else if other == "" {
				other = known
			}
		}
	}
	return other
}

// knownOwner is the owner that a room which looks like this one is known to have, by what was entered before or by another
// room that we are in or own now; "" if none is known. It is one of now, if one of these is known.
func (l *loop) knownOwner(id protocol.RoomID, name looks, now owners) peer.ID {
	known := l.pins.known(name, now)
	for _, other := range l.order {
		r := l.rooms[other]
		if now.has(known) || other == id || r.state().Closed() || !r.joined || !shareOne(r.skeletons(), name.skeletons) {
			continue
		}
		if o := r.authority(); known == "" || now.has(o) {
			known = o
		}
	}
	return known
}

// shareOne reports whether two names look alike, by their skeletons.
func shareOne(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// A looks has a name and its skeletons.
type looks struct {
	name      string
	skeletons []string
}

// skeletons returns those of the room's name.
func (r *room) skeletons() []string {
	if name := r.label(); r.looks.skeletons == nil || r.looks.name != name {
		r.looks = looks{name, protocol.Skeletons(name)}
	}
	return r.looks.skeletons
}

// knownFile is a copy of the known owners and verified peers, for commands that only read while a node has the store locked. It
// is written after the store, and at every start.
const knownFile = "known.json"

// A Known has the known owners of rooms, and the peers whose words were compared.
type Known struct {
	Self     peer.ID            `json:"self"`
	Owners   map[string]peer.ID `json:"owners"`   // by the names of rooms that were entered
	Own      []string           `json:"own"`      // the names of our own rooms
	Verified []Named            `json:"verified"` // with their nicks at that time
}

// ReadKnown reads the Known of a data directory, whether or not a node of it is running. It is no error if the directory or the
// file does not exist.
func ReadKnown(dir string) (k Known, err error) {
	if dir == "" {
		return Known{}, nil
	}
	path := filepath.Join(dir, knownFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Known{}, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	if err != nil {
		return Known{}, &Error{
			Code: CodeUnavailable, Text: fmt.Sprintf("cannot read which owners you know, %s: %v", path, err),
			Reason: fault.KnownUnreadable,
		}
	}
	return k, nil
}

// takeKnown makes this node use k.
func (l *loop) takeKnown(k Known) {
	for name, owner := range k.Owners {
		l.pins.add(name, owner)
	}
	for _, name := range k.Own {
		l.pins.add(name, k.Self)
	}
	for _, n := range k.Verified {
		l.trusts.by[n.Peer] = store.Note{Nick: n.Nick}
	}
	l.trusts = newTrusts(l.trusts.by, l.trusts.ignored)
}

// saveKnown writes knownFile if its content would change. If this node has not entered its own rooms, it keeps those that are in
// the file.
func (l *loop) saveKnown() {
	dir := l.n.cfg.DataDir
	if dir == "" {
		return
	}
	was, err := ReadKnown(dir)
	if err != nil {
		l.n.log.Warn("read what is known", "err", err)
	}
	k := Known{Self: l.n.self, Owners: l.pins.owners, Own: []string{}, Verified: []Named{}}
	if l.n.cfg.NoResume {
		k.Own = append(k.Own, was.Own...)
	}
	for _, r := range l.rooms {
		if r.owner() && !r.state().Closed() && !slices.Contains(k.Own, r.label()) {
			k.Own = append(k.Own, r.label())
		}
	}
	slices.Sort(k.Own)
	for p, t := range l.trusts.by {
		k.Verified = append(k.Verified, Named{p, t.Nick})
	}
	slices.SortFunc(k.Verified, func(a, b Named) int { return strings.Compare(string(a.Peer), string(b.Peer)) })
	if err == nil && was.Self == k.Self && maps.Equal(was.Owners, k.Owners) && slices.Equal(was.Own, k.Own) && slices.Equal(was.Verified, k.Verified) {
		return
	}
	if err := writeKnown(filepath.Join(dir, knownFile), k); err != nil {
		l.n.log.Warn("write what is known", "err", err)
	}
}

// writeKnown replaces the file as a whole. The file may be lost in a power failure, since the next start writes it.
func writeKnown(path string, k Known) error {
	raw, err := json.Marshal(k)
	if err != nil {
		return err
	}
	next := path + ".new" // only the holder of the store writes here
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
