package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"localchat/node"
)

// ourRoom is a room of nodes of this project in this process, with default settings: each has a libp2p host and a
// loopback address of its own, QUIC and TCP, and seals and signs lines. They write nothing to disk (--ephemeral). Every
// member was let in by the owner over the network.
type ourRoom struct {
	nodes []*node.Node
	index map[node.PeerID]int
	room  node.RoomID
}

func openOurs(n int, e ear) (opened, error) {
	r := &ourRoom{index: map[node.PeerID]int{}}
	if err := r.fill(n, e); err != nil {
		r.close()
		return opened{}, err
	}
	return opened{r, 0}, nil
}

// address is a loopback address for one node, since a node limits the connections of one address.
func address(i int) []string {
	ip := fmt.Sprintf("127.1.%d.%d", i/200, 1+i%200)
	return []string{"/ip4/" + ip + "/udp/0/quic-v1", "/ip4/" + ip + "/tcp/0"}
}

func (r *ourRoom) fill(n int, e ear) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var owner []string
	for i := range n {
		nd, err := node.New(node.Config{Nick: memberName(i), Listen: address(i), Peers: owner})
		if err != nil {
			return err
		}
		r.nodes = append(r.nodes, nd)
		r.index[nd.Info().Peer] = i
		if i == 0 {
			owner = nd.Info().Addrs
		}
	}
	for i, nd := range r.nodes {
		events := nd.Subscribe(node.SubscribeOptions{}).Events()
		go func() {
			for ev := range events {
				r.report(i, ev, e)
			}
		}()
	}
	open := node.AccessOpen
	info, err := r.nodes[0].Create(ctx, node.CreateOptions{Name: "lab", PolicyChange: node.PolicyChange{Access: &open}})
	if err != nil {
		return err
	}
	r.room = info.ID
	for i := 1; i < n; i++ {
		if err := r.back(i); err != nil {
			return fmt.Errorf("%s: %w", memberName(i), err)
		}
	}
	return r.settle(ctx)
}

// settle waits until every node is connected to every other.
func (r *ourRoom) settle(ctx context.Context) error {
	for _, nd := range r.nodes {
		for {
			peers, err := nd.Peers(ctx)
			if err != nil {
				return fmt.Errorf("the nodes do not find each other: %w", err)
			}
			connected := 0
			for _, p := range peers {
				if p.Connected {
					connected++
				}
			}
			if connected >= len(r.nodes)-1 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

func (r *ourRoom) report(member int, ev node.Event, e ear) {
	switch b := ev.Body.(type) {
	case node.Message:
		if !b.Self {
			e.line(member, b.Text, b.Late)
		}
	case node.MemberRemoved:
		e.removed(member, r.index[b.Peer])
	case node.Removed:
		e.removed(member, member)
	}
}

func (r *ourRoom) say(member int, text string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := r.nodes[member].Say(ctx, r.room.String(), text, false)
	return err
}

func (r *ourRoom) kick(member int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := r.nodes[0].Kick(ctx, r.room.String(), memberName(member), "too loud")
	return err
}

func (r *ourRoom) back(member int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// By invite: a peer that was kicked a moment ago may not come back without one.
	invite, err := r.nodes[0].Invite(ctx, r.room.String(), "", time.Hour)
	if err != nil {
		return err
	}
	if _, err := r.nodes[member].Join(ctx, node.JoinOptions{Invite: invite.Text}); err != nil {
		return err
	}
	return r.agree(ctx)
}

// agree waits until all members have applied the owner's last decision: lines that others say before they know of an
// admission are not for the newcomer.
func (r *ourRoom) agree(ctx context.Context) error {
	want, err := r.nodes[0].Members(ctx, r.room.String())
	if err != nil {
		return err
	}
	for _, m := range want.Members {
		i, ours := r.index[m.Peer]
		if !ours {
			continue // this node has a process of its own
		}
		for {
			got, err := r.nodes[i].Members(ctx, r.room.String())
			if err != nil {
				return err
			}
			if got.Epoch == want.Epoch {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

func (r *ourRoom) close() {
	var wg sync.WaitGroup
	for _, nd := range r.nodes {
		wg.Go(func() { _ = nd.Close() })
	}
	wg.Wait()
}
