// Package share hands out the program on the local network: a web server with one page, and the files that the page names.
//
//   - [Own] and [Folder] are the files: the running program, and the archives and packages of a release. Each is opened and
//     summed once. A file that changes afterwards is no longer served, so that the bytes that are served have the sum that is
//     shown.
//   - A [Page] is text for a visitor, as HTML or, for curl, as plain text. It is made of values alone.
//   - A [Server] serves both until it is closed. Every byte of a request is hostile: a path is looked up in a table and never
//     in the file system, nothing of a request is written into an answer, and a request changes nothing but the invite that
//     its address sees next time.
//
// The server listens on all addresses, since those of a laptop come and go, and takes connections from the networks of this
// machine alone, as the node does.
package share
