package node

import (
	"context"
	"log/slog"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// Discovery finds peers. See package discovery.
type Discovery interface {
	// Run announces self and browses until ctx ends. self is called whenever an answer is made; found gets hints to
	// dial, from one goroutine, and does not block.
	Run(ctx context.Context, self func() peer.AddrInfo, found func(peer.AddrInfo)) error
	// Hurry asks for a quick round now: the network changed, or somebody looks at the list of rooms.
	Hurry()
}

// Config is what a node is made of.
type Config struct {
	// DataDir holds the identity and the store; "" keeps all in memory (--ephemeral).
	DataDir string
	// Nick is the default nick.
	Nick string
	// Listen are the multiaddrs to listen on; nil is all interfaces, QUIC and TCP, ports chosen by the system.
	Listen []string
	// Peers are multiaddrs dialled at the start and dialled again.
	Peers []string
	// Discovery may be nil (--no-mdns).
	Discovery Discovery
	// NoResume leaves the rooms of last time alone.
	NoResume bool
	Version  string
	Log      *slog.Logger
}

// A Node is a running peer.
type Node struct{ _ multiaddr.Multiaddr }

// New makes a node and starts it.
func New(cfg Config) (*Node, error) { panic("todo") }

// Close leaves every room in order (rooms are resumed next time), stops every goroutine and waits for them.
func (n *Node) Close() error { panic("todo") }
