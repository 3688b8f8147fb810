package node_test

import (
	"context"
	"fmt"

	"localchat/node"
)

// start starts a node that keeps everything in memory and listens on loopback alone.
func start(nick string, peers ...string) *node.Node {
	n, err := node.New(node.Config{Nick: nick, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Peers: peers})
	if err != nil {
		panic(err)
	}
	return n
}

// Alice makes a room, and bob joins it and says a line. A program says what it wants by the methods of a Node, and learns
// what happens from the events of a Subscription. Bob's node is given alice's address; on a real network
// Config.Discovery finds it.
func Example() {
	ctx := context.Background()
	alice := start("alice")
	defer alice.Close()
	events := alice.Subscribe(node.SubscribeOptions{})
	defer events.Close()

	open := node.AccessOpen
	room, err := alice.Create(ctx, node.CreateOptions{Name: "lab", PolicyChange: node.PolicyChange{Access: &open}})
	if err != nil {
		panic(err)
	}

	bob := start("bob", alice.Info().Addrs[0])
	defer bob.Close()
	if _, err := bob.Join(ctx, node.JoinOptions{Room: "lab"}); err != nil {
		panic(err)
	}
	if _, err := bob.Say(ctx, "lab", "hello", false); err != nil {
		panic(err)
	}

	for ev := range events.Events() {
		switch e := ev.Body.(type) {
		case node.MemberJoined:
			fmt.Println(e.Nick, "joined", room.Name)
		case node.Message:
			fmt.Println(e.Nick, "says", e.Text)
			return // the deferred calls end both nodes
		}
	}
	// Output:
	// bob joined lab
	// bob says hello
}
