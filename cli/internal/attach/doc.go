// Package attach is the local socket of a data directory. The process that runs the node of the directory listens on it, and
// every other command on the directory attaches there instead of starting a node of its own.
//
// The two sides exchange one line each, a [Hello] and a [Welcome]; then the connection carries JSON-RPC; see package rpc. The
// socket is in a folder that only its user can enter. Where the system can say which user is at the other end, it is asked.
// What comes from there is bounded all the same: a program with a fault must not take the node down.
package attach
