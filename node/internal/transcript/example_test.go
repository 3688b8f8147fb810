package transcript_test

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// Alice has said three lines, and the second has not come here. A log's heads say up to where it has all of an author's
// lines. Another log gives those above, and each stands where it stands on every node.
func Example() {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	alice := protocol.KeySigner{PrivKey: key}
	room, roomKey, now := protocol.RoomID{1}, protocol.Key{2}, time.Now()

	ours, theirs := transcript.NewLog(), transcript.NewLog()
	var before protocol.Hash
	for i, text := range []string{"one", "two", "three"} {
		number := uint64(i + 1)
		header := protocol.Header{Room: room, Epoch: 1, Ctr: number, Prev: before, Lamport: number}
		content := protocol.Content{Kind: protocol.Say, Text: text, At: now}
		said, err := protocol.SealMessage(header, content, roomKey, alice.Peer(), alice, rand.Reader)
		if err != nil {
			panic(err)
		}
		line := transcript.Opened{Msg: said, Content: content}
		theirs.Add(&transcript.Line{Opened: line, Got: now})
		if text != "two" {
			ours.Add(&transcript.Line{Opened: line, Got: now})
		}
		before = said.ID
	}

	everything := func(*transcript.Line) bool { return true }
	above, _ := theirs.Missing(ours.Heads(), everything)
	for _, line := range above {
		if ours.Add(&transcript.Line{Opened: line.Opened, Got: now}) {
			fmt.Println("fetched:", line.Content.Text)
		}
	}
	for _, line := range ours.Ordered() {
		fmt.Println(line.Content.Text)
	}
	// Output:
	// fetched: two
	// one
	// two
	// three
}
