// Package discovery finds the other nodes of a local network, and of this machine, without a server.
//
// A node announces the service "_localchat._udp.local." and browses for it, by multicast DNS (with the packets of miekg/dns and
// sockets of its own) on every usable interface, over IPv4 and IPv6. The announcement is one DNS answer of at most 1200 bytes: a PTR
// to a random instance name, its SRV, its A and AAAA, and a TXT with one string for each address:
//
//	dnsaddr=/ip4/192.168.1.20/udp/40001/quic-v1/p2p/12D3KooW...
//
// The layout is that of the libp2p mDNS specification, so avahi-browse and go-libp2p's own browser read it too. One more string,
// rooms=..., is a text that the node changes whenever the rooms change that it would list, and is empty if there are none. The
// announcement says nothing else about rooms, and nothing about nicks or members. Nodes with rooms are of the subtype
// "_rooms._sub._localchat._udp.local." too.
//
// # Few nodes and many
//
// A node sends its announcement to the group of its own accord: three times when it starts and when its rooms or interfaces change,
// and then every 30 s, or more rarely the more nodes there are. So nobody has to ask for what has changed, and nobody is hidden if
// others are silent. A node also asks, often in the first seconds and later rarely, since a packet may be lost, and since some machines
// hear nothing that is sent to the group. Up to 16 nodes all answer. If there are more, a question who is there gets two answers or so,
// and a question who has rooms, which a node asks while somebody looks for rooms, those of all that have some. What is sent in all so
// grows no faster than the number of nodes.
//
// Nodes on one machine also find each other by a folder (see Config.RuntimeDir) in which each keeps a small file with its
// addresses. That works without a network interface, and without multicast.
//
// # Trust
//
// Nothing is trusted. A machine that announces nodes that do not exist makes the others send less, as in a crowd, but not as late as
// that a node that starts, changes, or has rooms is not heard. Any machine on the network can announce anything, so a report of Run is only a hint to dial: the handshake
// proves the peer ID, and nothing here does. An announcement is bounded (limits.go), must belong to our service, and must name one
// peer. Only TCP and QUIC addresses on the networks of this machine (package onlink) are taken from it. The package never dials, and
// never writes to the terminal.
//
// # Which machines it answers
//
// A node answers only machines on its networks, judged by their source addresses (RFC 6762 section 11). An answer to one machine is
// at most answerFactor times as long as the question, contains each record once, and counts against a rate: nobody can make a node
// flood another machine by a question in that machine's name. The questions of a node are padded, so that the longest answer is
// allowed. A question from the port of mDNS is answered to the multicast group, at most once a second, and so is each question beyond
// two a second. Answers and announcements from other networks, or through a router (by their TTL, if the system reports it), are
// ignored.
//
// # Limits
//
//   - On some systems IPv4 multicast needs a route that covers 224.0.0.251 (a default route is enough), also on a given interface.
//     Without one, nodes find each other over IPv6 link-local, which needs no route; the answer still has the IPv4 addresses. If
//     IPv6 is off too, "ip route add 224.0.0.0/4 dev eth0" adds such a route.
//   - A node sends its answer to the address that asked, so the firewall of that machine must let in UDP from port 5353.
//   - A browser that itself asks from port 5353 (avahi) shares that port with a node on the same host, and only the socket that was
//     opened last gets unicast packets. The queries of a node come from another port.
//
// IPv6 link-local addresses are reported with the name of the interface on which they were heard. The transports of go-libp2p do not
// dial such addresses; package node has one that does. They come last in a report, since other addresses mean the same on every
// machine.
package discovery
