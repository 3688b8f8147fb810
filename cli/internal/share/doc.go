// Package share hands out the program on the local network: a web server with one page, and the files that the page names.
//
//   - [Own] and [Folder] return the files: the running program, and the archives and packages of a release. Each file is opened,
//     and its SHA-256 sum computed, once. A file that changes afterwards is no longer served, so that the served bytes always have
//     the sum on the page.
//   - A [Page] is what a visitor reads, as HTML or, for curl, as plain text. It is made from values alone.
//   - A [Server] serves both until it is closed. Every byte of a request is hostile: a path is looked up in a table and never
//     in the file system, nothing of a request is written into an answer, and a request changes nothing but which invite its
//     address sees.
//
// The server listens on all addresses, since those of a laptop come and go. As the node does, it accepts connections only from the
// networks of this machine.
package share
