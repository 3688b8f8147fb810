// Package cli is the way in for people and programs: the command line, the consoles and JSON-RPC. Every face uses the same
// methods and events of package node; none of them knows libp2p.
//
// What a face may do:
//
//   - Standard output is for data (events, results), standard error for messages (progress, errors, hints). Nothing else
//     ever writes to either: logs go to a ring in memory, which /log shows, and to --log-file.
//   - An error is two lines: "localchat: what happened" and "hint: what to do next". No capital at the start, no full
//     stop at the end.
//   - Text that a peer wrote reaches a terminal only as [safe.Text], which that package alone makes. JSON carries it
//     exactly as it was written.
//   - The user's own lines and orders are shown when their events come back from the node, never before: an owner who kicks
//     reads the same line, from the same event, as everybody.
//   - A console is one goroutine that owns the screen; the reader of standard input and the commands that may wait
//     report to it.
//
// [Run] is the whole program as a function. This package is the command line: options, the configuration file, and commands
// that do one thing and end. The faces are packages inside it, plain, tui and rpc, and so is what they share: command, render,
// fail, stream and safe.
package cli
