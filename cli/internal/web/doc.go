// Package web serves the page of a browser on the same machine: its files, and a WebSocket that carries JSON-RPC, one object a
// text message.
//
// Every user of the machine can connect to its port, and so can every web site that the browser shows. Three checks keep them out:
//
//   - A request needs a session. A link holds a token that works once, and the page exchanges it for a session: a cookie, which no
//     script can read, and a key, which the browser keeps for this port alone. A request needs both. The cookie is not enough, since
//     the browser sends the cookies of 127.0.0.1 to every port there, and so to servers of other users.
//   - A request must name this server by its address and port. Otherwise a web site could have a name of its own lead here. A request
//     that does something must come from this server's own page.
//   - The user at the other end of a connection must be the one that runs this process, on systems that can tell.
//
// The page runs only the code in these files, and loads nothing from elsewhere.
package web
