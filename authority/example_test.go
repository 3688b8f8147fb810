package authority_test

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"

	"localchat/authority"
	"localchat/protocol"
)

// newPeer returns a new key.
func newPeer() protocol.KeySigner {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	return protocol.KeySigner{PrivKey: key}
}

// Alice creates a room, bob joins it, alice removes him, and bob asks why. Each step takes an event and returns effects: this driver
// keeps the records and prints the rest. Every member that applies the records has the same state.
func Example() {
	alice, bob := newPeer(), newPeer()
	env := authority.Env{Now: time.Now(), Rand: rand.Reader, Signer: alice, Self: alice.Peer()}

	var ledger authority.Ledger
	var log []protocol.SignedRecord
	step := func(ev authority.Event) {
		next, effects, err := ledger.Step(env, ev)
		if err != nil {
			fmt.Println("refused:", err)
			return
		}
		ledger = next
		for _, effect := range effects {
			switch e := effect.(type) {
			case authority.Persist:
				log = append(log, e.Batch.Records...)
			case authority.Commit:
				fmt.Printf("record %d: %v %s, epoch %d\n", e.Record.Seq, e.Change.Kind, e.Change.Nick, e.Change.Epoch)
			case authority.AnswerJoin:
				fmt.Println("bob is admitted:", e.Reply.Code == protocol.JoinAdmitted)
			case authority.AnswerPoll:
				reason, err := protocol.OpenReason(e.Reason)
				if err != nil {
					panic(err)
				}
				fmt.Println("bob is told:", reason.Text)
			}
		}
	}

	policy := protocol.DefaultPolicy()
	policy.Access = protocol.Open
	step(authority.CreateRoom{Name: "lab", Nick: "alice", Policy: policy})
	room := ledger.State().Room()
	step(authority.Knock{Peer: bob.Peer(), Request: protocol.JoinRequest{Room: room, Nick: "bob"}})
	place, _ := ledger.State().Member(bob.Peer())
	step(authority.Kick{Peer: bob.Peer(), Reason: "lunch is over"})
	step(authority.Kick{Peer: alice.Peer()})
	question := protocol.PollRequest{Room: room, Admission: place.Admission, Nonce: protocol.Nonce{1}}
	step(authority.Poll{Peer: bob.Peer(), Request: question})

	state, err := authority.Replay(log)
	if err != nil {
		panic(err)
	}
	for _, m := range state.Members() {
		fmt.Println("member:", m.Nick)
	}
	// Output:
	// record 1: created alice, epoch 1
	// record 2: admitted bob, epoch 2
	// bob is admitted: true
	// record 3: removed bob, epoch 3
	// refused: authority: against the rules of the room: the owner cannot be removed
	// bob is told: lunch is over
	// member: alice
}
