// Package discovery finds the other nodes of a local network, and of this machine, without a server.
//
// A node announces itself under the service "_localchat._udp.local." and browses for the same, by multicast DNS (packets by
// miekg/dns, sockets of our own) on every usable interface, over IPv4 and IPv6. The announcement is one DNS answer of less than
// 1200 bytes: a PTR to a random instance name, its SRV, its A and AAAA, and a TXT with one string for each address:
//
//	dnsaddr=/ip4/192.168.1.20/udp/40001/quic-v1/p2p/12D3KooW...
//
// The layout is that of the libp2p mDNS specification, so avahi-browse and go-libp2p's own browser read it too. It says
// nothing about rooms, nicks or members.
//
// Nodes on one machine also meet in a folder (see Config.RuntimeDir), where each keeps a small file with its
// addresses. That works without a network card and where multicast is switched off.
//
// # Trust
//
// None. Any machine on the network can announce anything, so a report of Run is a hint to dial: the handshake proves
// the peer ID, nothing here does. An announcement is bounded (limits.go), must belong to our service and must name one
// peer other than this one. Only addresses on this network pass: within a prefix of one of our interfaces (package
// onlink), and tcp or udp/quic-v1. The package never dials and never writes to the terminal.
//
// # Which machines it answers
//
// It answers machines on its link, by their source address (RFC 6762 section 11), and no others. An answer to one of them is
// at most answerFactor times as long as the question, gives each record once, and is rationed by the second: nobody can
// make a node flood another machine by asking in that machine's name. Our own questions are padded to the length that the
// longest answer needs. Browsers that ask from the port of mDNS are answered to the group, once a second. Answers from
// other places, or through a router (by their TTL, where the system tells it), are ignored.
//
// # Limits
//
//   - On some systems IPv4 multicast needs a route that covers 224.0.0.251 (a default route will do) whatever interface is
//     named. Where there is none the nodes find each other by IPv6 link-local, which needs no route; the answer still
//     carries the IPv4 addresses. With IPv6 off as well: "ip route add 224.0.0.0/4 dev eth0".
//   - It answers to the address that asked, so a host firewall must let in UDP from port 5353.
//   - A browser that itself asks from port 5353 (avahi) shares that port with a node on one host, and only the socket
//     opened last gets unicast packets. Our own queries come from a port of their own.
//
// IPv6 link-local addresses are reported with the name of the interface where they were heard, which go-libp2p's own
// transports do not dial: package node has one that does. They come last, since the others mean the same everywhere.
package discovery
