package protocol_test

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"

	"localchat/protocol"
)

// Alice says a line in a room, and bob reads it with the room's key. The signature proves the author. Only the key opens the text.
func Example() {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	alice := protocol.KeySigner{PrivKey: key}
	room, roomKey := protocol.RoomID{1}, protocol.Key{2}

	said, err := protocol.SealMessage(
		protocol.Header{Room: room, Epoch: 1, Ctr: 1, Lamport: 1},
		protocol.Content{Kind: protocol.Say, Text: "hello", At: time.Now()},
		roomKey, alice.Peer(), alice, rand.Reader)
	if err != nil {
		panic(err)
	}

	// Raw is what goes over the wire. A message that OpenMessage returns has the right form and a good signature.
	got, err := protocol.OpenMessage(room, said.Raw())
	if err != nil {
		panic(err)
	}
	content, err := got.Open(roomKey)
	if err != nil {
		panic(err)
	}
	fmt.Println("by alice:", got.Author == alice.Peer())
	fmt.Println("text:", content.Text)

	_, err = got.Open(protocol.Key{3})
	fmt.Println("with another key:", err)

	// A signature holds for one room.
	_, err = protocol.OpenMessage(protocol.RoomID{9}, said.Raw())
	fmt.Println("in another room:", err)
	// Output:
	// by alice: true
	// text: hello
	// with another key: protocol: message does not open under this key
	// in another room: protocol: bad signature: it does not verify
}
