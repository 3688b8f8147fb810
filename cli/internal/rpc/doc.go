// Package rpc speaks JSON-RPC 2.0, one object a line. [Serve] serves a program on standard input and output, and [ServeFace] a face
// in another process; a [Client] is the other end of that. docs/interface.md, "JSON-RPC", lists the methods and the events.
package rpc
