// Package hostile has a peer that attacks, for the tests of what a room withstands.
//
// A [Peer] is a stock libp2p host with a gossip of its own that filters nothing. It speaks the stream protocols by frames of
// package protocol, and by raw bytes where a frame has to be malformed. It knows nothing of package node, so that it can do
// what an honest node would never do, and it runs on the simulated network of node's tests as well as between real hosts,
// as a process of its own (see [Serve] and package cmd below it).
//
// [Peer.Gains] lists the things that an attack has obtained and should not have. The test itself checks what the room has
// accepted. An attack panics when something unexpected happens.
//
// Only tests and the command of the tests import this package.
package hostile
