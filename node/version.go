package node

import (
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/fault"
	"localchat/protocol"
)

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
