// Package web serves the page of a browser on the same machine: its files, and a WebSocket that carries JSON-RPC, one object a
// text message.
//
// Everybody on the machine can connect to a port of it, and so can every web site that the browser shows. Three things keep them
// out:
//
//   - A link holds a token that works once. The page exchanges it for a session: a cookie, which no script reads, and a key,
//     which the browser keeps for this port alone. Neither is enough: a cookie of 127.0.0.1 goes to every port there, and so to
//     servers of other users.
//   - A request names this server, by its address and port: a name that a web site leads here is refused. A request that does
//     something comes from this server's own page.
//   - Where the system can tell which user has connected, it is the one that runs this process.
//
// The page runs no code that is not one of these files, and loads nothing from elsewhere.
package web
