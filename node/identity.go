package node

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// identityFile holds the private key, as libp2p marshals it: 68 bytes.
const identityFile = "identity.key"

// maxIdentity, in bytes: a file larger than this is not ours, whatever it is.
const maxIdentity = 1 << 10

// Identity says who the node of dataDir is, without starting it. The first call makes the key.
func Identity(dataDir string) (Info, error) {
	key, err := identity(dataDir)
	if err != nil {
		return Info{}, err
	}
	p, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return Info{}, err
	}
	return Info{Peer: p, Words: protocol.Words(p)}, nil
}

// identity loads the key of dir or, where there is no file at all, makes one. A damaged file is never replaced: whoever
// holds that key owns rooms and pins, and only a person can decide to give them up.
func identity(dir string) (crypto.PrivKey, error) {
	if dir == "" {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, identityFile)
	key, err := loadIdentity(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newIdentity(dir, path)
	}
	if err != nil {
		return nil, damaged(path, err)
	}
	return key, nil
}

func loadIdentity(path string) (crypto.PrivKey, error) {
	raw, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	key, err := crypto.UnmarshalPrivateKey(raw)
	if err != nil {
		return nil, err
	}
	if key.Type() != crypto.Ed25519 {
		return nil, errors.New("not an Ed25519 key")
	}
	// libp2p takes any 64 bytes. A key that does not fit its public half would be somebody else, whose signatures
	// nobody believes.
	pair, err := key.Raw()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(pair, ed25519.NewKeyFromSeed(pair[:ed25519.SeedSize])) {
		return nil, errors.New("the two halves of the key do not fit")
	}
	return key, nil
}

func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &Error{Code: Unavailable, Text: fmt.Sprintf("cannot use the data directory %s: %v", dir, err), Hint: "name another with --data-dir, or keep nothing with --ephemeral"}
	}
	return nil
}

func damaged(path string, err error) error {
	return &Error{
		Code: Invalid, Identity: true,
		Text: fmt.Sprintf("the identity file %s is damaged: %v", path, err),
		Hint: "restore it from a copy; or move it away to start as somebody new: rooms that you own will not know you any more. It has not been touched",
	}
}

// newIdentity writes the key beside its place and links it there, so that a crash leaves no half file and two nodes
// that start together agree on one.
func newIdentity(dir, path string) (crypto.PrivKey, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, err
	}
	raw, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return nil, err
	}
	// O_EXCL, 0600, and a name that no crash has left behind.
	f, err := os.CreateTemp(dir, identityFile+".*.new")
	if err != nil {
		return nil, fmt.Errorf("make the identity: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(raw)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, fmt.Errorf("write the identity: %w", err)
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		key, err := loadIdentity(path)
		if err != nil {
			return nil, damaged(path, err) // a link to nowhere, too
		}
		return key, nil
	} else if err != nil {
		return nil, fmt.Errorf("write the identity: %w", err)
	}
	return key, syncDir(dir)
}

// readSmall reads a file that must not be larger than maxIdentity.
func readSmall(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxIdentity {
		return nil, fmt.Errorf("%d bytes are too many", st.Size())
	}
	return os.ReadFile(path)
}

// syncDir makes a new name in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
