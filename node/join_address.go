package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/multiformats/go-multiaddr"

	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
	"localchat/protocol"
)

// On networks where discovery does not work, a user types an address: the HOST:PORT of any node in the room.

// parseRoomAddr reports whether the text that a person gives for a room is an address, and returns it. A name may hold a colon too:
// "10:30".
func parseRoomAddr(s string) (multiaddr.Multiaddr, bool) {
	a, err := parseAddr(s)
	return a, err == nil
}

// transportsFor returns a typed address. If the user typed only HOST:PORT, it returns an address for each transport that may answer
// there: a user who reads a port off a screen does not see its transport.
func transportsFor(a multiaddr.Multiaddr) []multiaddr.Multiaddr {
	rest, last := multiaddr.SplitLast(a)
	if last == nil || last.Protocol().Code != multiaddr.P_TCP {
		return []multiaddr.Multiaddr{a}
	}
	quic, err := multiaddr.NewMultiaddr(fmt.Sprintf("%s/udp/%s/quic-v1", rest, last.Value()))
	if err != nil {
		return []multiaddr.Multiaddr{a}
	}
	return []multiaddr.Multiaddr{a, quic}
}

// dialTyped connects to the node at addr, and checks its peer ID if the address has one.
func (n *Node) dialTyped(ctx context.Context, addr multiaddr.Multiaddr) (peer.AddrInfo, error) {
	n.gate.TypeIn(transportsFor(addr)...)
	if known, err := peer.AddrInfoFromP2pAddr(addr); err == nil {
		return *known, n.connect(ctx, known.ID, known.Addrs)
	}
	p, err := n.dialUnknown(ctx, addr)
	return peer.AddrInfo{ID: p, Addrs: transportsFor(addr)}, err
}

// dialUnknown connects to the node that answers at addr. It tries the transports one after the other: if libp2p gets both, it reports
// nothing before it has an answer from each.
func (n *Node) dialUnknown(ctx context.Context, addr multiaddr.Multiaddr) (p peer.ID, err error) {
	for _, way := range transportsFor(addr) {
		if p, err = n.probePeerID(ctx, way); err == nil {
			return p, n.connect(ctx, p, []multiaddr.Multiaddr{way})
		}
	}
	return "", fmt.Errorf("nobody answers at %s: %w", addr, err)
}

// probePeerID finds out the peer ID of the node at addr. libp2p cannot dial without a peer ID, so this dials a made-up one and takes the
// real one from the error of the handshake.
func (n *Node) probePeerID(ctx context.Context, addr multiaddr.Multiaddr) (peer.ID, error) {
	_, pub, err := crypto.GenerateEd25519Key(random)
	if err != nil {
		return "", err
	}
	guess, err := peer.IDFromPublicKey(pub)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, lan.DialTimeout)
	defer cancel()
	defer n.host.Peerstore().ClearAddrs(guess)
	err = n.host.Connect(ctx, peer.AddrInfo{ID: guess, Addrs: []multiaddr.Multiaddr{addr}})
	var other sec.ErrPeerIDMismatch
	if !errors.As(err, &other) {
		return "", err
	}
	return other.Actual, nil
}

// addrTarget returns the only room of the node that answers at addr. If it has several, the error lists them.
func (n *Node) addrTarget(ctx context.Context, typed string, addr multiaddr.Multiaddr) (*joinTarget, error) {
	if err := checkCard(addr); err != nil {
		return nil, err
	}
	at, err := n.dialTyped(ctx, addr)
	if err != nil && ctx.Err() == nil {
		at, err = n.dialTyped(ctx, addr) // on a busy machine, or a bad network, the first may be too slow
	}
	if err != nil {
		n.log.Debug("dial", "addr", addr, "err", err)
		if ip, ok := lan.IP(addr); ok && !ip.IsLoopback() && n.cfg.Host == nil && NoNetwork() {
			return nil, errNoNetwork()
		}
		return nil, &Error{
			Code: CodeNotFound, Text: "nobody answers at " + typed,
			Reason: fault.NobodyThere,
		}
	}
	answered := n.roomsOf(ctx, roomsQuestion{peer: at.ID, typed: true})
	if answered.other {
		return nil, otherVersionError("the node at " + typed)
	}
	if answered.err != nil {
		return nil, &Error{Code: CodeUnavailable, Text: fmt.Sprintf("the node at %s does not list its rooms: %s", typed, fault.Network(answered.err)), Reason: fault.RoomsNotTold}
	}
	return ask(ctx, n, roomsAt{typed, at, answered})
}

// roomsAt: the peer at a typed address has listed its rooms.
type roomsAt struct {
	typed    string
	at       peer.AddrInfo
	answered roomsAnswered
}

func (q roomsAt) run(l *loop) (*joinTarget, error) {
	l.book.add(q.at.ID, q.at.Addrs, l.now())
	q.answered.handle(l)
	var ids []protocol.RoomID
	for _, a := range q.answered.ads {
		if id := a.create.RoomID(); l.directory.found[id] != nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	more := q.answered.more
	switch {
	case len(ids) == 0:
		return nil, &Error{Code: CodeNotFound, Text: "the node at " + q.typed + " is in no room", Reason: fault.NoRoomThere}
	case len(ids) == 1 && more == 0:
		return l.target(ids[0])
	}
	var rooms []fault.Choice
	for _, id := range ids {
		rooms = append(rooms, fault.Choice{Room: id, Name: l.directory.found[id].name, Words: l.directory.found[id].words})
	}
	return nil, &Error{Code: CodeAmbiguous, Text: fmt.Sprintf("there are %d rooms at %s", len(ids)+more, q.typed), Reason: fault.SeveralRoomsThere, At: q.typed, Rooms: rooms, More: more}
}

// target returns a room of the directory, as the target of a join.
func (l *loop) target(id protocol.RoomID) (*joinTarget, error) {
	if here, err := (lookHere{id.String()}).run(l); err == nil && (here.in || here.resuming != nil) {
		return here, nil
	}
	f := l.directory.found[id]
	if c := l.keyChange(id, f.looks, f.owners); c != nil {
		return nil, otherOwner(c)
	}
	return &joinTarget{room: id, name: f.name, owners: f.owners, addrs: l.addrsOfOwner(f)}, nil
}

// otherOwner returns the error for a room whose name is that of a room we know, or looks like it, but which has another owner.
func otherOwner(c *KeyChange) error {
	return &Error{
		Code: CodeRefused, Identity: true, Change: c,
		Text:   "the room " + c.Name + " has a different owner from the one you know: the words were " + c.KnownWords + ", they are " + c.Words,
		Reason: fault.OtherOwner,
	}
}
