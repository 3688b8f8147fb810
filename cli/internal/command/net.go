package command

import (
	"context"
	"slices"
	"strings"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A Net describes how a node is connected.
type Net struct {
	// Join lists the addresses to type on another machine, as HOST:PORT.
	Join []string `json:"join"`
	// TCP and UDP are the ports that others connect to.
	TCP   []uint16  `json:"tcp"`
	UDP   []uint16  `json:"udp"`
	Addrs []string  `json:"addrs"`
	Peers []NetPeer `json:"peers"`
	// MayBeMore is set if the list is full: there may be more nodes.
	MayBeMore bool `json:"may_be_more,omitempty"`
}

// A NetPeer is another node. Nick is empty unless the node is a member of one of our rooms. At are its addresses, as HOST:PORT
// where they have that form.
type NetPeer struct {
	Peer      node.PeerID `json:"peer"`
	Nick      string      `json:"nick,omitempty"`
	Connected bool        `json:"connected"`
	RTTms     float64     `json:"rtt_ms"`
	At        []string    `json:"at"`
	trust     node.Trust
}

// NetOf returns how n is connected.
func NetOf(ctx context.Context, n Node) (Net, error) {
	peers, err := n.Peers(ctx)
	if err != nil {
		return Net{}, err
	}
	known, err := membersOf(ctx, n)
	if err != nil {
		return Net{}, err
	}
	addrs := n.Info().Addrs
	net := Net{Join: node.HostPorts(addrs), Addrs: abroad(addrs), Peers: make([]NetPeer, 0, len(peers)), MayBeMore: len(peers) >= node.MaxPeers}
	net.TCP, net.UDP = node.Ports(addrs)
	for _, p := range peers {
		at := node.HostPorts(p.Addrs)
		if len(at) == 0 {
			at = p.Addrs
		}
		m := known[p.Peer]
		net.Peers = append(net.Peers, NetPeer{Peer: p.Peer, Nick: m.Nick, Connected: p.Connected, RTTms: p.RTTms, At: at, trust: m.Trust})
	}
	return net, nil
}

// runNet shows our addresses, how others type them, and the nodes that we know.
func runNet(ctx context.Context, c Call) (Reply, error) {
	net, err := NetOf(ctx, c.Node)
	if err != nil {
		return Reply{}, err
	}
	var lines []safe.Text
	for _, at := range net.Join {
		note := safe.Text("  is what others type to reach you")
		if _, card, link := strings.Cut(at, "%"); link {
			card, _, _ = strings.Cut(card, "]")
			note += "; in place of " + safe.Phrase(card) + ", your network interface, they type the name of theirs"
		}
		lines = append(lines, "join   "+safe.Phrase(at)+note)
	}
	lines = append(lines, portsLine(net))
	for _, addr := range net.Addrs {
		lines = append(lines, "me     "+safe.Phrase(addr))
	}
	for _, p := range net.Peers {
		id := p.Peer.String()
		line := safe.Text("peer   ")
		if p.Nick != "" {
			line += render.Nick(p.Nick, p.Peer) + render.TrustNote(p.trust) + " "
		}
		line += "~" + safe.Name(id[max(len(id)-8, 0):]) + "  "
		if p.Connected {
			line += "connected, " + safe.Number(int(p.RTTms+0.5)) + " ms"
		} else {
			line += "not connected"
		}
		lines = append(lines, line+"  "+safe.Phrase(strings.Join(p.At, " ")))
	}
	if net.MayBeMore {
		lines = append(lines, render.NoticeMark+"there may be more: this node remembers "+safe.Number(node.MaxPeers)+" others at most")
	}
	if len(net.Peers) == 0 {
		lines = append(lines, "hint: no other node found yet; where mDNS is blocked, use --peer HOST:PORT or an invite")
	}
	return replied(lines...)
}

// abroad returns the addresses that other machines can use, or all of them if there is none.
func abroad(addrs []string) []string {
	far := slices.DeleteFunc(slices.Clone(addrs), func(addr string) bool {
		return strings.HasPrefix(addr, "/ip4/127.") || strings.HasPrefix(addr, "/ip6/::1/")
	})
	if len(far) == 0 {
		return addrs
	}
	return far
}

// portsLine names the ports that a firewall has to let in.
func portsLine(net Net) safe.Text {
	line := safe.Text("ports ")
	for _, of := range []struct {
		name  safe.Text
		ports []uint16
	}{{" TCP", net.TCP}, {" UDP", net.UDP}} {
		if len(of.ports) > 0 {
			line += of.name
		}
		for _, p := range of.ports {
			line += " " + safe.Number(int(p))
		}
	}
	line += "  are the ports that others connect to; they find you at UDP 5353"
	if len(net.TCP) != 1 || !slices.Equal(net.TCP, net.UDP) {
		line += "; --listen 4001 uses one port, the same at each start"
	}
	return line
}

func runDoctor(ctx context.Context, c Call) (Reply, error) {
	d, err := c.host().Diagnose(ctx)
	if err != nil {
		return Reply{}, err
	}
	return replied(d.Lines()...)
}

// PatientOf describes a running node to doctor.
func PatientOf(ctx context.Context, n Node) (Patient, error) {
	peers, err := n.Peers(ctx)
	if err != nil {
		return Patient{}, err
	}
	known, err := membersOf(ctx, n)
	p := Patient{Self: n.Info().Peer, Peers: peers, Nicks: make(map[node.PeerID]safe.Text)}
	for peer, m := range known {
		p.Nicks[peer] = render.Nick(m.Nick, m.Peer) + render.TrustNote(m.Trust)
	}
	return p, err
}

// membersOf returns the members of the rooms of n. For a peer with several nicks it returns the first.
func membersOf(ctx context.Context, n Node) (map[node.PeerID]node.MemberInfo, error) {
	rooms, err := n.Rooms(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[node.PeerID]node.MemberInfo)
	for _, r := range rooms {
		if !r.In {
			continue
		}
		of, err := n.Members(ctx, r.ID.String())
		if err != nil {
			continue // the room has gone meanwhile
		}
		for _, m := range of.Members {
			if known[m.Peer].Nick == "" && m.Nick != "" {
				known[m.Peer] = m
			}
		}
	}
	return known, nil
}

// Looking is shown when doctor begins.
const Looking = render.NoticeMark + "checking for up to 5 s; running nodes are not disturbed"
