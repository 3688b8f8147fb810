package cli

import (
	"context"
	"strings"

	"localchat/node"
)

// runNet says what others type to reach me, where I listen, and which nodes I know.
func runNet(ctx context.Context, c call) (reply, error) {
	peers, err := c.n.Peers(ctx)
	if err != nil {
		return reply{}, err
	}
	addrs := c.n.Info().Addrs
	var lines []safeText
	for _, at := range node.HostPorts(addrs) {
		lines = append(lines, "join   "+clean(at, shownPhrase)+"  is what others type to reach me")
	}
	for _, addr := range addrs {
		lines = append(lines, "me     "+clean(addr, shownPhrase))
	}
	nicks := nicksOf(ctx, c)
	for _, p := range peers {
		id := p.Peer.String()
		line := safeText("peer   ")
		if known := nicks[p.Peer]; known != "" {
			line += known + " "
		}
		line += "~" + clean(id[max(len(id)-8, 0):], shownName) + "  "
		if p.Connected {
			line += "connected, " + number(int(p.RTTms+0.5)) + " ms"
		} else {
			line += "not connected"
		}
		at := node.HostPorts(p.Addrs)
		if len(at) == 0 {
			at = p.Addrs
		}
		lines = append(lines, line+"  "+clean(strings.Join(at, " "), shownPhrase))
	}
	if len(peers) == 0 {
		lines = append(lines, "hint: no other node found yet; where mDNS is blocked, use --peer HOST:PORT or an invite")
	}
	return told(lines...)
}

// nicksOf are the nicks of those who are in a room with us; of one with several, the first.
func nicksOf(ctx context.Context, c call) map[node.PeerID]safeText {
	nicks := map[node.PeerID]safeText{}
	for _, r := range c.rooms {
		m, err := c.n.Members(ctx, r.id)
		if err != nil {
			continue // the room has gone meanwhile
		}
		for _, who := range m.Members {
			if nicks[who.Peer] == "" && who.Nick != "" {
				nicks[who.Peer] = nick(who.Nick, who.Peer) + trustNote(who.Trust)
			}
		}
	}
	return nicks
}
