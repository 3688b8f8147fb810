// Package hostile is a peer that attacks. The tests use it to show that a room holds.
//
// A [Peer] is a stock libp2p host with a gossip of its own that filters nothing. It speaks the stream protocols by frames of
// package protocol, and by raw bytes where a frame has to be malformed. It knows nothing of package node, so that it can do
// what an honest node would never do, and it runs on the simulated network of node's tests as well as between real hosts,
// as a process of its own (see [Serve] and package cmd below it).
//
// [Peer.Gains] holds what an attack got and should not have got. The test looks at what the room accepted of an attack.
// An attack panics when something happens that it does not expect.
//
// Only tests and the command of the tests import this package.
package hostile
