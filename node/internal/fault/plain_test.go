package fault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"

	"localchat/protocol"
)

// TestNetworkInPlainWords: a library's words about a connection are shown to nobody. The words shown instead contain no address and
// nothing of libp2p.
func TestNetworkInPlainWords(t *testing.T) {
	at := multiaddr.StringCast("/ip4/192.168.1.7/udp/4001/quic-v1")
	dial := func(cause error, each ...error) error {
		e := &swarm.DialError{Peer: peer.ID("somebody"), Cause: cause}
		for _, err := range each {
			e.DialErrors = append(e.DialErrors, swarm.TransportError{Address: at, Cause: err})
		}
		return fmt.Errorf("reach the owner: %w", e)
	}
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		err  error
		want string
	}{
		{dial(swarm.ErrAllDialsFailed, refused), "connection refused"},
		{dial(swarm.ErrAllDialsFailed, errors.New("handshake did not complete in time"), refused), "connection refused"},
		{dial(swarm.ErrAllDialsFailed, os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "no route to host"},
		{dial(context.DeadlineExceeded), "no answer in time"},
		{dial(swarm.ErrAllDialsFailed, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}), "no answer in time"},
		{dial(swarm.ErrNoAddresses), "no address of it is known"},
		{dial(swarm.ErrNoGoodAddresses), "none of its addresses is on a network of this machine"},
		{dial(swarm.ErrGaterDisallowedConnection), "none of its addresses is on a network of this machine"},
		{dial(swarm.ErrAllDialsFailed, sec.ErrPeerIDMismatch{}), "another node answers there"},
		{dial(swarm.ErrDialBackoff), "it does not answer"},
		{dial(swarm.ErrAllDialsFailed, errors.New("some text of a transport at "+at.String())), "it does not answer"},
		{fmt.Errorf("open: %w", &network.StreamError{ErrorCode: 3, Remote: true}), "the connection broke off"},
		{io.ErrUnexpectedEOF, "the connection broke off"},
		{fmt.Errorf("read: %w", protocol.ErrMalformed), "its answer is malformed"},
		{ErrSelf, "that is this node itself"},
		{fmt.Errorf("x: %w", &Error{Text: "you are banned from lab"}), "you are banned from lab"},
	} {
		if got := Network(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	if e := As(dial(swarm.ErrAllDialsFailed, refused)); e.Code != CodeUnavailable || strings.Contains(e.Text, "/ip4") || !strings.HasSuffix(e.Text, ": connection refused") {
		t.Errorf("%+v", e)
	}
	if e := As(errors.New("seal: no key")); e.Code != CodeInternal || e.Text != "seal: no key" {
		t.Errorf("%+v", e)
	}
}
