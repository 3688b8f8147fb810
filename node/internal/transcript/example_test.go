package transcript_test

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// Alice says three lines, and the second does not reach Bob. The third waits for it here, Bob compares with Alice, and is
// shown all three in order.
func Example() {
	alice, bob, now := signer(), signer(), time.Now()
	state, keys := roomOf(alice, bob, now)
	world := func() transcript.Env {
		return transcript.Env{
			Now: now, Wall: now, State: state, Keys: keys, Space: 100,
			Near:  func() []peer.ID { return []peer.ID{alice.Peer()} },
			Allow: func(peer.ID, string) bool { return true },
			Pick:  func(int) int { return 0 },
		}
	}
	hers, his := transcript.New(state.Room(), alice.Peer(), 0, now), transcript.New(state.Room(), bob.Peer(), 0, now)
	hers.Enter(world(), true, false)
	his.Enter(world(), true, false)
	key, _ := keys.Get(state.Epoch())
	for _, text := range []string{"one", "two", "three"} {
		said, err := protocol.SealMessage(hers.Next(state.Epoch()), protocol.Content{Kind: protocol.Say, Text: text, At: now}, key, alice.Peer(), alice, rand.Reader)
		if err != nil {
			panic(err)
		}
		hers.Say(world(), said)
		if text != "two" {
			line, _ := transcript.Open(said, state.Check(said.Author, said.Header), keys, 0)
			carryOut(his.Hear(world(), line), hers, his, world)
		}
	}
	now = now.Add(transcript.SyncSpacing)
	carryOut(his.Due(world(), transcript.Compare), hers, his, world)
	// Output:
	// bob reads: one
	// bob compares
	// bob reads: two
	// bob reads: three
}

// carryOut is a driver: what is to be shown is printed, and what is to be asked is asked.
func carryOut(effects []transcript.Effect, hers, his *transcript.Transcript, world func() transcript.Env) {
	for _, e := range effects {
		switch e := e.(type) {
		case transcript.Show:
			fmt.Println("bob reads:", e.Line.Content.Text)
		case transcript.Ask:
			fmt.Println("bob compares")
			reply, _ := hers.Asked(world(), "bob", e.Request)
			reply.HaveSeq = world().State.Seq()
			var lines []protocol.Message
			for _, raw := range reply.Lines {
				line, err := protocol.OpenMessage(world().State.Room(), raw)
				if err != nil {
					panic(err)
				}
				lines = append(lines, line)
			}
			fresh, judged, more := his.Handed(world(), e.Peer, lines, nil)
			carryOut(more, hers, his, world)
			answer := transcript.Answer{Peer: e.Peer, Reply: &reply, Lines: lines, Fresh: fresh > 0, Judged: judged}
			carryOut(his.Compared(world(), answer), hers, his, world)
		}
	}
}

// roomOf is the law of a room of owner's with one member, and its keys.
func roomOf(owner, member protocol.KeySigner, now time.Time) (authority.State, authority.Keyring) {
	var ledger authority.Ledger
	var keys authority.Keyring
	policy := protocol.DefaultPolicy()
	policy.Access, policy.History = protocol.Open, protocol.HistoryAll
	for _, order := range []authority.Event{
		authority.CreateRoom{Name: "lab", Nick: "alice", Policy: policy},
		authority.Knock{Peer: member.Peer(), Request: protocol.JoinRequest{Nick: "bob"}},
	} {
		if knock, ok := order.(authority.Knock); ok {
			knock.Request.Room = ledger.State().Room()
			order = knock
		}
		next, effects, err := ledger.Step(authority.Env{Now: now, Rand: rand.Reader, Signer: owner, Self: owner.Peer()}, order)
		if err != nil {
			panic(err)
		}
		ledger = next
		for _, e := range effects {
			if c, ok := e.(authority.Commit); ok {
				keys = keys.With(ledger.State(), []protocol.EpochKey{{Epoch: c.Change.Epoch, Key: c.Key}}, now)
			}
		}
	}
	return ledger.State(), keys
}

func signer() protocol.KeySigner {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	return protocol.KeySigner{PrivKey: key}
}
