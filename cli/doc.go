// Package cli has the faces of the program: the command line, the consoles and JSON-RPC. Every face uses the same methods and
// events of package node; none of them knows libp2p.
//
// The rules for a face:
//
//   - Standard output is for data (events, results), standard error for messages (progress, errors, hints). Nothing else is ever
//     written to either: the log goes to a ring in memory, which /log shows, and to --log-file.
//   - An error is two lines: "localchat: what happened" and "hint: what to do next". Neither begins with a capital letter or ends with
//     a full stop.
//   - A terminal gets the text of a peer only as [safe.Text], which only package safe makes. JSON has it exactly as it was written.
//   - The user's own lines and commands are shown when their events come back from the node, never before. So an owner who kicks
//     somebody reads the same line as everybody else.
//   - In a console, one goroutine owns the screen. The reader of standard input and the commands send their results to it.
//
// [Run] is the whole program as a function. This package itself has the command line: options, the configuration file, and
// commands that do one thing and end. The other faces are the packages plain, tui, rpc and web inside it; command, render,
// hint, fail, stream and safe are shared by all.
package cli
