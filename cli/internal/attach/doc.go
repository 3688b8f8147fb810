// Package attach is the local socket of a data directory. The process that runs the node of the directory listens on it, and
// every other command on the directory attaches there instead of starting a node of its own.
//
// After one line each way, [Hello] and [Welcome], the connection speaks JSON-RPC; see package rpc. The socket lies in a folder
// that only its user can enter, and the system is asked which user is at the other end where it can tell. Every byte from there
// is bounded all the same: a program with a fault must not take the node with it.
package attach
