package store

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

	"localchat/internal/private"
	"localchat/node/internal/fault"
)

// IdentityFile, in the data directory, holds the private key, as libp2p marshals it: 68 bytes.
const IdentityFile = "identity.key"

// maxIdentity, in bytes: a larger file is not an identity.
const maxIdentity = 1 << 10

// Identity loads the key of dir or, where there is no file at all, makes one. A damaged file is never replaced: rooms and
// pins belong to its key, and only the user can decide to give them up.
func Identity(dir string) (crypto.PrivKey, error) {
	if dir == "" {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, IdentityFile)
	key, err := loadIdentity(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newIdentity(dir, path)
	}
	return key, unfit(path, err)
}

func loadIdentity(path string) (crypto.PrivKey, error) {
	// The mode is refused and not mended, as ssh does: a mended one would hide that others may have read the key.
	raw, err := private.Read(path, maxIdentity, private.NobodyElse)
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
	// libp2p takes any 64 bytes. A key that does not fit its public half would be another peer, and its signatures
	// would not verify.
	pair, err := key.Raw()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(pair, ed25519.NewKeyFromSeed(pair[:ed25519.SeedSize])) {
		return nil, errors.New("the two halves of the key do not match")
	}
	return key, nil
}

// makeDir makes dir and its missing parents, durably. It refuses a folder that another user may have made or can change, and a
// link to one.
func makeDir(dir string) error {
	var made []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	err := os.MkdirAll(dir, 0o700)
	for _, d := range made {
		if err == nil {
			err = syncDir(filepath.Dir(d))
		}
	}
	if err == nil {
		err = private.Dir(dir, private.NobodyWrites)
	}
	if unfit := new(private.Error); errors.As(err, &unfit) {
		return &fault.Error{Code: fault.CodeUnavailable, Text: "cannot use the data directory: " + unfit.Error(), Reason: fault.DirUnfit, Mend: unfit.Mend}
	}
	if err != nil {
		return &fault.Error{Code: fault.CodeUnavailable, Text: fmt.Sprintf("cannot use the data directory %s: %v", dir, err), Reason: fault.DirDenied}
	}
	return nil
}

// unfit returns an error that says why the key in path is refused; nil for nil.
func unfit(path string, err error) error {
	if err == nil {
		return nil
	}
	if e := new(private.Error); errors.As(err, &e) && e.Mode != 0 {
		return &fault.Error{
			Code: fault.CodeInvalid, Identity: true,
			Text:   fmt.Sprintf("others can read the identity file %s: its mode is %04o", path, e.Mode),
			Reason: fault.IdentityReadable, Path: path,
		}
	} else if e.What != "" {
		return &fault.Error{Code: fault.CodeInvalid, Identity: true, Text: "the identity file was rejected: " + e.Error(), Reason: fault.IdentityUnfit, Mend: e.Mend}
	}
	return &fault.Error{
		Code: fault.CodeInvalid, Identity: true,
		Text:   fmt.Sprintf("the identity file %s is damaged: %v", path, err),
		Reason: fault.IdentityDamaged,
	}
}

// newIdentity writes the key to a temporary file and links it to its name, so that a crash leaves no half file, and two nodes
// that start together use the same key.
func newIdentity(dir, path string) (crypto.PrivKey, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, err
	}
	raw, err := crypto.MarshalPrivateKey(key)
	if err != nil {
		return nil, err
	}
	err = linkNew(path, raw)
	if errors.Is(err, fs.ErrExist) {
		key, err := loadIdentity(path)
		return key, unfit(path, err) // a link to nowhere, too
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, &fault.Error{
			Code: fault.CodeUnavailable, Text: fmt.Sprintf("cannot write the identity file %s: %v", path, err),
			Reason: fault.DirUnwritable,
		}
	}
	return key, nil
}

// linkNew makes the file path with the content raw, readable by this user only: the whole file, or none.
func linkNew(path string, raw []byte) error {
	// CreateTemp uses O_EXCL, 0600, and a name that no earlier crash has left behind.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
