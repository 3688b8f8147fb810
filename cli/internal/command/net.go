package command

import (
	"context"
	"slices"
	"strings"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// runNet shows what others type to reach us, our addresses, and the nodes that we know.
func runNet(ctx context.Context, c Call) (Reply, error) {
	peers, err := c.Node.Peers(ctx)
	if err != nil {
		return Reply{}, err
	}
	addrs := c.Node.Info().Addrs
	var lines []safe.Text
	for _, at := range node.HostPorts(addrs) {
		note := safe.Text("  is what others type to reach you")
		if _, card, link := strings.Cut(at, "%"); link {
			card, _, _ = strings.Cut(card, "]")
			note += "; in place of " + safe.Phrase(card) + ", your network interface, they type the name of theirs"
		}
		lines = append(lines, "join   "+safe.Phrase(at)+note)
	}
	lines = append(lines, portsLine(addrs))
	for _, addr := range abroad(addrs) {
		lines = append(lines, "me     "+safe.Phrase(addr))
	}
	nicks := nicksOf(ctx, c.Node, c.Rooms)
	for _, p := range peers {
		id := p.Peer.String()
		line := safe.Text("peer   ")
		if known := nicks[p.Peer]; known != "" {
			line += known + " "
		}
		line += "~" + safe.Name(id[max(len(id)-8, 0):]) + "  "
		if p.Connected {
			line += "connected, " + safe.Number(int(p.RTTms+0.5)) + " ms"
		} else {
			line += "not connected"
		}
		at := node.HostPorts(p.Addrs)
		if len(at) == 0 {
			at = p.Addrs
		}
		lines = append(lines, line+"  "+safe.Phrase(strings.Join(at, " ")))
	}
	if len(peers) >= node.MaxPeers {
		lines = append(lines, render.NoticeMark+"there may be more: this node remembers "+safe.Number(node.MaxPeers)+" others at most")
	}
	if len(peers) == 0 {
		lines = append(lines, "hint: no other node found yet; where mDNS is blocked, use --peer HOST:PORT or an invite")
	}
	return replied(lines...)
}

// abroad returns the addresses that lead here from other machines, or all of them if there are none.
func abroad(addrs []string) []string {
	far := slices.DeleteFunc(slices.Clone(addrs), func(addr string) bool {
		return strings.HasPrefix(addr, "/ip4/127.") || strings.HasPrefix(addr, "/ip6/::1/")
	})
	if len(far) == 0 {
		return addrs
	}
	return far
}

// portsLine is what a firewall has to let in.
func portsLine(addrs []string) safe.Text {
	tcp, udp := node.Ports(addrs)
	line := safe.Text("ports ")
	for _, of := range []struct {
		name  safe.Text
		ports []uint16
	}{{" TCP", tcp}, {" UDP", udp}} {
		if len(of.ports) > 0 {
			line += of.name
		}
		for _, p := range of.ports {
			line += " " + safe.Number(int(p))
		}
	}
	line += "  are the ports that others connect to; they find you at UDP 5353"
	if len(tcp) != 1 || !slices.Equal(tcp, udp) {
		line += "; --listen 4001 uses one port, the same at each start"
	}
	return line
}

func runDoctor(ctx context.Context, c Call) (Reply, error) {
	p, err := PatientOf(ctx, c.Node, c.Rooms)
	if err != nil {
		return Reply{}, err
	}
	return replied(c.Env.Doctor(ctx, p)...)
}

// PatientOf describes a running node to doctor.
func PatientOf(ctx context.Context, n Node, rooms []Room) (Patient, error) {
	peers, err := n.Peers(ctx)
	return Patient{Self: n.Info().Peer, Peers: peers, Nicks: nicksOf(ctx, n, rooms)}, err
}

// nicksOf returns the nicks of the members of our rooms. For a peer with several nicks it returns the first.
func nicksOf(ctx context.Context, n Node, rooms []Room) map[node.PeerID]safe.Text {
	nicks := map[node.PeerID]safe.Text{}
	for _, r := range rooms {
		m, err := n.Members(ctx, r.ID)
		if err != nil {
			continue // the room has gone meanwhile
		}
		for _, member := range m.Members {
			if nicks[member.Peer] == "" && member.Nick != "" {
				nicks[member.Peer] = render.Nick(member.Nick, member.Peer) + render.TrustNote(member.Trust)
			}
		}
	}
	return nicks
}

// Looking is shown when doctor begins.
const Looking = render.NoticeMark + "checking for up to 5 s; running nodes are not disturbed"
