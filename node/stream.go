package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"

	"localchat/node/internal/fault"
	"localchat/node/internal/lan"
	"localchat/protocol"
)

// This file holds the functions that all stream protocols share: to connect, to make a request, and to answer one.

// protocolID names a protocol to libp2p.
type protocolID = libprotocol.ID

// connected reports whether we have a connection to p.
func (n *Node) connected(p peer.ID) bool {
	return n.host.Network().Connectedness(p) == network.Connected
}

// connect makes sure that there is a connection to p.
func (n *Node) connect(ctx context.Context, p peer.ID, addrs []multiaddr.Multiaddr) error {
	if p == n.self {
		return fault.ErrSelf
	}
	if n.connected(p) {
		return nil
	}
	// The back-off of libp2p is cleared: it would refuse to dial a peer that has just come back.
	if s, ok := n.host.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(p)
	}
	ctx, cancel := context.WithTimeout(ctx, lan.DialTimeout)
	defer cancel()
	defer n.waiters.Wait(p, cancel)()
	err := n.host.Connect(ctx, peer.AddrInfo{ID: p, Addrs: addrs})
	if n.connected(p) {
		return nil
	}
	return err
}

// reach is connect for callers that cannot wait until a dead connection is noticed. After a restart of the peer an old connection may
// stay for as long as 30 s, and a stream on it would hang.
func (n *Node) reach(ctx context.Context, p peer.ID, addrs []multiaddr.Multiaddr) error {
	if n.connected(p) {
		n.pingOnce(ctx, p, pingTimeout)
	}
	return n.connect(ctx, p, addrs)
}

// open opens a stream to p. It dials p first if there is no connection.
func (n *Node) open(ctx context.Context, p peer.ID, id protocolID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, lan.DialTimeout+streamTimeout)
	defer cancel()
	if err := n.connect(ctx, p, nil); err != nil {
		return nil, err
	}
	s, err := lan.OpenStream(ctx, n.host, p, id)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", id, err)
	}
	return s, nil
}

// request sends one request to p and reads the reply, within streamTimeout and the time of a dial.
func (n *Node) request(ctx context.Context, p peer.ID, id protocolID, req, reply protocol.Frame) error {
	s, err := n.open(ctx, p, id)
	if err != nil {
		return err
	}
	defer s.Close()
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	if err := s.SetDeadline(time.Now().Add(streamTimeout)); err != nil {
		return err
	}
	if err := protocol.WriteFrame(s, req); err != nil {
		_ = s.Reset()
		return err
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	if err := protocol.ReadFrame(s, reply); err != nil {
		_ = s.Reset()
		return err
	}
	return nil
}

// serve answers the one request on a stream, within streamTimeout.
func serve[R protocol.Frame](n *Node, s network.Stream, req protocol.Frame, answer func(caller peer.ID) (R, error)) {
	defer s.Close()
	if err := s.SetDeadline(time.Now().Add(streamTimeout)); err != nil {
		return
	}
	if err := protocol.ReadFrame(s, req); err != nil {
		n.badFrame(s, err)
		return
	}
	reply, err := answer(s.Conn().RemotePeer())
	if err == nil {
		err = protocol.WriteFrame(s, reply)
	}
	if err != nil {
		n.log.Debug("answer", "protocol", s.Protocol(), "peer", s.Conn().RemotePeer(), "err", err)
		_ = s.Reset()
	}
}

// badFrame drops a stream on which something malformed came. The peer loses only this stream.
func (n *Node) badFrame(s network.Stream, err error) {
	if errors.Is(err, protocol.ErrMalformed) || errors.Is(err, protocol.ErrTooLarge) {
		n.log.Debug("malformed frame", "peer", s.Conn().RemotePeer(), "protocol", s.Protocol(), "err", err)
		n.admission.refuse(n.admission.visitor(s.Conn()), askedAs(s.Protocol()))
	}
	_ = s.Reset()
}

// otherVersion reports whether p is a node of localchat that does not speak the protocols of this version. A version that changes the
// wire format changes the number in the names of the protocols.
func (n *Node) otherVersion(p peer.ID) bool {
	ids, err := n.host.Peerstore().GetProtocols(p)
	if err != nil {
		return false
	}
	ours, any := string(protocol.RoomsID), false
	prefix := ours[:strings.LastIndexByte(ours, '/')+1]
	for _, id := range ids {
		if string(id) == ours {
			return false
		}
		any = any || strings.HasPrefix(string(id), prefix)
	}
	return any
}

// otherVersionError returns the error of a request to a node of another version.
func otherVersionError(who string) *Error {
	return &Error{Code: CodeUnavailable, Text: who + " runs another version of localchat, and the two do not understand each other", Reason: fault.OtherVersion}
}

// warnVersion warns that a node at host runs another version.
func (l *loop) warnVersion(p peer.ID, host string) {
	if now := l.now(); now.Sub(l.versionTold) >= versionEvery {
		l.versionTold = now
		l.emit(nil, Warning{Code: "version", Peer: p, Text: "a node on this network, at " + host + ", runs another version of localchat: neither sees the other's rooms; use the same version on both"})
	}
}
