package fault

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multistream"

	"localchat/protocol"
)

// ErrSelf: a node was to reach itself.
var ErrSelf = errors.New("that is this node itself")

// Network says in plain words why another node could not be reached, or did not answer. What the libraries say of it names
// their own parts and every address that was tried, which is for the log.
func Network(err error) string {
	is := func(targets ...error) bool {
		return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
	}
	var (
		errno     syscall.Errno
		other     sec.ErrPeerIDMismatch
		protocols multistream.ErrNotSupported[string]
		known     *Error
		timeout   interface{ Timeout() bool }
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &known):
		return known.Text
	case errors.As(err, &other):
		return "another node answers there"
	case errors.As(err, &errno):
		return errno.Error()
	case is(context.Canceled):
		return "interrupted"
	case is(swarm.ErrNoAddresses, network.ErrNoRemoteAddrs):
		return "no address of it is known"
	case is(swarm.ErrNoGoodAddresses, swarm.ErrGaterDisallowedConnection, swarm.ErrNoTransport, swarm.ErrAddrFiltered):
		return "none of its addresses is on a network of this machine"
	case is(ErrSelf, swarm.ErrDialToSelf):
		return ErrSelf.Error()
	case is(network.ErrResourceLimitExceeded):
		return "this node has too many connections"
	case errors.As(err, &protocols):
		return "the node there runs another version"
	case is(protocol.ErrMalformed, protocol.ErrTooLarge):
		return "its answer is malformed"
	case is(context.DeadlineExceeded, os.ErrDeadlineExceeded, swarm.ErrDialTimeout), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case is(network.ErrReset, network.ErrNoConn, swarm.ErrConnClosed, swarm.ErrSwarmClosed, io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe):
		return "the connection broke off"
	}
	return "it does not answer"
}

// fromNetwork reports whether an error is that of a connection.
func fromNetwork(err error) bool {
	var dial *swarm.DialError
	var reset *network.StreamError
	var closed *network.ConnError
	return errors.As(err, &dial) || errors.As(err, &reset) || errors.As(err, &closed) || errors.Is(err, network.ErrReset)
}
