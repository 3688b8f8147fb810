// Package rpc is the face for programs: JSON-RPC 2.0 on standard input and output, one object a line. docs/interface.md,
// "JSON-RPC", lists its methods and [Event], its notifications.
package rpc
